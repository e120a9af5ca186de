/* SPDX-License-Identifier: MIT */
#include "loop/loop.h"

#include "turns.h"

#include "base/list.h"
#include <stdlib.h>

/* ---- Alarms -------------------------------------------------------------- */

#define ALARMS 400

struct bell {
    struct weft_alarm alarm;
    struct weft_loop *loop;
    uint64_t at_ns;
    int rings;
    struct bell *stops; /* in its ring */
    struct bell *sets;  /* in its ring, for a time that has passed */
};

static struct bell *order[ALARMS];
static size_t rung;

static void ring(struct weft_alarm *alarm)
{
    struct bell *bell = WEFT_OF(alarm, struct bell, alarm);

    bell->rings++;
    if (rung < ALARMS)
        order[rung++] = bell;
    if (bell->stops)
        weft_alarm_stop(bell->loop, &bell->stops->alarm);
    if (bell->sets)
        weft_alarm_set(bell->loop, &bell->sets->alarm, 0);
}

static void hang(struct bell *bell, struct weft_loop *loop)
{
    *bell = (struct bell){.loop = loop, .alarm = {.ring = ring}};
}

static void set_at(struct bell *bell, uint64_t at_ns)
{
    bell->at_ns = at_ns;
    weft_alarm_set(bell->loop, &bell->alarm, at_ns);
}

/* Whatever is set, moved and stopped before: what is due rings once, in the
 * order of time, and among equals in the order in which it was set. */
static void test_order(void **state)
{
    static struct bell bells[ALARMS];
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    size_t want = 0;

    (void)state;
    srand(1);
    rung = 0;
    for (size_t i = 0; i < ALARMS; i++) {
        hang(&bells[i], loop);
        set_at(&bells[i], (uint64_t)rand() % 100);
    }
    for (size_t i = 0; i < ALARMS; i += 3)
        weft_alarm_stop(loop, &bells[i].alarm);
    for (size_t i = 1; i < ALARMS; i += 3)
        set_at(&bells[i], (uint64_t)rand() % 20);
    set_at(&bells[2], UINT64_MAX - 1);
    want = ALARMS - (ALARMS + 2) / 3 - 1;

    turn(loop);
    assert_int_equal(rung, want);
    for (size_t i = 1; i < rung; i++) {
        CHECK(order[i - 1]->at_ns <= order[i]->at_ns, "at %zu", i);
        if (order[i - 1]->at_ns == order[i]->at_ns &&
            (order[i] - bells) % 3 == (order[i - 1] - bells) % 3)
            CHECK(order[i - 1] < order[i], "equals at %zu", i);
    }
    for (size_t i = 0; i < ALARMS; i++)
        CHECK(bells[i].rings == (i % 3 != 0 && i != 2), "alarm %zu", i);
    turn(loop);
    assert_int_equal(rung, want);
    weft_alarm_stop(loop, &bells[2].alarm);
    assert_int_equal(weft_loop_timeout_ms(loop), -1);
    end_loop(&fx);
}

/* A ring may stop one that is due in the same turn, and itself. */
static void test_stop_in_ring(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct bell bells[4];

    (void)state;
    for (int i = 0; i < 4; i++) {
        hang(&bells[i], loop);
        set_at(&bells[i], (uint64_t)i);
    }
    bells[0].stops = &bells[2];
    bells[1].stops = &bells[1];
    bells[3].stops = &bells[0];
    turn(loop);
    assert_int_equal(bells[0].rings, 1);
    assert_int_equal(bells[1].rings, 1);
    assert_int_equal(bells[2].rings, 0);
    assert_int_equal(bells[3].rings, 1);
    turn(loop);
    assert_int_equal(bells[2].rings, 0);
    end_loop(&fx);
}

/* What a ring sets waits for the next turn, be it long due: also when it was
 * on the list of this turn, or is the ringing one. */
