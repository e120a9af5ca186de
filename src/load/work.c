/* SPDX-License-Identifier: MIT */
/*
 * In a closed loop every answer is followed by a message, those of one read by
 * as many in one write, so that as many stay on the way as there were at first.
 * When each was sent stands in a ring: answers come in the order of what they
 * answer. At a rate, that follows from the message's number.
 */
#include "load/work.h"

#include "load/load_thread.h"
#include "loop/poller.h"

#define BULK_DEPTH 2

/* A slow reader does not read what it has sent, so what it sends stays in the
 * way of the rest: no more is kept of that. */
#define SLOW_OWED 1024

static const struct load_opts *opts_of(const struct load_conn *conn)
{
    return conn->thread->plan->opts;
}

static bool is_counting(const struct load_conn *conn)
{
    return conn->thread->phase == LOAD_COUNTING && conn->kind == LOAD_CONN_MAIN;
}

/* ---- Latencies ----------------------------------------------------------- */

/* Equal times that follow each other are counted in one step. */
struct run {
    struct load_thread *thread;
    uint64_t from, count;
};

static void run_end(struct run *run)
{
    uint64_t now = run->thread->now;

    if (run->count > 0)
        load_histogram_add(&run->thread->latency,
                           now > run->from ? now - run->from : 0, run->count);
    run->count = 0;
}

static void run_add(struct run *run, uint64_t from)
{
    if (from != run->from)
        run_end(run);
    run->from = from;
    run->count++;
}

static void record(const struct load_conn *conn, size_t count)
{
    struct load_thread *thread = conn->thread;
    struct run run = {.thread = thread};

    for (size_t i = 0; i < count; i++) {
        uint64_t n = conn->heard + i;

        if (opts_of(conn)->rate > 0)
            run_add(&run, load_pace_due_on(&thread->pace,
                                           (size_t)(conn - thread->conns), n));
        else
            run_add(&run, conn->times[n & (thread->ring - 1)]);
    }
    run_end(&run);
}

static void record_broadcast(const struct load_conn *conn, size_t count)
{
    const struct load_plan *plan = conn->thread->plan;
    uint64_t sent =
        atomic_load_explicit(&plan->broadcast, memory_order_acquire);
    struct run run = {.thread = conn->thread};

    for (size_t i = 0; i < count; i++) {
        uint64_t n = conn->heard + i;

        if (sent - n < LOAD_TIMES)
            run_add(&run, atomic_load_explicit(&plan->times[n % LOAD_TIMES],
                                               memory_order_relaxed));
    }
    run_end(&run);
}

/* ---- Sending ------------------------------------------------------------- */

static void send_more(struct load_conn *conn, uint64_t n)
{
    struct load_thread *thread = conn->thread;

    if (thread->phase == LOAD_ENDING)
        return;
    if (conn->kind == LOAD_CONN_MAIN) {
        for (uint64_t i = 0; i < n; i++)
            conn->times[(conn->sent + i) & (thread->ring - 1)] = thread->now;
        if (thread->phase == LOAD_COUNTING)
            thread->sent += n;
    }
    conn->sent += n;
    load_conn_send(conn, n);
}

static void send_broadcast(struct load_conn *conn, uint64_t n)
{
    struct load_plan *plan = conn->thread->plan;

    if (conn->thread->phase == LOAD_ENDING)
        return;
    for (uint64_t i = 0; i < n; i++)
        atomic_store_explicit(&plan->times[(conn->sent + i) % LOAD_TIMES],
                              conn->thread->now, memory_order_relaxed);
    if (conn->thread->phase == LOAD_COUNTING)
        conn->thread->sent += n;
    conn->sent += n;
    atomic_store_explicit(&plan->broadcast, conn->sent, memory_order_release);
    load_conn_send(conn, n);
}

static bool is_sender(const struct load_conn *conn)
{
    return conn->kind == LOAD_CONN_MAIN && conn->index == 0;
}

static void begin_main(struct load_conn *conn)
{
    const struct load_opts *opts = opts_of(conn);

    switch (opts->work) {
    case LOAD_ECHO:
    case LOAD_PUBLISH:
        if (opts->rate == 0)
            send_more(conn, opts->depth);
        break;
    case LOAD_BROADCAST:
        if (is_sender(conn))
            send_broadcast(conn, opts->depth);
        break;
    case LOAD_CHURN:
    case LOAD_IDLE:
        send_more(conn, 1);
        break;
    }
}

