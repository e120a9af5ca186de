/* SPDX-License-Identifier: MIT */
#include "cli/typed.h"
#include "support.h"

static const struct {
    const char *line;
    enum typed_kind kind;
    const char *text; /* of what is wrong: a part */
    uint64_t code;
} cases[] = {
    {"", TYPED_TEXT, "", 0},
    {"hello", TYPED_TEXT, "hello", 0},
    {" /ping", TYPED_TEXT, " /ping", 0},
    {"//ping", TYPED_TEXT, "/ping", 0},
    {"///", TYPED_TEXT, "//", 0},
    {"/ping", TYPED_PING, "", 0},
    {"/ping  are you there ", TYPED_PING, "are you there ", 0},
    {"/close", TYPED_CLOSE, "", 1000},
    {"/close ", TYPED_CLOSE, "", 1000},
    {"/close 1000 bye", TYPED_CLOSE, "bye", 1000},
    {"/close 4000", TYPED_CLOSE, "", 4000},
    {"/close 0", TYPED_CLOSE, "", 0},
    {"/close 65536  a b", TYPED_CLOSE, "a b", 65536},
    {"/close 9999999", TYPED_CLOSE, "", 9999999},
    {"/close 99999999", TYPED_WRONG, "/close takes a code", 99999999},
    {"/close bye", TYPED_WRONG, "/close takes a code", 0},
    {"/close -1", TYPED_WRONG, "/close takes a code", 0},
    {"/close 1000x", TYPED_WRONG, "/close takes a code", 0},
    {"/binary a file", TYPED_BINARY, "a file", 0},
    {"/binary", TYPED_WRONG, "the name of a file", 0},
    {"/help", TYPED_HELP, "", 0},
    {"/quit", TYPED_QUIT, "", 0},
    {"/", TYPED_WRONG, "//TEXT", 0},
    {"/pings", TYPED_WRONG, "did you mean /ping?", 0},
    {"/biinary x", TYPED_WRONG, "did you mean /binary?", 0},
    {"/etc/passwd", TYPED_WRONG, "//TEXT", 0},
    {"/averyverylongcommandindeed", TYPED_WRONG, "//TEXT", 0},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t size = strlen(cases[i].line) + 1;
        struct typed typed;

        typed_parse(&typed, (const char *)at_page_end(cases[i].line, size));
        CHECK(typed.kind == cases[i].kind, "%s: %d", cases[i].line,
              (int)typed.kind);
        if (typed.kind == TYPED_WRONG)
            CHECK(strstr(typed.text, cases[i].text), "%s: %s", cases[i].line,
                  typed.text);
        else
            CHECK(strcmp(typed.text, cases[i].text) == 0, "%s: %s",
                  cases[i].line, typed.text);
        if (typed.kind == TYPED_CLOSE)
            CHECK(typed.code == cases[i].code, "%s", cases[i].line);
    }
}

/* Every command is told of, in lines that fit a terminal. */
static void test_help(void **state)
{
    static const char *const words[] = {"/ping", "/close", "/binary",
                                        "/quit", "/help",  "//"};

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        size_t found = 0;

        for (size_t k = 0; *typed_help[k]; k++) {
            found += strncmp(typed_help[k], words[i], strlen(words[i])) == 0;
            CHECK(strlen(typed_help[k]) <= 76, "%s", typed_help[k]);
        }
        CHECK(found == 1, "%s: %zu", words[i], found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
