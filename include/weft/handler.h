/* SPDX-License-Identifier: MIT */
/*
 * Handlers: what a server does at one path.
 *
 * A handler is a table of functions that the server calls. In a folder of
 * handlers, the file echo_wsh.c is the endpoint /echo, and looks like this:
 *
 *     #include <weft/handler.h>
 *
 *     static void on_message(struct weft_conn *conn,
 *                            const struct weft_message *msg)
 *     {
 *         weft_send(conn, msg->kind, msg->data, msg->len);
 *     }
 *
 *     WEFT_HANDLER(.message = on_message)
 *
 * A connection stays on one thread for its life, and all its functions are
 * called there; different connections of one handler run on different threads
 * at the same time, so what they share needs a lock or topics. Functions must
 * not block: they hold up all connections of their thread.
 *
 * Functions that take a struct weft_conn may be called only on the
 * connection's thread, from open until close has returned. From anywhere else
 * use a struct weft_handle.
 */
#ifndef WEFT_HANDLER_H
#define WEFT_HANDLER_H

#include <weft/deflate.h>
#include <weft/error.h>
#include <weft/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weft_conn;    /* an open connection */
struct weft_request; /* a request to open one */
struct weft_server;
struct weft_loop;

/* What happens to a message for a peer that reads too slowly: more than the
 * queue's limit waits for it. Control frames are always queued, and each
 * dropped message is counted. */
enum weft_slow {
    WEFT_SLOW_CLOSE,       /* the connection is closed with 1013 */
    WEFT_SLOW_DROP_NEWEST, /* the message is not sent */
    WEFT_SLOW_DROP_OLDEST, /* messages at the head of the queue make room */
    WEFT_SLOW_DRAIN,       /* weft_send says BUSY; drain is called later */
};

struct weft_handler {
    size_t size; /* of this struct, as the handler was compiled */

    /*
     * A request wants to open a connection here; its version, key and origin
     * are right. Return 0 to accept it, perhaps after weft_request_protocol
     * and weft_request_add_header; or an HTTP status from 300 to 599 to refuse
     * it, perhaps after weft_request_body. NULL accepts. The request is gone
     * when this returns.
     */
    int (*request)(struct weft_request *req);

    /* The connection is open. The request can be read until this returns. */
    void (*open)(struct weft_conn *conn, struct weft_request *req);

    /* A whole text or binary message came. */
    void (*message)(struct weft_conn *conn, const struct weft_message *msg);

    /* A ping or a pong came. The ping has been answered already. */
    void (*control)(struct weft_conn *conn, const struct weft_message *msg);

    /* The queue was over its limit and has fallen to half of it. */
    void (*drain)(struct weft_conn *conn);

    /* The last call for this connection, in every case in which open was
     * called. Free what weft_conn_user holds here. */
    void (*close)(struct weft_conn *conn, const struct weft_closed *how);

    /* Limits for this path; 0 takes the server's. */
    size_t message_limit; /* bytes of a message from the peer */
    size_t queue_limit;   /* bytes that may wait for the peer */
    enum weft_slow slow;

    /* Origins allowed here, as "https://a.example", ended by NULL; "any"
     * allows all. NULL: the server's rule. */
    const char *const *origins;

    /* Compression here; NULL: the server's. Where slow is DROP_OLDEST, what we
     * send is never compressed with takeover. */
    const struct weft_deflate_opts *deflate;
};

/* Makes a file a handler. Takes the fields of struct weft_handler:
 * WEFT_HANDLER(.open = on_open, .message = on_message) */
#define WEFT_HANDLER(...)                                                      \
    WEFT_API extern const struct weft_handler weft_handler;                    \
    const struct weft_handler weft_handler = {                                 \
        .size = sizeof(struct weft_handler), __VA_ARGS__};

/* ---- The request, in .request and .open ---------------------------------
 *
 * Strings live until the function that was given the request returns. */

/* The path, percent-decoded and without the query: "/echo". */
WEFT_API const char *weft_request_path(const struct weft_request *req);

