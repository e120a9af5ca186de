/* SPDX-License-Identifier: MIT */
#include "cli/prompt.h"
#include "support.h"
#include "typist.h"
#include <stdlib.h>
#include <unistd.h>

static bool never_waits(void *user)
{
    (void)user;
    return false;
}

static const struct prompt_opts opts = {.in = STDIN_FILENO,
                                        .wait = never_waits};

/* Which one it is, at this terminal. */
static int choose(void)
{
    struct prompt_opts here = opts;
    struct prompt *prompt;
    bool is_plain;

    here.out = stdout;
    prompt = prompt_new(&here);
    if (!prompt)
        return 1;
    is_plain = prompt->ops == &prompt_plain;
    if (prompt_read(prompt))
        return 2;
    /* Between lines these do nothing. */
    prompt_hide(prompt);
    prompt_draw(prompt);
    prompt_free(prompt);
    return is_plain ? 3 : 4;
}

static void test_choice(void **state)
{
    static const struct {
        const char *term;
        bool is_dumb;
    } terms[] = {{"dumb", true}, {"", true}, {"xterm", false}};

    (void)state;
    for (size_t i = 0; i < COUNT(terms); i++) {
        int status;

        typist_begin(choose, terms[i].term);
        status = typist_end();
#ifdef WEFT_HAVE_LIBEDIT
        CHECK(status == (terms[i].is_dumb ? 3 : 4), "%s: %d", terms[i].term,
              status);
#else
        CHECK(status == 3, "%s: %d", terms[i].term, status);
#endif
    }
}

static void test_none(void **state)
{
    (void)state;
    prompt_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
