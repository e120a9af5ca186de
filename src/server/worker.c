/* SPDX-License-Identifier: MIT */
/*
 * A worker: a loop, its listening sockets, its connections and their
 * deadlines. At the end of each turn it settles the connections that were sent
 * to outside their own turn, and looks whether the server has been told to
 * stop.
 */
#include "base/hints.h"
#include "base/mem.h"
#include "base/sizes.h"
#include "server/conn.h"
#include "server/server.h"
#include <string.h>
#include <unistd.h>

#define PARCELS_MAX (UINT64_C(64) << 20) /* bytes posted to one worker */
#define NS_PER_MS UINT64_C(1000000)
#define STARVED_LOG_MS 10000 /* between two lines that say the same */

struct weft_worker *weft_worker_of(const struct weft_loop *loop)
{
    return weft_loop_owner(loop);
}

/* ---- Deadlines ----------------------------------------------------------- */

static void set_wheel_alarm(struct weft_worker *worker, uint64_t at_ns)
{
    if (at_ns >= worker->wheel_at)
        return;
    worker->wheel_at = at_ns;
    weft_alarm_set(worker->loop, &worker->wheel_alarm, at_ns);
}

void weft_worker_watch(struct weft_worker *worker, struct weft_list *node,
                       uint64_t deadline_ns)
{
    weft_list_remove(node);
    if (deadline_ns == UINT64_MAX)
        return;
    weft_wheel_add(&worker->wheel, node, deadline_ns);
    set_wheel_alarm(worker, weft_wheel_next(&worker->wheel));
}

static void look_at(struct weft_worker *worker, struct weft_list *node,
                    uint64_t now)
{
    struct weft_conn *conn = WEFT_OF(node, struct weft_conn, deadline);

    if (weft_conn_deadline(conn) <= now)
        weft_conn_tick(conn, now);
    weft_worker_watch(worker, node, weft_conn_deadline(conn));
}

static void on_wheel(struct weft_alarm *alarm)
{
    struct weft_worker *worker =
        WEFT_OF(alarm, struct weft_worker, wheel_alarm);
    uint64_t now = weft_loop_now(worker->loop);
    struct weft_list due;

    weft_list_init(&due);
    weft_wheel_advance(&worker->wheel, now, &due);
    worker->wheel_at = UINT64_MAX;
    while (!weft_list_is_empty(&due))
        look_at(worker, due.next, now);
    set_wheel_alarm(worker, weft_wheel_next(&worker->wheel));
}

/* ---- What other threads post ----------------------------------------------
 */

int weft_worker_burden(struct weft_worker *worker, size_t bytes)
{
    uint64_t sum =
        __atomic_add_fetch(&worker->parcels, bytes, __ATOMIC_RELAXED);

    return sum > PARCELS_MAX ? WEFT_ERR_BUSY : 0;
}

void weft_worker_unburden(struct weft_worker *worker, size_t bytes)
{
    __atomic_sub_fetch(&worker->parcels, bytes, __ATOMIC_RELAXED);
}

/* ---- Stopping ------------------------------------------------------------ */

static void for_each_conn(struct weft_worker *worker,
                          void (*fn)(struct weft_conn *conn))
{
    struct weft_conn *conn;
    uint32_t from = 0;

    while ((conn = weft_slab_next(&worker->conns, &from)))
        fn(conn);
}

static void cut_all(struct weft_worker *worker)
{
    for_each_conn(worker, weft_conn_cut);
}

static void on_drain_over(struct weft_alarm *alarm)
{
    cut_all(WEFT_OF(alarm, struct weft_worker, drain_alarm));
}

/* The socket is closed, so that the kernel refuses whoever comes now. */
static void stop_listening(struct weft_worker *worker)
{
    struct weft_server *server = worker->server;

    if (!worker->acceptors)
        return;
    for (size_t i = 0; i < server->listener_count; i++) {
        int *fd = &server->listeners[i].fds[worker->index];

        weft_acceptor_stop(&worker->acceptors[i]);
        if (*fd >= 0)
            close(*fd);
        *fd = -1;
    }
}

void weft_worker_left(struct weft_worker *worker)
{
    if (worker->stop_seen > 0 && worker->conns.used == 0)
        weft_loop_stop(worker->loop);
}

static void begin_stop(struct weft_worker *worker)
{
    uint64_t ms = worker->server->opts.drain_ms;

    if (worker->index == 0)
        weft_log_line(&worker->server->log, WEFT_LOG_INFO, "stopping");
    stop_listening(worker);
    for_each_conn(worker, weft_conn_stop);
    if (ms < UINT64_MAX / NS_PER_MS / 2)
        weft_alarm_set(worker->loop, &worker->drain_alarm,
                       weft_loop_now(worker->loop) + ms * NS_PER_MS);
}

/* The first call of stop says farewell, the second cuts what is left. */
static void obey_stop(struct weft_worker *worker)
{
    int stop = __atomic_load_n(&worker->server->stop, __ATOMIC_ACQUIRE);

    if (stop >= 1 && worker->stop_seen < 1)
        begin_stop(worker);
    if (stop >= 2 && worker->stop_seen < 2)
        cut_all(worker);
    worker->stop_seen = stop;
    weft_worker_left(worker);
}

/* ---- Certificates -------------------------------------------------------- */

/* Files are read here, on a thread that has connections: a few milliseconds,
 * now and then. */
