/* SPDX-License-Identifier: MIT */
/* What ends before there is a connection. The rest is for test/system. */
#include "capture.h"
#include "cli/bench.h"
#include "command_line.h"
#include "support.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* bench_main in a process of its own; its status. */
static int run(const char *const *args)
{
    static struct command_line line;
    pid_t pid;

    command_line_fill(&line, "bench", args);
    fflush(NULL);
    pid = fork();
    if (pid == 0)
        exit(bench_main(line.argc, line.argv));
    return command_line_wait(pid);
}

static void test_statuses(void **state)
{
    static const struct {
        const char *args[6], *said;
        int status;
    } cases[] = {
        {{NULL}, "the URL is missing", 2},
        {{"--nonsense"}, "unknown option '--nonsense'", 2},
        {{"x"}, "begins with neither", 2},
        {{"-H", "a", "ws://h/"}, "has no colon", 2},
        {{"--pid", "2147483647", "ws://127.0.0.1:1/"}, "--pid", 1},
        {{"-c", "1", "ws://127.0.0.1:1/"}, "cannot connect to 127.0.0.1:1", 1},
        {{"--ca-file", "/nonexistent", "wss://127.0.0.1:1/"},
         "/nonexistent",
         1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int status;

        capture_begin(STDERR_FILENO);
        status = run(cases[i].args);
        command_line_check(capture_end(), "weft bench", cases[i].said, i);
        CHECK(status == cases[i].status, "case %zu: %d", i, status);
    }
}

static void test_help(void **state)
{
    const char *const args[] = {"--help", NULL};
    const char *said;
    int status;

    (void)state;
    capture_begin(STDOUT_FILENO);
    status = run(args);
    said = capture_end();
    assert_int_equal(status, 0);
    assert_non_null(strstr(said, "Usage: weft bench"));
    assert_non_null(strstr(said, "--connections"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
