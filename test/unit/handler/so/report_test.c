/* SPDX-License-Identifier: MIT */
#include "fake_server.h"
#include "handler/so/handlers.h"
#include <stdio.h>

static struct weft_handlers h;

static int set_up(void **state)
{
    static char dir[] = "example/handlers", command[] = "gcc";

    (void)state;
    fake_server_reset();
    h = (struct weft_handlers){.srv = fake_server(), .dir = dir};
    h.compiler.command.word[0] = command;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_server_reset();
    return 0;
}

/* What the compiler writes and the lines it gives, with "x_wsh.c" as name. */
static const struct {
    const char *text, *lines[4];
} cases[] = {
    {"", {NULL}},
    {"\n\n", {NULL}},
    {"one", {"x_wsh.c: one"}},
    {"one\n", {"x_wsh.c: one"}},
    {"one\n\ntwo\n", {"x_wsh.c: one", "x_wsh.c: two"}},
    {"example/handlers/x_wsh.c:1:2: error: no\n    1 | int\n",
     {"example/handlers/x_wsh.c:1:2: error: no", "x_wsh.c:     1 | int"}},
    {"example/handlers", {"x_wsh.c: example/handlers"}},
    {"example/handlers2/x.h", {"x_wsh.c: example/handlers2/x.h"}},
};

static void report(enum weft_log_level level, const char *text, size_t len)
{
    const char *end = (const char *)at_page_end(text, len);
    const struct weft_crew_words words = {.text = end, .len = len};

    weft_report_words(&h, level, "x_wsh.c", &words);
}

static void hint(const char *text)
{
    const struct weft_crew_words words = {.text = text, .len = strlen(text)};

    weft_report_hint(&h, &words);
}

static void test_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n = 0;

        fake_server_reset();
        report(WEFT_LOG_WARN, cases[i].text, strlen(cases[i].text));
        for (; cases[i].lines[n]; n++)
            CHECK(fake_server_has_line(WEFT_LOG_WARN, cases[i].lines[n]),
                  "%zu: %s", i, cases[i].lines[n]);
        CHECK(fake_server_logged(-1, "") == n, "%zu: %zu lines", i, n);
    }
}

static void test_many_words(void **state)
{
    static char text[4000];

    (void)state;
    for (size_t i = 0; i < 200; i++)
        memcpy(text + 2 * i, "x\n", 2);
    report(WEFT_LOG_ERROR, text, 400);
    assert_int_equal(fake_server_logged(WEFT_LOG_ERROR, "x_wsh.c: x"), 100);
    assert_int_equal(fake_server_logged(WEFT_LOG_ERROR, "more"), 1);
    fake_server_reset();
    report(WEFT_LOG_ERROR, text, 200);
    assert_int_equal(fake_server_logged(-1, ""), 100);
    fake_server_reset();
    weft_report_words(&h, WEFT_LOG_ERROR, "x_wsh.c",
                      &(struct weft_crew_words){"x", 1, .is_cut = true});
    assert_int_equal(fake_server_logged(-1, "more"), 1);
}

static void test_hints(void **state)
{
    static const struct {
        const char *text, *hint;
    } hints[] = {
        {"x.c:1:10: fatal error: weft/handler.h: No such file",
         "--include-dir"},
        {"fatal error: 'weft/handler.h' file not found", "--include-dir"},
        {"fatal error: stdint.h: No such file", "libc6-dev"},
        {"ld: cannot find crti.o: No such file", "libc6-dev"},
        {"x.c:1:1: error: expected ';'", NULL},
        {"", NULL},
    };
    static char include[] = "/somewhere";

    (void)state;
    for (size_t i = 0; i < COUNT(hints); i++) {
        fake_server_reset();
        hint(hints[i].text);
        CHECK(fake_server_logged(-1, "") == (hints[i].hint ? 1 : 0), "%zu", i);
        CHECK(!hints[i].hint || fake_server_logged(-1, hints[i].hint), "%zu",
              i);
    }
    /* Where it was found, it is not missing. */
    fake_server_reset();
    h.compiler.include = include;
    hint(hints[0].text);
    assert_int_equal(fake_server_logged(-1, ""), 0);
}

static void test_failure(void **state)
{
    static char name[] = "sub/x_wsh.c", path[] = "/sub/x";
    struct weft_roster_entry entry = {
        .name = name, .path = path, .is_source = true};

    (void)state;
    weft_report_failure(&h, &entry, WEFT_ERR_INVALID, "it is wrong");
    assert_true(fake_server_has_line(
        WEFT_LOG_ERROR, "sub/x_wsh.c: it is wrong; /sub/x is not served"));
    entry.is_served = true;
    weft_report_failure(&h, &entry, WEFT_ERR_INVALID, "it is wrong");
    assert_true(fake_server_has_line(
        WEFT_LOG_ERROR,
        "sub/x_wsh.c: it is wrong; /sub/x keeps the code it has"));
    assert_int_equal(fake_server_logged(-1, ""), 2);
}

/* That there is no compiler is explained once. */
static void test_no_compiler(void **state)
{
    static char name[] = "x_wsh.c", path[] = "/x";
    struct weft_roster_entry entry = {
        .name = name, .path = path, .is_source = true};

    (void)state;
    for (int i = 0; i < 3; i++)
        weft_report_failure(&h, &entry, WEFT_ERR_MISSING, "gcc cannot be run");
    assert_int_equal(fake_server_logged(-1, "apt-get install gcc"), 1);
    assert_int_equal(fake_server_logged(-1, "x_wsh.c: gcc cannot be run"), 3);
    /* A missing object is another matter. */
    h.told_compiler = false;
    entry.is_source = false;
    weft_report_failure(&h, &entry, WEFT_ERR_MISSING, "it cannot be read");
    assert_int_equal(fake_server_logged(-1, "apt-get install gcc"), 1);
}

#define WITH_SERVER(test)                                                      \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(test_words),       WITH_SERVER(test_many_words),
        WITH_SERVER(test_hints),       WITH_SERVER(test_failure),
        WITH_SERVER(test_no_compiler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
