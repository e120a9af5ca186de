/* SPDX-License-Identifier: MIT */
/*
 * Frames of a client, masked, side by side and all the same: what a connection
 * sends is so many of them, from the beginning, without copying any.
 */
#ifndef WEFT_LOAD_BATCH_H
#define WEFT_LOAD_BATCH_H

#include "ws/frame.h"

/* A batch is no larger, but for one that is a single frame. */
#define LOAD_BATCH_MAX ((size_t)4 << 20)

/* Read by all threads once it is made. A zeroed one may be released. */
struct load_batch {
    const struct weft_mem *mem;
    uint8_t *bytes;
    size_t frame_len;
    size_t count;
};

/* What each frame is: a whole message. */
struct load_frame {
    uint8_t opcode;
    bool is_packed; /* RSV1 of RFC 7692 */
    const uint8_t *payload;
    size_t len;
};

/* Makes up to count frames, at least one. 0 or NOMEM. */
WEFT_CHECK int load_batch_init(struct load_batch *batch,
                               const struct weft_mem *mem,
                               const struct load_frame *frame, size_t count);
void load_batch_release(struct load_batch *batch);

/* Writes a single masked frame to out, which has room for len and
 * WEFT_FRAME_HEADER_MAX more. Its length. */
size_t load_batch_frame(uint8_t *out, const struct load_frame *frame);

#endif
