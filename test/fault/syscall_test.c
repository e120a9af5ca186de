/* SPDX-License-Identifier: MIT */
/*
 * The conversation while the kernel says no: the n-th call of one kind fails,
 * for every n that the server comes to; the test's own thread is spared. One
 * server lives through all failures of a kind.
 */
#include "failing.h"
#include "scenario.h"

#include <errno.h>
#include <stdio.h>

static pthread_t own_thread;

static bool spares(void)
{
    return pthread_equal(pthread_self(), own_thread);
}

static void spare(struct serve *serve, bool on)
{
    (void)serve;
    failing_spare(on);
}

static const struct failure accepts[] = {
    {"accept4: EINTR", ACCEPT4, EINTR, 1, true},
    {"accept4: EAGAIN", ACCEPT4, EAGAIN, 1, true},
    {"accept4: ECONNABORTED", ACCEPT4, ECONNABORTED, 1, true},
    {"accept4: EMFILE", ACCEPT4, EMFILE, 1, true},
    {"accept4: ENFILE", ACCEPT4, ENFILE, 1, true},
    {"accept4: ENOBUFS", ACCEPT4, ENOBUFS, 1, true},
    {"accept4: ENOMEM, 3 times", ACCEPT4, ENOMEM, 3, true},
    {"accept4: EPERM", ACCEPT4, EPERM, 1, true},
    {"epoll_ctl: ENOMEM", EPOLL_ADD, ENOMEM, 1, false},
    {"epoll_ctl: ENOSPC", EPOLL_ADD, ENOSPC, 1, false},
};

/* Whether the conversation came to the call after so many others. */
static bool talk_failing(struct scenario *sc, const struct failure *f,
                         long after)
{
    bool is_all, has_failed;

    snprintf(sc->what, sizeof(sc->what), "%s, after %ld", f->what, after);
    failing_begin(f, after);
    is_all = scenario_talk(sc);
    has_failed = failing_end();
    CHECK(is_all || (has_failed && !f->is_harmless), "%s: not all came",
          sc->what);
    scenario_check(sc);
    return has_failed;
}

static void fail_each(const struct failure *f)
{
    struct scenario sc;
    bool has_failed;
    long n = 0;

    scenario_open(&sc);
    sc.spare = spare;
    /* With all calls that follow failing, the first is as good as any. */
    while ((has_failed = talk_failing(&sc, f, n)) && f->times < ALL)
        CHECK(++n < CALLS_MAX, "%s: %ld calls", f->what, n);
    CHECK(n > 0 || has_failed, "%s: there is no such call", f->what);
    scenario_close(&sc);
}

static void fail_all(const struct failure *failures, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fail_each(&failures[i]);
}

static void test_accept(void **state)
{
    (void)state;
    fail_all(accepts, COUNT(accepts));
}

static void test_wait(void **state)
{
    (void)state;
    fail_all(failing_waits, COUNT(failing_waits));
}

static void test_receive(void **state)
{
    (void)state;
    fail_all(failing_receives, COUNT(failing_receives));
}

static void test_send(void **state)
{
    (void)state;
    fail_all(failing_sends, COUNT(failing_sends));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_send),
    };

    own_thread = pthread_self();
    failing_spares = spares;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
