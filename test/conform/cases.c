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
    &utf8_cases,      &utf8_cut_cases,
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

/* How many cases of this section there are so far. */
static size_t number_in(const struct test_case *list, size_t count,
                        const char *section)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        n += strcmp(list[i].section, section) == 0;
    return n;
}

static void add_case(struct test_case **list, size_t *count,
                     const struct row *row, struct slice each)
{
    struct test_case *tc;

    *list = grow(*list, (*count + 1) * sizeof(**list));
    tc = *list + *count;
    memset(tc, 0, sizeof(*tc));
    tc->section = row->section;
    tc->name = substitute(row->name, each);
    tc->script = substitute(row->script, each);
    if (row->handshake)
        tc->handshake = substitute(row->handshake, each);
    snprintf(tc->id, sizeof(tc->id), "%s-%03zu", row->section,
             number_in(*list, *count, row->section) + 1);
    ++*count;
}

static void add_row(struct test_case **list, size_t *count,
                    const struct row *row)
{
    const char *at = row->each ? row->each : "";
    const char *bars = strchr(at, '|') ? "|" : " \n";
    struct slice each;

    while (next_word(&at, &each, bars))
        add_case(list, count, row, each);
}

size_t cases_make(struct test_case **list)
{
    size_t count = 0;

    *list = NULL;
    for (size_t i = 0; i < COUNT(tables); i++) {
        for (size_t k = 0; k < tables[i]->count; k++)
            add_row(list, &count, &tables[i]->rows[k]);
    }
    return count;
}

void cases_free(struct test_case *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(list[i].name);
        free(list[i].script);
        free(list[i].handshake);
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
