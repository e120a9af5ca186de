/* SPDX-License-Identifier: MIT */
/*
 * The client: a browser's WebSocket, in C.
 *
 *     static const struct weft_socket_events events = {
 *         .open = on_open,
 *         .message = on_message,
 *         .close = on_close,
 *     };
 *     struct weft_socket *ws;
 *     int err = weft_socket_new(&ws, loop, "ws://localhost:9998/echo",
 *                               &(struct weft_socket_opts){
 *                                   .size = sizeof(struct weft_socket_opts),
 *                                   .events = &events,
 *                               });
 *
 * What it does is the interface of the WHATWG WebSockets standard, clause by
 * clause, whose names these are in C; what goes over the wire is RFC 6455. What
 * a browser's script cannot do, or see, is marked "not in browsers".
 *
 * A socket lives on its loop, and its functions are called on the loop's
 * thread. Its events come in turns of the loop, none inside a function that is
 * called here, but for the three that only tell what goes over the wire:
 * request, response and frame. In every event every function may be called,
 * weft_socket_free too.
 */
#ifndef WEFT_CLIENT_H
#define WEFT_CLIENT_H

#include <weft/deflate.h>
#include <weft/error.h>
#include <weft/loop.h>
#include <weft/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weft_socket;

/* The readyState attribute, and its numbers. */
enum weft_ready_state {
    WEFT_CONNECTING = 0, /* until the open event, or the end */
    WEFT_OPEN = 1,
    WEFT_CLOSING = 2, /* a close frame went or came, or close() was called */
    WEFT_CLOSED = 3,  /* from before the error and close events on */
};

/* The header of one frame (RFC 6455 section 5.2) on its way. */
struct weft_frame_info {
    bool is_sent; /* or received */
    bool fin;
    uint8_t rsv;    /* RSV1 is 4, RSV2 is 2, RSV3 is 1 */
    uint8_t opcode; /* 0 continuation, 8 close, or one of enum weft_kind */
    bool masked;
    uint8_t key[4]; /* the masking key, if masked */
    uint64_t len;   /* bytes of payload */
};

/* What happens. Each may be NULL. The events of one socket come in the order
 * open, message and control, error, close. This struct grows only together with
 * the options, whose size tells how large it is. */
struct weft_socket_events {
    /* The connection is open: protocol and extensions are known now. */
    void (*open)(struct weft_socket *ws);

    /* A whole message came. None is told after weft_socket_close, or while the
     * socket is paused. */
    void (*message)(struct weft_socket *ws, const struct weft_message *msg);

    /* The connection failed: it could not be opened, the peer broke a rule, or
     * ended TCP without a close frame (while CLOSING too: RFC 6455 section
     * 7.2.1), or was silent, or weft_socket_close gave up opening it. Not when
     * we have waited long enough for an answer to our own close frame. err is
     * one of enum weft_err; why is a sentence without full stop for a person,
     * which a browser would keep to itself, and lives until this returns. close
     * follows at once. */
    void (*error)(struct weft_socket *ws, int err, const char *why);

    /* The connection is closed: the last event, which comes in every case but
     * after weft_socket_free. how->code is 1005 when the peer's close frame had
     * none, and 1006 when no such frame came; how->err is 0, or why it ended
     * without a closing handshake. */
    void (*close)(struct weft_socket *ws, const struct weft_closed *how);

    /* ---- Not in browsers ---- */

    /* A ping or a pong came; the ping has been answered already. */
    void (*control)(struct weft_socket *ws, const struct weft_message *msg);

    /* A send was refused with BUSY, and half of the buffer is free now. Whoever
     * sets this has the buffer refuse what is too much; see
     * weft_socket_send. */
    void (*drain)(struct weft_socket *ws);

    /* The head of a request went out, or that of a response came in, of a
     * proxy too: HTTP/1.1, with the empty line at its end. A head that is not
     * HTTP at all is told as far as it came. Not null-terminated; control
     * characters are as they came. */
    void (*request)(struct weft_socket *ws, const char *head, size_t len);
    void (*response)(struct weft_socket *ws, const char *head, size_t len);

