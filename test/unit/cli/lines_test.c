/* SPDX-License-Identifier: MIT */
#include "cli/lines.h"
#include "support.h"
#include <stdio.h>

#define LIMIT 8

/* Input, and the lines that it is, each in brackets; '!' is one too long. */
static const struct {
    const char *in, *lines;
    char end;
} cases[] = {
    {"", "", '\n'},
    {"\n", "[]", '\n'},
    {"a", "[a]", '\n'},
    {"a\n", "[a]", '\n'},
    {"a\nb", "[a][b]", '\n'},
    {"a\n\n\nb\n", "[a][][][b]", '\n'},
    {"a\r\n", "[a\r]", '\n'},
    {"12345678\n12345678", "[12345678][12345678]", '\n'},
    {"123456789\nx\n", "!", '\n'},
    {"x\n123456789", "[x]!", '\n'},
    {"a;b\nc;", "[a][b\nc]", ';'},
};

static bool take_all(struct lines *lines, bool is_last, char *out, size_t size)
{
    enum lines_result result;
    const char *line, *again;
    size_t len, again_len;

    while ((result = lines_next(lines, is_last, &line, &len)) == LINES_LINE) {
        size_t at = strlen(out);

        /* The same line until it is taken. */
        assert_int_equal(lines_next(lines, is_last, &again, &again_len),
                         LINES_LINE);
        assert_true(again == line && again_len == len);
        snprintf(out + at, size - at, "[%.*s]", (int)len, line);
        lines_take(lines);
    }
    if (result == LINES_TOO_LONG)
        out[strlen(out) + 1] = '\0', out[strlen(out)] = '!';
    return result != LINES_TOO_LONG;
}

/* Whole, and in pieces of every size: the same lines. */
static void test_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = strlen(cases[i].in);

        for (size_t piece = 1; piece <= len + 1; piece++) {
            struct lines lines = {.end = cases[i].end, .limit = LIMIT};
            char out[64] = "";
            bool goes_on = true;

            for (size_t at = 0; at < len && goes_on; at += piece) {
                size_t n = len - at < piece ? len - at : piece;

                assert_true(fifo_add(&lines.fifo, cases[i].in + at, n));
                goes_on = take_all(&lines, false, out, sizeof(out));
            }
            if (goes_on)
                take_all(&lines, true, out, sizeof(out));
            CHECK(strcmp(out, cases[i].lines) == 0, "%zu by %zu: %s", i, piece,
                  out);
            fifo_release(&lines.fifo);
        }
    }
}

/* A line that is too long is known before its end has come. */
static void test_too_long(void **state)
{
    struct lines lines = {.end = '\n', .limit = LIMIT};
    const char *line;
    size_t len;

    (void)state;
    assert_true(fifo_add(&lines.fifo, "12345678", 8));
    assert_int_equal(lines_next(&lines, false, &line, &len), LINES_NONE);
    assert_true(fifo_add(&lines.fifo, "9", 1));
    assert_int_equal(lines_next(&lines, false, &line, &len), LINES_TOO_LONG);
    fifo_release(&lines.fifo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
