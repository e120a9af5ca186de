/* SPDX-License-Identifier: MIT */
/* What the vectors leave to plain code: the state where a piece ends. */
#ifndef WEFT_WS_SIMD_SCALAR_H
#define WEFT_WS_SIMD_SCALAR_H

#include "ws/mask.h"

/* The state behind a piece that is right but for its last character, which may
 * be cut or begin with a byte that begins none; state is that before it. */
enum weft_utf8 weft_scalar_end(enum weft_utf8 state, const uint8_t *p,
                               size_t len);

/* The last four bytes of a piece of at least four, unmasked, the last in the
 * high bits: read before the piece is unmasked where it lies. */
static inline uint32_t weft_scalar_last(const uint8_t *p, size_t len,
                                        uint32_t key)
{
    uint32_t word;

    memcpy(&word, p + len - 4, 4);
    return word ^ weft_mask_key_after(key, len);
}

/* Whether a character begins in them that has more bytes than there are left;
 * a byte that never comes counts as one. */
static inline bool weft_scalar_is_cut(uint32_t last)
{
    return last >= UINT32_C(0xc0000000) || (last & 0xe00000) == 0xe00000 ||
           (last & 0xf000) == 0xf000;
}

/* A byte after which a text stands in the same state: a first byte of which
 * that much is due. 0 between characters; of no meaning for BAD. */
extern const uint8_t weft_scalar_leads[];

/* Up to 16 bytes, the first in the lowest bits, zeros behind them. */
struct weft_short {
    uint64_t low, high;
};

/* len is from 4 to 15; nothing around the bytes is read or written. Little
 * endian only. */
static inline struct weft_short weft_short_load(const uint8_t *p, size_t len)
{
    struct weft_short s = {0, 0};
    uint32_t first, last;

    if (len >= 8) {
        memcpy(&s.low, p, 8);
        memcpy(&s.high, p + len - 8, 8);
        s.high = s.high >> 1 >> (127 - 8 * len); /* the bytes behind low */
    } else {
        memcpy(&first, p, 4);
        memcpy(&last, p + len - 4, 4);
        s.low = first | (uint64_t)last << (8 * len - 32);
    }
    return s;
}

static inline void weft_short_store(uint8_t *p, size_t len, struct weft_short s)
{
    uint32_t first = (uint32_t)s.low, last;
    uint64_t end;

    if (len >= 8) {
        end = s.low >> (8 * len - 64) | s.high << 1 << (127 - 8 * len);
        memcpy(p, &s.low, 8);
        memcpy(p + len - 8, &end, 8);
    } else {
        last = (uint32_t)(s.low >> (8 * len - 32));
        memcpy(p, &first, 4);
        memcpy(p + len - 4, &last, 4);
    }
}

#endif