    /* The header of a frame came, or of one was queued. A pause in here begins
     * behind what came with the frame. */
    void (*frame)(struct weft_socket *ws, const struct weft_frame_info *frame);
};

/* All but size may be 0 or NULL: then it is what stands in brackets. A number
 * of WEFT_SOCKET_NEVER switches a limit or a wait off. Strings and arrays are
 * copied, but for events, which must outlive the socket. */
#define WEFT_SOCKET_NEVER ((uint64_t)-1)

struct weft_socket_opts {
    size_t size; /* of this struct */
    const struct weft_socket_events *events;
    void *user; /* for weft_socket_user */

    const char *base;             /* URL that a relative URL starts from */
    const char *const *protocols; /* subprotocols, the preferred first, ended
                                   * by NULL: tokens, each once */
    const char *origin;           /* of the page that asks [none is sent] */
    const char *cookie;           /* "name=value; name=value" [none is sent] */
    const char *const *headers;   /* more fields, "Name: value", ended by NULL.
                                   * Host and User-Agent may be given; what
                                   * the handshake itself consists of may not */

    /* "http://host:port" of a proxy that knows CONNECT, perhaps with
     * "user:password@"; "" for none. [For ws the environment variable
     * http_proxy, for wss https_proxy or HTTPS_PROXY, then all_proxy or
     * ALL_PROXY, unless no_proxy or NO_PROXY names the host.] */
    const char *proxy;

    /* Not to wait while another socket of the loop is connecting to the same
     * host. By RFC 6455 section 4.1, as in browsers, they become open one after
     * the other, lest a page flood a server. */
    bool parallel;

    uint64_t connect_ms;    /* [30000] to become open, that wait and the look-up
                             * of names included */
    uint64_t close_ms;      /* [5000] closing handshake: cut; behind it, 1000
                             * at most for the server to end TCP */
    uint64_t ping_ms;       /* [off] silence before a ping of ours */
    uint64_t pong_ms;       /* [15000] silence after it: failed */
    uint64_t message_limit; /* [16 MiB] bytes of a message: 1009 */
    uint64_t fragment_limit; /* [131072] frames of a message: 1008 */
    uint64_t buffer_limit;   /* [16 MiB] waiting to be sent */
    uint64_t header_limit;   /* [64 KiB] bytes of a response's head, together
                              * with those of interim responses before it */

    /* If not NULL: what is wrong with an argument when new returns INVALID, as
     * a sentence without full stop; "" otherwise. Lives until the thread's next
     * call of weft_socket_new. */
    const char **why;

    /* Compression: what is offered to the server. NULL: the defaults of
     * <weft/deflate.h>. The ceiling is not looked at. */
    const struct weft_deflate_opts *deflate;

    /* TLS, for wss. The server's certificate must bear the host of the URL and
     * come from an authority of this PEM file [of the system's store]; or with
     * is_insecure it may be anybody's. */
    const char *ca_file;
    const char *certificate; /* PEM, of our own, if the server asks [none] */
    const char *key;         /* PEM [in the same file] */
    bool is_insecure;
};

/*
 * Begins to connect to a URL: ws and wss, or http and https, which stand for
 * them; relative to opts->base if that is given. Its user name and password are
 * not sent. opts may be NULL. A port that browsers block, and everything that
 * another machine has to do with, are told by the error event.
 *
 * 0; INVALID where the standard has a SyntaxError (the URL or the protocols),
 * or for a header or a proxy that cannot be, or for wss a file that cannot be
 * used; USAGE for options that this library does not know; NOMEM or SYSTEM.
 */
WEFT_API WEFT_CHECK int weft_socket_new(struct weft_socket **out,
                                        struct weft_loop *loop, const char *url,
                                        const struct weft_socket_opts *opts);

