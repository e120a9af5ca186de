/* SPDX-License-Identifier: MIT */
/*
 * A connection as the session sees it: bytes in, bytes out, an end. Under it
 * lies a socket in a loop, and, from TLS on, filters between the two. A plain
 * connection has none, and costs no more than the socket.
 */
#ifndef WEFT_NET_STREAM_H
#define WEFT_NET_STREAM_H

#include "loop/loop.h"
#include "net/address.h"

struct weft_stream;

struct weft_stream_ops {
    /* Bytes came, in memory that may be written to until this returns. */
    void (*data)(struct weft_stream *stream, uint8_t *p, size_t len);

    /* Nothing more will come: the peer ended its stream (err 0), or the
     * connection failed in either direction. Called at most once. */
    void (*end)(struct weft_stream *stream, int err);

    /* All that weft_stream_queue was given has gone, or, if end has been
     * called before, will never go. */
    void (*sent)(struct weft_stream *stream);

    /* The peer has gone, and what weft_stream_queue was given will never go;
     * what the peer said before may still come, and end is called behind it.
     * NULL: end is called at once. */
    void (*broken)(struct weft_stream *stream);

    /* The last call; the owner may free the struct. */
    void (*closed)(struct weft_stream *stream);
};

struct weft_filter; /* comes with TLS */

struct weft_stream {
    struct weft_io io;
    const struct weft_stream_ops *ops;
    struct weft_filter *filter; /* NULL: plain */
};

/* Takes a connected, non-blocking socket, sets TCP_NODELAY, and starts to
 * read. 0, NOMEM or SYSTEM: then the descriptor is still the caller's. */
WEFT_CHECK int weft_stream_open(struct weft_stream *stream,
                                struct weft_loop *loop, int fd,
                                const struct weft_stream_ops *ops);

/* Offers bytes at once: how many were taken, perhaps 0, or an error; end has
 * not been called for it. Not while something is queued. */
int64_t weft_stream_write(struct weft_stream *stream, const struct iovec *iov,
                          int niov);

/* Queues the rest: sent is called when it has gone, end when it failed. Also
 * allowed after end, as the peer may have ended only its own half. */
void weft_stream_queue(struct weft_stream *stream, struct weft_tx *tx);
bool weft_stream_is_queued(const struct weft_stream *stream);

/* Stops and goes on reading. After end there is nothing to resume. */
void weft_stream_pause(struct weft_stream *stream);
void weft_stream_resume(struct weft_stream *stream);

/* Ends our half. Nothing may be queued. */
void weft_stream_shutdown(struct weft_stream *stream);

/* Throws away what has come and was not read, a megabyte at most: a socket that
 * is closed over it ends with a RST, which may overtake what was sent last. */
void weft_stream_discard(struct weft_stream *stream);

/* Ends both; closed comes at the end of the turn. If reset, by RST. */
void weft_stream_close(struct weft_stream *stream, bool reset);

/*
 * Whether the peer has taken bytes since the last call with this mark, while
 * more are on their way to it: it is alive, though it may not be able to say
 * so before it has read them all.
 */
bool weft_stream_is_taking(const struct weft_stream *stream, uint32_t *mark);

struct weft_loop *weft_stream_loop(const struct weft_stream *stream);
int weft_stream_peer(const struct weft_stream *stream,
                     struct weft_address *peer);

#endif
