/* SPDX-License-Identifier: MIT */
/*
 * A connection's life: accepted, HTTP for a while, then perhaps WebSocket, and
 * the one place where it is freed. Between its session and its handler stand
 * the rules of this server: counters, the access log, deadlines, and the
 * promise that close is the last call a handler gets.
 */
#include "server/conn.h"

#include "base/mem.h"
#include "server/http.h"
#include <assert.h>
#include <unistd.h>

/* What each byte is for: docs/internals/hot.md. With the head of its slot, 232
 * bytes are all that an open connection at rest takes. */
static_assert(sizeof(void *) != 8 || sizeof(struct weft_conn) == 224,
              "struct weft_conn has changed its size");

#define REFUSALS_MAX 64 /* refused connections that linger on one worker */

static struct weft_conn *conn_of(struct weft_session *s)
{
    return WEFT_OF(s, struct weft_conn, session);
}

static const struct weft_mem *mem_of(const struct weft_conn *conn)
{
    return &weft_conn_worker(conn)->pool.mem;
}

/* ---- Beginning ----------------------------------------------------------- */

/* Counts it for its address. */
static int enter_address(struct weft_conn *conn,
                         const struct weft_address *address, uint64_t limit)
{
    struct weft_peers *peers = &weft_conn_worker(conn)->server->peers;
    struct weft_extras *extras = weft_conn_extras(conn);
    int err;

    if (!extras)
        return WEFT_ERR_NOMEM;
    extras->peer_key = weft_peer_key_of(address);
    err = weft_peers_enter(peers, &extras->peer_key, limit);
    if (!err)
        conn->session.owner_flags |= WEFT_CONN_COUNTED;
    return err;
}

/* Whether a new connection may stay: 0. */
static int admit(struct weft_conn *conn, const struct weft_address *peer)
{
    struct weft_server *server = weft_conn_worker(conn)->server;
    const struct weft_server_opts *opts = &server->opts;
    uint64_t others =
        __atomic_fetch_add(&server->connections, 1, __ATOMIC_RELAXED);

    conn->peer = weft_host_of(peer);
    conn->session.owner_flags |= WEFT_CONN_ADMITTED;
    if (others >= opts->connection_limit)
        return WEFT_ERR_LIMIT;
    if (opts->per_address_limit == WEFT_UNLIMITED ||
        weft_host_is_unix(&conn->peer))
        return 0;
    return enter_address(conn, peer, opts->per_address_limit);
}

/* Gives its places back. */
static void leave(struct weft_conn *conn)
{
    struct weft_server *server = weft_conn_worker(conn)->server;

    if (conn->session.owner_flags & WEFT_CONN_COUNTED)
        weft_peers_leave(&server->peers, &conn->extras->peer_key);
    if (conn->session.owner_flags & WEFT_CONN_ADMITTED)
        __atomic_sub_fetch(&server->connections, 1, __ATOMIC_RELAXED);
    conn->session.owner_flags &=
        (uint8_t) ~(WEFT_CONN_COUNTED | WEFT_CONN_ADMITTED);
}

/* It gets its 503 and some time to read it, unless too many others have that
 * at the moment. */
static void turn_away(struct weft_worker *worker, struct weft_conn *conn)
{
    if (worker->refusals >= REFUSALS_MAX) {
        weft_conn_cut(conn);
        return;
    }
    worker->refusals++;
    conn->session.owner_flags |= WEFT_CONN_REFUSED;
    weft_http_refuse(conn, 503);
}

/* Puts TLS on its stream, where the listener has it. */
static int secure(struct weft_conn *conn, const struct weft_listener *listener)
{
    struct weft_tls *tls;
    int err;

    if (!listener->keyring)
        return 0;
    tls = weft_keyring_take(listener->keyring);
    err = weft_tls_accept(&conn->session.stream, tls);
    weft_tls_unref(tls);
    return err;
}

