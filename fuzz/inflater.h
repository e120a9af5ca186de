/* SPDX-License-Identifier: MIT */
/*
 * What a compressed message stands for, by zlib alone and by the letter of RFC
 * 7692: the reference of the targets that compress. zlib also refers to what
 * lies in the room it writes to; so it is given one byte of room at a time, and
 * sees no more of what came before than its window holds. Only beyond the
 * largest window there is nothing to see.
 */
#ifndef WEFT_FUZZ_INFLATER_H
#define WEFT_FUZZ_INFLATER_H

#include "wire.h"

#define ZLIB_CONST
#include <zlib.h>

struct inflater {
    z_stream z;
    unsigned room;   /* bytes that it is given at a time */
    bool keeps;      /* the context between messages */
    bool is_between; /* two blocks, a whole number of bytes */
};

void inflater_init(struct inflater *inflater, int window_bits, bool keeps);
void inflater_release(struct inflater *inflater);

/* Appends what the payload of a message stands for; true if it is well formed
 * and all there. At more than most bytes it stops. Behind a message that is
 * not good, the next ones mean nothing where the context is kept. */
bool inflater_message(struct inflater *inflater, const uint8_t *p, size_t len,
                      size_t most, struct bytes *out);

#endif
