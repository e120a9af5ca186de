/* SPDX-License-Identifier: MIT */
/*
 * What the folders above see of the loop beyond <weft/loop.h>: descriptors,
 * accepting, timers that live in their owner's struct, and the hook at the end
 * of a turn. It speaks of completions: "these bytes arrived", "this write is
 * done". Nothing here says which poller is under it.
 *
 * Rules: no callback runs inside the call that started its operation. Nothing
 * is freed in its own callback: weft_io_close queues, and closed is called at
 * the end of the turn, last. A struct weft_io may be in the batch of events at
 * hand when it is closed; it is then passed over.
 */
#ifndef WEFT_LOOP_LOOP_H
#define WEFT_LOOP_LOOP_H

#include "base/heap.h"
#include "base/list.h"
#include "base/mem.h"
#include <sys/socket.h>
#include <sys/uio.h>
#include <weft/loop.h>

/* ---- Descriptors --------------------------------------------------------- */

struct weft_io;

struct weft_io_ops {
    /*
     * len bytes came; they lie in the loop's own buffer, or where room said,
     * may be written to, and are gone when this returns, unless room said so.
     * len 0 is the last call: the peer ended its stream (err 0), or the
     * connection failed (err is a negative weft_err).
     */
    void (*data)(struct weft_io *io, uint8_t *p, size_t len, int err);

    /* The write that weft_io_write started is done (err 0) or failed. */
    void (*sent)(struct weft_io *io, int err);

    /* The descriptor is closed, or was taken out, and the owner may free the
     * struct. */
    void (*closed)(struct weft_io *io);

    /* What weft_io_connect started has come to its end: 0, or the errno with
     * which it failed. May be NULL where nobody connects. */
    void (*connected)(struct weft_io *io, int error);

    /* Where what comes next is to be received, *len bytes at most, after
     * weft_io_read_into; NULL: in the loop's buffer. May be NULL too. */
    uint8_t *(*room)(struct weft_io *io, size_t *len);
};

/* A write in progress. The owner keeps the struct, the vector and the bytes
 * until sent has been called, or closed. */
struct weft_tx {
    const struct iovec *iov;
    int niov;
    size_t taken; /* bytes the kernel has had; the poller's */
};

/* A stream socket in a loop: 40 bytes, as there may be a million. */
struct weft_io {
    struct weft_loop *loop;
    const struct weft_io_ops *ops;
    struct weft_tx *tx;   /* the write in progress, or NULL */
    struct weft_io *next; /* in the loop's list of the closed */
    int fd;               /* -1 once closed */
    uint16_t flags;       /* the poller's */
    uint16_t owner_flags; /* the owner's, for any use; 0 after open */
};

/* Gives a non-blocking descriptor to the loop, which closes it in the end.
 * Nothing is read yet. 0, or NOMEM or SYSTEM: then the descriptor is still the
 * caller's, and there is nothing to close. */
WEFT_CHECK int weft_io_open(struct weft_io *io, struct weft_loop *loop, int fd,
                            const struct weft_io_ops *ops);

/* Starts to connect a socket that was just opened; the address may be gone when
 * this returns. 0 when it is under way, and connected will tell, also if it has
 * succeeded already; or a positive errno when it failed at once. Until then
 * nothing may be read or written; closing and taking out are allowed. */
WEFT_CHECK int weft_io_connect(struct weft_io *io, const struct sockaddr *sa,
                               socklen_t len);

/* Begins and ends reading; both may be called in any state but while it
 * connects. Stopping means that no data comes after this call, not even the
 * news that the connection has ended, and the peer will feel it. */
void weft_io_read_start(struct weft_io *io);
void weft_io_read_stop(struct weft_io *io);

/* From now on no more than WEFT_READ_SHORT bytes come in a turn: for one whose
 * bytes are much work. */
void weft_io_read_short(struct weft_io *io);

/* Has room called before the next receive. */
void weft_io_read_into(struct weft_io *io);

/* Offers bytes to the kernel at once: how many it took, which may be 0, or EOF
 * or SYSTEM. Not while a write is in progress. */
int64_t weft_io_try_write(struct weft_io *io, const struct iovec *iov,
                          int niov);

