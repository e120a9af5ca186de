/* SPDX-License-Identifier: MIT */
/*
 * A connection of the server: first HTTP, then WebSocket. All that an open
 * connection needs at rest is in this struct, which is a slot of its worker's
 * slab; what only some need is attached.
 */
#ifndef WEFT_SERVER_CONN_H
#define WEFT_SERVER_CONN_H

#include "base/list.h"
#include "net/host.h"
#include "server/server.h"
#include "session/session.h"

struct weft_http;   /* http.h: while requests are read and answered */
struct weft_extras; /* below: what only some WebSocket connections have */

/* In session.owner_flags. */
enum weft_conn_flags {
    WEFT_CONN_OPEN = 1,     /* close was not called yet */
    WEFT_CONN_DIRTY = 2,    /* in the worker's list of the dirty */
    WEFT_CONN_COUNTED = 4,  /* extras->peer_key is in the peers' count */
    WEFT_CONN_ADMITTED = 8, /* in the server's count of connections */
    WEFT_CONN_REFUSED = 16, /* in the worker's count of refusals */
    WEFT_CONN_JOINED = 32,  /* to its session: it is WebSocket */
};

struct weft_conn {
    struct weft_session session;
    struct weft_list deadline; /* in the worker's wheel */
    struct weft_conn *next_dirty;
    union {
        struct weft_http *http;
        struct weft_route *route; /* counted; with WEFT_CONN_JOINED */
    };
    struct weft_extras *extras; /* NULL: none of them */
    void *user;
    struct weft_host peer;
};

/* Timers, subscriptions, the subprotocol, the address where it is counted. */
struct weft_extras {
    struct weft_list timers;        /* conn_timer.c */
    struct weft_list subscriptions; /* topic.c */
    size_t subscription_count;
    uint32_t timer_id; /* of the newest timer */
    char *protocol;    /* NULL: none */
    struct weft_peer_key peer_key;
};

static inline struct weft_conn *weft_conn_of_stream(struct weft_stream *stream)
{
    return WEFT_OF(stream, struct weft_conn, session.stream);
}

/* Whether it is HTTP yet. */
static inline bool weft_conn_is_http(const struct weft_conn *conn)
{
    return !(conn->session.owner_flags & WEFT_CONN_JOINED);
}

static inline struct weft_worker *weft_conn_worker(const struct weft_conn *conn)
{
    return weft_worker_of(conn->session.stream.io.loop);
}

/* A new peer of a listener: begins with HTTP. Closes fd when it cannot. */
void weft_conn_accept(struct weft_worker *worker,
                      const struct weft_listener *listener, int fd,
                      const struct weft_address *peer);

/* What a session of such a connection tells. */
extern const struct weft_session_ops weft_conn_ops;

/* What is called when the stream is closed, in HTTP and WebSocket alike. */
void weft_conn_closed(struct weft_conn *conn);

/* A request was accepted: from here on it is a WebSocket connection on route,
 * whose reference it takes over. http is the caller's to free. */
void weft_conn_upgrade(struct weft_conn *conn, struct weft_route *route);

/* The extras, made when there are none. NULL: no memory. */
struct weft_extras *weft_conn_extras(struct weft_conn *conn);

/* The deadline has come nearer. */
void weft_conn_rearm(struct weft_conn *conn);

/* When the worker must look at it again, and that look. */
uint64_t weft_conn_deadline(const struct weft_conn *conn);
void weft_conn_tick(struct weft_conn *conn, uint64_t now_ns);

/* Sends a message that is for many, by the slow-consumer rule. */
int weft_conn_broadcast(struct weft_conn *conn, struct weft_broadcast *message);

/* The server stops: 1001 to a WebSocket peer, the end to an idle HTTP one. */
void weft_conn_stop(struct weft_conn *conn);

/* Ends it whatever it is doing. */
void weft_conn_cut(struct weft_conn *conn);

/* ---- conn_timer.c -------------------------------------------------------- */

void weft_conn_timers_release(struct weft_conn *conn);

#endif
