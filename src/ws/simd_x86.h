/* SPDX-License-Identifier: MIT */
/*
 * The end of a text in vectors of 16 bytes, for SSE4.1 and AVX2. A text of 16
 * bytes or more has its last 16 read before anything is written, as it may be
 * unmasked where it lies, and written last, over bytes that are the same.
 */
#ifndef WEFT_WS_SIMD_X86_H
#define WEFT_WS_SIMD_X86_H

#ifdef INLINE

#include "ws/simd_scalar.h"

struct tail {
    __m128i bytes; /* the last 16; of fewer, all, and zeros behind them */
    size_t len;    /* of the text */
};

/* What to take of 16 bytes for the last n to come first, and zeros behind: what
 * lies n before the middle. */
static const uint8_t slides[32] = {
    0,    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,
    11,   12,   13,   14,   15,   0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
};

INLINE __m128i load_16(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

INLINE void store_16(uint8_t *p, __m128i x)
{
    _mm_storeu_si128((__m128i *)(void *)p, x);
}

INLINE __m128i from_short(struct weft_short s)
{
    return _mm_set_epi64x((long long)s.high, (long long)s.low);
}

INLINE struct tail begin_tail(const uint8_t *in, size_t len)
{
    struct tail tail = {_mm_setzero_si128(), len};

    tail.bytes = len < 16 ? from_short(weft_short_load(in, len))
                          : load_16(in + len - 16);
    return tail;
}

/* The last n bytes of the text, at most 16; they go to out unless that is
 * NULL. */
INLINE __m128i take_tail_16(const struct tail *tail, uint8_t *out, size_t n,
                            uint32_t key)
{
    struct weft_short s;
    __m128i x;

    if (tail->len >= 16) {
        x = _mm_xor_si128(tail->bytes,
                          _mm_set1_epi32((int)weft_mask_key_after(key, n)));
        if (out)
            store_16(out + n - 16, x);
        return _mm_shuffle_epi8(x, load_16(slides + 16 - n));
    }
    /* Here n is the length of the text, and out its beginning. */
    x = _mm_xor_si128(tail->bytes, _mm_set1_epi32((int)key));
    if (out) {
        s.low = (uint64_t)_mm_cvtsi128_si64(x);
        s.high = (uint64_t)_mm_extract_epi64(x, 1);
        weft_short_store(out, n, s);
    }
    /* Without the key in the places behind. */
    return _mm_and_si128(
        x, _mm_cmpgt_epi8(_mm_set1_epi8((char)n), load_16(slides)));
}

#endif
#endif
