/* SPDX-License-Identifier: MIT */
#include "capture.h"
#include "cli/number.h"
#include "cli/option_set.h"
#include "command_line.h"
#include "support.h"
#include <stdio.h>
#include <unistd.h>

#define OPTIONS(X)                                                             \
    X(HELP, "help", 'h', 0)                                                    \
    X(LIMIT, "limit", 'l', 1)                                                  \
    X(LONGER, "longer", 0, 0)                                                  \
    X(NAME, "name", 'n', 1)

enum { OPT_FIRST = OPTION_FIRST, OPTIONS(OPTION_NAME) };

static const struct option_row rows[] = {OPTIONS(OPTION_ROW)};

struct seen {
    char text[256]; /* "limit=5 longer= operand" */
    uint64_t number;
    struct option_list list;
};

static void add(struct seen *seen, const char *what, const char *text)
{
    size_t len = strlen(seen->text);

    snprintf(seen->text + len, sizeof(seen->text) - len, "%s=%s ", what,
             text ? text : "");
}

static bool set(void *options, int opt, const char *text)
{
    if (text && strcmp(text, "refused") == 0)
        return false;
    add(options, rows[opt - OPTION_FIRST - 1].name, text);
    return true;
}

static bool operand(void *options, const char *text)
{
    add(options, "", text);
    return strcmp(text, "refused") != 0;
}

static struct option_set a_set = {
    .command = "weft try",
    .help = "the help\n",
    .rows = rows,
    .count = COUNT(rows),
    .set = set,
    .operand = operand,
};

static enum options_result read_args(struct seen *seen, const char *const *args)
{
    static struct command_line line;

    memset(seen, 0, sizeof(*seen));
    command_line_fill(&line, "try", args);
    return option_set_read(&a_set, seen, line.argc, line.argv);
}

static void test_right(void **state)
{
    static const struct {
        const char *args[8], *seen;
    } cases[] = {
        {{NULL}, ""},
        {{"-l5"}, "limit=5 "},
        {{"--limit=5", "--limit", "6"}, "limit=5 limit=6 "},
        {{"one", "--longer", "two"}, "longer= =one =two "},
        {{"--", "--longer"}, "=--longer "},
        {{"--lon", "-n", "-l"}, "longer= name=-l "},
        {{"--name="}, "name= "},
        {{"-"}, "=- "},
    };
    struct seen seen;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum options_result result = read_args(&seen, cases[i].args);

        CHECK(result == OPTIONS_RUN, "%zu: %d", i, (int)result);
        CHECK(strcmp(seen.text, cases[i].seen) == 0, "%zu: %s", i, seen.text);
    }
}

static void test_wrong(void **state)
{
    static const struct {
        const char *args[4], *said;
    } cases[] = {
        {{"-x"}, "weft try: unknown option '-x'; see 'weft try --help'\n"},
        {{"-nx", "-lhx", "-xh"},
         "weft try: unknown option '-x'; see 'weft try --help'\n"},
        {{"--limits"},
         "weft try: unknown option '--limits', did you mean '--limit'? See "
         "'weft try --help'\n"},
        {{"--l"}, "weft try: unknown option '--l'; see 'weft try --help'\n"},
        {{"-n"},
         "weft try: a value is missing behind '-n'; see 'weft try --help'\n"},
        {{"--longer=1"},
         "weft try: '--longer=1': this option takes no value; see 'weft try "
         "--help'\n"},
        {{"-n", "refused"}, ""},
        {{"refused"}, ""},
    };
    struct seen seen;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum options_result result;
        const char *said;

        capture_begin(STDERR_FILENO);
        result = read_args(&seen, cases[i].args);
        said = capture_end();
        CHECK(result == OPTIONS_BAD, "%zu: %d", i, (int)result);
        CHECK(strcmp(said, cases[i].said) == 0, "%zu: %s", i, said);
    }
}

static void test_no_operands(void **state)
{
    const char *const args[] = {"more", NULL};
    struct seen seen;

    (void)state;
    a_set.operand = NULL;
    capture_begin(STDERR_FILENO);
    assert_int_equal(read_args(&seen, args), OPTIONS_BAD);
    assert_string_equal(
        capture_end(),
        "weft try: unknown argument 'more'; see 'weft try --help'\n");
    a_set.operand = operand;
}

/* Help ends it, whatever else is said behind it. */
static void test_help(void **state)
{
    static const char *const forms[][3] = {
        {"-h"}, {"--help"}, {"-l1", "--he"}, {"-h", "--nonsense"}};
    struct seen seen;

    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        enum options_result result;

        capture_begin(STDOUT_FILENO);
        result = read_args(&seen, forms[i]);
        assert_string_equal(capture_end(), "the help\n");
        CHECK(result == OPTIONS_HELP, "%zu: %d", i, (int)result);
    }
}

static void test_list(void **state)
{
    struct option_list list = {.count = 0};

    (void)state;
    for (size_t i = 0; i < OPTION_LIST_MAX; i++)
        assert_true(option_list_add(&a_set, &list, OPT_NAME, "a"));
    assert_null(list.items[OPTION_LIST_MAX]);
    capture_begin(STDERR_FILENO);
    assert_false(option_list_add(&a_set, &list, OPT_NAME, "a"));
    assert_non_null(strstr(capture_end(), "--name may be given 64 times"));
}

static void test_word(void **state)
{
    static const char *const two[] = {"a", "b", NULL};
    static const char *const three[] = {"a", "b", "c", NULL};
    unsigned index = 9;

    (void)state;
    assert_true(option_word_set(&a_set, OPT_NAME, three, "c", &index));
    assert_int_equal(index, 2);
    capture_begin(STDERR_FILENO);
    assert_false(option_word_set(&a_set, OPT_NAME, three, "d", &index));
    assert_non_null(strstr(capture_end(), "--name takes a, b or c, not 'd'"));
    capture_begin(STDERR_FILENO);
    assert_false(option_word_set(&a_set, OPT_NAME, two, "", &index));
    assert_non_null(strstr(capture_end(), "--name takes a or b, not ''"));
    assert_int_equal(index, 2);
}

static void test_number(void **state)
{
    static const struct {
        const char *text;
        bool off, zero, right;
        uint64_t value;
    } cases[] = {
        {"5s", false, false, true, 5000},
        {"off", true, false, true, OPTION_OFF},
        {"off", false, false, false, 0},
        {"0", false, true, true, 0},
        {"0", true, false, false, 0},
        {"", true, true, false, 0},
        {"5x", true, true, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct option_number number = {
            OPT_LIMIT,         offsetof(struct seen, number),
            number_parse_time, "a time",
            cases[i].off,      cases[i].zero,
        };
        struct seen seen = {.number = 1};
        bool right;

        capture_begin(STDERR_FILENO);
        right = option_number_set(&a_set, &number, &seen, cases[i].text);
        CHECK(strlen(capture_end()) > 0 || right, "%zu: nothing was said", i);
        CHECK(right == cases[i].right, "%zu", i);
        CHECK(seen.number == (right ? cases[i].value : 1), "%zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),       cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_no_operands), cmocka_unit_test(test_help),
        cmocka_unit_test(test_list),        cmocka_unit_test(test_number),
        cmocka_unit_test(test_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
