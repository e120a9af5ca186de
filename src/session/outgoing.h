/* SPDX-License-Identifier: MIT */
/*
 * From a queue to a stream: as much as the kernel takes at once, and a write
 * in progress for the rest. The write's vector is attached only while it
 * lasts.
 */
#ifndef WEFT_SESSION_OUTGOING_H
#define WEFT_SESSION_OUTGOING_H

#include "base/queue.h"
#include "net/stream.h"

struct weft_outgoing;

/* Offers the front of the queue to the stream: the number of bytes taken, which
 * the caller marks as sent; or EOF, SYSTEM. Not while a write is in progress.
 */
int64_t weft_outgoing_try(struct weft_stream *stream,
                          const struct weft_queue *queue);

/* Starts a write of the front of the queue, which may be empty only where the
 * stream is flushing. 0 or NOMEM. */
WEFT_CHECK int weft_outgoing_start(struct weft_outgoing **outgoing,
                                   struct weft_stream *stream,
                                   struct weft_queue *queue,
                                   const struct weft_mem *mem);

/* Whether some of the write in progress has gone since this was last asked;
 * NULL is allowed. */
bool weft_outgoing_moves(struct weft_outgoing *outgoing);

/* How many of its bytes the kernel has had; NULL is allowed. */
size_t weft_outgoing_taken(const struct weft_outgoing *outgoing);

/* The write is done, or given up: its number of bytes. Frees it. */
size_t weft_outgoing_end(struct weft_outgoing **outgoing,
                         const struct weft_mem *mem);

#endif
