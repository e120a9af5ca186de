/* SPDX-License-Identifier: MIT */
/*
 * What the files of this folder share: the loop's struct, the interface of a
 * poller, and the parts of the work that are the same under every poller.
 *
 * A poller turns the kernel's events into completions: it receives into
 * loop->buf and calls data, it sends what io->tx names and calls sent, it lets
 * weft_acceptor_ready accept. It calls nobody outside dispatch.
 */
#ifndef WEFT_LOOP_POLLER_H
#define WEFT_LOOP_POLLER_H

#include "loop/loop.h"
#include <pthread.h>
#include <stdatomic.h>

/* In io->flags, beside the poller's own: receive WEFT_READ_SHORT at most, and
 * where room says. With either, weft_io_buffer is asked. */
#define WEFT_IO_SHORT 0x8000u
#define WEFT_IO_INTO 0x4000u
#define WEFT_IO_ENDING 0x2000u /* weft_io_ending was called */

struct weft_poller_ops {
    /* Makes loop->poller, which also watches loop->wake_fd: 0, NOMEM or
     * SYSTEM. close is called in either case, perhaps with no poller made. */
    int (*open)(struct weft_loop *loop);
    void (*close)(struct weft_loop *loop);

    /* Readable when wait would not wait. */
    int (*fd)(const struct weft_loop *loop);

    /* Waits for events; a signal ends the wait too, once it sleeps. 0 or
     * SYSTEM. */
    int (*wait)(struct weft_loop *loop, int timeout_ms);

    /* Handles the events that wait found, and no others. */
    void (*dispatch)(struct weft_loop *loop);

    /* Takes up io->fd, and forgets it before it is closed or given away. 0,
     * NOMEM, SYSTEM. */
    int (*add)(struct weft_io *io);
    void (*remove)(struct weft_io *io);

    /* Starts to connect io->fd, to end in connected: 0, or a positive errno. */
    int (*connect)(struct weft_io *io, const struct sockaddr *sa,
                   socklen_t len);

    /* Once data has told the end, read_start does nothing. */
    void (*read_start)(struct weft_io *io);
    void (*read_stop)(struct weft_io *io);

    /* Sends what io->tx names, then sets io->tx to NULL and calls sent. */
    void (*write)(struct weft_io *io);

    /* Watches and forgets acceptor->fd. After accept_stop the struct may go at
     * once, also in the middle of dispatch. 0 or SYSTEM. */
    int (*accept_start)(struct weft_acceptor *acceptor);
    void (*accept_stop)(struct weft_acceptor *acceptor);
};

extern const struct weft_poller_ops weft_poller_epoll;

struct weft_post {
    void (*fn)(void *arg);
    void *arg;
};

/* An array that grows. */
struct weft_post_list {
    struct weft_post *posts;
    size_t count, room;
};

struct weft_posts {
    pthread_mutex_t lock;          /* over waiting and is_awake */
    struct weft_post_list waiting; /* as they came */
    struct weft_post_list running; /* those of this turn; the loop's own */
    bool is_awake; /* the turn has yet to look at waiting: no wake is needed */
};

struct weft_loop {
    const struct weft_mem *mem;
    const struct weft_poller_ops *ops;
    void *poller; /* the poller's own */
    uint8_t *buf; /* what was received last */
    size_t buf_size;
    uint64_t now;     /* nanoseconds */
    uint64_t busy_ns; /* looked for work before sleeping; 0: not */
    struct weft_traffic traffic;
    int wake_fd; /* an eventfd */
    bool is_turning;
    atomic_bool is_stopped; /* set by signal handlers too */
    struct weft_io *closed; /* not told yet, first and last */
    struct weft_io *closed_last;
    struct weft_heap alarms; /* set */
    struct weft_heap due;    /* those that ring in this turn */
    struct weft_posts posts;
    struct weft_list gates;
    struct weft_loop_share filters, codecs, rests;
    void *owner;
    void (*turn_end)(void *owner); /* or NULL */
};

/* The monotonic clock, in nanoseconds. */
uint64_t weft_clock(void);

/* Tells the closed until none is left. */
void weft_io_tell_closed(struct weft_loop *loop);

/* What an errno means on a connection: EOF when the peer or the way to it has
 * gone, else SYSTEM. */
int weft_io_error(int error);

/* What it means when something is set up: NOMEM or SYSTEM. */
int weft_system_error(int error);

/* Where to receive, and how much. */
uint8_t *weft_io_buffer(struct weft_io *io, size_t *size);

/* Sends once, not waiting, with more flags of send: the bytes taken, perhaps 0,
 * or an error. */
int64_t weft_io_send(int fd, const struct iovec *iov, int niov, int flags);

/* Writes the part of tx that the kernel has not had to vec: the number of its
 * pieces, at most max; 0 when all has gone. */
int weft_tx_rest(const struct weft_tx *tx, struct iovec *vec, int max);

/* For a poller that learns of connections by readiness. */
void weft_acceptor_ready(struct weft_acceptor *acceptor);

/* Rings what is due at loop->now. */
void weft_alarms_ring(struct weft_loop *loop);

/* When the first alarm rings; UINT64_MAX: none is set. */
uint64_t weft_alarms_next(const struct weft_loop *loop);

void weft_posts_init(struct weft_loop *loop);
void weft_posts_release(struct weft_loop *loop);

/* From here to weft_posts_run a post need not wake the loop. */
void weft_posts_awake(struct weft_loop *loop);

/* Runs the posts that are there now, and none that they make. */
void weft_posts_run(struct weft_loop *loop);

/* Takes the wakes that have come from wake_fd. */
void weft_loop_wake_clear(struct weft_loop *loop);

#endif
