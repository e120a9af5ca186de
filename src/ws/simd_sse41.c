/* SPDX-License-Identifier: MIT */
/* Vectors of 16 bytes, which shift and look up as a whole. */
#include "ws/simd.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline, target("sse4.1")))
#define ENTRY __attribute__((target("sse4.1")))
#define VECTOR __m128i
#define WIDTH 16

#include "ws/simd_x86.h"

INLINE VECTOR load(const uint8_t *p)
{
    return _mm_loadu_si128((const VECTOR *)(const void *)p);
}

INLINE void store(uint8_t *p, VECTOR x)
{
    _mm_storeu_si128((VECTOR *)(void *)p, x);
}

INLINE VECTOR both(VECTOR a, VECTOR b)
{
    return _mm_and_si128(a, b);
}

INLINE VECTOR either(VECTOR a, VECTOR b)
{
    return _mm_or_si128(a, b);
}

INLINE VECTOR differ(VECTOR a, VECTOR b)
{
    return _mm_xor_si128(a, b);
}

INLINE VECTOR less(VECTOR a, VECTOR b)
{
    return _mm_subs_epu8(a, b);
}

INLINE VECTOR splat(uint8_t byte)
{
    return _mm_set1_epi8((char)byte);
}

INLINE VECTOR key_of(uint32_t key)
{
    return _mm_set1_epi32((int)key);
}

INLINE VECTOR table(const uint8_t p[16])
{
    return load(p);
}

INLINE VECTOR lookup(VECTOR tables, VECTOR indices)
{
    return _mm_shuffle_epi8(tables, indices);
}

INLINE VECTOR high_nibbles(VECTOR x)
{
    return both(_mm_srli_epi16(x, 4), splat(15));
}

#define before(x, last, n) _mm_alignr_epi8(x, last, 16 - (n))

INLINE VECTOR only_last(uint8_t byte)
{
    return _mm_insert_epi8(_mm_setzero_si128(), byte, 15);
}

INLINE bool is_ascii(VECTOR x)
{
    return _mm_movemask_epi8(x) == 0;
}

INLINE bool is_zero(VECTOR x)
{
    return _mm_testz_si128(x, x);
}

INLINE VECTOR take_tail(const struct tail *tail, uint8_t *out,
                        const uint8_t *in, size_t n, uint32_t key)
{
    (void)in;
    return take_tail_16(tail, out, n, key);
}

#include "ws/simd_nibbles.h"

static bool is_here(void)
{
    return __builtin_cpu_supports("sse4.1");
}

const struct weft_simd_ops weft_simd_sse41 = {"sse41", is_here, mask, mask_text,
                                              check};

#else

const struct weft_simd_ops weft_simd_sse41 = {.name = "sse41"};

#endif
