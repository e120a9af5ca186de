/* SPDX-License-Identifier: MIT */
/*
 * The life of a thread: connections open, some at a time; the work begins, is
 * counted, ends; connections close. The main thread says when, by posts, and
 * looks at the tally; what it waits for is told by load_plan_news.
 */
#include "load/load_thread.h"

#include "base/mem.h"
#include "load/work.h"
#include "loop/poller.h"
#include "tls/tls.h"
#include <poll.h>
#include <sys/prctl.h>
#include <time.h>

/* Connections that open at the same time, so as not to overflow the backlog of
 * a server that listens with SOMAXCONN of old (128). */
#define OPENING_MAX 128

#define GRACE_NS UINT64_C(1000000000) /* for the closing handshakes */

/* With a rate: the least that is slept, lest each message wake us. */
#define NAP_NS UINT64_C(50000)
#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

static const struct load_opts *opts_of(const struct load_thread *thread)
{
    return thread->plan->opts;
}

static bool is_churned(const struct load_conn *conn)
{
    return conn->kind == LOAD_CONN_MAIN &&
           conn->thread->plan->opts->work == LOAD_CHURN;
}

/* ---- Making and freeing -------------------------------------------------- */

/* One thread's part of n. */
static size_t part_of(size_t n, const struct load_share *share)
{
    return (n + share->threads - 1 - share->number) / share->threads;
}

static size_t power_of_two(size_t n)
{
    size_t power = 1;

    while (power < n)
        power *= 2;
    return power;
}

static int set_up_conn(struct load_thread *thread, struct load_conn *conn,
                       size_t i, const struct load_share *share)
{
    struct load_plan *plan = thread->plan;
    size_t bulks = thread->count - thread->mains - thread->slows;

    conn->thread = thread;
    conn->want = &plan->want;
    conn->batch = &plan->batch;
    if (i < thread->mains) {
        conn->kind = LOAD_CONN_MAIN;
        conn->times = thread->times + i * thread->ring;
    } else if (i < thread->mains + bulks) {
        i -= thread->mains;
        conn->kind = LOAD_CONN_BULK;
        conn->want = &plan->bulk_want;
        conn->batch = &plan->bulk_batch;
    } else {
        i -= thread->mains + bulks;
        conn->kind = LOAD_CONN_SLOW;
    }
    conn->index = (uint32_t)(i * share->threads + share->number);
    /* All begin at another message, but hear that of a broadcast's sender. */
    if (plan->opts->work != LOAD_BROADCAST)
        conn->next = conn->index % conn->batch->variety;
    load_conn_init(conn);
    if (!conn->want->has_tag)
        return 0;
    conn->batch = &conn->own;
    return load_plan_tagged(plan, &conn->own, conn->index);
}

static int make_conns(struct load_thread *thread,
                      const struct load_share *share)
{
    const struct load_opts *opts = opts_of(thread);
    int err = 0;

    thread->mains = part_of(opts->connections, share);
    thread->slows = part_of(opts->slow, share);
    thread->count = thread->mains + part_of(opts->bulk, share) + thread->slows;
    thread->ring = opts->rate > 0 ? 1 : power_of_two(opts->depth);
    thread->times =
        weft_zalloc(thread->plan->mem,
                    thread->mains * thread->ring * sizeof(*thread->times));
    thread->conns =
        weft_zalloc(thread->plan->mem, thread->count * sizeof(*thread->conns));
    if (!thread->times || !thread->conns)
        return WEFT_ERR_NOMEM;
    for (size_t i = 0; !err && i < thread->count; i++)
        err = set_up_conn(thread, &thread->conns[i], i, share);
    thread->tally.alive = thread->mains;
    return err;
}

static void on_grace(struct weft_alarm *alarm)
{
    struct load_thread *thread = WEFT_OF(alarm, struct load_thread, grace);

    for (size_t i = 0; i < thread->count; i++)
        load_conn_drop(&thread->conns[i]);
}

int load_thread_init(struct load_thread *thread, struct load_plan *plan,
                     const struct load_share *share, char why[LOAD_WHY])
{
    const struct weft_tls_client_opts tls = {
        .ca_file = plan->opts->ca_file,
        .is_insecure = plan->opts->is_insecure,
    };
    char tls_why[WEFT_TLS_WHY];
    int err;

    *thread = (struct load_thread){.plan = plan, .grace.ring = on_grace};
    *why = '\0';
    weft_list_init(&thread->to_open);
    weft_buf_init(&thread->answer, plan->mem, LOAD_HEAD_SIZE);
    err = weft_loop_new(&thread->loop, NULL);
    if (!err && plan->target.is_secure) {
        err = weft_tls_new_client(&thread->tls, thread->loop, &tls, tls_why);
        if (err)
            memcpy(why, tls_why, sizeof(tls_why));
    }
    return err ? err : make_conns(thread, share);
}