/*
 * Gives a socket back; NULL is allowed. No event comes any more. An open
 * connection is left with close code 1001, as a browser's page leaves it when
 * it goes away, and without waiting for an answer. Before weft_loop_free.
 */
WEFT_API void weft_socket_free(struct weft_socket *ws);

/* The readyState, url, protocol and extensions attributes. The strings live as
 * long as the socket; the last two are "" until it is open, or if the server
 * chose none. */
WEFT_API enum weft_ready_state
weft_socket_ready_state(const struct weft_socket *ws);
WEFT_API const char *weft_socket_url(const struct weft_socket *ws);
WEFT_API const char *weft_socket_protocol(const struct weft_socket *ws);
WEFT_API const char *weft_socket_extensions(const struct weft_socket *ws);

/* The bufferedAmount attribute: bytes of messages given to weft_socket_send
 * and not yet to the network, without what frames add. It does not fall to 0
 * when the connection closes. */
WEFT_API uint64_t weft_socket_buffered_amount(const struct weft_socket *ws);

/*
 * Sends a message, WEFT_TEXT or WEFT_BINARY; data is copied. 0; USAGE while
 * CONNECTING, or for another kind; INVALID for text that is not UTF-8; NOMEM.
 * While CLOSING or CLOSED it only adds to the buffered amount, and returns 0.
 *
 * When buffer_limit bytes wait already, it returns BUSY. If there is an event
 * drain, then nothing else has happened, and drain tells when to go on. If
 * there is none, the standard has its way: the message counts as buffered, and
 * the socket fails, as what was to be sent would be lost unseen.
 */
WEFT_API int weft_socket_send(struct weft_socket *ws, enum weft_kind kind,
                              const void *data, size_t len);

/*
 * Starts the closing handshake, or gives up connecting; while CLOSING or CLOSED
 * it does nothing. code is 1000 or 3000 to 4999, or 0 for none (1000 if there
 * is a reason); reason is null-terminated UTF-8 of at most 123 bytes, or NULL.
 * 0, or INVALID for others, and nothing has changed. A paused socket reads
 * again.
 */
WEFT_API int weft_socket_close(struct weft_socket *ws, uint16_t code,
                               const char *reason);

WEFT_API void *weft_socket_user(const struct weft_socket *ws);
WEFT_API void weft_socket_set_user(struct weft_socket *ws, void *user);

/* ---- Not in browsers ----------------------------------------------------- */

/* Sends a ping of at most 125 bytes. 0; USAGE unless OPEN, or for more bytes;
 * NOMEM. Its pong comes as a control event. */
WEFT_API int weft_socket_ping(struct weft_socket *ws, const void *data,
                              size_t len);

/*
 * Stops and goes on reading, as a WebSocketStream does when nobody takes what
 * it reads: the peer feels it, once what lies between is full. While it is
 * paused no message or control event comes, pings are not answered, and an end
 * of the connection is not seen. Allowed at any time; twice is once.
 */
WEFT_API void weft_socket_pause(struct weft_socket *ws);
WEFT_API void weft_socket_resume(struct weft_socket *ws);

/* The HTTP status of the server's last answer, or of the proxy's that would
 * not connect; 0 before there was one. */
WEFT_API int weft_socket_status(const struct weft_socket *ws);

/* What wss goes over, as "TLSv1.3 TLS_AES_256_GCM_SHA384": from the request
 * event on, until the connection is closed; "" otherwise, and for ws. Written
 * to text, cut to size, and returned. */
WEFT_API const char *weft_socket_tls(const struct weft_socket *ws, char *text,
                                     size_t size);

/* The subject of the server's certificate, in the form of RFC 2253, likewise;
 * "" where it was not checked. */
WEFT_API const char *weft_socket_peer_subject(const struct weft_socket *ws,
                                              char *text, size_t size);

WEFT_API struct weft_loop *weft_socket_loop(const struct weft_socket *ws);

#ifdef __cplusplus
}
#endif

#endif
