/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "handler/so/compiler.h"
#include "tree.h"
#include <stdio.h>
#include <stdlib.h>

#define TAIL "-MD -MT object -MF r -o o s"

/* The environment, the options, and the arguments they give. INC is the
 * folder of the test. */
static const struct {
    const char *cc_env, *include_env, *command, *include, *flags, *want;
} cases[] = {
    {NULL, NULL, NULL, "/i", NULL, "cc -shared -fPIC -O2 -g -Wall -I /i " TAIL},
    {"gcc", NULL, NULL, "/i", NULL,
     "gcc -shared -fPIC -O2 -g -Wall -I /i " TAIL},
    {"", NULL, NULL, "/i", NULL, "cc -shared -fPIC -O2 -g -Wall -I /i " TAIL},
    {"gcc", NULL, "clang", "/i", NULL,
     "clang -shared -fPIC -O2 -g -Wall -I /i " TAIL},
    {"gcc", NULL, " ", "/i", NULL,
     "gcc -shared -fPIC -O2 -g -Wall -I /i " TAIL},
    {NULL, NULL, " ccache  gcc\t-m64 ", "/i", NULL,
     "ccache gcc -m64 -shared -fPIC -O2 -g -Wall -I /i " TAIL},
    {NULL, "/env", NULL, NULL, NULL,
     "cc -shared -fPIC -O2 -g -Wall -I /env " TAIL},
    {NULL, "/env", NULL, "/i", NULL,
     "cc -shared -fPIC -O2 -g -Wall -I /i " TAIL},
    {NULL, NULL, NULL, "/i", "-O0  -lm ",
     "cc -shared -fPIC -O2 -g -Wall -I /i " TAIL " -O0 -lm"},
    {NULL, NULL, NULL, NULL, NULL, "cc -shared -fPIC -O2 -g -Wall " TAIL},
    {NULL, NULL, NULL, "/with space", "",
     "cc -shared -fPIC -O2 -g -Wall -I /with space " TAIL},
};

static int made(struct weft_compiler *cc, const char *command,
                const char *include, const char *flags)
{
    const struct weft_compiler_opts opts = {command, include, flags};

    return weft_compiler_init(cc, &weft_mem_libc, &opts);
}

static void set_env(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void test_args(void **state)
{
    const struct weft_compiler_files files = {"s", "o", "r"};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *args[WEFT_COMPILER_ARGS];
        struct weft_compiler cc;
        char line[1024] = "";

        set_env("CC", cases[i].cc_env);
        set_env("WEFT_INCLUDE", cases[i].include_env);
        assert_int_equal(
            made(&cc, cases[i].command, cases[i].include, cases[i].flags), 0);
        weft_compiler_args(&cc, &files, args);
        for (size_t k = 0; args[k]; k++)
            snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s",
                     k ? " " : "", args[k]);
        assert_string_equal(line, cases[i].want);
        weft_compiler_release(&cc);
        weft_compiler_release(&cc);
    }
    set_env("WEFT_INCLUDE", NULL);
}

/* Each of these compiles something else. */
static void test_id(void **state)
{
    static const struct {
        const char *command, *include, *flags;
    } ways[] = {
        {"cc", "/i", NULL},     {"gcc", "/i", NULL},    {"cc", "/j", NULL},
        {"cc", "/i", "-O0"},    {"cc -O0", "/i", NULL}, {"cc", "/i", "-O0 -g"},
        {"cc", "/i", "-O 0-g"},
    };
    struct weft_digest ids[COUNT(ways)];

    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++) {
        struct weft_compiler cc, again;

        assert_int_equal(
            made(&cc, ways[i].command, ways[i].include, ways[i].flags), 0);
        assert_int_equal(
            made(&again, ways[i].command, ways[i].include, ways[i].flags), 0);
        assert_true(weft_digest_eq(&cc.id, &again.id));
        ids[i] = cc.id;
        weft_compiler_release(&cc);
        weft_compiler_release(&again);
        for (size_t k = 0; k < i; k++)
            CHECK(!weft_digest_eq(&ids[i], &ids[k]), "%zu and %zu", i, k);
    }
}

/* As many words as there is room for, and one more. */
static void test_many_words(void **state)
{
    const struct weft_compiler_files files = {"s", "o", "r"};
    const char *args[WEFT_COMPILER_ARGS];
    char text[2 * WEFT_COMPILER_WORDS + 3] = "";
    struct weft_compiler cc;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < WEFT_COMPILER_WORDS; i++)
        memcpy(text + 2 * i, "x ", 3);
    assert_int_equal(made(&cc, text, "/i", text), 0);
    weft_compiler_args(&cc, &files, args);
    while (args[n])
        n++;
    assert_true(n < WEFT_COMPILER_ARGS);
    weft_compiler_release(&cc);

    memcpy(text + strlen(text), "x", 2);
    assert_int_equal(made(&cc, text, "/i", NULL), WEFT_ERR_LIMIT);
    assert_int_equal(made(&cc, NULL, "/i", text), WEFT_ERR_LIMIT);
}

static void test_no_memory(void **state)
{
    long n = 0;
    int err;

    (void)state;
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_compiler cc;

        err = weft_compiler_init(
            &cc, &mem, &(struct weft_compiler_opts){"cc -m64", "/i", "-O0"});
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        weft_compiler_release(&cc);
        CHECK(fm.live == 0, "%zu bytes leaked at step %ld", fm.live, n);
    } while (err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_args),
        cmocka_unit_test(test_id),
        cmocka_unit_test(test_many_words),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
