/* SPDX-License-Identifier: MIT */
/*
 * The server object and its threads, as the files of this folder share them.
 * A worker is a thread with a loop; it owns its connections, and nothing of it
 * is touched from another thread but through weft_loop_post. What the server
 * itself holds is fixed before run, or has a lock, or is atomic.
 */
#ifndef WEFT_SERVER_SERVER_H
#define WEFT_SERVER_SERVER_H

#include "base/pool.h"
#include "base/slab.h"
#include "base/wheel.h"
#include "loop/loop.h"
#include "net/listen.h"
#include "server/files.h"
#include "server/keyring.h"
#include "server/log.h"
#include "server/peers.h"
#include "server/route.h"
#include "server/topic.h"
#include "ws/deflate.h"
#include <pthread.h>
#include <weft/server.h>

#define WEFT_THREADS_MAX 256 /* a handle has eight bits for the thread */

struct weft_conn;

struct weft_listener {
    struct weft_address address;
    char text[WEFT_ADDRESS_TEXT];
    int *fds;                     /* one for each worker */
    struct weft_keyring *keyring; /* NULL: no TLS */
};

struct weft_worker {
    struct weft_server *server;
    unsigned index;
    pthread_t thread;
    struct weft_loop *loop;
    struct weft_pool pool; /* all memory of this thread's connections */
    struct weft_slab conns;
    struct weft_wheel wheel; /* deadlines of connections */
    struct weft_alarm wheel_alarm;
    uint64_t wheel_at;       /* when wheel_alarm rings; UINT64_MAX: never */
    struct weft_conn *dirty; /* to be settled at the end of the turn */
    struct weft_topics topics;
    struct weft_deflate_pool *deflate;
    struct weft_acceptor *acceptors; /* one for each listener */
    struct weft_server_stats stats;  /* written here only, read anywhere */
    struct weft_alarm drain_alarm;
    int stop_seen;          /* how much of server->stop has been acted on */
    uint64_t starved_until; /* want of descriptors is not logged again before */
    uint64_t refusals;      /* refused connections that linger */
    uint64_t parcels;       /* bytes posted to it; __atomic, from any thread */
};

struct weft_server {
    const struct weft_mem *mem;
    struct weft_server_opts opts;     /* every default filled in */
    char **origins, **hosts;          /* own copies, ended by NULL, or NULL */
    struct weft_deflate_opts deflate; /* likewise */
    struct weft_deflate_budget deflate_budget;
    struct weft_log log;
    struct weft_routes routes;
    struct weft_files files;
    struct weft_peers peers;
    struct weft_listener *listeners;
    size_t listener_count;
    struct weft_keyring *keyrings; /* all that listeners have */
    bool is_local;                 /* all listeners are on loopback */
    bool has_run;                  /* or runs */
    struct weft_worker *workers;
    unsigned threads;
    uint64_t connections; /* admitted, open now; touched with __atomic only */
    int stop;             /* calls of stop; touched with __atomic only */
    bool reload;          /* the keyrings; likewise */
    uint64_t seed[2];     /* of the hash maps */
};

/* ---- worker.c ------------------------------------------------------------ */

WEFT_CHECK int weft_worker_init(struct weft_worker *worker,
                                struct weft_server *server, unsigned index);

/* Stops accepting, cuts and tells what is open, and runs what was posted, so
 * that what that holds is freed. Not while the worker runs. As the end of one
 * worker's connections may post to another, all finish before any is
 * released. */
void weft_worker_finish(struct weft_worker *worker);
void weft_worker_release(struct weft_worker *worker);

/* Accepts on every listener. 0 or an error. */
WEFT_CHECK int weft_worker_start(struct weft_worker *worker);

/* Of a loop that runs it. */
struct weft_worker *weft_worker_of(const struct weft_loop *loop);

/* Counts bytes that are posted to a worker, from any thread, and counts them
 * out when they are freed, which is owed after either result. 0; BUSY when
 * more than 64 MiB are on their way: whoever sends is told, before memory is.
 */
WEFT_CHECK int weft_worker_burden(struct weft_worker *worker, size_t bytes);
void weft_worker_unburden(struct weft_worker *worker, size_t bytes);

/* Puts a connection's deadline in the wheel, or moves it there. */
void weft_worker_watch(struct weft_worker *worker, struct weft_list *node,
                       uint64_t deadline_ns);

/* A connection has gone. A worker that stops ends with its last one. */
void weft_worker_left(struct weft_worker *worker);

/* Adds n to one of the worker's own counters. */
static inline void weft_count(uint64_t *counter, uint64_t n)
{
    __atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

#endif
