/* SPDX-License-Identifier: MIT */
/*
 * A WebSocket connection after its handshake: an endpoint joined to a stream.
 * Both roles. Bytes that come become calls of the owner; what the owner sends
 * during a turn leaves together at its end; a peer that does not read is not
 * read from; and the end comes in the order of RFC 6455 section 7.1.
 *
 * The session is embedded in the owner's struct and shares its life: the owner
 * frees it after closed, which is the stream's last call.
 */
#ifndef WEFT_SESSION_SESSION_H
#define WEFT_SESSION_SESSION_H

#include "net/stream.h"
#include "session/outgoing.h"
#include "ws/endpoint.h"

struct weft_session;

struct weft_session_ops {
    void (*message)(struct weft_session *s, const struct weft_message *msg);
    void (*control)(struct weft_session *s, const struct weft_message *msg);

    /* The queue was full for a send, and is half empty now. */
    void (*drain)(struct weft_session *s);

    /* The WebSocket connection is over; called once. The stream may live on
     * for a while. */
    void (*ended)(struct weft_session *s, const struct weft_closed *how);

    /* The stream is closed; the owner may free the session. */
    void (*closed)(struct weft_session *s);

    /* Bytes that came before the session was held and that nobody has looked
     * at: the owner copies them, and gives them to weft_session_take after
     * weft_session_unhold. NULL for an owner that never holds. */
    void (*held)(struct weft_session *s, const uint8_t *p, size_t len);

    /* Something was sent outside a turn: the owner calls weft_session_settle
     * at the end of the loop's turn. */
    void (*dirty)(struct weft_session *s);
};

/* Shared by sessions, and must outlive them. */
struct weft_session_conf {
    struct weft_endpoint_conf ep;
    const struct weft_session_ops *ops;
};

struct weft_session {
    struct weft_stream stream;
    struct weft_endpoint ep;
    struct weft_outgoing *outgoing; /* the write in progress, or NULL */
    uint32_t acked;                 /* the mark of weft_stream_is_taking */
    uint16_t flags;                 /* enum session_flags, in session.c */
    int8_t abort_err;
    uint8_t owner_flags; /* the owner's, for any use; left as they are */
};

/* Joins an open stream, whose operations it takes over, to a new endpoint. */
void weft_session_start(struct weft_session *s,
                        const struct weft_session_conf *conf);

/* Puts an extension into use, which becomes the endpoint's; NULL is allowed. */
void weft_session_extend(struct weft_session *s, struct weft_ext *ext);

/* Bytes from the peer that came before the session began. */
void weft_session_take(struct weft_session *s, uint8_t *p, size_t len);

/* As weft_endpoint_send. BUSY asks for a call of drain when told to. EOF: the
 * peer has gone, which ended will tell when all is read that it said before. A
 * large payload is offered to the kernel before this returns. */
int weft_session_send(struct weft_session *s, enum weft_kind kind,
                      const void *data, size_t len);
int weft_session_broadcast(struct weft_session *s,
                           struct weft_broadcast *message);
void weft_session_want_drain(struct weft_session *s);

/* Offers what waits to the kernel before the turn is over, for a sender that
 * was told BUSY. Calls nobody. Whether it is worth sending again: something
 * left, or the stream has failed and that is what sending will say. */
bool weft_session_flush(struct weft_session *s);

/* As weft_endpoint_close. */
int weft_session_close(struct weft_session *s, uint16_t code,
                       const char *reason, size_t reason_len);

/* Gives the connection up, with a RST: ended is called with err, and closed, at
 * the end of the turn. Nothing more can be sent. */
void weft_session_abort(struct weft_session *s, int err);

/* Stops the messages from the peer, also in the middle of what has come, and
 * goes on. While it is held the peer's silence is nobody's fault. */
void weft_session_hold(struct weft_session *s);
void weft_session_unhold(struct weft_session *s);

/* Ends it at once and tells nobody but closed: what the kernel has not taken
 * by now is lost. */
void weft_session_cut(struct weft_session *s);

/* Bytes queued that the kernel has not taken, headers included. */
size_t weft_session_unsent(const struct weft_session *s);

/* Sends what waits and does what is due after it. */
void weft_session_settle(struct weft_session *s);

/* The deadline has come, or may have. */
void weft_session_tick(struct weft_session *s, uint64_t now_ns);
uint64_t weft_session_deadline(const struct weft_session *s);

/* Frees what the session holds; the stream is closed by then. */
void weft_session_release(struct weft_session *s);

#endif