/* A shutdown or close comes right behind what weft_io_try_write is given next:
 * both may leave together. */
void weft_io_ending(struct weft_io *io);

/* Starts a write of all that *tx names. One at a time. */
void weft_io_write(struct weft_io *io, struct weft_tx *tx);

/* Ends our half of the stream; data may still come. Not while a write is in
 * progress. */
void weft_io_shutdown(struct weft_io *io);

/* Closes. A write in progress is abandoned without a call of sent. If reset,
 * the peer gets a RST. Twice is once. */
void weft_io_close(struct weft_io *io, bool reset);

/* As closing, but the descriptor stays open and becomes the caller's. -1 if it
 * was closed or taken out before. */
int weft_io_detach(struct weft_io *io);

/* ---- Timers in their owner's struct -------------------------------------- */

/* All but ring is zero at first, and the loop's from then on. */
struct weft_alarm {
    struct weft_heap_node node;
    void (*ring)(struct weft_alarm *alarm);
    bool is_due; /* it rings in this turn, unless it is stopped */
};

/* Calls ring once the time has come, which may have passed; what is set in a
 * ring waits for the next turn. Setting it again moves it. In its ring the
 * alarm is no longer set, and the struct may be freed. */
void weft_alarm_set(struct weft_loop *loop, struct weft_alarm *alarm,
                    uint64_t at_ns);
void weft_alarm_stop(struct weft_loop *loop, struct weft_alarm *alarm);

/* ---- Accepting ----------------------------------------------------------- */

struct weft_acceptor {
    struct weft_loop *loop;
    /* A connection came; fd is non-blocking, close-on-exec, and the callee's;
     * peer is its other end, for the length of this call. At most 64 of these
     * are made in a turn, so that a storm of new peers does not hold up the
     * old. */
    void (*accepted)(struct weft_acceptor *acceptor, int fd,
                     const struct sockaddr_storage *peer, socklen_t peer_len);
    /* Accepting failed with this errno for want of descriptors or memory; it
     * is tried again in 100 ms. For the log. */
    void (*starved)(struct weft_acceptor *acceptor, int error);
    int fd;                  /* -1 when stopped */
    struct weft_alarm alarm; /* set while it is starved */
};

/* fd listens and is non-blocking; it stays the caller's. 0, NOMEM or SYSTEM.
 * If it is shared between loops, one of them wakes for each connection. The
 * two callbacks are the caller's to set before; the rest may be anything. */
WEFT_CHECK int weft_acceptor_start(struct weft_acceptor *acceptor,
                                   struct weft_loop *loop, int fd);

/* No callback comes after this. The struct may be freed at once, though not in
 * its own callbacks. Stopping twice, or one that is zeroed, does nothing. */
void weft_acceptor_stop(struct weft_acceptor *acceptor);

/* ---- The loop itself ----------------------------------------------------- */

/* Who runs the loop: turn_end is called at the end of every turn, before the
 * closed are told. */
void weft_loop_set_owner(struct weft_loop *loop, void *owner,
                         void (*turn_end)(void *owner));
void *weft_loop_owner(const struct weft_loop *loop);
const struct weft_mem *weft_loop_mem(const struct weft_loop *loop);

/* The gates of the client's sockets on this loop. */
struct weft_list *weft_loop_gates(struct weft_loop *loop);

/* What others share on this loop, such as buffers: the filters of streams, the
 * codecs of clients, and the row of streams that rest. Nothing at first. free
 * is called by weft_loop_free, when the last of its users has gone. */
struct weft_loop_share {
    void *state;
    void (*free)(void *state);
};
struct weft_loop_share *weft_loop_filters(struct weft_loop *loop);
struct weft_loop_share *weft_loop_codecs(struct weft_loop *loop);
struct weft_loop_share *weft_loop_rests(struct weft_loop *loop);

/* Bytes that went through all of the loop's descriptors. */
struct weft_traffic {
    uint64_t received, sent;
};
struct weft_traffic weft_loop_traffic(const struct weft_loop *loop);

/* Ends the present wait, or the next one, at once. Any thread, and signal
 * handlers. */
void weft_loop_wake(struct weft_loop *loop);

#endif
