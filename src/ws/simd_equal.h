/* SPDX-License-Identifier: MIT */
/*
 * How many of the first 16 bytes at two places are equal. By instructions that
 * all machines of a kind have, so nothing is chosen at run time; it is too
 * short for a call.
 */
#ifndef WEFT_WS_SIMD_EQUAL_H
#define WEFT_WS_SIMD_EQUAL_H

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

/* How many bytes are equal of two words that differ in the bits of x, which is
 * not 0. */
static inline unsigned weft_equal_of(uint64_t x)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return (unsigned)__builtin_clzll(x) / 8;
#else
    return (unsigned)__builtin_ctzll(x) / 8;
#endif
}

#ifdef __SSE2__

static inline unsigned weft_equal16(const uint8_t *a, const uint8_t *b)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)a);
    __m128i y = _mm_loadu_si128((const __m128i *)(const void *)b);
    unsigned equal = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, y));

    return (unsigned)__builtin_ctz(~equal);
}

#else

static inline unsigned weft_equal16(const uint8_t *a, const uint8_t *b)
{
    uint64_t x[2], y[2], first;

    memcpy(x, a, sizeof(x));
    memcpy(y, b, sizeof(y));
    first = x[0] ^ y[0];
    if (first)
        return weft_equal_of(first);
    first = x[1] ^ y[1];
    return 8 + (first ? weft_equal_of(first) : 8);
}

#endif

#endif