static void greet(struct weft_worker *worker, struct weft_conn *conn,
                  const struct weft_address *peer)
{
    weft_count(&worker->stats.accepted, 1);
    if (admit(conn, peer) != 0) {
        leave(conn); /* while it lingers others may come in */
        weft_count(&worker->stats.refused, 1);
        turn_away(worker, conn);
    }
}

static void tell_dropped(struct weft_worker *worker)
{
    weft_count(&worker->stats.refused, 1);
    weft_log_line(&worker->server->log, WEFT_LOG_ERROR,
                  "a connection was dropped: out of memory");
}

void weft_conn_accept(struct weft_worker *worker,
                      const struct weft_listener *listener, int fd,
                      const struct weft_address *peer)
{
    struct weft_conn *conn = weft_slab_take(&worker->conns);

    if (conn)
        weft_list_init(&conn->deadline);
    if (!conn || weft_http_open(conn, worker, fd) != 0) {
        if (conn)
            weft_slab_give(&worker->conns, conn);
        tell_dropped(worker);
        close(fd);
    } else if (secure(conn, listener) != 0) {
        tell_dropped(worker);
        weft_conn_cut(conn);
    } else {
        greet(worker, conn, peer);
    }
}

void weft_conn_upgrade(struct weft_conn *conn, struct weft_route *route)
{
    struct weft_worker *worker = weft_conn_worker(conn);

    conn->route = route;
    conn->session.owner_flags |= WEFT_CONN_OPEN | WEFT_CONN_JOINED;
    weft_session_start(&conn->session, &route->confs[worker->index]);
    weft_count(&worker->stats.opened, 1);
    weft_count(&worker->stats.open, 1);
    weft_conn_rearm(conn);
}

struct weft_extras *weft_conn_extras(struct weft_conn *conn)
{
    if (!conn->extras) {
        conn->extras = weft_zalloc(mem_of(conn), sizeof(*conn->extras));
        if (conn->extras) {
            weft_list_init(&conn->extras->timers);
            weft_list_init(&conn->extras->subscriptions);
        }
    }
    return conn->extras;
}

/* ---- End ----------------------------------------------------------------- */

static void extras_free(struct weft_conn *conn)
{
    struct weft_extras *extras = conn->extras;

    if (!extras)
        return;
    weft_strfree(mem_of(conn), extras->protocol);
    weft_free(mem_of(conn), extras, sizeof(*extras));
    conn->extras = NULL;
}

/* Out of the worker's list of the dirty, if it is there. */
static void undirty(struct weft_worker *worker, struct weft_conn *conn)
{
    struct weft_conn **link = &worker->dirty;

    if (!(conn->session.owner_flags & WEFT_CONN_DIRTY))
        return;
    while (*link != conn)
        link = &(*link)->next_dirty;
    *link = conn->next_dirty;
}

void weft_conn_closed(struct weft_conn *conn)
{
    struct weft_worker *worker = weft_conn_worker(conn);

    leave(conn);
    undirty(worker, conn);
    weft_list_remove(&conn->deadline);
    if (weft_conn_is_http(conn)) {
        weft_http_free(conn);
    } else {
        weft_session_release(&conn->session);
        weft_route_unref(conn->route);
    }
    extras_free(conn);
    if (conn->session.owner_flags & WEFT_CONN_REFUSED)
        worker->refusals--;
    weft_slab_give(&worker->conns, conn);
    weft_worker_left(worker);
}

/* ---- Time ---------------------------------------------------------------- */

uint64_t weft_conn_deadline(const struct weft_conn *conn)
{
    return weft_conn_is_http(conn) ? weft_http_deadline(conn)
                                   : weft_session_deadline(&conn->session);
}

void weft_conn_rearm(struct weft_conn *conn)
{
    weft_worker_watch(weft_conn_worker(conn), &conn->deadline,
                      weft_conn_deadline(conn));
}

