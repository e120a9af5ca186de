/* SPDX-License-Identifier: MIT */
#include "cli/interrupt.h"
#include "support.h"
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void (*action_of(int number))(int)
{
    struct sigaction action;

    assert_int_equal(sigaction(number, NULL, &action), 0);
    return action.sa_handler;
}

static bool is_readable(int fd)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}};

    return poll(fds, 1, 0) == 1;
}

static void test_told(void **state)
{
    int fd = interrupt_begin(true);

    (void)state;
    assert_true(fd >= 0);
    assert_true(action_of(SIGPIPE) == SIG_IGN);
    assert_false(is_readable(fd));
    assert_int_equal(interrupt_take(), 0);
    raise(SIGWINCH);
    raise(SIGTSTP);
    raise(SIGWINCH);
    raise(SIGQUIT);
    raise(SIGINT);
    assert_true(is_readable(fd));
    assert_int_equal(interrupt_take(), SIGWINCH);
    assert_int_equal(interrupt_take(), SIGTSTP);
    assert_int_equal(interrupt_take(), SIGWINCH);
    assert_int_equal(interrupt_take(), SIGQUIT);
    assert_int_equal(interrupt_take(), SIGINT);
    assert_int_equal(interrupt_take(), 0);
    /* The next one ends the program. */
    assert_true(action_of(SIGINT) == SIG_DFL);
    assert_true(action_of(SIGQUIT) == SIG_DFL);
    assert_true(action_of(SIGTERM) != SIG_DFL);
    interrupt_end();
    assert_true(action_of(SIGTERM) == SIG_DFL);
    assert_int_equal(interrupt_take(), 0);
}

static void test_no_terminal(void **state)
{
    (void)state;
    assert_true(interrupt_begin(false) >= 0);
    assert_true(action_of(SIGTSTP) == SIG_DFL);
    assert_true(action_of(SIGWINCH) == SIG_DFL);
    assert_true(action_of(SIGQUIT) == SIG_DFL);
    raise(SIGHUP);
    assert_int_equal(interrupt_take(), SIGHUP);
    interrupt_end();
}

/* nohup, and a shell that starts a job in the background, ignore signals. */
static void test_ignored(void **state)
{
    (void)state;
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    assert_true(interrupt_begin(false) >= 0);
    raise(SIGHUP);
    raise(SIGINT);
    assert_int_equal(interrupt_take(), 0);
    interrupt_end();
    assert_true(action_of(SIGHUP) == SIG_IGN);
    signal(SIGHUP, SIG_DFL);
    signal(SIGINT, SIG_DFL);
}

static void test_twice(void **state)
{
    pid_t pid = fork();
    int status;

    (void)state;
    if (pid == 0) {
        if (interrupt_begin(false) < 0)
            _exit(1);
        raise(SIGINT);
        raise(SIGINT);
        _exit(2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
}

/* More signals than the pipe holds do no harm. */
static void test_flood(void **state)
{
    size_t taken = 0;

    (void)state;
    assert_true(interrupt_begin(true) >= 0);
    for (size_t i = 0; i < 70000; i++)
        raise(SIGWINCH);
    while (interrupt_take() == SIGWINCH)
        taken++;
    assert_true(taken > 0 && taken < 70000);
    interrupt_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told),    cmocka_unit_test(test_no_terminal),
        cmocka_unit_test(test_ignored), cmocka_unit_test(test_twice),
        cmocka_unit_test(test_flood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
