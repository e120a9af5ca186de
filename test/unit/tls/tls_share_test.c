/* SPDX-License-Identifier: MIT */
#include "tls/tls_share.h"

#include "../loop/turns.h"

static void test_one_for_each_loop(void **state)
{
    struct weft_tls_share *a, *b, *again;
    struct fixture one, two;

    (void)state;
    start_loop(&one, 0);
    start_loop(&two, 0);
    assert_int_equal(weft_tls_share_get(&a, one.loop), 0);
    assert_int_equal(weft_tls_share_get(&b, two.loop), 0);
    assert_int_equal(weft_tls_share_get(&again, one.loop), 0);
    assert_ptr_equal(a, again);
    assert_ptr_not_equal(a, b);
    end_loop(&one);
    end_loop(&two);
}

static void test_without_memory(void **state)
{
    int err = WEFT_ERR_NOMEM;

    (void)state;
    for (long n = 0; err; n++) {
        struct weft_tls_share *share;
        struct fixture fx;

        start_loop(&fx, 0);
        fx.fm.left = n;
        err = weft_tls_share_get(&share, fx.loop);
        assert_true(err == 0 || err == WEFT_ERR_NOMEM);
        fx.fm.left = -1;
        assert_int_equal(weft_tls_share_get(&share, fx.loop), 0);
        end_loop(&fx);
    }
}

/* So many steps in a turn, and as many again in the next. */
static void test_steps(void **state)
{
    struct weft_tls_share *share;
    struct fixture fx;

    (void)state;
    start_loop(&fx, 0);
    assert_int_equal(weft_tls_share_get(&share, fx.loop), 0);
    for (int i = 0; i < 3; i++) {
        turn(fx.loop);
        for (unsigned k = 0; k < WEFT_TLS_STEP_BATCH; k++)
            assert_true(weft_tls_share_step(share));
        assert_false(weft_tls_share_step(share));
        assert_false(weft_tls_share_step(share));
    }
    end_loop(&fx);
}

static struct weft_tls_share *woken;
static int rings, rings_in_turn;

static void on_ring(struct weft_alarm *alarm)
{
    assert_ptr_equal(alarm, &woken->alarm);
    rings++;
}

static void wake(void *arg)
{
    weft_tls_share_wake(arg);
    rings_in_turn = rings;
}

/* The alarm rings in the next turn, not in the one that set it. */
static void test_wake(void **state)
{
    struct weft_timer *timer;
    struct fixture fx;

    (void)state;
    start_loop(&fx, 0);
    assert_int_equal(weft_tls_share_get(&woken, fx.loop), 0);
    woken->alarm.ring = on_ring;
    assert_int_equal(weft_timer_new(&timer, fx.loop, wake, woken), 0);
    weft_timer_start(timer, 0, 0);
    TURN_UNTIL(fx.loop, rings > 0);
    assert_int_equal(rings, 1);
    assert_int_equal(rings_in_turn, 0);
    weft_tls_share_wake(woken);
    weft_timer_free(timer);
    end_loop(&fx); /* set, and forgotten */
    assert_int_equal(rings, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_for_each_loop),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_wake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