void weft_conn_tick(struct weft_conn *conn, uint64_t now_ns)
{
    if (weft_conn_is_http(conn))
        weft_http_tick(conn, now_ns);
    else
        weft_session_tick(&conn->session, now_ns);
}

void weft_conn_stop(struct weft_conn *conn)
{
    if (weft_conn_is_http(conn))
        weft_http_stop(conn);
    else
        weft_close(conn, WEFT_CLOSE_GOING_AWAY, "");
}

void weft_conn_cut(struct weft_conn *conn)
{
    if (weft_conn_is_http(conn))
        weft_stream_close(&conn->session.stream, true);
    else
        weft_session_abort(&conn->session, WEFT_ERR_GONE);
}

/* ---- What the session tells ---------------------------------------------- */

static void on_message(struct weft_session *s, const struct weft_message *msg)
{
    struct weft_conn *conn = conn_of(s);

    weft_count(&weft_conn_worker(conn)->stats.messages_in, 1);
    if (conn->route->handler.message)
        conn->route->handler.message(conn, msg);
}

static void on_control(struct weft_session *s, const struct weft_message *msg)
{
    struct weft_conn *conn = conn_of(s);

    if (conn->route->handler.control)
        conn->route->handler.control(conn, msg);
}

static void on_drain(struct weft_session *s)
{
    struct weft_conn *conn = conn_of(s);

    if (conn->route->handler.drain)
        conn->route->handler.drain(conn);
}

/* One line for the access log, and one for the error log when the peer broke a
 * rule. */
static void log_end(struct weft_conn *conn, const struct weft_closed *how)
{
    struct weft_log *log = &weft_conn_worker(conn)->server->log;
    const char *why = how->err == WEFT_ERR_TLS
                          ? weft_tls_why(&conn->session.stream)
                          : weft_endpoint_why(&conn->session.ep);
    char peer[WEFT_ADDRESS_TEXT];

    if (!log->has_access && !how->err)
        return;
    weft_conn_peer(conn, peer, sizeof(peer));
    weft_log_line(log, WEFT_LOG_ACCESS, "%s %s closed %u%s%s", peer,
                  weft_conn_path(conn), how->code, how->clean ? "" : " unclean",
                  how->err == WEFT_ERR_TIMEOUT ? " timeout" : "");
    if (how->err && *why)
        weft_log_line(log, WEFT_LOG_WARN, "%s %s: %s (%s)", peer,
                      weft_conn_path(conn), weft_strerror(how->err), why);
}

static void on_ended(struct weft_session *s, const struct weft_closed *how)
{
    struct weft_conn *conn = conn_of(s);
    struct weft_worker *worker = weft_conn_worker(conn);

    weft_topics_leave_all(conn);
    weft_conn_timers_release(conn);
    log_end(conn, how);
    if (how->err == WEFT_ERR_TIMEOUT && (s->ep.flags & WEFT_EP_PINGED))
        weft_count(&worker->stats.silent, 1);
    weft_count(&worker->stats.open, (uint64_t)-1);
    /* From here on it takes no timer or subscription, which would outlive it.
     */
    conn->session.owner_flags &= (uint8_t)~WEFT_CONN_OPEN;
    if (conn->route->handler.close)
        conn->route->handler.close(conn, how);
    weft_conn_rearm(conn);
}

static void on_closed(struct weft_session *s)
{
    weft_conn_closed(conn_of(s));
}

static void on_dirty(struct weft_session *s)
{
    struct weft_conn *conn = conn_of(s);
    struct weft_worker *worker = weft_conn_worker(conn);

    if (conn->session.owner_flags & WEFT_CONN_DIRTY)
        return;
    conn->session.owner_flags |= WEFT_CONN_DIRTY;
    conn->next_dirty = worker->dirty;
    worker->dirty = conn;
}

const struct weft_session_ops weft_conn_ops = {
    .message = on_message,
    .control = on_control,
    .drain = on_drain,
    .ended = on_ended,
    .closed = on_closed,
    .dirty = on_dirty,
};
