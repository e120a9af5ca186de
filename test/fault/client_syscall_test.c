/* SPDX-License-Identifier: MIT */
/*
 * A whole conversation of a client while the kernel says no: the n-th call of
 * one kind fails, for every n that it comes to. The server, in the same thread,
 * makes its calls between the client's turns, when nothing fails.
 */
#include "failing.h"
#include "whole_visit.h"

static bool is_servers_turn = true;

static bool spares(void)
{
    return is_servers_turn;
}

static void before_turn(void)
{
    is_servers_turn = false;
}

static void after_turn(void)
{
    is_servers_turn = true;
}

static const struct failure connects[] = {
    {"socket: EMFILE", SOCKET, EMFILE, 1, false},
    {"socket: EAFNOSUPPORT", SOCKET, EAFNOSUPPORT, 1, false},
    {"connect: EINTR", CONNECT, EINTR, 1, true},
    {"connect: ECONNREFUSED", CONNECT, ECONNREFUSED, 1, false},
    {"connect: ENETUNREACH", CONNECT, ENETUNREACH, 1, false},
    {"connect: EAGAIN", CONNECT, EAGAIN, 1, false},
    {"getsockopt: ECONNREFUSED", GETSOCKOPT, ECONNREFUSED, 1, false},
    {"epoll_ctl: ENOMEM", EPOLL_ADD, ENOMEM, 1, false},
    {"epoll_ctl: ENOSPC", EPOLL_ADD, ENOSPC, 1, false},
};

/* Whether the conversation came to the call after so many others. */
static bool visit_failing(const struct failure *f, long after, bool is_proxied)
{
    struct whole_visit w;
    bool is_all, has_failed;

    whole_visit_open(&w, is_proxied);
    w.before_turn = before_turn;
    w.after_turn = after_turn;
    snprintf(w.what, sizeof(w.what), "%s, after %ld%s", f->what, after,
             is_proxied ? ", proxied" : "");
    failing_begin(f, after);
    assert_int_equal(whole_visit_run(&w, &is_all), 0);
    has_failed = failing_end();
    CHECK(is_all || (has_failed && !f->is_harmless), "%s: \"%s\", %s", w.what,
          visit_words(&w.v), w.v.why);
    whole_visit_close(&w);
    return has_failed;
}

static void fail_each(const struct failure *f, bool is_proxied)
{
    int fd = lowest_fd();
    bool has_failed;
    long n = 0;

    /* With all calls that follow failing, the first is as good as any. */
    while ((has_failed = visit_failing(f, n, is_proxied)) && f->times < ALL)
        CHECK(++n < CALLS_MAX, "%s: %ld calls", f->what, n);
    CHECK(n > 0 || has_failed, "%s: there is no such call", f->what);
    CHECK(lowest_fd() == fd, "%s: a descriptor leaked", f->what);
}

static void fail_all(const struct failure *failures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fail_each(&failures[i], false);
        fail_each(&failures[i], true);
    }
}

static void test_connect(void **state)
{
    (void)state;
    fail_all(connects, COUNT(connects));
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
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_send),
    };

    failing_spares = spares;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