static void obey_reload(struct weft_worker *worker)
{
    struct weft_server *server = worker->server;

    if (worker->index == 0 &&
        __atomic_load_n(&server->reload, __ATOMIC_RELAXED) &&
        __atomic_exchange_n(&server->reload, false, __ATOMIC_ACQUIRE))
        weft_keyrings_reload(server->keyrings, &server->log);
}

/* ---- The end of a turn --------------------------------------------------- */

/* Those that become dirty meanwhile wait for the next turn, which begins at
 * once: a handler that always has more to send must not stop the loop. */
static void settle_dirty(struct weft_worker *worker)
{
    struct weft_conn *conn = worker->dirty;

    worker->dirty = NULL;
    while (conn) {
        struct weft_conn *next = conn->next_dirty;

        if (next) { /* of thousands, none is in the cache */
            weft_prefetch(next->session.ep.out, sizeof(struct weft_queue));
            weft_prefetch(next->next_dirty, sizeof(*next));
        }
        conn->session.owner_flags &= (uint8_t)~WEFT_CONN_DIRTY;
        weft_session_settle(&conn->session);
        conn = next;
    }
    if (worker->dirty)
        weft_loop_wake(worker->loop);
}

/* The loop counts for itself; here the sums become readable elsewhere. */
static void count_traffic(struct weft_worker *worker)
{
    struct weft_traffic traffic = weft_loop_traffic(worker->loop);
    struct weft_server_stats *stats = &worker->stats;

    weft_count(&stats->bytes_in, traffic.received - stats->bytes_in);
    weft_count(&stats->bytes_out, traffic.sent - stats->bytes_out);
}

static void on_turn_end(void *owner)
{
    struct weft_worker *worker = owner;

    obey_stop(worker);
    obey_reload(worker);
    if (worker->dirty)
        settle_dirty(worker);
    count_traffic(worker);
}

/* ---- Life ---------------------------------------------------------------- */

static void on_accepted(struct weft_acceptor *acceptor, int fd,
                        const struct sockaddr_storage *peer, socklen_t peer_len)
{
    struct weft_worker *worker = weft_worker_of(acceptor->loop);
    const struct weft_address address = {.sa = *peer, .len = peer_len};

    weft_conn_accept(worker,
                     &worker->server->listeners[acceptor - worker->acceptors],
                     fd, &address);
}

static void on_starved(struct weft_acceptor *acceptor, int error)
{
    struct weft_worker *worker = weft_worker_of(acceptor->loop);
    uint64_t now = weft_loop_now(worker->loop);

    if (now < worker->starved_until)
        return;
    worker->starved_until = now + STARVED_LOG_MS * NS_PER_MS;
    weft_log_line(&worker->server->log, WEFT_LOG_ERROR,
                  "cannot accept connections for now: %s", strerror(error));
}

int weft_worker_init(struct weft_worker *worker, struct weft_server *server,
                     unsigned index)
{
    struct weft_loop_opts opts = {.size = sizeof(opts)};
    int err;

    worker->server = server;
    worker->index = index;
    worker->wheel_at = UINT64_MAX;
    worker->wheel_alarm.ring = on_wheel;
    worker->drain_alarm.ring = on_drain_over;
    weft_pool_init(&worker->pool, server->mem, WEFT_WORKER_KEEP);
    weft_slab_init(&worker->conns, server->mem, sizeof(struct weft_conn));
    weft_topics_init(&worker->topics, &worker->pool.mem, server->seed);
    worker->deflate =
        weft_deflate_pool_new(&worker->pool.mem, &server->deflate_budget);
    if (!worker->deflate)
        return WEFT_ERR_NOMEM;
    opts.mem = server->mem;
    opts.busy_poll_us = server->opts.busy_poll_us;
    err = weft_loop_new(&worker->loop, &opts);
    if (err)
        return err;
    weft_loop_set_owner(worker->loop, worker, on_turn_end);
    weft_wheel_init(&worker->wheel, weft_loop_now(worker->loop));
    return 0;
}

void weft_worker_finish(struct weft_worker *worker)
{
    if (!worker->loop)
        return;
    stop_listening(worker);
    cut_all(worker);
    do {
        if (weft_loop_turn(worker->loop, 0) != 0)
            break;
    } while (worker->conns.used > 0);
}

void weft_worker_release(struct weft_worker *worker)
{
    if (!worker->server)
        return;
    if (worker->loop) {
        weft_alarm_stop(worker->loop, &worker->wheel_alarm);
        weft_alarm_stop(worker->loop, &worker->drain_alarm);
        weft_loop_free(worker->loop);
    }
    weft_free(worker->server->mem, worker->acceptors,
              worker->server->listener_count * sizeof(*worker->acceptors));
    weft_topics_release(&worker->topics);
    weft_slab_release(&worker->conns);
    weft_deflate_pool_free(worker->deflate);
    weft_pool_release(&worker->pool);
}

int weft_worker_start(struct weft_worker *worker)
{
    struct weft_server *server = worker->server;
    size_t count = server->listener_count;

    if (count == 0)
        return 0;
    worker->acceptors =
        weft_zalloc(server->mem, count * sizeof(*worker->acceptors));
    if (!worker->acceptors)
        return WEFT_ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        worker->acceptors[i].fd = -1;
    for (size_t i = 0; i < count; i++) {
        struct weft_acceptor *acceptor = &worker->acceptors[i];
        int err;

        acceptor->accepted = on_accepted;
        acceptor->starved = on_starved;
        err = weft_acceptor_start(acceptor, worker->loop,
                                  server->listeners[i].fds[worker->index]);
        if (err)
            return err;
    }
    return 0;
}
