/* SPDX-License-Identifier: MIT */
/*
 * The calls of <weft/handler.h> on an open connection: sending under the
 * slow-consumer rule of the route, closing, and what can be asked.
 */
#include "base/mem.h"
#include "server/conn.h"

#include "base/hints.h"

static enum weft_slow slow_of(const struct weft_conn *conn)
{
    return conn->route->handler.slow;
}

static void log_slow(const struct weft_conn *conn)
{
    char peer[WEFT_ADDRESS_TEXT];

    weft_log_line(&weft_conn_server(conn)->log, WEFT_LOG_WARN,
                  "%s %s: reads too slowly, closed with 1013",
                  weft_conn_peer(conn, peer, sizeof(peer)),
                  weft_conn_path(conn));
}

/* The queue is full. Makes room for one more message, or does what the route
 * wants instead: 0 to try again, or the error for the sender. */
static WEFT_COLD int make_room(struct weft_conn *conn)
{
    struct weft_worker *worker = weft_conn_worker(conn);

    /* Output is held until the end of the turn: before a peer is called slow
     * it must have been offered what waits. */
    if (weft_session_flush(&conn->session))
        return 0;
    switch (slow_of(conn)) {
    case WEFT_SLOW_DROP_OLDEST:
        if (!weft_endpoint_drop_oldest(&conn->session.ep))
            break;
        weft_count(&worker->stats.dropped, 1);
        return 0;
    case WEFT_SLOW_DRAIN:
        weft_session_want_drain(&conn->session);
        return WEFT_ERR_BUSY;
    case WEFT_SLOW_CLOSE:
        weft_count(&worker->stats.slow_closed, 1);
        log_slow(conn);
        weft_close(conn, WEFT_CLOSE_TRY_AGAIN, "reads too slowly");
        break;
    case WEFT_SLOW_DROP_NEWEST:
        break;
    }
    weft_count(&worker->stats.dropped, 1);
    return WEFT_ERR_BUSY;
}

static inline int count_sent(struct weft_conn *conn, int err)
{
    if (!err)
        weft_count(&weft_conn_worker(conn)->stats.messages_out, 1);
    return err;
}

int weft_send(struct weft_conn *conn, enum weft_kind kind, const void *data,
              size_t len)
{
    int err = weft_session_send(&conn->session, kind, data, len);

    while (err == WEFT_ERR_BUSY && (err = make_room(conn)) == 0)
        err = weft_session_send(&conn->session, kind, data, len);
    return count_sent(conn, err);
}

int weft_conn_broadcast(struct weft_conn *conn, struct weft_broadcast *message)
{
    int err;

    do
        err = weft_session_broadcast(&conn->session, message);
    while (err == WEFT_ERR_BUSY && (err = make_room(conn)) == 0);
    /* A publisher is not told, so what a subscriber misses is counted. */
    if (err == WEFT_ERR_NOMEM ||
        (err == WEFT_ERR_BUSY && slow_of(conn) == WEFT_SLOW_DRAIN))
        weft_count(&weft_conn_worker(conn)->stats.dropped, 1);
    return count_sent(conn, err);
}

int weft_send_text(struct weft_conn *conn, const char *text)
{
    return weft_send(conn, WEFT_TEXT, text, strlen(text));
}

int weft_close(struct weft_conn *conn, uint16_t code, const char *reason)
{
    size_t len = reason ? strlen(reason) : 0;
    int err = weft_session_close(&conn->session, code, reason, len);

    if (!err)
        weft_conn_rearm(conn);
    return err;
}

void weft_abort(struct weft_conn *conn)
{
    weft_session_abort(&conn->session, WEFT_ERR_GONE);
}

void *weft_conn_user(const struct weft_conn *conn)
{
    return conn->user;
}

void weft_conn_set_user(struct weft_conn *conn, void *user)
{
    conn->user = user;
}

const char *weft_conn_path(const struct weft_conn *conn)
{
    return conn->route->path;
}

const char *weft_conn_protocol(const struct weft_conn *conn)
{
    return conn->extras && conn->extras->protocol ? conn->extras->protocol : "";
}

const char *weft_conn_peer(const struct weft_conn *conn, char *text,
                           size_t size)
{
    char full[WEFT_ADDRESS_TEXT];

    weft_host_text(&conn->peer, full);
    if (size > 0) {
        size_t len = strnlen(full, size - 1);

        memcpy(text, full, len);
        text[len] = '\0';
    }
    return text;
}

size_t weft_conn_queued(const struct weft_conn *conn)
{
    return weft_endpoint_queued(&conn->session.ep);
}

struct weft_server *weft_conn_server(const struct weft_conn *conn)
{
    return weft_conn_worker(conn)->server;
}

struct weft_loop *weft_conn_loop(const struct weft_conn *conn)
{
    return conn->session.stream.io.loop;
}