void load_work_begin(struct load_conn *conn)
{
    conn->thread->now = weft_clock();
    if (conn->kind == LOAD_CONN_MAIN)
        begin_main(conn);
    else if (conn->kind == LOAD_CONN_BULK)
        send_more(conn, BULK_DEPTH);
    else if (opts_of(conn)->rate == 0)
        send_more(conn, opts_of(conn)->depth);
}

/* ---- Hearing ------------------------------------------------------------- */

/* Whether so many more can have been sent. */
static bool is_due(struct load_conn *conn, size_t count, uint64_t sent)
{
    if (count <= sent - conn->heard)
        return true;
    load_conn_fail(conn, "more messages came than were sent");
    return false;
}

static void heard_echo(struct load_conn *conn, size_t count)
{
    const struct load_opts *opts = opts_of(conn);

    if (!is_due(conn, count, conn->sent))
        return;
    if (is_counting(conn))
        record(conn, count);
    conn->heard += count;
    if (conn->kind == LOAD_CONN_BULK || opts->rate == 0)
        send_more(conn, count);
}

static void heard_broadcast(struct load_conn *conn, size_t count)
{
    if (!is_due(conn, count, atomic_load(&conn->thread->plan->broadcast)))
        return;
    if (is_counting(conn))
        record_broadcast(conn, count);
    conn->heard += count;
    if (is_sender(conn))
        send_broadcast(conn, count);
}

static void heard_main(struct load_conn *conn, size_t count, size_t own)
{
    switch (opts_of(conn)->work) {
    case LOAD_ECHO:
        heard_echo(conn, count);
        break;
    case LOAD_PUBLISH:
        heard_echo(conn, own);
        break;
    case LOAD_BROADCAST:
        heard_broadcast(conn, count);
        break;
    case LOAD_CHURN:
        if (is_due(conn, count, conn->sent))
            load_conn_leave(conn);
        conn->heard += count;
        break;
    case LOAD_IDLE:
        (void)is_due(conn, count, conn->sent);
        conn->heard += count;
        break;
    }
}

static void greet(struct load_conn *conn)
{
    conn->is_greeted = true;
    if (atomic_fetch_sub(&conn->thread->tally.waiting, 1) == 1)
        load_plan_news(conn->thread->plan);
}

void load_work_heard(struct load_conn *conn, size_t count, size_t own)
{
    struct load_tally *tally = &conn->thread->tally;

    if (conn->kind != LOAD_CONN_MAIN) {
        heard_echo(conn, count);
        return;
    }
    load_tally_add(&tally->heard, count);
    if (is_counting(conn) && opts_of(conn)->work != LOAD_CHURN)
        load_tally_add(&tally->counted, count);
    heard_main(conn, count, own);
    if (!conn->is_greeted)
        greet(conn);
}

void load_work_left(struct load_conn *conn)
{
    struct load_thread *thread = conn->thread;

    if (opts_of(conn)->work != LOAD_CHURN || !is_counting(conn))
        return;
    load_tally_add(&thread->tally.counted, 1);
    load_histogram_add(&thread->latency, thread->now - conn->begun_ns, 1);
}

/* ---- At a rate ----------------------------------------------------------- */

/* The messages of a whole turn that are due on each, and one more on those that
 * come first. */
static void send_due(struct load_thread *thread, struct load_pace *pace,
                     struct load_conn *conns)
{
    size_t ways = pace->ways, way;
    uint64_t due = load_pace_take(pace, thread->now, &way);

    for (size_t i = 0; i < ways && i < due; i++) {
        struct load_conn *conn = &conns[(way + i) % ways];
        uint64_t n = (due - i + ways - 1) / ways;

        if (conn->kind == LOAD_CONN_SLOW && conn->owed > SLOW_OWED)
            continue;
        conn->sent += n;
        if (conn->kind == LOAD_CONN_MAIN && thread->phase == LOAD_COUNTING)
            thread->sent += n;
        load_conn_send(conn, n);
    }
}

void load_work_due(struct load_thread *thread)
{
    thread->now = weft_clock();
    send_due(thread, &thread->pace, thread->conns);
    if (thread->slow_pace.ways > 0)
        send_due(thread, &thread->slow_pace,
                 thread->conns + thread->count - thread->slows);
}
