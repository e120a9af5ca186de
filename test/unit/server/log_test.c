/* SPDX-License-Identifier: MIT */
/* Whatever a line is made of, it is one line, and short. */
#include "server/log.h"
#include "support.h"

#include <stdio.h>
#include <unistd.h>

struct kept {
    int lines;
    enum weft_log_level level;
    char line[4096];
};

static void keep(void *user, enum weft_log_level level, const char *line)
{
    struct kept *kept = user;

    kept->lines++;
    kept->level = level;
    snprintf(kept->line, sizeof(kept->line), "%s", line);
}

static const struct {
    const char *what, *raw, *want;
} cases[] = {
    {"plain", "GET /echo 101", "GET /echo 101"},
    {"empty", "", ""},
    {"line feed", "a\nERROR forged", "a\\x0aERROR forged"},
    {"CR", "a\r\nb", "a\\x0d\\x0ab"},
    {"terminal", "\x1b[31mred", "\\x1b[31mred"},
    {"DEL", "a\x7f", "a\\x7f"},
    {"tab", "a\tb", "a\\x09b"},
    {"backslash", "a\\x0a", "a\\x5cx0a"},
    {"UTF-8", "caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac"},
    {"C1", "a\xc2\x85z", "a\\xc2\\x85z"},
    {"not UTF-8", "a\xff\xc3", "a\\xff\\xc3"},
    {"percent", "100%", "100%"},
};

static void test_escaped(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kept kept = {0};
        struct weft_log log;

        weft_log_init(&log, keep, &kept, true);
        weft_log_line(&log, WEFT_LOG_WARN, "%s", cases[i].raw);
        CHECK(strcmp(kept.line, cases[i].want) == 0, "%s: %s", cases[i].what,
              kept.line);
        assert_int_equal(kept.lines, 1);
        assert_int_equal(kept.level, WEFT_LOG_WARN);
        weft_log_release(&log);
    }
}

/* Cut at any length, in the middle of an escape or a character too. */
static void test_long(void **state)
{
    static const char *const pieces[] = {"a", "\n", "\xe2\x82\xac", "\\",
                                         "ab\xff"};
    char raw[6000];

    (void)state;
    for (size_t i = 0; i < COUNT(pieces); i++) {
        for (size_t len = 1; len < sizeof(raw) - 1; len += 31) {
            struct kept kept = {0};
            struct weft_log log;
            size_t step = strlen(pieces[i]);
            const char *end;
            bool is_cut;

            for (size_t j = 0; j < len; j++)
                raw[j] = pieces[i][j % step];
            raw[len] = '\0';
            weft_log_init(&log, keep, &kept, true);
            weft_log_line(&log, WEFT_LOG_INFO, "<%s>", raw);
            assert_int_equal(kept.lines, 1);
            assert_true(strlen(kept.line) < 1024);
            assert_null(strpbrk(kept.line, "\n\r\xff"));
            assert_int_equal(kept.line[0], '<');
            /* Either whole, or seen to be cut. */
            end = kept.line + strlen(kept.line);
            is_cut = strcmp(end - 3, "...") == 0;
            assert_true(is_cut != (end[-1] == '>'));
            assert_true(is_cut || len < 1023);
            weft_log_release(&log);
        }
    }
}

/* Without a function lines go to standard error, but for two levels. */
static void test_standard_error(void **state)
{
    static const char want[] = "weft: level 0\nweft: level 1\nweft: level 2\n";
    char got[256] = "";
    int fds[2], before = dup(2);
    struct weft_log log;
    ssize_t n;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    dup2(fds[1], 2);
    weft_log_init(&log, NULL, NULL, true);
    for (int level = WEFT_LOG_ERROR; level <= WEFT_LOG_ACCESS; level++)
        weft_log_line(&log, (enum weft_log_level)level, "level %d", level);
    weft_log_release(&log);
    dup2(before, 2);
    close(fds[1]);
    n = read(fds[0], got, sizeof(got) - 1);
    assert_int_equal(n, strlen(want));
    assert_string_equal(got, want);
    close(fds[0]);
    close(before);
}

/* Counts without a lock, which the log holds for it. */
static void count(void *user, enum weft_log_level level, const char *line)
{
    long *lines = user;

    (void)level;
    *lines += line[0] == 'x';
}

#define THREADS 4
#define LINES 2000

static void *write_lines(void *arg)
{
    for (int i = 0; i < LINES; i++)
        weft_log_line(arg, WEFT_LOG_INFO, "x %d", i);
    return NULL;
}

static void test_one_at_a_time(void **state)
{
    pthread_t threads[THREADS];
    struct weft_log log;
    long lines = 0;

    (void)state;
    weft_log_init(&log, count, &lines, true);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, write_lines, &log);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(lines, THREADS * LINES);
    weft_log_release(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escaped),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_standard_error),
        cmocka_unit_test(test_one_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