static void test_set_in_ring(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct bell bells[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        hang(&bells[i], loop);
    set_at(&bells[0], 1);
    set_at(&bells[1], 2);
    set_at(&bells[2], 3);
    bells[0].sets = &bells[2];
    bells[1].sets = &bells[1];
    turn(loop);
    assert_int_equal(bells[0].rings, 1);
    assert_int_equal(bells[1].rings, 1);
    assert_int_equal(bells[2].rings, 0);
    assert_int_equal(weft_loop_timeout_ms(loop), 0);
    turn(loop);
    assert_int_equal(bells[0].rings, 1);
    assert_int_equal(bells[1].rings, 2);
    assert_int_equal(bells[2].rings, 1);
    weft_alarm_stop(loop, &bells[1].alarm);
    end_loop(&fx);
}

/* The wait ends when the alarm rings, and not before. */
static void test_wait_for_alarm(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct bell bell;

    (void)state;
    hang(&bell, loop);
    set_at(&bell, weft_clock() + 3000000);
    assert_int_equal(weft_loop_turn(loop, -1), 0);
    assert_int_equal(bell.rings, 1);
    assert_true(weft_loop_now(loop) >= bell.at_ns);
    end_loop(&fx);
}

/* ---- Timers -------------------------------------------------------------- */

struct clock {
    struct weft_loop *loop;
    struct weft_timer *timer, *other;
    int ticks, stop_at;
};

static void tick(void *arg)
{
    struct clock *clock = arg;

    clock->ticks++;
    if (clock->ticks == clock->stop_at)
        weft_timer_stop(clock->timer);
}

static void tick_free(void *arg)
{
    struct clock *clock = arg;

    clock->ticks++;
    weft_timer_free(clock->other);
    weft_timer_free(clock->timer);
    clock->timer = clock->other = NULL;
}

static void test_once(void **state)
{
    struct fixture fx;
    struct clock clock = {.loop = start_loop(&fx, 0)};
    uint64_t before;

    (void)state;
    assert_int_equal(weft_timer_new(&clock.timer, clock.loop, tick, &clock), 0);
    turn(clock.loop);
    assert_int_equal(clock.ticks, 0);

    before = weft_clock();
    weft_timer_start(clock.timer, 2, 0);
    TURN_UNTIL(clock.loop, clock.ticks == 1);
    assert_true(weft_loop_now(clock.loop) >= before + 2000000);
    assert_int_equal(weft_loop_timeout_ms(clock.loop), -1);

    /* Moved, and started again. */
    weft_timer_start(clock.timer, 100000, 0);
    weft_timer_start(clock.timer, 0, 0);
    turn(clock.loop);
    assert_int_equal(clock.ticks, 2);

    weft_timer_start(clock.timer, 0, 0);
    weft_timer_stop(clock.timer);
    weft_timer_stop(clock.timer);
    turn(clock.loop);
    assert_int_equal(clock.ticks, 2);

    /* So late that it is never. */
    weft_timer_start(clock.timer, UINT64_MAX, UINT64_MAX);
    turn(clock.loop);
    assert_int_equal(clock.ticks, 2);
    assert_int_equal(weft_loop_timeout_ms(clock.loop), -1);
    weft_timer_free(clock.timer);
    weft_timer_free(NULL);
    end_loop(&fx);
}

/* A timer that repeats runs once in a turn, however late the turn is, and stops
 * when its callback says so. */
static void test_repeat(void **state)
{
    struct fixture fx;
    struct clock clock = {.loop = start_loop(&fx, 0), .stop_at = 4};
    uint64_t last = 0;

    (void)state;
    assert_int_equal(weft_timer_new(&clock.timer, clock.loop, tick, &clock), 0);
    weft_timer_start(clock.timer, 0, 1);
    for (int want = 1; want <= 4; want++) {
        TURN_UNTIL(clock.loop, clock.ticks >= want);
        assert_int_equal(clock.ticks, want);
        assert_true(weft_loop_now(clock.loop) > last);
        last = weft_loop_now(clock.loop);
    }
    assert_int_equal(weft_loop_timeout_ms(clock.loop), -1);
    weft_timer_free(clock.timer);
    end_loop(&fx);
}

/* A callback may free its own timer, and one that is due in the same turn. */
static void test_free_in_callback(void **state)
{
    struct fixture fx;
    struct clock clock = {.loop = start_loop(&fx, 0)};

    (void)state;
    for (uint64_t repeat_ms = 0; repeat_ms < 2; repeat_ms++) {
        clock.ticks = 0;
        assert_int_equal(
            weft_timer_new(&clock.timer, clock.loop, tick_free, &clock), 0);
        assert_int_equal(
            weft_timer_new(&clock.other, clock.loop, tick_free, &clock), 0);
        weft_timer_start(clock.timer, 0, repeat_ms);
        weft_timer_start(clock.other, 0, repeat_ms);
        turn(clock.loop);
        assert_int_equal(clock.ticks, 1);
        assert_null(clock.timer);
    }
    end_loop(&fx);
}

static void test_new_without_memory(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct weft_timer *timer = NULL;

    (void)state;
    fx.fm.left = 0;
    assert_int_equal(weft_timer_new(&timer, loop, tick, NULL), WEFT_ERR_NOMEM);
    assert_null(timer);
    fx.fm.left = 1;
    assert_int_equal(weft_timer_new(&timer, loop, tick, NULL), 0);
    weft_timer_free(timer);
    end_loop(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_stop_in_ring),
        cmocka_unit_test(test_set_in_ring),
        cmocka_unit_test(test_wait_for_alarm),
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_repeat),
        cmocka_unit_test(test_free_in_callback),
        cmocka_unit_test(test_new_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