void load_thread_release(struct load_thread *thread)
{
    const struct weft_mem *mem = thread->plan->mem;

    for (size_t i = 0; thread->conns && i < thread->count; i++)
        if (thread->conns[i].thread)
            load_conn_release(&thread->conns[i]);
    weft_free(mem, thread->conns, thread->count * sizeof(*thread->conns));
    weft_free(mem, thread->times,
              thread->mains * thread->ring * sizeof(*thread->times));
    weft_buf_release(&thread->answer);
    weft_tls_unref(thread->tls);
    weft_loop_free(thread->loop);
}

/* ---- Opening ------------------------------------------------------------- */

static void admit(struct load_thread *thread)
{
    /* One that fails at once makes room for the next: in the loop below. */
    if (thread->is_admitting)
        return;
    thread->is_admitting = true;
    while (thread->opening < OPENING_MAX &&
           !weft_list_is_empty(&thread->to_open)) {
        struct load_conn *conn =
            WEFT_OF(thread->to_open.next, struct load_conn, node);

        weft_list_remove(&conn->node);
        conn->is_opening = true;
        thread->opening++;
        thread->live++;
        load_conn_open(conn);
    }
    thread->is_admitting = false;
}

static void has_settled(struct load_conn *conn)
{
    if (conn->is_opening)
        conn->thread->opening--;
    conn->is_opening = false;
}

static void count_settled(struct load_conn *conn)
{
    if (is_churned(conn))
        return;
    atomic_fetch_add(&conn->thread->tally.settled, 1);
    load_plan_news(conn->thread->plan);
}

void load_thread_opened(struct load_conn *conn)
{
    struct load_thread *thread = conn->thread;

    has_settled(conn);
    thread->has_opened = true;
    if (is_churned(conn)) {
        conn->is_greeted = true;
        load_work_begin(conn);
    } else {
        atomic_fetch_add(&thread->tally.opened, 1);
        if (conn->kind == LOAD_CONN_MAIN)
            atomic_fetch_add(&thread->tally.waiting, 1);
        count_settled(conn);
    }
    if (thread->phase != LOAD_ENDING)
        admit(thread);
}

static void open_all(struct load_thread *thread, bool is_churn)
{
    for (size_t i = 0; i < thread->count; i++)
        if (is_churned(&thread->conns[i]) == is_churn)
            weft_list_append(&thread->to_open, &thread->conns[i].node);
    admit(thread);
}

/* ---- Ends of connections ------------------------------------------------- */

/* It has no socket (any more). */
static void gone(struct load_conn *conn)
{
    struct load_thread *thread = conn->thread;

    has_settled(conn);
    thread->live--;
    if (thread->phase == LOAD_ENDING) {
        thread->is_over = thread->live == 0;
        return;
    }
    if (is_churned(conn) && !conn->is_dead)
        weft_list_append(&thread->to_open, &conn->node);
    admit(thread);
}

void load_thread_closed(struct load_conn *conn)
{
    gone(conn);
}

/* It is none of those that the work goes on with. */
static void bury(struct load_conn *conn)
{
    struct load_thread *thread = conn->thread;

    conn->is_dead = true;
    if (conn->kind != LOAD_CONN_MAIN)
        return;
    atomic_fetch_sub(&thread->tally.alive, 1);
    if (thread->plan->opts->work == LOAD_BROADCAST && conn->index == 0)
        atomic_store(&thread->plan->is_lost, true);
}

void load_thread_failed(struct load_conn *conn, const char *text)
{
    struct load_thread *thread = conn->thread;
    bool was_open = !conn->is_opening;

    if (conn->is_dead || thread->phase == LOAD_ENDING) {
        load_conn_drop(conn);
        return;
    }
    bury(conn);
    load_plan_fault(thread->plan, text);
    load_tally_add(was_open ? &thread->tally.errors : &thread->tally.failed, 1);
    if (!was_open)
        count_settled(conn);
    else if (conn->kind == LOAD_CONN_MAIN && !conn->is_greeted)
        atomic_fetch_sub(&thread->tally.waiting, 1);
    conn->is_greeted = true;
    if (conn->state == LOAD_CONN_NONE)
        gone(conn);
    else
        load_conn_drop(conn);
    load_plan_news(thread->plan);
}

void load_thread_given_up(struct load_conn *conn)
{
    conn->is_dead = true;
    load_tally_add(&conn->thread->tally.given_up, 1);
}

bool load_thread_is_ending(const struct load_conn *conn)
{
    return conn->thread->phase == LOAD_ENDING;
}

/* ---- Phases -------------------------------------------------------------- */

