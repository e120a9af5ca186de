/* SPDX-License-Identifier: MIT */
#include "handler/so/depfile.h"
#include "support.h"

/* What make, gcc and clang call one rule. */
static const struct {
    const char *what, *text;
    int end; /* what the call after the last name gives */
    const char *names[5];
} cases[] = {
    {"one file", "x: a.c\n", 0, {"a.c"}},
    {"no line feed at the end", "x: a.c b.h", 0, {"a.c", "b.h"}},
    {"continued",
     "x: a.c /usr/include/b.h \\\n c.h \\\n  d.h\n",
     0,
     {"a.c", "/usr/include/b.h", "c.h", "d.h"}},
    {"continued without a space", "x: a.c\\\n b.h\n", 0, {"a.c\\"}},
    {"continued at once", "x:\\\n a.c\n", 0, {"a.c"}},
    {"tabs", "x:\ta.c\tb.h\n", 0, {"a.c", "b.h"}},
    {"a space in a name", "x: a\\ b.c c.h\n", 0, {"a b.c", "c.h"}},
    {"a backslash and a space", "x: a\\\\\\ b.c\n", 0, {"a\\ b.c"}},
    {"a name that ends in a backslash", "x: a\\\\ b.c\n", 0, {"a\\", "b.c"}},
    {"backslashes", "x: a\\b\\\\c.c\n", 0, {"a\\b\\\\c.c"}},
    {"a dollar", "x: a$$b.c\n", 0, {"a$b.c"}},
    {"a lone dollar", "x: a$b.c c$\n", 0, {"a$b.c", "c$"}},
    {"a number sign", "x: a\\#b.c\n", 0, {"a#b.c"}},
    {"a colon", "x: a\\:b.c c:d.h\n", 0, {"a:b.c", "c:d.h"}},
    {"only the first rule", "x: a.c\nb.h:\n", 0, {"a.c"}},
    {"a target with a colon", "c:/x: a.c\n", 0, {"a.c"}},
    {"nothing needed", "x:\n", 0, {NULL}},
    {"nothing needed, no line feed", "x:", 0, {NULL}},
    {"empty", "", -1, {NULL}},
    {"no rule", "hello\n", -1, {NULL}},
    {"a rule on the second line", "hello\nx: a.c\n", -1, {NULL}},
    {"a name that is too long",
     "x: a.c aaaaaaaaaabbbbbbbbbbccccccccccdd\n",
     -1,
     {"a.c"}},
};

static void test_cases(void **state)
{
    char name[32];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = strlen(cases[i].text), pos = 0;
        const char *text = (const char *)at_page_end(cases[i].text, len);
        int ret;

        for (size_t k = 0; cases[i].names[k]; k++) {
            ret = weft_depfile_next((struct weft_slice){text, len}, &pos, name,
                                    sizeof(name));
            CHECK(ret == 1, "%s: %d for name %zu", cases[i].what, ret, k);
            CHECK(strcmp(name, cases[i].names[k]) == 0, "%s: %s", cases[i].what,
                  name);
        }
        ret = weft_depfile_next((struct weft_slice){text, len}, &pos, name,
                                sizeof(name));
        CHECK(ret == cases[i].end, "%s: %d at the end", cases[i].what, ret);
    }
}

/* A rule that is cut anywhere is read without harm, and comes to an end. */
static void test_every_prefix(void **state)
{
    char name[32];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t len = 0; len <= strlen(cases[i].text); len++) {
            const char *text = (const char *)at_page_end(cases[i].text, len);
            size_t pos = 0, calls = 0;

            while (weft_depfile_next((struct weft_slice){text, len}, &pos, name,
                                     sizeof(name)) > 0)
                CHECK(++calls <= len, "%s cut at %zu", cases[i].what, len);
        }
    }
}

/* Every size of room: the name is whole or the answer is no. */
static void test_room(void **state)
{
    const char text[] = "x: a\\ b$$c\\\\\\ d";
    const char whole[] = "a b$c\\ d";
    char name[32];

    (void)state;
    for (size_t size = 1; size < sizeof(name); size++) {
        size_t pos = 0;
        int ret;

        memset(name, '#', sizeof(name));
        ret = weft_depfile_next(weft_slice(text), &pos, name, size);
        CHECK(name[size] == '#', "written past %zu", size);
        if (size < sizeof(whole))
            CHECK(ret == -1, "%zu: %d", size, ret);
        else
            CHECK(ret == 1 && strcmp(name, whole) == 0, "%zu: %s", size, name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