/* What follows the "?" as it came, not decoded; NULL where there is no "?". */
WEFT_API const char *weft_request_query(struct weft_request *req);

/* The value of the parameter name=value in the query, decoded as in an HTML
 * form, the first if there are several; NULL where there is none. */
WEFT_API const char *weft_request_param(struct weft_request *req,
                                        const char *name);

/* The value of a header field; several of one name are joined with ", ".
 * Names are compared without regard to case. NULL where there is none. */
WEFT_API const char *weft_request_header(struct weft_request *req,
                                         const char *name);

/* Whether the request came over TLS. */
WEFT_API bool weft_request_is_secure(struct weft_request *req);

/* The subject of the client's certificate, which has been checked, in the form
 * of RFC 2253: "CN=alice,O=Example"; NULL where there is none. */
WEFT_API const char *weft_request_client_subject(struct weft_request *req);

/* The i-th header field from 0, in the order they came. false past the last.
 * name and value may each be NULL. */
WEFT_API bool weft_request_header_at(struct weft_request *req, size_t i,
                                     const char **name, const char **value);

/* The value of a cookie (RFC 6265 section 5.4); NULL where there is none. */
WEFT_API const char *weft_request_cookie(struct weft_request *req,
                                         const char *name);

/* The i-th subprotocol the client offers, from 0; NULL past the last. */
WEFT_API const char *weft_request_offer(struct weft_request *req, size_t i);

/* The Origin header, or NULL. */
WEFT_API const char *weft_request_origin(struct weft_request *req);

/* The peer's address as text: "192.0.2.1", "2001:db8::1" or "unix". */
WEFT_API const char *weft_request_peer(const struct weft_request *req);

/* Chooses a subprotocol, which must be one that the client offers: 0, or
 * USAGE. In .request only. */
WEFT_API int weft_request_protocol(struct weft_request *req,
                                   const char *protocol);

/* Adds a header field to the response, also to a refusal. 0, NOMEM, or USAGE
 * for a name or value that HTTP does not allow (CR, LF, NUL) and for fields
 * that belong to the handshake. In .request only. */
WEFT_API int weft_request_add_header(struct weft_request *req, const char *name,
                                     const char *value);

/* The body of a refusal, as UTF-8 text; copied. 0 or NOMEM. */
WEFT_API int weft_request_body(struct weft_request *req, const char *text);

/* A pointer that becomes weft_conn_user of the connection. In .request only;
 * memory is better taken in .open, which is followed by .close in every case:
 * a request may still fail after .request has accepted it. */
WEFT_API void weft_request_set_user(struct weft_request *req, void *user);

/* ---- The connection ------------------------------------------------------ */

/*
 * Queues a message, ping or pong; data is copied, or sent before this returns.
 * 0; BUSY when it was dropped or refused for a peer that reads too slowly;
 * USAGE when the connection is closing, for text that is not UTF-8 or a
 * control frame over 125 bytes; EOF when the peer has gone, which close will
 * tell; NOMEM.
 */
WEFT_API int weft_send(struct weft_conn *conn, enum weft_kind kind,
                       const void *data, size_t len);

/* The same for null-terminated text. */
WEFT_API int weft_send_text(struct weft_conn *conn, const char *text);

/*
 * Starts the closing handshake. code is 1000 to 1003, 1007 to 1014, 3000 to
 * 4999, or 0 for none; reason is null-terminated UTF-8 of at most 123 bytes,
 * "" or NULL for none. 0, or USAGE for other values or when closing already.
 * No message is delivered after this; close is, when the peer has answered or
 * not done so in time.
 */
WEFT_API int weft_close(struct weft_conn *conn, uint16_t code,
                        const char *reason);

/* Cuts the connection without a closing handshake, at the end of the turn. */
WEFT_API void weft_abort(struct weft_conn *conn);

/* A pointer of the handler's own. NULL until set. */
WEFT_API void *weft_conn_user(const struct weft_conn *conn);
WEFT_API void weft_conn_set_user(struct weft_conn *conn, void *user);

