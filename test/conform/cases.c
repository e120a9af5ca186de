/* SPDX-License-Identifier: MIT */
/*
 * Makes the cases out of the tables: one for each row and word, numbered
 * within their section of the RFC.
 */
#include "cases.h"

#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct table *const tables[] = {
    &handshake_cases, &http_cases,     &header_cases,  &mask_cases,
    &length_cases,    &fragment_cases, &control_cases, &close_cases,
    &utf8_cases,      &utf8_cut_cases, &answer_cases,  &answer_head_cases,
    &choice_cases,    &leave_cases,    &lost_cases,    &echo_cases,
    &offer_cases,     &deflate_cases,  &rounds_cases,  &offence_cases,
    &terms_cases,
};

struct slice {
    const char *p;
    size_t len;
};

/* What stands for $, $1 or $2 at p; *used is its length in the text. */
static struct slice parameter(struct slice each, const char *p, size_t *used)
{
    const char *slash = memchr(each.p, '/', each.len);
    struct slice part = each;

    *used = 1;
    if (slash && p[1] == '1') {
        part.len = (size_t)(slash - each.p);
        *used = 2;
    } else if (slash && p[1] == '2') {
        part.p = slash + 1;
        part.len = each.len - (size_t)(part.p - each.p);
        *used = 2;
    }
    return part;
}

static char *substitute(const char *text, struct slice each)
{
    struct bytes out = {0};

    for (size_t n; *text; text += n) {
        n = strcspn(text, "$");
        bytes_add(&out, text, n);
        if (text[n] == '$') {
            size_t used;
            struct slice part = parameter(each, text + n, &used);

            bytes_add(&out, part.p, part.len);
            n += used;
        }
    }
    bytes_add_byte(&out, '\0');
    return (char *)out.p;
}

/* The next word of an `each`, of which *at is the rest. */
static bool next_word(const char **at, struct slice *each, const char *bars)
{
    if (!*at)
        return false;
    *at += strspn(*at, " \n");
    each->p = *at;
    each->len = strcspn(*at, bars);
    *at = each->p[each->len] ? each->p + each->len + 1 : NULL;
    while (each->len && each->p[each->len - 1] == ' ')
        each->len--;
    return true;
}

struct list {
    struct test_case *p;
    size_t count;
};

/* How many cases of this section there are so far. */
static size_t number_in(const struct list *l, const char *section)
{
    size_t n = 0;

    for (size_t i = 0; i < l->count; i++)
        n += strcmp(l->p[i].section, section) == 0;
    return n;
}

static void add_case(struct list *l, const struct row *row, struct slice each)
{
    struct test_case *tc;

    l->p = grow(l->p, (l->count + 1) * sizeof(*l->p));
    tc = l->p + l->count;
    memset(tc, 0, sizeof(*tc));
    tc->section = row->section;
    tc->name = substitute(row->name, each);
    tc->script = substitute(row->script, each);
    if (row->handshake)
        tc->handshake = substitute(row->handshake, each);
    if (row->client)
        tc->client = substitute(row->client, each);
    snprintf(tc->id, sizeof(tc->id), "%s-%03zu", row->section,
             number_in(l, row->section) + 1);
    l->count++;
}

/* N..M: a case for each number. */
static bool add_range(struct list *l, const struct row *row)
{
    unsigned long low, high;
    struct slice each;
    char number[24];
    char *end;

    low = strtoul(row->each ? row->each : "", &end, 10);
    if (strncmp(end, "..", 2) != 0)
        return false;
    high = strtoul(end + 2, NULL, 10);
    for (; low <= high; low++) {
        each.p = number;
        each.len = (size_t)snprintf(number, sizeof(number), "%lu", low);
        add_case(l, row, each);
    }
    return true;
}

static void add_row(struct list *l, const struct row *row)
{
    const char *at = row->each ? row->each : "";
    const char *bars = strchr(at, '|') ? "|" : " \n";
    struct slice each;

    if (add_range(l, row))
        return;
    while (next_word(&at, &each, bars))
        add_case(l, row, each);
}

size_t cases_make(struct test_case **list)
{
    struct list l = {0};

    for (size_t i = 0; i < COUNT(tables); i++) {
        size_t from = l.count;

        for (size_t k = 0; k < tables[i]->count; k++)
            add_row(&l, &tables[i]->rows[k]);
        for (; from < l.count; from++)
            l.p[from].judged = tables[i]->judged;
    }
    *list = l.p;
    return l.count;
}

void cases_free(struct test_case *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(list[i].name);
        free(list[i].script);
        free(list[i].handshake);
        free(list[i].client);
    }
    free(list);
}

bool cases_check(const struct test_case *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct script script;
        const char *where;
        const char *wrong = script_parse(&script, list[i].script, &where);

        script_release(&script);
        if (wrong) {
            fprintf(stderr, "conform: case %s: %s at \"%s\"\n", list[i].id,
                    wrong, where);
            return false;
        }
    }
    return true;
}
