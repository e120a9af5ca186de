/* SPDX-License-Identifier: MIT */
/*
 * A connection as the session sees it: bytes in, bytes out, an end. Under it
 * lies a socket in a loop, and perhaps a filter between the two. A plain
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

    /* Where what comes next is to be received, *len bytes at most, after
     * weft_stream_read_into: data is given it there, and it stays. NULL:
     * elsewhere. May be NULL too. */
    uint8_t *(*room)(struct weft_stream *stream, size_t *len);
};

/*
 * What stands between the socket and the owner of a stream, as TLS does. The
 * first calls are those of the stream with the same names, the others are what
 * the socket tells. A filter reaches the socket through stream->io, and the
 * owner through the calls at the end of this file.
 */
struct weft_filter_ops {
    int64_t (*write)(struct weft_stream *stream, const struct iovec *iov,
                     int niov);
    /* tx->taken counts the owner's bytes that the filter has had. */
    void (*queue)(struct weft_stream *stream, struct weft_tx *tx);
    bool (*is_queued)(const struct weft_stream *stream);
    void (*shutdown)(struct weft_stream *stream);
    /* The stream is about to be closed, if reset by RST: a last chance to write
     * what ends the filter's own protocol. */
    void (*closing)(struct weft_stream *stream, bool reset);

    void (*data)(struct weft_stream *stream, uint8_t *p, size_t len);
    void (*end)(struct weft_stream *stream, int err);
    void (*sent)(struct weft_stream *stream, int err); /* of stream->io */

    /* The owner reads on. What a pause, or weft_stream_hold, has kept the
     * filter from telling is told in a later turn, as this is a call of the
     * owner's. */
    void (*resumed)(struct weft_stream *stream);

    /* The stream is closed: the filter goes. */
    void (*free)(struct weft_stream *stream);
};

/* A filter's own state begins with this. */
struct weft_filter {
    const struct weft_filter_ops *ops;
};

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

/* The same for a socket from a listener of weft_listen, which has TCP_NODELAY
 * by inheritance. */
WEFT_CHECK int weft_stream_accept(struct weft_stream *stream,
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

/* Whether some of what weft_stream_write took is still with a filter, and lost
 * if the stream is closed now. It may be queued behind, though it be nothing:
 * sent tells that all has gone. */
bool weft_stream_is_flushing(const struct weft_stream *stream);

/* Stops and goes on reading. After end there is nothing to resume. */
void weft_stream_pause(struct weft_stream *stream);
void weft_stream_resume(struct weft_stream *stream);

/* Has room called before the next receive, unless there is a filter. */
void weft_stream_read_into(struct weft_stream *stream);

/* A shutdown or close comes right behind what is written next, if that is taken
 * whole: both may leave together. */
void weft_stream_ending(struct weft_stream *stream);

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

/* ---- For filters --------------------------------------------------------- */

/* Stops reading the socket for the filter's own reasons, and goes on, unless
 * the owner has paused. */
void weft_stream_hold(struct weft_stream *stream);
void weft_stream_unhold(struct weft_stream *stream);

/* Whether the owner has paused: it wants neither bytes nor the end. */
bool weft_stream_is_paused(const struct weft_stream *stream);

/* Bytes for the owner; not after the end. The owner may close the stream. */
void weft_stream_deliver(struct weft_stream *stream, uint8_t *p, size_t len);

/* Nothing more will come: end is called, unless it was, and reading stops. */
void weft_stream_finish(struct weft_stream *stream, int err);

/* What the owner queued has gone (err 0) or failed. */
void weft_stream_tell_sent(struct weft_stream *stream, int err);

/* Whether end has been called. */
bool weft_stream_is_finished(const struct weft_stream *stream);

#endif
