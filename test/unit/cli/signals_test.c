/* SPDX-License-Identifier: MIT */
#include "cli/signals.h"
#include "support.h"
#include <signal.h>

/* In place of the server's. */
static struct weft_server *stopped;
static unsigned stops;

void weft_server_stop(struct weft_server *srv)
{
    stopped = srv;
    stops++;
}

static unsigned reloads;

void weft_server_reload_tls(struct weft_server *srv)
{
    (void)srv;
    reloads++;
}

static struct weft_server *a_server(void)
{
    static char place;

    return (struct weft_server *)(void *)&place;
}

static void (*action_of(int number))(int)
{
    struct sigaction action;

    assert_int_equal(sigaction(number, NULL, &action), 0);
    return action.sa_handler;
}

static void test_prepare(void **state)
{
    (void)state;
    signal(SIGCHLD, SIG_IGN);
    signals_prepare();
    assert_true(action_of(SIGCHLD) == SIG_DFL);
    assert_true(action_of(SIGPIPE) == SIG_IGN);
}

static void test_stop(void **state)
{
    (void)state;
    stops = 0;
    signals_begin(a_server(), true);
    raise(SIGTERM);
    assert_int_equal(stops, 1);
    assert_ptr_equal(stopped, a_server());
    raise(SIGINT);
    assert_int_equal(stops, 2);
    assert_false(signals_take_reopen());
    signals_end();
}

static void test_reopen(void **state)
{
    static const int numbers[] = {SIGUSR1, SIGHUP};

    (void)state;
    stops = reloads = 0;
    signals_begin(a_server(), true);
    for (size_t i = 0; i < COUNT(numbers); i++) {
        assert_false(signals_take_reopen());
        assert_int_equal(reloads, 0);
        raise(numbers[i]);
        raise(numbers[i]);
        assert_true(signals_take_reopen());
        assert_false(signals_take_reopen());
    }
    assert_int_equal(stops, 0);
    assert_int_equal(reloads, 2);
    signals_end();
}

/* Without files, a hang-up means what it says. */
static void test_hang_up(void **state)
{
    (void)state;
    stops = reloads = 0;
    signals_begin(a_server(), false);
    raise(SIGHUP);
    assert_int_equal(stops, 1);
    assert_false(signals_take_reopen());
    raise(SIGUSR1);
    assert_int_equal(stops, 1);
    assert_int_equal(reloads, 0);
    signals_end();
}

/* One signal that comes late does no harm; the next would end the program. */
static void test_end(void **state)
{
    static const int numbers[] = {SIGTERM, SIGINT};

    (void)state;
    stops = 0;
    signals_begin(a_server(), true);
    signals_end();
    for (size_t i = 0; i < COUNT(numbers); i++) {
        raise(numbers[i]);
        assert_true(action_of(numbers[i]) == SIG_DFL);
    }
    raise(SIGHUP);
    raise(SIGUSR1);
    assert_int_equal(stops, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prepare), cmocka_unit_test(test_stop),
        cmocka_unit_test(test_reopen),  cmocka_unit_test(test_hang_up),
        cmocka_unit_test(test_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
