/* SPDX-License-Identifier: MIT */
/* What ends before there is a connection. The rest is for test/system. */
#include "capture.h"
#include "cli/connect.h"
#include "command_line.h"
#include "fake_socket.h"
#include "support.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* connect_main in a process of its own; its status. */
static int run(const char *const *args, bool closes_all)
{
    static struct command_line line;
    pid_t pid;

    command_line_fill(&line, "connect", args);
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        if (closes_all) {
            close(STDIN_FILENO);
            close(STDOUT_FILENO);
        } else if (!freopen("/dev/null", "r", stdin)) {
            exit(99);
        }
        exit(connect_main(line.argc, line.argv));
    }
    return command_line_wait(pid);
}

static void test_statuses(void **state)
{
    static const struct {
        const char *args[6], *said;
        int new_result, status;
    } cases[] = {
        {{NULL}, "the URL is missing", 0, 2},
        {{"--nonsense"}, "unknown option '--nonsense'", 0, 2},
        {{"x"}, "weft connect: x: a bad URL\n", WEFT_ERR_INVALID, 2},
        {{"x"}, "weft connect: x: out of memory\n", WEFT_ERR_NOMEM, 1},
        {{"x"}, "weft connect: x: the server answered 403", 0, 1},
    };

    (void)state;
    fake_reset();
    fake.refuses = true;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *said;
        int status;

        fake.new_result = cases[i].new_result;
        capture_begin(STDERR_FILENO);
        status = run(cases[i].args, false);
        said = capture_end();
        CHECK(status == cases[i].status, "%zu: %d", i, status);
        CHECK(strstr(said, cases[i].said), "%zu: %s", i, said);
    }
}

static void test_echo(void **state)
{
    const char *const args[] = {"x",        "--once-open", "hi",
                                "--linger", "0",           NULL};
    int status;

    (void)state;
    fake_reset();
    fake.echoes = true;
    capture_begin(STDOUT_FILENO);
    status = run(args, false);
    assert_string_equal(capture_end(), "hi\n");
    assert_int_equal(status, 0);
}

/* Closed descriptors are as good as empty ones. */
static void test_no_descriptors(void **state)
{
    const char *const args[] = {"x",        "--once-open", "hi",
                                "--linger", "0",           NULL};

    (void)state;
    fake_reset();
    fake.echoes = true;
    assert_int_equal(run(args, true), 0);
}

static void test_help(void **state)
{
    const char *const args[] = {"--help", NULL};
    int status;

    (void)state;
    capture_begin(STDOUT_FILENO);
    status = run(args, false);
    assert_non_null(strstr(capture_end(), "Usage: weft connect"));
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
