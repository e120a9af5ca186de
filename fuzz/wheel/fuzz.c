/* SPDX-License-Identifier: MIT */
/*
 * The timer wheel against a list that is searched. A deadline is due at the
 * first tick that is not before it, but not before the tick of the last advance
 * and not later than the last slot. An advance gives those that are due, in the
 * order of their ticks and then of their coming, and no others; and next names
 * the first tick at which there is one.
 *
 * Input: when the wheel is made, in ticks, eight bytes; then operations of four
 * bytes: what to do, with which node, how far from now in ticks (two bytes).
 */
#include "fuzz.h"

#include "base/wheel.h"

#define NODES 64
#define TICK WEFT_WHEEL_TICK_NS

/* Some three hundred years; a clock that counts nanoseconds in 64 bits ends
 * later. */
#define START_MAX (UINT64_C(1) << 37)

enum {
    ADD,        /* a whole number of ticks from now */
    ADD_BEFORE, /* a nanosecond less */
    ADD_BEHIND, /* a nanosecond more */
    ADD_PAST,   /* so far in the past */
    ADD_NEVER,
    REMOVE,
    ADVANCE,
    ADVANCE_BACK, /* the clock went back */
    OPERATIONS,
};

struct timer {
    struct weft_list node;
    bool waits;
    uint64_t tick; /* at which it is due */
    uint64_t turn; /* when it was added */
};

struct model {
    struct weft_wheel wheel;
    struct timer timers[NODES];
    uint64_t now;  /* ns */
    uint64_t seen; /* the latest tick of an advance */
    uint64_t turns;
};

static void start(struct model *m, uint64_t now)
{
    m->now = now;
    m->seen = now / TICK;
    m->turns = 0;
    weft_wheel_init(&m->wheel, now);
    for (size_t i = 0; i < NODES; i++) {
        m->timers[i] = (struct timer){0};
        weft_list_init(&m->timers[i].node);
    }
}

static uint64_t tick_of(const struct model *m, uint64_t deadline)
{
    uint64_t tick = deadline / TICK + (deadline % TICK > 0);
    uint64_t last = m->seen + WEFT_WHEEL_SLOTS - 1;

    return tick < m->seen ? m->seen : tick > last ? last : tick;
}

static void take_out(struct timer *timer)
{
    weft_list_remove(&timer->node);
    timer->waits = false;
}

/* Also moves one that waits. */
static void add(struct model *m, struct timer *timer, uint64_t deadline)
{
    take_out(timer);
    weft_wheel_add(&m->wheel, &timer->node, deadline);
    timer->waits = true;
    timer->tick = tick_of(m, deadline);
    timer->turn = m->turns++;
}

/* The timer that must come first, or NULL. */
static struct timer *first(struct model *m)
{
    struct timer *best = NULL;

    for (size_t i = 0; i < NODES; i++) {
        struct timer *timer = &m->timers[i];

        if (!timer->waits)
            continue;
        if (!best || timer->tick < best->tick ||
            (timer->tick == best->tick && timer->turn < best->turn))
            best = timer;
    }
    return best;
}

static void check_next(struct model *m)
{
    const struct timer *timer = first(m);
    uint64_t next = weft_wheel_next(&m->wheel);

    CHECK(next == (timer ? timer->tick * TICK : UINT64_MAX),
          "next is %llu, in tick %llu", (unsigned long long)next,
          (unsigned long long)m->seen);
}

static void advance(struct model *m, uint64_t now)
{
    struct weft_list due;
    struct timer *timer;

    weft_list_init(&due);
    weft_wheel_advance(&m->wheel, now, &due);
    if (now / TICK >= m->seen) {
        m->seen = now / TICK;
        while ((timer = first(m)) && timer->tick <= m->seen) {
            CHECK(due.next == &timer->node, "another one, or none, is due");
            take_out(timer);
        }
    }
    CHECK(weft_list_is_empty(&due), "too early");
}

static void operate(struct model *m, unsigned what, struct timer *timer,
                    uint64_t ticks)
{
    uint64_t span = ticks * TICK;
    uint64_t past = span < m->now ? m->now - span : 0;

    switch (what % OPERATIONS) {
    case ADD:
        add(m, timer, m->now + span);
        break;
    case ADD_BEFORE:
        add(m, timer, m->now + span - (span > 0));
        break;
    case ADD_BEHIND:
        add(m, timer, m->now + span + 1);
        break;
    case ADD_PAST:
        add(m, timer, past);
        break;
    case ADD_NEVER:
        add(m, timer, UINT64_MAX - ticks);
        break;
    case REMOVE:
        take_out(timer);
        break;
    case ADVANCE:
        m->now += span + what; /* not always at the beginning of a tick */
        advance(m, m->now);
        break;
    default:
        advance(m, past);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct model m;
    uint64_t begin = 0;

    for (int i = 0; i < 8; i++)
        begin = begin << 8 | fuzz_byte(&in);
    start(&m, begin % START_MAX * TICK);
    check_next(&m);
    while (in.left > 0) {
        unsigned what = fuzz_byte(&in);
        struct timer *timer = &m.timers[fuzz_byte(&in) % NODES];
        uint64_t ticks = fuzz_byte(&in);

        ticks |= (uint64_t)fuzz_byte(&in) << 8;
        operate(&m, what, timer, ticks);
        check_next(&m);
    }
    while (first(&m)) {
        m.now = weft_wheel_next(&m.wheel);
        advance(&m, m.now);
        check_next(&m);
    }
    return 0;
}
