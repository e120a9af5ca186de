/* SPDX-License-Identifier: MIT */
/*
 * Timers of a connection. They hang on its extras, so a connection without
 * them pays nothing, and go with it when it ends.
 */
#include "base/mem.h"
#include "server/conn.h"

struct conn_timer {
    struct weft_alarm alarm;
    struct weft_list node; /* in the connection's list */
    struct weft_conn *conn;
    void (*fn)(struct weft_conn *conn, void *arg);
    void *arg;
    uint64_t repeat_ns; /* 0: once */
    uint32_t id;
};

#define NS_PER_MS UINT64_C(1000000)

static uint64_t to_ns(uint64_t ms)
{
    return ms > UINT64_MAX / NS_PER_MS ? UINT64_MAX : ms * NS_PER_MS;
}

static void set(struct conn_timer *timer, uint64_t in_ns)
{
    struct weft_loop *loop = weft_conn_loop(timer->conn);
    uint64_t now = weft_loop_now(loop);

    weft_alarm_set(loop, &timer->alarm,
                   in_ns > UINT64_MAX - now ? UINT64_MAX : now + in_ns);
}

static void timer_free(struct conn_timer *timer)
{
    struct weft_conn *conn = timer->conn;

    weft_alarm_stop(weft_conn_loop(conn), &timer->alarm);
    weft_list_remove(&timer->node);
    weft_free(&weft_conn_worker(conn)->pool.mem, timer, sizeof(*timer));
}

/* The timer is rearmed or freed before the call, which may stop any. */
static void ring(struct weft_alarm *alarm)
{
    struct conn_timer *timer = WEFT_OF(alarm, struct conn_timer, alarm);
    void (*fn)(struct weft_conn * conn, void *arg) = timer->fn;
    struct weft_conn *conn = timer->conn;
    void *arg = timer->arg;

    if (timer->repeat_ns > 0)
        set(timer, timer->repeat_ns);
    else
        timer_free(timer);
    fn(conn, arg);
}

int weft_conn_timer(struct weft_conn *conn, uint64_t in_ms, uint64_t repeat_ms,
                    void (*fn)(struct weft_conn *conn, void *arg), void *arg,
                    uint32_t *id)
{
    struct weft_extras *extras;
    struct conn_timer *timer;

    if (!(conn->session.owner_flags & WEFT_CONN_OPEN) || !fn)
        return WEFT_ERR_USAGE;
    extras = weft_conn_extras(conn);
    if (!extras)
        return WEFT_ERR_NOMEM;
    timer = weft_zalloc(&weft_conn_worker(conn)->pool.mem, sizeof(*timer));
    if (!timer)
        return WEFT_ERR_NOMEM;
    timer->alarm.ring = ring;
    timer->conn = conn;
    timer->fn = fn;
    timer->arg = arg;
    timer->repeat_ns = to_ns(repeat_ms);
    timer->id = ++extras->timer_id;
    weft_list_append(&extras->timers, &timer->node);
    set(timer, to_ns(in_ms));
    if (id)
        *id = timer->id;
    return 0;
}

void weft_conn_timer_stop(struct weft_conn *conn, uint32_t id)
{
    struct weft_list *list, *node;

    if (!conn->extras)
        return;
    list = &conn->extras->timers;
    for (node = list->next; node != list; node = node->next) {
        struct conn_timer *timer = WEFT_OF(node, struct conn_timer, node);

        if (timer->id == id) {
            timer_free(timer);
            return;
        }
    }
}

void weft_conn_timers_release(struct weft_conn *conn)
{
    struct weft_list *list;

    if (!conn->extras)
        return;
    list = &conn->extras->timers;
    while (!weft_list_is_empty(list))
        timer_free(WEFT_OF(list->next, struct conn_timer, node));
}
