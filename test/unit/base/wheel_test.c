/* SPDX-License-Identifier: MIT */
/* Nodes come when their slot's time has come, not before, in the order of
 * slots, also when the clock jumps; and next is never later than they are. */
#include "base/wheel.h"
#include "support.h"

#include <stdlib.h>

#define TICK WEFT_WHEEL_TICK_NS
#define SPAN (WEFT_WHEEL_SLOTS * TICK)

struct timer {
    struct weft_list node;
    uint64_t deadline;
    bool waits;
};

static void add(struct weft_wheel *wheel, struct timer *timer,
                uint64_t deadline)
{
    timer->deadline = deadline;
    weft_list_init(&timer->node);
    weft_wheel_add(wheel, &timer->node, deadline);
}

/* Takes the first due node off, or NULL. */
static struct timer *take(struct weft_list *due)
{
    struct weft_list *node = due->next;

    if (weft_list_is_empty(due))
        return NULL;
    weft_list_remove(node);
    return WEFT_OF(node, struct timer, node);
}

static void test_empty(void **state)
{
    static const uint64_t starts[] = {0, 1, TICK, 77 * TICK + 5,
                                      1000000 * SPAN};
    struct weft_wheel wheel;
    struct weft_list due;

    (void)state;
    weft_list_init(&due);
    for (size_t i = 0; i < COUNT(starts); i++) {
        weft_wheel_init(&wheel, starts[i]);
        assert_true(weft_wheel_next(&wheel) == UINT64_MAX);
        weft_wheel_advance(&wheel, starts[i], &due);
        weft_wheel_advance(&wheel, starts[i] + 100 * SPAN, &due);
        assert_true(weft_list_is_empty(&due));
        assert_true(weft_wheel_next(&wheel) == UINT64_MAX);
    }
}

/* From every start within a turn: the deadline's slot is offered at the first
 * tick that is not before the deadline, which is when next says. */
static void test_one_deadline(void **state)
{
    static const uint64_t afters[] = {
        0,           1,         TICK - 1,       TICK,     TICK + 1,
        63 * TICK,   64 * TICK, 100 * TICK + 7, SPAN / 2, SPAN - 2 * TICK,
        SPAN - TICK,
    };
    struct weft_list due;

    (void)state;
    weft_list_init(&due);
    for (uint64_t start = 0; start < WEFT_WHEEL_SLOTS; start++) {
        for (size_t i = 0; i < COUNT(afters); i++) {
            uint64_t now = (7 * WEFT_WHEEL_SLOTS + start) * TICK;
            uint64_t deadline = now + afters[i];
            uint64_t when = (deadline + TICK - 1) / TICK * TICK;
            struct weft_wheel wheel;
            struct timer timer;

            /* An empty wheel keeps up with the clock too. */
            weft_wheel_init(&wheel, 0);
            weft_wheel_advance(&wheel, now, &due);
            add(&wheel, &timer, deadline);
            assert_true(weft_wheel_next(&wheel) == when);
            if (when > now) {
                weft_wheel_advance(&wheel, when - 1, &due);
                assert_null(take(&due));
                assert_true(weft_wheel_next(&wheel) == when);
            }
            weft_wheel_advance(&wheel, when, &due);
            assert_ptr_equal(take(&due), &timer);
            assert_true(weft_wheel_next(&wheel) == UINT64_MAX);
        }
    }
}

static void test_late_comes_next(void **state)
{
    uint64_t now = 1000 * TICK + TICK / 2;
    static const uint64_t deadlines[] = {0, 1, 500 * TICK, 999 * TICK + 1,
                                         1000 * TICK};
    struct weft_wheel wheel;
    struct weft_list due;

    (void)state;
    weft_list_init(&due);
    weft_wheel_init(&wheel, 0);
    weft_wheel_advance(&wheel, now, &due);
    for (size_t i = 0; i < COUNT(deadlines); i++) {
        struct timer timer;

        add(&wheel, &timer, deadlines[i]);
        assert_true(weft_wheel_next(&wheel) <= now);
        /* The clock need not move for it. */
        weft_wheel_advance(&wheel, now, &due);
        assert_ptr_equal(take(&due), &timer);
    }
}

static void test_beyond_the_span(void **state)
{
    static const uint64_t afters[] = {SPAN - TICK + 1, SPAN, SPAN + 1,
                                      10 * SPAN};
    uint64_t now = 12345 * TICK;
    struct weft_list due;

    (void)state;
    weft_list_init(&due);
    for (size_t i = 0; i <= COUNT(afters); i++) {
        bool is_never = i == COUNT(afters);
        uint64_t last = now + SPAN - TICK;
        struct weft_wheel wheel;
        struct timer timer;

        weft_wheel_init(&wheel, now);
        add(&wheel, &timer, is_never ? UINT64_MAX : now + afters[i]);
        assert_true(weft_wheel_next(&wheel) == last);
        weft_wheel_advance(&wheel, last - 1, &due);
        assert_null(take(&due));
        weft_wheel_advance(&wheel, last, &due);
        assert_ptr_equal(take(&due), &timer);
    }
}

/* One call after a jump of any length offers all that is due, in the order of
 * slots, and leaves the rest where it belongs. */
