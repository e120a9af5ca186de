/* SPDX-License-Identifier: MIT */
/*
 * The engine alone: one end of a WebSocket connection (an "endpoint", RFC 6455
 * section 1.3) after its handshake, without any input or output of its own.
 *
 * Bytes from the peer are fed, events are pulled one at a time, and bytes for
 * the peer are looked at and then marked as sent. There is no socket, clock,
 * thread or log in here, so it runs under any event loop, over any transport,
 * and in tests:
 *
 *     weft_endpoint_feed(ep, bytes, len);
 *     while ((rc = weft_endpoint_next(ep, &event)) > 0)
 *         deliver(app, &event);
 *     while (weft_endpoint_output(ep, &iov) &&
 *            (n = write(fd, iov.iov_base, iov.iov_len)) > 0)
 *         weft_endpoint_sent(ep, n);
 *
 * An endpoint answers pings, echoes the close frame, keeps the limits, and
 * turns each offence of the peer into the close code that RFC 6455 gives it.
 * One thread at a time may use an endpoint.
 */
#ifndef WEFT_ENDPOINT_H
#define WEFT_ENDPOINT_H

#include <sys/uio.h>
#include <weft/deflate.h>
#include <weft/error.h>
#include <weft/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weft_endpoint;

enum weft_role {
    WEFT_SERVER, /* takes masked frames, sends unmasked ones (section 5.1) */
    WEFT_CLIENT, /* the reverse */
};

/* Begin with WEFT_ENDPOINT_OPTS, then change what should differ. */
struct weft_endpoint_opts {
    size_t size; /* of this struct, as the caller was compiled */
    enum weft_role role;
    const struct weft_mem *mem; /* NULL: malloc. Must outlive the endpoint */

    /* Fills out with len unpredictable bytes; 0, or negative when it cannot.
     * Needed by clients, which take a fresh masking key from it for every
     * frame (section 5.3). */
    int (*random)(void *ud, void *out, size_t len);
    void *random_ud;

    size_t message_limit;    /* bytes of a message; beyond: 1009 */
    uint32_t fragment_limit; /* frames of one message; beyond: 1008 */
    size_t out_limit;        /* bytes queued before sends are refused */

    /* Keepalive and patience, in nanoseconds, 0 for never. They have effect
     * only where weft_endpoint_tick is called. */
    uint64_t ping_ns;  /* silence after which a ping is sent */
    uint64_t pong_ns;  /* silence after that ping before it is given up */
    uint64_t close_ns; /* wait for the peer's close frame and end of stream */

    /* The value of Sec-WebSocket-Extensions in the server's answer, as
     * weft_extensions_answer makes it; NULL or "": none is in use. */
    const char *extensions;
    const struct weft_deflate_opts *deflate; /* NULL: the defaults */
};

#ifdef __cplusplus
#define WEFT_ENDPOINT_OPTS_INIT_ weft_endpoint_opts
#else
#define WEFT_ENDPOINT_OPTS_INIT_ (struct weft_endpoint_opts)
#endif

/* A server with the default limits of docs/limits.md. */
#define WEFT_ENDPOINT_OPTS                                                     \
    WEFT_ENDPOINT_OPTS_INIT_                                                   \
    {                                                                          \
        sizeof(struct weft_endpoint_opts), WEFT_SERVER, NULL, NULL, NULL,      \
            16777216, 131072, 1048576, 30000000000, 15000000000, 5000000000,   \
            NULL, NULL,                                                        \
    }

enum weft_event_type {
    WEFT_EVENT_MESSAGE, /* a whole text or binary message */
    WEFT_EVENT_PING,    /* a ping; its pong is queued already */
    WEFT_EVENT_PONG,    /* a pong, asked for or not */
    WEFT_EVENT_CLOSE,   /* the connection is closed; always the last event */
};

/* What msg and reason point to lives until the next call on the endpoint. */
struct weft_event {
    enum weft_event_type type;
    struct weft_message msg; /* MESSAGE, PING, PONG */

    /* CLOSE: the code and reason of the peer's close frame (section 7.1.5);
     * 1005 when that frame had none, 1006 when no close frame came. */
    uint16_t code;
    const char *reason; /* valid UTF-8, not null-terminated */
    size_t reason_len;  /* at most 123 */
    bool clean;         /* a close frame went each way (section 7.1.4) */
};

/*
 * What a server answers to the Sec-WebSocket-Extensions of a client (RFC 6455
 * section 9.1): writes the value of its own field to out, "" when nothing is
 * agreed on. 0; PROTOCOL: what was offered is malformed, and the handshake is
 * to be refused with 400; LIMIT: size, of which 256 is enough, is too small.
 */
