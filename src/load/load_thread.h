/* SPDX-License-Identifier: MIT */
/* A thread of a load: a loop and its share of the connections. */
#ifndef WEFT_LOAD_LOAD_THREAD_H
#define WEFT_LOAD_LOAD_THREAD_H

#include "load/load_conn.h"
#include "load/pace.h"

struct weft_tls;

/* What the main thread looks at while it runs. */
struct load_tally {
    atomic_size_t settled;       /* connections that have opened or failed */
    atomic_size_t opened;        /* of those */
    atomic_size_t alive;         /* counted ones that have not failed */
    atomic_size_t waiting;       /* open ones without a first answer */
    atomic_uint_least64_t heard; /* messages, in every phase */
    atomic_uint_least64_t counted;
    atomic_uint_least64_t failed; /* connections that never opened */
    atomic_uint_least64_t errors;
    atomic_uint_least64_t given_up; /* slow ones, by the server */
};

struct load_thread {
    struct load_plan *plan;
    struct weft_loop *loop;
    struct weft_tls *tls;
    struct load_conn *conns; /* those that are counted first */
    size_t count, mains, slows;
    uint64_t *times; /* for the rings of all of them */
    size_t ring;     /* places of each, a power of two */

    struct weft_list to_open; /* connections that wait for their turn */
    unsigned opening;
    size_t live; /* connections with a socket */
    int address; /* of the target's */
    bool has_opened, has_takeover, is_over;
    bool is_admitting;      /* connections are being opened */
    struct weft_buf answer; /* the head of one that was right */
    enum load_phase phase;
    uint64_t now; /* the clock, when bytes came last */
    struct load_pace pace, slow_pace;
    struct weft_alarm grace; /* for the ends of connections */

    /* Of the counted time. */
    struct load_histogram latency;
    uint64_t begun_ns, ended_ns, sent, received;

    struct load_tally tally;
    pthread_t id;
};

/* Which connections of all are one thread's. */
struct load_share {
    size_t number, threads;
};

/* Makes the loop and the connections, and opens nothing. 0; NOMEM, SYSTEM, or
 * TLS and why. In any case there is something to release. */
WEFT_CHECK int load_thread_init(struct load_thread *thread,
                                struct load_plan *plan,
                                const struct load_share *share,
                                char why[LOAD_WHY]);
void load_thread_release(struct load_thread *thread);

/* Begins to open connections and runs until all are closed: the thread's
 * function. */
void *load_thread_run(void *thread);

/* From the main thread: what comes next. */
void load_thread_warm(struct load_thread *thread);
void load_thread_count(struct load_thread *thread);
void load_thread_end(struct load_thread *thread);

/* Those that have kept everybody waiting fail. */
void load_thread_give_up(struct load_thread *thread);

/* ---- From connections ---------------------------------------------------- */

void load_thread_opened(struct load_conn *conn);
void load_thread_closed(struct load_conn *conn);
void load_thread_failed(struct load_conn *conn, const char *text);
void load_thread_given_up(struct load_conn *conn);
bool load_thread_is_ending(const struct load_conn *conn);

/* A tally has one writer, its thread. */
static inline void load_tally_add(atomic_uint_least64_t *tally, uint64_t n)
{
    uint64_t before = atomic_load_explicit(tally, memory_order_relaxed);

    atomic_store_explicit(tally, before + n, memory_order_relaxed);
}

#endif
