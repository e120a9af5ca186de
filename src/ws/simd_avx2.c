/* SPDX-License-Identifier: MIT */
/* Vectors of 32 bytes, which are two halves to shifts and tables. */
#include "ws/simd.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline, target("avx2")))
#define ENTRY __attribute__((target("avx2")))
#define VECTOR __m256i
#define WIDTH 32

#include "ws/simd_x86.h"

INLINE VECTOR load(const uint8_t *p)
{
    return _mm256_loadu_si256((const VECTOR *)(const void *)p);
}

INLINE void store(uint8_t *p, VECTOR x)
{
    _mm256_storeu_si256((VECTOR *)(void *)p, x);
}

INLINE VECTOR both(VECTOR a, VECTOR b)
{
    return _mm256_and_si256(a, b);
}

INLINE VECTOR either(VECTOR a, VECTOR b)
{
    return _mm256_or_si256(a, b);
}

INLINE VECTOR differ(VECTOR a, VECTOR b)
{
    return _mm256_xor_si256(a, b);
}

INLINE VECTOR less(VECTOR a, VECTOR b)
{
    return _mm256_subs_epu8(a, b);
}

INLINE VECTOR splat(uint8_t byte)
{
    return _mm256_set1_epi8((char)byte);
}

INLINE VECTOR key_of(uint32_t key)
{
    return _mm256_set1_epi32((int)key);
}

INLINE VECTOR table(const uint8_t p[16])
{
    return _mm256_broadcastsi128_si256(load_16(p));
}

INLINE VECTOR lookup(VECTOR tables, VECTOR indices)
{
    return _mm256_shuffle_epi8(tables, indices);
}

INLINE VECTOR high_nibbles(VECTOR x)
{
    return both(_mm256_srli_epi16(x, 4), splat(15));
}

/* Shifts, and tables, are of each half for itself; the half before each is put
 * beside it first. */
#define before(x, last, n)                                                     \
    _mm256_alignr_epi8(x, _mm256_permute2x128_si256(last, x, 0x21), 16 - (n))

INLINE VECTOR only_last(uint8_t byte)
{
    return _mm256_insert_epi8(_mm256_setzero_si256(), (char)byte, 31);
}

INLINE bool is_ascii(VECTOR x)
{
    return _mm256_movemask_epi8(x) == 0;
}

INLINE bool is_zero(VECTOR x)
{
    return _mm256_testz_si256(x, x);
}

INLINE VECTOR take_tail(const struct tail *tail, uint8_t *out,
                        const uint8_t *in, size_t n, uint32_t key)
{
    __m128i low, high = _mm_setzero_si128();

    if (n < 16)
        return _mm256_set_m128i(high, take_tail_16(tail, out, n, key));
    low = _mm_xor_si128(load_16(in), _mm_set1_epi32((int)key));
    if (out)
        store_16(out, low);
    high = take_tail_16(tail, out ? out + 16 : NULL, n - 16, key);
    return _mm256_set_m128i(high, low);
}

#include "ws/simd_nibbles.h"

static bool is_here(void)
{
    return __builtin_cpu_supports("avx2");
}

const struct weft_simd_ops weft_simd_avx2 = {"avx2", is_here, mask, mask_text,
                                             check};

#else

const struct weft_simd_ops weft_simd_avx2 = {.name = "avx2"};

#endif