WEFT_API WEFT_CHECK int
weft_extensions_answer(const char *offered,
                       const struct weft_deflate_opts *deflate, char *out,
                       size_t size);

/* What a client offers, and its check of the server's answer: 0, or PROTOCOL
 * when the connection must be failed (section 4.1). */
WEFT_API WEFT_CHECK int
weft_extensions_offer(const struct weft_deflate_opts *deflate, char *out,
                      size_t size);
WEFT_API WEFT_CHECK int
weft_extensions_check(const char *answered,
                      const struct weft_deflate_opts *deflate);

/* Makes an endpoint whose handshake is over. 0, NOMEM, or USAGE for options
 * that make no sense (a client without random, unknown bytes set, extensions
 * that are none of ours). */
WEFT_API WEFT_CHECK int
weft_endpoint_new(struct weft_endpoint **out,
                  const struct weft_endpoint_opts *opts);

/* Frees the endpoint and what it still holds; NULL is allowed. */
WEFT_API void weft_endpoint_free(struct weft_endpoint *ep);

/*
 * Hands over len bytes from the peer. They are unmasked where they lie, so the
 * memory must be writable, and must stay until weft_endpoint_next has returned
 * 0 or less. USAGE when the bytes fed before have not all been pulled.
 */
WEFT_API int weft_endpoint_feed(struct weft_endpoint *ep, void *bytes,
                                size_t len);

/* Says that the peer's stream has ended. The next pull tells of it. */
WEFT_API void weft_endpoint_feed_end(struct weft_endpoint *ep);

/*
 * Pulls one event. 1: *event is filled. 0: nothing more until bytes are fed.
 * Negative: the peer broke a rule or a limit, or memory ran out; the close
 * frame that says so is queued. Send what weft_endpoint_output gives, then end
 * the transport; every further call returns the same error.
 */
WEFT_API WEFT_CHECK int weft_endpoint_next(struct weft_endpoint *ep,
                                           struct weft_event *event);

/*
 * Queues a message, ping or pong; data is copied. 0; USAGE after a close was
 * sent or received, for a control frame over 125 bytes, or for text that is
 * not UTF-8; BUSY when the queue holds out_limit bytes or more (control frames
 * are exempt); NOMEM. Nothing is queued unless it returns 0.
 */
WEFT_API int weft_endpoint_send(struct weft_endpoint *ep, enum weft_kind kind,
                                const void *data, size_t len);

/*
 * Starts or answers the closing handshake (section 7.1.2). code is 1000 to
 * 1003, 1007 to 1014, 3000 to 4999, or 0 for a close frame without one; reason
 * is UTF-8 of at most 123 bytes and may be NULL when reason_len is 0. USAGE
 * for other values, or when a close frame has been queued before.
 *
 * Called before the next pull after a CLOSE event it answers the peer with
 * this code; otherwise the peer's own code and reason are echoed.
 */
WEFT_API int weft_endpoint_close(struct weft_endpoint *ep, uint16_t code,
                                 const char *reason, size_t reason_len);

/* What to send next: true, and one piece of contiguous bytes, which stays in
 * its place until it is marked as sent; false when nothing waits. */
WEFT_API bool weft_endpoint_output(struct weft_endpoint *ep, struct iovec *iov);

/* Marks the first n bytes of the output as given to the network. */
WEFT_API void weft_endpoint_sent(struct weft_endpoint *ep, size_t n);

/* Bytes queued and not yet marked as sent, headers included. */
WEFT_API size_t weft_endpoint_queued(const struct weft_endpoint *ep);

/* Whether a close frame has been sent and one received, or the connection has
 * failed: when the output is empty too, a server now ends the TCP connection
 * (section 7.1.1) and a client waits for that, close_ns at most. */
WEFT_API bool weft_endpoint_is_over(const struct weft_endpoint *ep);

/*
 * Says what time it is, on any clock that never goes back. Call it before
 * feeding, and when the deadline has come. 0, or TIMEOUT when the peer was
 * silent for too long: the connection is over, without a close frame.
 */
WEFT_API WEFT_CHECK int weft_endpoint_tick(struct weft_endpoint *ep,
                                           uint64_t now_ns);

/* When weft_endpoint_tick wants to be called next; UINT64_MAX for never. */
WEFT_API uint64_t weft_endpoint_deadline(const struct weft_endpoint *ep);

#ifdef __cplusplus
}
#endif

#endif
