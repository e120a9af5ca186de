/* SPDX-License-Identifier: MIT */
/*
 * Alarms, which lie in their owner's struct, and the timers of the public
 * interface, which are alarms with memory of their own. Alarms that are set lie
 * in one heap by time; those that are due move to a second before the first of
 * them rings. So a ring may set, stop or free any alarm, and one that it sets
 * for a time that has passed waits for the next turn.
 */
#include "loop/loop.h"

#include "base/list.h"
#include "loop/poller.h"

#define NS_PER_MS UINT64_C(1000000)

/* ---- Alarms -------------------------------------------------------------- */

void weft_alarm_set(struct weft_loop *loop, struct weft_alarm *alarm,
                    uint64_t at_ns)
{
    weft_alarm_stop(loop, alarm);
    weft_heap_insert(&loop->alarms, &alarm->node, at_ns);
}

void weft_alarm_stop(struct weft_loop *loop, struct weft_alarm *alarm)
{
    weft_heap_remove(alarm->is_due ? &loop->due : &loop->alarms, &alarm->node);
    alarm->is_due = false;
}

uint64_t weft_alarms_next(const struct weft_loop *loop)
{
    return loop->alarms.top ? loop->alarms.top->key : UINT64_MAX;
}

static struct weft_alarm *alarm_of(struct weft_heap_node *node)
{
    return WEFT_OF(node, struct weft_alarm, node);
}

void weft_alarms_ring(struct weft_loop *loop)
{
    struct weft_heap_node *node;

    while ((node = loop->alarms.top) && node->key <= loop->now) {
        weft_heap_remove(&loop->alarms, node);
        weft_heap_insert(&loop->due, node, node->key);
        alarm_of(node)->is_due = true;
    }
    while ((node = loop->due.top)) {
        weft_alarm_stop(loop, alarm_of(node));
        alarm_of(node)->ring(alarm_of(node));
    }
}

/* ---- Timers -------------------------------------------------------------- */

struct weft_timer {
    struct weft_alarm alarm;
    struct weft_loop *loop;
    void (*fn)(void *arg);
    void *arg;
    uint64_t at_ns;
    uint64_t repeat_ns; /* 0: once */
};

/* UINT64_MAX, which is never, instead of an overflow. */
static uint64_t plus_ms(uint64_t ns, uint64_t ms)
{
    return ms > (UINT64_MAX - ns) / NS_PER_MS ? UINT64_MAX
                                              : ns + ms * NS_PER_MS;
}

static uint64_t plus_ns(uint64_t a, uint64_t b)
{
    return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

static void set(struct weft_timer *timer, uint64_t at_ns)
{
    timer->at_ns = at_ns;
    weft_alarm_set(timer->loop, &timer->alarm, at_ns);
}

static void on_alarm(struct weft_alarm *alarm)
{
    struct weft_timer *timer = WEFT_OF(alarm, struct weft_timer, alarm);

    if (timer->repeat_ns > 0) {
        uint64_t next = plus_ns(timer->at_ns, timer->repeat_ns);

        /* A loop that is late leaves out what it has missed. */
        if (next <= timer->loop->now)
            next = plus_ns(timer->loop->now, timer->repeat_ns);
        set(timer, next);
    }
    timer->fn(timer->arg); /* which may free the timer */
}

int weft_timer_new(struct weft_timer **out, struct weft_loop *loop,
                   void (*fn)(void *arg), void *arg)
{
    struct weft_timer *timer = weft_zalloc(loop->mem, sizeof(*timer));

    if (!timer)
        return WEFT_ERR_NOMEM;
    timer->loop = loop;
    timer->alarm.ring = on_alarm;
    timer->fn = fn;
    timer->arg = arg;
    *out = timer;
    return 0;
}

/* From now, not from the beginning of the turn, which may be long ago when the
 * loop is driven by another or has not run yet. */
void weft_timer_start(struct weft_timer *timer, uint64_t in_ms,
                      uint64_t repeat_ms)
{
    timer->repeat_ns = plus_ms(0, repeat_ms);
    set(timer, plus_ms(weft_clock(), in_ms));
}

void weft_timer_stop(struct weft_timer *timer)
{
    weft_alarm_stop(timer->loop, &timer->alarm);
}

void weft_timer_free(struct weft_timer *timer)
{
    if (!timer)
        return;
    weft_timer_stop(timer);
    weft_free(timer->loop->mem, timer, sizeof(*timer));
}
