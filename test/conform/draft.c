/* SPDX-License-Identifier: MIT */
/*
 * The head of a message of HTTP as lines. They are kept in the notation of
 * draft.h until all edits are done, then written out with their escapes
 * resolved; so a line may hold any byte at the end.
 */
#include "draft.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy_text(const char *p, size_t len)
{
    char *out = grow(NULL, len + 1);

    memcpy(out, p, len);
    out[len] = '\0';
    return out;
}

static void add_line(struct draft *d, const char *p, size_t len)
{
    if (d->count == DRAFT_MAX)
        return;
    if (!d->list)
        d->list = grow(NULL, DRAFT_MAX * sizeof(*d->list));
    d->list[d->count++] = copy_text(p, len);
}

void draft_add(struct draft *d, const char *text)
{
    add_line(d, text, strlen(text));
}

static size_t name_len(const char *line)
{
    return strcspn(line, ":");
}

/* The number of the field, or 0. */
static size_t find_field(const struct draft *d, const char *name, size_t len)
{
    for (size_t i = 1; i < d->count; i++) {
        if (name_len(d->list[i]) == len &&
            strncasecmp(d->list[i], name, len) == 0)
            return i;
    }
    return 0;
}

static void replace(struct draft *d, size_t i, const char *p, size_t len)
{
    free(d->list[i]);
    d->list[i] = copy_text(p, len);
}

static void remove_field(struct draft *d, const char *name, size_t len)
{
    size_t i = find_field(d, name, len);

    if (!i)
        return;
    free(d->list[i]);
    d->count--;
    memmove(d->list + i, d->list + i + 1, (d->count - i) * sizeof(d->list[0]));
}

static void reverse(struct draft *d)
{
    for (size_t i = 1, k = d->count - 1; i < k; i++, k--) {
        char *line = d->list[i];

        d->list[i] = d->list[k];
        d->list[k] = line;
    }
}

static void change_names(struct draft *d, int (*change)(int))
{
    for (size_t i = 1; i < d->count; i++) {
        for (char *p = d->list[i]; *p && *p != ':'; p++)
            *p = (char)change((unsigned char)*p);
    }
}

static void set_deflate(struct draft *d, const char *terms)
{
    terms += strspn(terms, " ");
    d->deflate = true;
    snprintf(d->terms, sizeof(d->terms), "%.*s", (int)strcspn(terms, "\n"),
             terms);
}

static void whole_edit(struct draft *d, const char *name)
{
    if (strncmp(name, "reverse", 7) == 0)
        reverse(d);
    else if (strncmp(name, "lower", 5) == 0)
        change_names(d, tolower);
    else if (strncmp(name, "upper", 5) == 0)
        change_names(d, toupper);
    else if (strncmp(name, "lf", 2) == 0)
        d->lf = true;
    else if (strncmp(name, "crlf", 4) == 0)
        d->crlf_first = true;
    else if (strncmp(name, "open", 4) == 0)
        d->open = true;
    else if (strncmp(name, "cut ", 4) == 0)
        d->cut = strtoul(name + 4, NULL, 10);
    else if (strncmp(name, "split ", 6) == 0)
        d->split = strtoul(name + 6, NULL, 10);
    else if (strncmp(name, "deflate", 7) == 0)
        set_deflate(d, name + 7);
}

static void edit(struct draft *d, const char *p, size_t len)
{
    size_t digits = strspn(p, "0123456789"), i;
    long times = digits ? strtol(p, NULL, 10) : 1;

    if (p[digits] == '+') {
        while (times-- > 0)
            add_line(d, p + digits + 1, len - digits - 1);
    } else if (*p == '>') {
        replace(d, 0, p + 2, len - 2);
    } else if (*p == '-') {
        remove_field(d, p + 1, len - 1);
    } else if (*p == '@') {
        whole_edit(d, p + 1);
    } else if (*p == '<') {
        free(d->front);
        d->front = copy_text(p + 1, len - 1);
    } else {
        i = find_field(d, p, name_len(p));
        if (i)
            replace(d, i, p, len);
        else
            add_line(d, p, len);
    }
}

void draft_edit(struct draft *d, const char *edits)
{
    while (edits && *edits) {
        size_t len = strcspn(edits, "\n");

        edit(d, edits, len);
        edits += len + (edits[len] == '\n');
    }
}

void draft_collect(const struct draft *d, const char *name, char *out,
                   size_t size)
{
    size_t len = strlen(name), used = 0;

    out[0] = '\0';
    for (size_t i = 1; i < d->count; i++) {
        const char *line = d->list[i];

        if (name_len(line) != len || strncasecmp(line, name, len) != 0)
            continue;
        line += len;
        line += strspn(line, ": \t");
        used += (size_t)snprintf(out + used, size - used, "%s%s",
                                 used ? ", " : "", line);
        if (used >= size)
            break;
    }
}

static const char *find_word(const struct draft_word *words, char letter)
{
    while (words->letter && words->letter != letter)
        words++;
    return words->text;
}

/* Writes the escape behind a percent sign; returns its length. */
static size_t write_escape(struct bytes *out, const char *p,
                           const struct draft_word *words)
{
    const char *text = find_word(words, *p);
    char *end;
    unsigned long n;
    int high = hex_digit(p[0]), low = high < 0 ? -1 : hex_digit(p[1]);

    if (text) {
        bytes_add(out, text, strlen(text));
        return 1;
    }
    if (*p == '(') {
        n = strtoul(p + 1, &end, 10);
        memset(bytes_room(out, n), 'a', n);
        out->len += n;
        return (size_t)(end - p) + 1;
    }
    if (low < 0)
        return 0;
    bytes_add_byte(out, (uint8_t)(high << 4 | low));
    return 2;
}

void draft_write_text(struct bytes *out, const char *text,
                      const struct draft_word *words)
{
    for (size_t n; *text; text += n) {
        n = strcspn(text, "%");
        bytes_add(out, text, n);
        if (text[n] == '%')
            n += 1 + write_escape(out, text + n + 1, words);
    }
}

void draft_write(const struct draft *d, struct bytes *out,
                 const struct draft_word *words)
{
    const char *eol = d->lf ? "\n" : "\r\n";
    size_t start = out->len;

    if (d->front)
        draft_write_text(out, d->front, words);
    if (d->crlf_first)
        bytes_print(out, "%s", eol);
    for (size_t i = 0; i < d->count; i++) {
        draft_write_text(out, d->list[i], words);
        bytes_print(out, "%s", eol);
    }
    if (!d->open)
        bytes_print(out, "%s", eol);
    if (d->cut && out->len > start + d->cut)
        out->len = start + d->cut;
}

void draft_release(struct draft *d)
{
    for (size_t i = 0; i < d->count; i++)
        free(d->list[i]);
    free(d->list);
    free(d->front);
    *d = (struct draft){0};
}
