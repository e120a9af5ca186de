/* SPDX-License-Identifier: MIT */
/*
 * Masking (RFC 6455 section 5.3), which is its own inverse, and together with
 * it the check of text. out and in are the same place or do not overlap.
 */
#ifndef WEFT_WS_MASK_H
#define WEFT_WS_MASK_H

#include "ws/utf8.h"

/* The key as the calls want it: its bytes in memory order. */
static inline uint32_t weft_mask_key(const uint8_t key[4])
{
    uint32_t word;

    memcpy(&word, key, 4);
    return word;
}

/* The key for what follows len bytes. */
static inline uint32_t weft_mask_key_after(uint32_t key, size_t len)
{
    unsigned bits = 8 * (unsigned)len;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bits = -bits;
#endif
    return key >> (bits & 31) | key << (-bits & 31);
}

/*
 * Masks or unmasks len bytes. key holds the four bytes of the masking key in
 * the order in which they apply; the key for what follows is returned, so that
 * a payload may come in pieces.
 */
uint32_t weft_mask(uint8_t *out, const uint8_t *in, size_t len, uint32_t key);

/* 16 bytes anywhere in memory, which every compiler keeps in one register where
 * the machine has such. */
typedef uint32_t weft_mask_lane
    __attribute__((vector_size(16), aligned(1), may_alias));

/* By pointers, as not every machine can pass such by value. */
static inline void weft_mask_lane_take(weft_mask_lane *lane, const uint8_t *p,
                                       uint32_t key)
{
    weft_mask_lane keys = {key, key, key, key};

    *lane = *(const weft_mask_lane *)(const void *)p ^ keys;
}

static inline void weft_mask_lane_give(uint8_t *p, const weft_mask_lane *lane)
{
    *(weft_mask_lane *)(void *)p = *lane;
}

static inline bool weft_mask_lanes_are_ascii(const weft_mask_lane *a,
                                             const weft_mask_lane *b)
{
#ifdef __SSE2__
    typedef char bytes __attribute__((vector_size(16)));

    return __builtin_ia32_pmovmskb128((bytes)(*a | *b)) == 0;
#else
    typedef uint64_t words __attribute__((vector_size(16)));
    words w = (words)(*a | *b);

    return ((w[0] | w[1]) & UINT64_C(0x8080808080808080)) == 0;
#endif
}

/*
 * Unmasks from 16 to 32 bytes of ASCII, which is what most text messages are:
 * two pieces that overlap cover them. False, and nothing has been written, when
 * they are not such.
 */
static inline bool weft_mask_short_ascii(uint8_t *out, const uint8_t *in,
                                         size_t len, uint32_t key)
{
    weft_mask_lane first, last;

    if (len < 16 || len > 32)
        return false;
    weft_mask_lane_take(&first, in, key);
    weft_mask_lane_take(&last, in + len - 16, weft_mask_key_after(key, len));
    if (!weft_mask_lanes_are_ascii(&first, &last))
        return false;
    weft_mask_lane_give(out, &first);
    weft_mask_lane_give(out + len - 16, &last);
    return true;
}

/* weft_mask_text, of any text; returns the state behind it. */
enum weft_utf8 weft_mask_any_text(uint8_t *out, const uint8_t *in, size_t len,
                                  uint32_t key, enum weft_utf8 state);

/*
 * Unmasks len bytes of text and checks them as weft_utf8_check does, which
 * *state goes in and out of; the key for what follows is returned. Not all are
 * unmasked when the state comes out as BAD.
 */
static inline uint32_t weft_mask_text(uint8_t *out, const uint8_t *in,
                                      size_t len, uint32_t key,
                                      enum weft_utf8 *state)
{
    if (*state != WEFT_UTF8_START || !weft_mask_short_ascii(out, in, len, key))
        *state = weft_mask_any_text(out, in, len, key, *state);
    return weft_mask_key_after(key, len);
}

/* The same for a text that is whole: whether it is right. */
static inline bool weft_mask_whole_text(uint8_t *out, const uint8_t *in,
                                        size_t len, uint32_t key)
{
    return weft_mask_short_ascii(out, in, len, key) ||
           weft_mask_any_text(out, in, len, key, WEFT_UTF8_START) ==
               WEFT_UTF8_START;
}

#endif
