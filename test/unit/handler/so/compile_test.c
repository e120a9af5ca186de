/* SPDX-License-Identifier: MIT */
/* The program that is run is the shell: what it does is up to us. */
#include "base/mem.h"
#include "handler/so/compile.h"
#include "tree.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct weft_compile started(const char *script)
{
    const char *const args[] = {"sh", "-c", script, NULL};
    struct weft_compile run;
    int err = weft_compile_start(&run, &weft_mem_libc, args);

    CHECK(err == 0, "%s: %d", script, err);
    return run;
}

/* Reads until the program has ended, for ten seconds at most. */
static void read_all(struct weft_compile *run)
{
    for (;;) {
        struct pollfd fds[2] = {{.fd = run->exited, .events = POLLIN},
                                {.fd = run->output, .events = POLLIN}};
        int ret;

        CHECK(poll(fds, 2, 10000) > 0, "it does not end");
        ret = weft_compile_read(run);
        CHECK(ret >= 0, "%d", ret);
        if (ret)
            return;
    }
}

static const struct {
    const char *script, *output, *why; /* why "": it succeeds */
} cases[] = {
    {"exit 0", "", ""},
    {"echo one; echo two >&2", "one\ntwo\n", ""},
    {"echo bad >&2; exit 3", "bad\n", "the compiler ended with status 3"},
    {"kill -SEGV $$", "", "the compiler was ended by signal 11"},
    {"cat; echo end", "end\n", ""}, /* its input is empty */
    {"trap", "", ""},               /* no signal is ignored */
    {"exec >&- 2>&-; exit 4", "", "the compiler ended with status 4"},
    {"echo a; sleep 1000 & exit 0", "a\n", ""}, /* something stays behind */
};

static void test_runs(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as a server does; the program must not */
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weft_compile run = started(cases[i].script);
        pid_t group = run.pid;
        char why[200] = "";
        bool succeeded;

        read_all(&run);
        CHECK(run.text.len == strlen(cases[i].output) &&
                  (run.text.len == 0 ||
                   memcmp(run.text.data, cases[i].output, run.text.len) == 0),
              "%s: %.*s", cases[i].script, (int)run.text.len,
              (const char *)run.text.data);
        succeeded = weft_compile_succeeded(&run, why, sizeof(why));
        CHECK(succeeded == !cases[i].why[0], "%s", cases[i].script);
        CHECK(strncmp(why, cases[i].why, strlen(cases[i].why)) == 0, "%s: %s",
              cases[i].script, why);
        weft_compile_release(&run);
        kill(-group, SIGKILL);
    }
    signal(SIGPIPE, SIG_DFL);
}

static void test_no_such_program(void **state)
{
    const char *const missing[] = {"weft-no-such-compiler", NULL};
    const char *const folder[] = {"/tmp", NULL};
    struct weft_compile run;

    (void)state;
    assert_int_equal(weft_compile_start(&run, &weft_mem_libc, missing),
                     WEFT_ERR_MISSING);
    weft_compile_release(&run);
    assert_int_equal(weft_compile_start(&run, &weft_mem_libc, folder),
                     WEFT_ERR_SYSTEM);
    weft_compile_release(&run);
}

static void test_much_output(void **state)
{
    struct weft_compile run =
        started("i=0; while [ $i -lt 2000 ]; do "
                "echo 0123456789012345678901234567890123456789; "
                "i=$((i+1)); done");
    char why[200];

    (void)state;
    read_all(&run);
    assert_int_equal(run.text.len, WEFT_COMPILE_OUTPUT);
    assert_true(run.is_cut);
    assert_true(weft_compile_succeeded(&run, why, sizeof(why)));
    weft_compile_release(&run);
}

/* Reading from a program that never stops writing does come to an end. */
static void test_endless_output(void **state)
{
    struct weft_compile run = started("yes");

    (void)state;
    while (!run.is_cut)
        assert_int_equal(weft_compile_read(&run), 0);
    weft_compile_release(&run);
}

/* What the program has started ends with it: all writers of the FIFO. */
static void test_release_ends_all(void **state)
{
    struct weft_compile run;
    char script[PATH_MAX + 100], byte;
    int fd;

    (void)state;
    assert_int_equal(mkfifo(tree_path("fifo"), 0600), 0);
    snprintf(script, sizeof(script),
             "exec 3>'%s'; trap '' TERM; sleep 1000 & sleep 1000",
             tree_path("fifo"));
    run = started(script);
    fd = open(tree_path("fifo"), O_RDONLY);
    assert_int_equal(weft_compile_read(&run), 0);
    weft_compile_release(&run);
    assert_int_equal(read(fd, &byte, 1), 0);
    close(fd);
    weft_compile_release(&run);
}

static void test_no_memory(void **state)
{
    const char *const args[] = {"sh", "-c", "echo hello", NULL};
    long n = 0;
    int ret;

    (void)state;
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_compile run;

        assert_int_equal(weft_compile_start(&run, &mem, args), 0);
        do {
            struct pollfd fds[2] = {{.fd = run.exited, .events = POLLIN},
                                    {.fd = run.output, .events = POLLIN}};

            CHECK(poll(fds, 2, 10000) > 0, "it does not end");
            ret = weft_compile_read(&run);
        } while (ret == 0);
        CHECK(ret == 1 || ret == WEFT_ERR_NOMEM, "%d", ret);
        weft_compile_release(&run);
        CHECK(fm.live == 0, "%zu bytes leaked at step %ld", fm.live, n);
    } while (ret < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_no_such_program),
        cmocka_unit_test(test_much_output),
        cmocka_unit_test(test_endless_output),
        cmocka_unit_test_setup_teardown(test_release_ends_all, tree_setup,
                                        tree_teardown),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
