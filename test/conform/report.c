/* SPDX-License-Identifier: MIT */
/*
 * What the user reads: a line for each case, and at the end "N passed, N
 * failed" alone on a line. With --json every line is an object; the last one
 * has the sums.
 */
#include "report.h"

#include <stdio.h>
#include <string.h>

static const char *colour_of(const struct report *r, enum grade grade)
{
    static const char *const colours[] = {"\033[32m", "\033[32m", "\033[33m",
                                          "\033[1;31m"};

    return r->colour ? colours[grade] : "";
}

/* The script, and the edits of the handshake, a line each. */
static void print_notation(const struct test_case *tc)
{
    const char *edit = tc->handshake ? tc->handshake : "";

    if (*tc->script)
        printf("       script: %.300s\n", tc->script);
    while (*edit) {
        size_t n = strcspn(edit, "\n");

        printf("       handshake: %.*s\n", n < 300 ? (int)n : 300, edit);
        edit += n + (edit[n] == '\n');
    }
    if (tc->client)
        printf("       client: %s\n", tc->client);
}

static void print_text(const struct report *r, const struct test_case *tc,
                       const struct verdict *v)
{
    static const char *const words[] = {"ok  ", "ok  ", "soft", "FAIL"};
    const char *word;
    enum grade grade =
        r->strict && v->grade == GRADE_SOFT ? GRADE_FAIL : v->grade;

    word = v->known ? "know" : words[grade];
    printf("%s%s%s %-10s %s", colour_of(r, grade), word,
           r->colour ? "\033[0m" : "", tc->id, tc->name);
    if (v->known || v->grade == GRADE_NOTE)
        printf(" (%s)", v->text);
    else if (v->grade > GRADE_NOTE)
        printf(": %s", v->text);
    putchar('\n');
    if (!r->verbose)
        return;
    print_notation(tc);
    if (v->trace.len)
        fwrite(v->trace.p, 1, v->trace.len, stdout);
}

static void json_string(const char *name, const char *text)
{
    printf("\"%s\":\"", name);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < ' ')
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void print_json(const struct test_case *tc, const struct verdict *v)
{
    putchar('{');
    json_string("case", tc->id);
    putchar(',');
    json_string("section", tc->section);
    putchar(',');
    json_string("name", tc->name);
    putchar(',');
    if (v) {
        json_string("grade", v->known ? "known" : grade_name(v->grade));
        putchar(',');
        json_string("text", v->text);
        printf(",\"ms\":%lld,", (long long)v->took_ms);
    }
    json_string("script", tc->script);
    puts("}");
}

void report_case(struct report *r, const struct test_case *tc,
                 const struct verdict *v)
{
    r->count[v->grade]++;
    r->known += v->known;
    if (r->json)
        print_json(tc, v);
    else
        print_text(r, tc, v);
    fflush(stdout);
}

void report_name(const struct report *r, const struct test_case *tc)
{
    if (r->json) {
        print_json(tc, NULL);
        return;
    }
    printf("%-10s %s\n", tc->id, tc->name);
    if (r->verbose)
        print_notation(tc);
}

size_t report_end(const struct report *r, int64_t took_ms)
{
    size_t soft = r->count[GRADE_SOFT], failed = r->count[GRADE_FAIL];
    size_t passed = r->count[GRADE_OK] + r->count[GRADE_NOTE];

    if (r->strict)
        failed += soft;
    else
        passed += soft;
    if (r->json) {
        printf("{\"passed\":%zu,\"failed\":%zu,\"soft\":%zu,\"notes\":%zu,"
               "\"known\":%zu,\"ms\":%lld}\n",
               passed, failed, soft, r->count[GRADE_NOTE], r->known,
               (long long)took_ms);
        return failed;
    }
    printf("%.1f s, %zu with a note, %zu soft%s\n", (double)took_ms / 1000,
           r->count[GRADE_NOTE], soft,
           !soft       ? ""
           : r->strict ? " (counted as failed)"
                       : " (less than the RFC's SHOULD, counted as passed)");
    if (r->known)
        printf("%zu known to fail, counted as passed\n", r->known);
    printf("%zu passed, %zu failed\n", passed, failed);
    return failed;
}
