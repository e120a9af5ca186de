/* SPDX-License-Identifier: MIT */
#include "cli/wait.h"
#include "support.h"
#include <fcntl.h>
#include <unistd.h>

static struct weft_loop *loop;
static struct weft_timer *timer;
static unsigned runs;

static void count_run(void *arg)
{
    (void)arg;
    runs++;
}

static int set_up(void **state)
{
    (void)state;
    return weft_loop_new(&loop, NULL) ||
           weft_timer_new(&timer, loop, count_run, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    weft_timer_free(timer);
    weft_loop_free(loop);
    return 0;
}

static void test_in(void **state)
{
    struct wait wait = {.out = -1, .signals = -1};
    char byte;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    wait.in = ends[0];
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(wait_turn(&wait, loop), 0);
    assert_true(wait.in_ready);
    assert_false(wait.out_ready || wait.out_broken);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[1]);
    assert_int_equal(wait_turn(&wait, loop), 0);
    assert_true(wait.in_ready); /* the end is something to read, too */
    close(ends[0]);
}

static void test_out(void **state)
{
    struct wait wait = {.in = -1, .signals = -1, .wants_out = true};
    static char full[1 << 20];
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    wait.out = ends[1];
    assert_int_equal(wait_turn(&wait, loop), 0);
    assert_true(wait.out_ready && !wait.out_broken);
    assert_true(wait_can_write(ends[1]));
    assert_true(write(ends[1], full, sizeof(full)) > 0);
    assert_false(wait_can_write(ends[1]));
    wait.wants_out = false;
    close(ends[0]);
    assert_int_equal(wait_turn(&wait, loop), 0);
    assert_true(wait.out_broken && !wait.out_ready);
    close(ends[1]);
}

/* Timers and posts run while nothing else happens. */
static void test_loop(void **state)
{
    struct wait wait = {.in = -1, .out = -1, .signals = -1};

    (void)state;
    runs = 0;
    weft_timer_start(timer, 1, 0);
    while (runs == 0)
        assert_int_equal(wait_turn(&wait, loop), 0);
    assert_int_equal(weft_loop_post(loop, count_run, NULL), 0);
    while (runs == 1)
        assert_int_equal(wait_turn(&wait, loop), 0);
    assert_int_equal(runs, 2);
}

static void test_signals(void **state)
{
    struct wait wait = {.in = -1, .out = -1};
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    wait.signals = ends[0];
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(wait_turn(&wait, loop), 0);
    assert_false(wait.in_ready || wait.out_ready || wait.out_broken);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in),
        cmocka_unit_test(test_out),
        cmocka_unit_test(test_loop),
        cmocka_unit_test(test_signals),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
