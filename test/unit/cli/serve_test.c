/* SPDX-License-Identifier: MIT */
/* Starts that fail. Those that do not are for test/system. */
#include "capture.h"
#include "cli/serve.h"
#include "command_line.h"
#include "support.h"
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], cache[80], port[8];

/* A TCP port that is taken, as long as the test runs. */
static int taken_port(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    socklen_t len = sizeof(addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *)&addr, len) || listen(fd, 1) ||
        getsockname(fd, (struct sockaddr *)&addr, &len))
        return -1;
    snprintf(port, sizeof(port), "%u", ntohs(addr.sin_port));
    return fd;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/weft-serve-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(cache, sizeof(cache), "%s/cache", dir);
    return mkdir(cache, 0700);
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(cache) || rmdir(dir);
}

/* serve_main in a process of its own; its status, or -1 - signal. */
static int run(const char *const *args)
{
    static struct command_line line;
    pid_t pid;

    command_line_fill(&line, "serve", args);
    fflush(NULL);
    pid = fork();
    if (pid == 0)
        exit(serve_main(line.argc, line.argv));
    return command_line_wait(pid);
}

static void test_wrong(void **state)
{
    const struct {
        const char *args[10], *about;
    } cases[] = {
        {{"--nonsense"}, "--nonsense"},
        {{"-w", dir, "-p", port}, "is in use; choose another with -p"},
        {{"-w", dir, "-H", "192.0.2.1", "-p", "0"}, "-H: cannot listen on"},
        {{"-w", dir, "-H", "x.invalid", "-p", "0"}, "x.invalid"},
        {{"-w", dir, "-H", "unix:/none/such/socket"}, "unix:/none/such/socket"},
        {{"-w", dir, "--error-log", "/none/such"}, "--error-log: cannot write"},
        {{"-w", dir, "--access-log", "/none/such"},
         "--access-log: cannot write to /none/such"},
        {{"-w", dir, "-p", "0", "--header-limit", "1G"}, "--header-limit"},
        {{"-w", dir, "-p", "0", "--cache-dir", cache}, "the cache folder"},
    };
    int taken = taken_port();

    (void)state;
    assert_true(taken >= 0);
    assert_int_equal(chmod(cache, 0777), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *text, *end;
        int status;

        capture_begin(STDERR_FILENO);
        status = run(cases[i].args);
        text = capture_end();
        end = strchr(text, '\n');
        CHECK(status == 2, "%zu: %d %s", i, status, text);
        CHECK(strncmp(text, "weft serve: ", 12) == 0, "%zu: %s", i, text);
        CHECK(strstr(text, cases[i].about), "%zu: %s", i, text);
        CHECK(end && !end[1], "%zu is not one line: %s", i, text);
    }
    close(taken);
}

static void test_help(void **state)
{
    const char *const args[] = {"--help", NULL};
    int status;

    (void)state;
    capture_begin(STDOUT_FILENO);
    status = run(args);
    assert_non_null(strstr(capture_end(), "Usage: weft serve"));
    assert_int_equal(status, 0);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(test_wrong),
        IN_DIR(test_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
