/* SPDX-License-Identifier: MIT */
/*
 * Frames of a client, masked and side by side, so that what a connection sends
 * is a piece of them and nothing is copied. Different messages stand in a ring
 * that each connection goes round from a place of its own.
 */
#ifndef WEFT_LOAD_BATCH_H
#define WEFT_LOAD_BATCH_H

#include "ws/frame.h"

#include <sys/uio.h>

/* A batch is no larger, unless its different frames alone are. */
#define LOAD_BATCH_MAX ((size_t)4 << 20)

/* Read by all threads once it is made. A zeroed one may be released. */
struct load_batch {
    const struct weft_mem *mem;
    uint8_t *bytes;
    size_t *at;     /* where each frame begins; behind the last, the end */
    size_t variety; /* frames that differ */
    size_t count;   /* of all: frame i + variety is frame i once more */
};

/* What a frame is: a whole message. */
struct load_frame {
    uint8_t opcode;
    bool is_packed; /* RSV1 of RFC 7692 */
    const uint8_t *payload;
    size_t len;
};

/* Makes a ring of so many different frames, 1 or more. Wherever one begins, up
 * to most of them are in one piece, if there is room. 0 or NOMEM. */
WEFT_CHECK int load_batch_init(struct load_batch *batch,
                               const struct weft_mem *mem,
                               const struct load_frame *frames, size_t variety,
                               size_t most);
void load_batch_release(struct load_batch *batch);

/* The next frames of a connection in one piece, at most so many: how many.
 * *next, below variety, goes on behind them. */
size_t load_batch_take(const struct load_batch *batch, size_t *next,
                       uint64_t most, struct iovec *piece);

/* Writes a single masked frame to out, which has room for len and
 * WEFT_FRAME_HEADER_MAX more. Its length. */
size_t load_batch_frame(uint8_t *out, const struct load_frame *frame);

#endif
