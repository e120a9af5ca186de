/* SPDX-License-Identifier: MIT */
/*
 * The client's half of the handshake. The request is kept as lines in the
 * notation of request.h until all edits are done, then written out with its
 * escapes resolved; so a line may hold any byte at the end.
 */
#include "request.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 1200

struct lines {
    char *list[LINES_MAX]; /* the first one is the request line */
    size_t count;
    bool lf;
    bool crlf_first;
};

static char *copy_text(const char *p, size_t len)
{
    char *out = grow(NULL, len + 1);

    memcpy(out, p, len);
    out[len] = '\0';
    return out;
}

static void add_line(struct lines *ls, const char *p, size_t len)
{
    if (ls->count < LINES_MAX)
        ls->list[ls->count++] = copy_text(p, len);
}

static size_t name_len(const char *line)
{
    return strcspn(line, ":");
}

/* The number of the field, or 0. */
static size_t find_field(const struct lines *ls, const char *name, size_t len)
{
    for (size_t i = 1; i < ls->count; i++) {
        if (name_len(ls->list[i]) == len &&
            strncasecmp(ls->list[i], name, len) == 0)
            return i;
    }
    return 0;
}

static void replace(struct lines *ls, size_t i, const char *p, size_t len)
{
    free(ls->list[i]);
    ls->list[i] = copy_text(p, len);
}

static void remove_field(struct lines *ls, const char *name, size_t len)
{
    size_t i = find_field(ls, name, len);

    if (!i)
        return;
    free(ls->list[i]);
    ls->count--;
    memmove(ls->list + i, ls->list + i + 1,
            (ls->count - i) * sizeof(ls->list[0]));
}

static void reverse(struct lines *ls)
{
    for (size_t i = 1, k = ls->count - 1; i < k; i++, k--) {
        char *line = ls->list[i];

        ls->list[i] = ls->list[k];
        ls->list[k] = line;
    }
}

static void change_names(struct lines *ls, int (*change)(int))
{
    for (size_t i = 1; i < ls->count; i++) {
        for (char *p = ls->list[i]; *p && *p != ':'; p++)
            *p = (char)change((unsigned char)*p);
    }
}

static void whole_edit(struct lines *ls, const char *name)
{
    if (strncmp(name, "reverse", 7) == 0)
        reverse(ls);
    else if (strncmp(name, "lower", 5) == 0)
        change_names(ls, tolower);
    else if (strncmp(name, "upper", 5) == 0)
        change_names(ls, toupper);
    else if (strncmp(name, "lf", 2) == 0)
        ls->lf = true;
    else if (strncmp(name, "crlf", 4) == 0)
        ls->crlf_first = true;
}

static void edit(struct lines *ls, const char *p, size_t len)
{
    size_t digits = strspn(p, "0123456789"), i;
    long times = digits ? strtol(p, NULL, 10) : 1;

    if (p[digits] == '+') {
        while (times-- > 0)
            add_line(ls, p + digits + 1, len - digits - 1);
    } else if (*p == '>') {
        replace(ls, 0, p + 2, len - 2);
    } else if (*p == '-') {
        remove_field(ls, p + 1, len - 1);
    } else if (*p == '@') {
        whole_edit(ls, p + 1);
    } else {
        i = find_field(ls, p, name_len(p));
        if (i)
            replace(ls, i, p, len);
        else
            add_line(ls, p, len);
    }
}

/* Writes the escape behind a percent sign; returns its length. */
static size_t write_escape(struct bytes *out, const struct target *t,
                           const char *p)
{
    char *end;
    unsigned long n;
    int high = hex_digit(p[0]), low = high < 0 ? -1 : hex_digit(p[1]);

    if (*p == 't' || *p == 'h') {
        const char *text = *p == 't' ? t->resource : t->authority;

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

static void write_escaped(struct bytes *out, const struct target *t,
                          const char *text)
{
    for (size_t n; *text; text += n) {
        n = strcspn(text, "%");
        bytes_add(out, text, n);
        if (text[n] == '%')
            n += 1 + write_escape(out, t, text + n + 1);
    }
}

/* Joins the values of all fields of this name with commas. */
static void collect(const struct lines *ls, const char *name, char *out,
                    size_t size)
{
    size_t len = strlen(name), used = 0;

    out[0] = '\0';
    for (size_t i = 1; i < ls->count; i++) {
        const char *line = ls->list[i];

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

static void write_out(struct request *r, const struct target *t,
                      struct lines *ls)
{
    const char *eol = ls->lf ? "\n" : "\r\n";

    if (ls->crlf_first)
        bytes_print(&r->text, "%s", eol);
    for (size_t i = 0; i < ls->count; i++) {
        write_escaped(&r->text, t, ls->list[i]);
        bytes_print(&r->text, "%s", eol);
    }
    bytes_print(&r->text, "%s", eol);
    collect(ls, "Sec-WebSocket-Key", r->key, sizeof(r->key));
    r->key[strcspn(r->key, " \t")] = '\0';
    collect(ls, "Sec-WebSocket-Extensions", r->offered, sizeof(r->offered));
    collect(ls, "Sec-WebSocket-Protocol", r->asked, sizeof(r->asked));
}

static void ordinary(struct lines *ls, uint32_t seed)
{
    static const char *const lines[] = {
        "GET %t HTTP/1.1",           "Host: %h",
        "Upgrade: websocket",        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
    };
    char key[64] = "Sec-WebSocket-Key: ";
    uint8_t nonce[16];

    for (size_t i = 0; i < sizeof(nonce); i++) {
        seed = seed * 1664525 + 1013904223;
        nonce[i] = (uint8_t)(seed >> 24);
    }
    for (size_t i = 0; i < COUNT(lines); i++)
        add_line(ls, lines[i], strlen(lines[i]));
    base64(key + strlen(key), nonce, sizeof(nonce));
    add_line(ls, key, strlen(key));
}

void request_make(struct request *r, const struct target *t, const char *edits,
                  uint32_t seed)
{
    struct lines *ls = grow(NULL, sizeof(*ls));

    memset(ls, 0, sizeof(*ls));
    memset(r, 0, sizeof(*r));
    if (edits && *edits == '=') {
        write_escaped(&r->text, t, edits + 1);
    } else {
        ordinary(ls, seed);
        while (edits && *edits) {
            size_t len = strcspn(edits, "\n");

            edit(ls, edits, len);
            edits += len + (edits[len] == '\n');
        }
        write_out(r, t, ls);
    }
    for (size_t i = 0; i < ls->count; i++)
        free(ls->list[i]);
    free(ls);
}

void request_release(struct request *r)
{
    bytes_release(&r->text);
}

void base64(char *out, const uint8_t *p, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";

    for (; len; p += 3, len -= len < 3 ? len : 3, out += 4) {
        uint32_t three = (uint32_t)p[0] << 16;

        three |= len > 1 ? (uint32_t)p[1] << 8 : 0;
        three |= len > 2 ? p[2] : 0;
        out[0] = digits[three >> 18];
        out[1] = digits[three >> 12 & 63];
        out[2] = len > 1 ? digits[three >> 6 & 63] : '=';
        out[3] = len > 2 ? digits[three & 63] : '=';
    }
    *out = '\0';
}