/* The path of the handler: "/chat". */
WEFT_API const char *weft_conn_path(const struct weft_conn *conn);

/* The subprotocol in use, or "". */
WEFT_API const char *weft_conn_protocol(const struct weft_conn *conn);

/* Writes the peer's address as text, cut to size, and returns text. 64 bytes
 * are enough for every address. */
WEFT_API const char *weft_conn_peer(const struct weft_conn *conn, char *text,
                                    size_t size);

/* Bytes that wait to be sent to the peer. */
WEFT_API size_t weft_conn_queued(const struct weft_conn *conn);

WEFT_API struct weft_server *weft_conn_server(const struct weft_conn *conn);

/* The loop of the connection's thread, for timers and descriptors of one's
 * own. */
WEFT_API struct weft_loop *weft_conn_loop(const struct weft_conn *conn);

/* ---- Timers -------------------------------------------------------------- */

/*
 * Calls fn(conn, arg) once, in_ms from now, and then every repeat_ms (0: only
 * once). It ends with the connection by itself; *id (which may be NULL) is for
 * weft_conn_timer_stop. 0, NOMEM, or USAGE when the connection is closed.
 */
WEFT_API int weft_conn_timer(struct weft_conn *conn, uint64_t in_ms,
                             uint64_t repeat_ms,
                             void (*fn)(struct weft_conn *conn, void *arg),
                             void *arg, uint32_t *id);

WEFT_API void weft_conn_timer_stop(struct weft_conn *conn, uint32_t id);

/* ---- Topics -------------------------------------------------------------- */

enum weft_publish_flags {
    WEFT_PUBLISH_OTHERS = 1, /* not to the publisher itself */
};

/* Subscribes to a topic: any text of 1 to 255 bytes. Subscribing twice is the
 * same as once. 0, NOMEM, USAGE, or LIMIT when the connection has too many. It
 * ends with the connection by itself. */
WEFT_API int weft_subscribe(struct weft_conn *conn, const char *topic);

/* 0, also where there was no subscription. */
WEFT_API int weft_unsubscribe(struct weft_conn *conn, const char *topic);

/*
 * Sends a message to every subscriber of the topic in this process, on all
 * threads. The frame is built once. Each subscriber's own slow-consumer rule
 * applies. Messages that one thread publishes arrive in their order. The
 * publisher need not be subscribed. 0, NOMEM, USAGE (kind, UTF-8, topic), or
 * BUSY when another thread cannot keep up and did not get it.
 */
WEFT_API int weft_publish(struct weft_conn *conn, const char *topic,
                          enum weft_kind kind, const void *data, size_t len,
                          unsigned flags);

/* ---- From other threads ------------------------------------------------- */

/* A name for a connection that is safe to keep, copy and use from any thread,
 * also when the connection has gone. It must not outlive the server. */
struct weft_handle {
    struct weft_server *server;
    uint64_t id;
};

WEFT_API struct weft_handle weft_conn_handle(const struct weft_conn *conn);

/* As weft_send and weft_close, from any thread: the data is copied and handed
 * to the connection's thread. 0 means handed over; what becomes of it there is
 * not reported. NOMEM, USAGE (arguments), BUSY when 64 MiB are on their way to
 * that thread, or GONE once the server was told twice to stop. */
WEFT_API int weft_handle_send(struct weft_handle handle, enum weft_kind kind,
                              const void *data, size_t len);
WEFT_API int weft_handle_close(struct weft_handle handle, uint16_t code,
                               const char *reason);

/* Calls fn(conn, arg) on the connection's thread; conn is NULL when it has
 * gone, so that arg can be freed. 0, or NOMEM or GONE: fn is not called. */
WEFT_API WEFT_CHECK int
weft_handle_call(struct weft_handle handle,
                 void (*fn)(struct weft_conn *conn, void *arg), void *arg);

#ifdef __cplusplus
}
#endif

#endif