static void test_jumps(void **state)
{
    static const uint64_t jumps[] = {
        0,   1,   2,   63,   64,   65,   300,    510,
        511, 512, 513, 1023, 1024, 5000, 512000, UINT32_MAX,
    };
    enum { TIMERS = WEFT_WHEEL_SLOTS };
    static struct timer timers[TIMERS];
    struct weft_list due;

    (void)state;
    weft_list_init(&due);
    for (uint64_t start = 0; start < WEFT_WHEEL_SLOTS; start += 73) {
        for (size_t i = 0; i < COUNT(jumps); i++) {
            struct weft_wheel wheel;
            uint64_t now = start * TICK;

            weft_wheel_init(&wheel, now);
            /* Put in out of order: 37 has no factor in common with 512. */
            for (uint64_t n = 0; n < TIMERS; n++) {
                uint64_t slot = n * 37 % TIMERS;

                add(&wheel, &timers[slot], now + slot * TICK);
            }
            weft_wheel_advance(&wheel, now + jumps[i] * TICK + 1, &due);
            for (uint64_t n = 0; n < TIMERS && n <= jumps[i]; n++)
                assert_ptr_equal(take(&due), &timers[n]);
            assert_null(take(&due));
            if (jumps[i] < TIMERS - 1)
                assert_true(weft_wheel_next(&wheel) ==
                            now + (jumps[i] + 1) * TICK);
            else
                assert_true(weft_wheel_next(&wheel) == UINT64_MAX);
        }
    }
}

static void test_same_slot_keeps_order(void **state)
{
    struct timer timers[5];
    struct weft_wheel wheel;
    struct weft_list due;

    (void)state;
    weft_list_init(&due);
    weft_wheel_init(&wheel, 0);
    for (size_t i = 0; i < COUNT(timers); i++)
        add(&wheel, &timers[i], 10 * TICK - i);
    weft_wheel_advance(&wheel, 10 * TICK, &due);
    for (size_t i = 0; i < COUNT(timers); i++)
        assert_ptr_equal(take(&due), &timers[i]);
}

static void test_removed_nodes_are_forgotten(void **state)
{
    struct timer a, b;
    struct weft_wheel wheel;
    struct weft_list due;

    (void)state;
    weft_list_init(&due);
    weft_wheel_init(&wheel, 0);
    add(&wheel, &a, 5 * TICK);
    add(&wheel, &b, 9 * TICK);
    weft_list_remove(&a.node);
    assert_true(weft_wheel_next(&wheel) == 9 * TICK);
    weft_list_remove(&b.node);
    assert_true(weft_wheel_next(&wheel) == UINT64_MAX);
    weft_wheel_advance(&wheel, 100 * TICK, &due);
    assert_null(take(&due));
}

static void test_clock_goes_back(void **state)
{
    struct timer timer;
    struct weft_wheel wheel;
    struct weft_list due;

    (void)state;
    weft_list_init(&due);
    weft_wheel_init(&wheel, 1000 * TICK);
    add(&wheel, &timer, 1001 * TICK);
    weft_wheel_advance(&wheel, 0, &due);
    weft_wheel_advance(&wheel, 1000 * TICK, &due);
    assert_null(take(&due));
    assert_true(weft_wheel_next(&wheel) == 1001 * TICK);
    weft_wheel_advance(&wheel, 1001 * TICK, &due);
    assert_ptr_equal(take(&due), &timer);
}

/* Checks what one advance offers; puts back what came early. */
static size_t drain(struct weft_wheel *wheel, uint64_t now)
{
    struct weft_list due;
    struct timer *timer;
    size_t count = 0;

    weft_list_init(&due);
    weft_wheel_advance(wheel, now, &due);
    while ((timer = take(&due))) {
        if (timer->deadline > now) {
            add(wheel, timer, timer->deadline);
            continue;
        }
        timer->waits = false;
        count++;
    }
    return count;
}

/* Random deadlines, removals and steps: nothing is more than a tick late,
 * next is never later than the first deadline's tick, nothing gets lost. */
static void test_random(void **state)
{
    enum { TIMERS = 300 };
    static struct timer timers[TIMERS];
    struct weft_wheel wheel;
    uint64_t now = 98765432109, came = 0;

    (void)state;
    srandom(4);
    weft_wheel_init(&wheel, now);
    for (int i = 0; i < 20000; i++) {
        struct timer *timer = &timers[random() % TIMERS];
        uint64_t next;

        if (timer->waits)
            weft_list_remove(&timer->node);
        timer->waits = !timer->waits || random() % 2;
        if (timer->waits)
            add(&wheel, timer, now + (uint64_t)random() * 53); /* to 114 s */
        now += (uint64_t)random() % (i % 1000 ? 2 * TICK : 3 * SPAN);
        came += drain(&wheel, now);
        next = weft_wheel_next(&wheel);
        for (size_t n = 0; n < TIMERS; n++) {
            if (!timers[n].waits)
                continue;
            assert_true(timers[n].deadline + TICK > now);
            assert_true(next < timers[n].deadline + TICK);
        }
    }
    assert_true(came > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_one_deadline),
        cmocka_unit_test(test_late_comes_next),
        cmocka_unit_test(test_beyond_the_span),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_same_slot_keeps_order),
        cmocka_unit_test(test_removed_nodes_are_forgotten),
        cmocka_unit_test(test_clock_goes_back),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
