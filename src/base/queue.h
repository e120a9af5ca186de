/* SPDX-License-Identifier: MIT */
/*
 * Bytes on their way out: a chain of chunks, written side by side while there
 * is room and never moved, so that the kernel may read them while more is
 * added. A chunk owns its bytes, shares a blob, or (for the length of one
 * call) borrows the caller's.
 *
 * Invariant: bytes is the sum of the chunks' lengths; the first pinned chunks
 * that are not empty are in the hands of the kernel.
 */
#ifndef WEFT_BASE_QUEUE_H
#define WEFT_BASE_QUEUE_H

#include "base/blob.h"
#include <sys/uio.h>
#include <weft/error.h>

/* For the inline calls below; others leave it alone. */
struct weft_chunk {
    struct weft_chunk *next;
    const uint8_t *at;      /* the first unsent byte */
    size_t len;             /* unsent bytes */
    size_t room;            /* bytes that fit behind them */
    size_t size;            /* of the allocation */
    struct weft_blob *blob; /* what at points into, or NULL */
    bool is_borrowed;
    bool is_droppable; /* a whole message, no byte of it sent */
    bool is_sealed;    /* nothing more may be written behind */
    uint8_t data[];
};

struct weft_queue {
    const struct weft_mem *mem;
    struct weft_chunk *head, *tail;
    size_t bytes;
    unsigned pinned;
    unsigned borrowed; /* chunks that point into a caller's memory */
    size_t chunks;
    bool is_split; /* chunks are no longer than what they were made for, as
                    * there may be one for each message */
};

/* Allocates nothing. */
void weft_queue_init(struct weft_queue *queue, const struct weft_mem *mem);
void weft_queue_release(struct weft_queue *queue);

/* Room for len bytes in one piece, to be filled at once and then kept by
 * weft_queue_commit with the same len or less. NULL: no memory. */
static inline uint8_t *weft_queue_reserve(struct weft_queue *queue, size_t len);
static inline void weft_queue_commit(struct weft_queue *queue, size_t len);

/* As append, where an empty queue may get no more for a while: memory is taken
 * in small pieces at first. */
WEFT_CHECK int weft_queue_append_few(struct weft_queue *queue, const void *data,
                                     size_t len);

/* Takes the last len bytes back, right after their commit. */
void weft_queue_uncommit(struct weft_queue *queue, size_t len);

/* Copies bytes to the end. 0 or NOMEM. */
WEFT_CHECK int weft_queue_append(struct weft_queue *queue, const void *data,
                                 size_t len);

/* Adds a reference to a blob's bytes. 0 or NOMEM. */
WEFT_CHECK int weft_queue_append_blob(struct weft_queue *queue,
                                      struct weft_blob *blob);

/* Adds bytes that stay the caller's, until weft_queue_settle has copied what
 * is then unsent. 0 or NOMEM. */
WEFT_CHECK int weft_queue_borrow(struct weft_queue *queue, const void *data,
                                 size_t len);
WEFT_CHECK int weft_queue_settle(struct weft_queue *queue);

/* What is borrowed from the len bytes at data stays where it is, as blob keeps
 * them: each such chunk takes a reference, unless it is less than a quarter of
 * them, which is not worth keeping the rest for. */
void weft_queue_lend(struct weft_queue *queue, struct weft_blob *blob,
                     const uint8_t *data, size_t len);

/* Begins a chunk of its own, so that what is written until the next call of
 * this can be dropped as one: a message. */
void weft_queue_split(struct weft_queue *queue, bool droppable);

/* Takes the oldest droppable chunk out, if none of it has been sent or is in
 * the kernel's hands. The number of bytes dropped, 0 for none. */
size_t weft_queue_drop_oldest(struct weft_queue *queue);

/* What the queue costs, as a limit should see it: its bytes, and for each chunk
 * what keeps them together. */
static inline size_t weft_queue_weight(const struct weft_queue *queue);

/* Fills iov with at most max pieces from the front; their number. Pinning
 * gives them to the kernel until the next weft_queue_sent. */
int weft_queue_peek(const struct weft_queue *queue, struct iovec *iov, int max);
int weft_queue_pin(struct weft_queue *queue, struct iovec *iov, int max);

/* Drops the first n bytes, which have been sent, and unpins all. */
void weft_queue_sent(struct weft_queue *queue, size_t n);

/* ---- Inline, as every message goes through them -------------------------- */

/* The same in a chunk of its own. */
uint8_t *weft_queue_grow(struct weft_queue *queue, size_t len);

static inline uint8_t *weft_queue_reserve(struct weft_queue *queue, size_t len)
{
    struct weft_chunk *tail = queue->tail;

    if (!tail || tail->is_sealed || tail->room < len)
        return weft_queue_grow(queue, len);
    return tail->data + (tail->size - sizeof(*tail) - tail->room);
}

static inline void weft_queue_commit(struct weft_queue *queue, size_t len)
{
    struct weft_chunk *tail = queue->tail;

    tail->len += len;
    tail->room -= len;
    queue->bytes += len;
}

static inline size_t weft_queue_weight(const struct weft_queue *queue)
{
    return queue->bytes + queue->chunks * sizeof(struct weft_chunk);
}

#endif