static void begin_pace(struct load_thread *thread)
{
    const struct load_opts *opts = opts_of(thread);
    double each = (double)opts->rate / (double)opts->connections;

    if (opts->rate == 0 || thread->mains == 0)
        return;
    load_pace_start(&thread->pace, weft_clock(), each * (double)thread->mains,
                    thread->mains);
    if (thread->slows > 0)
        load_pace_start(&thread->slow_pace, weft_clock(),
                        each * (double)thread->slows, thread->slows);
}

static void warm(void *arg)
{
    struct load_thread *thread = arg;

    thread->phase = LOAD_WARMING;
    begin_pace(thread);
    for (size_t i = 0; i < thread->count; i++)
        if (thread->conns[i].state == LOAD_CONN_OPEN)
            load_work_begin(&thread->conns[i]);
    if (opts_of(thread)->work == LOAD_CHURN)
        open_all(thread, true);
}

static void begin_counting(void *arg)
{
    struct load_thread *thread = arg;

    thread->phase = LOAD_COUNTING;
    thread->received = weft_loop_traffic(thread->loop).received;
    thread->begun_ns = weft_clock();
}

static void end(void *arg)
{
    struct load_thread *thread = arg;

    if (thread->phase == LOAD_COUNTING) {
        thread->ended_ns = weft_clock();
        thread->received =
            weft_loop_traffic(thread->loop).received - thread->received;
    }
    thread->phase = LOAD_ENDING;
    thread->is_over = thread->live == 0;
    for (size_t i = 0; i < thread->count; i++) {
        struct load_conn *conn = &thread->conns[i];

        if (conn->kind == LOAD_CONN_MAIN && conn->state >= LOAD_CONN_OPEN)
            load_conn_leave(conn);
        else
            load_conn_drop(conn);
    }
    weft_alarm_set(thread->loop, &thread->grace, weft_clock() + GRACE_NS);
}

/* What has kept everybody waiting, or NULL. */
static const char *lateness_of(const struct load_conn *conn)
{
    enum load_phase phase = conn->thread->phase;

    if (conn->is_dead)
        return NULL;
    if (phase == LOAD_CONNECTING)
        return conn->is_opening ? "it is not open after" : NULL;
    if (conn->kind == LOAD_CONN_MAIN &&
        (phase == LOAD_COUNTING || !conn->is_greeted || is_churned(conn)))
        return "no answer came within";
    return NULL;
}

static void give_up(void *arg)
{
    struct load_thread *thread = arg;
    double seconds = (double)opts_of(thread)->timeout_ns / 1e9;

    for (size_t i = 0; i < thread->count; i++) {
        const char *what = lateness_of(&thread->conns[i]);

        if (what)
            load_conn_fail(&thread->conns[i], "%s %g s", what, seconds);
    }
}

/* A post fails only for want of memory, which a loop with so few never has. */
static void post(struct load_thread *thread, void (*fn)(void *arg))
{
    if (weft_loop_post(thread->loop, fn, thread) != 0)
        load_plan_fault(thread->plan, "a thread cannot be reached");
}

void load_thread_warm(struct load_thread *thread)
{
    post(thread, warm);
}

void load_thread_count(struct load_thread *thread)
{
    post(thread, begin_counting);
}

void load_thread_end(struct load_thread *thread)
{
    post(thread, end);
}

void load_thread_give_up(struct load_thread *thread)
{
    post(thread, give_up);
}

/* ---- Running ------------------------------------------------------------- */

/* Until a message is due, or there is something to do for the loop. */
static void nap(const struct load_thread *thread)
{
    uint64_t due = load_pace_due(&thread->pace, thread->pace.next);
    uint64_t now = weft_clock(), ns = due > now ? due - now : 0;
    int loop_ms = weft_loop_timeout_ms(thread->loop);
    struct pollfd fd = {.fd = weft_loop_fd(thread->loop), .events = POLLIN};
    struct timespec ts;

    if (ns < NAP_NS)
        ns = NAP_NS;
    if (loop_ms >= 0 && (uint64_t)loop_ms * NS_PER_MS < ns)
        ns = (uint64_t)loop_ms * NS_PER_MS;
    ts = (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S),
                           .tv_nsec = (long)(ns % NS_PER_S)};
    (void)ppoll(&fd, 1, &ts, NULL);
}

void *load_thread_run(void *arg)
{
    struct load_thread *thread = arg;
    int err = 0;

    /* A nap of 50 us is one of 100 otherwise. */
    (void)prctl(PR_SET_TIMERSLACK, 1000);
    open_all(thread, false);
    while (!err && !thread->is_over) {
        bool has_pace = thread->pace.ways > 0 && thread->phase != LOAD_ENDING;

        if (has_pace) {
            nap(thread);
            load_work_due(thread);
        }
        err = weft_loop_turn(thread->loop, has_pace ? 0 : -1);
    }
    weft_alarm_stop(thread->loop, &thread->grace);
    if (err)
        load_plan_fault(thread->plan, weft_strerror(err));
    load_plan_news(thread->plan);
    return NULL;
}
