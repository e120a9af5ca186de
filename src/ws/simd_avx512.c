/* SPDX-License-Identifier: MIT */
/*
 * Tables in registers give each of 64 bytes its class: what it asks of the byte
 * behind it, and what it is to the byte before. Both together, one byte apart,
 * find in another table whether the second may stand there: all is decided
 * then, but for the third and the fourth byte of a character. Of those a class
 * tells in two bits more, which are moved on by two bytes.
 *
 * A table has 128 places, which the low seven bits of a byte choose. Those of
 * ASCII are made 7F; so FF has the same place, and is found by the greatest
 * byte of the text.
 *
 * Lanes that are masked out are neither read nor written, so a tail is a block
 * like any other.
 */
#include "ws/simd.h"

#if defined(__x86_64__)
#include "ws/simd_scalar.h"

#include <immintrin.h>

#define BLOCK 64
#define LONG 2048 /* bytes from which on whole cache lines are written */
/* gcc's address sanitizer, where it looks for the use of local variables after
 * a return, puts them where a vector of 64 bytes may not lie. */
#define UNCHECKED no_sanitize("address")
#define TARGET target("avx512f,avx512bw,avx512vl,avx512vbmi,bmi2"), UNCHECKED
#define INLINE static inline __attribute__((always_inline, TARGET))

enum {
    /* bits 0 to 2: the byte behind it is */
    ANY = 1,   /* a continuation */
    E0 = 2,    /* A0..BF */
    ED = 3,    /* 80..9F */
    F0 = 4,    /* 90..BF */
    F4 = 5,    /* 80..8F */
    NEVER = 6, /* nothing, for this byte is in no text */
    BEHIND = 7,
    /* bits 3 and 4: it is a continuation */
    C8 = 1 << 3, /* 80..8F */
    C9 = 2 << 3, /* 90..9F */
    CA = 3 << 3, /* A0..BF */
    /* the bytes behind the next, too */
    FOUR = 1 << 6,  /* it begins a character of four bytes */
    THREE = 1 << 7, /* or of three */
};

#define X2(class) class, class
#define X4(class) X2(class), X2(class)
#define X8(class) X4(class), X4(class)
#define X16(class) X8(class), X8(class)

/* By the low seven bits of 80..FF. */
static const uint8_t classes[128] = {
    /* 80 */
    X16(C8),
    X16(C9),
    X16(CA),
    X16(CA),
    /* C0 */
    X2(NEVER),
    X2(ANY),
    X4(ANY),
    X8(ANY),
    X16(ANY),
    /* E0 */
    THREE | E0,
    X4(THREE | ANY),
    X8(THREE | ANY),
    THREE | ED,
    X2(THREE | ANY),
    /* F0, and what never comes from F5 on; ASCII in the last place */
    THREE | FOUR | F0,
    X2(THREE | FOUR | ANY),
    THREE | FOUR | ANY,
    THREE | FOUR | F4,
};

/* Whether a byte is not what the byte before asks for: by bits 0 to 2 of that,
 * and its own 3 and 4. A continuation behind a byte that asks for nothing is
 * right where a third or fourth is due, and only there. */
#define NO 0x80
static const uint8_t pairs[64] = {
    /* no continuation */
    0, NO, NO, NO, NO, NO, NO, NO,
    /* 80..8F */
    NO, 0, NO, 0, NO, 0, NO, NO,
    /* 90..9F */
    NO, 0, NO, 0, 0, NO, NO, NO,
    /* A0..BF */
    NO, 0, 0, NO, 0, NO, NO, NO,
    /* bit 5 is never set */
};

/* Indices into two blocks, the earlier one's behind 64: each lane takes the
 * byte before it, or that two before. */
static const uint8_t before_1[64] = {
    127, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14,
    15,  16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
    31,  32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46,
    47,  48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62,
};
static const uint8_t before_2[64] = {
    126, 127, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13,
    14,  15,  16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
    30,  31,  32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45,
    46,  47,  48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61,
};

/* What a text has come to; lives in registers. */
struct text {
    __m512i class;   /* of the last block */
    __m512i later;   /* bit 7: a continuation is due two bytes on */
    __m512i wrong;   /* bit 7: a byte that cannot stand where it does */
    __m512i highest; /* byte so far */
    bool is_wide;    /* the last block was not all ASCII */
    bool was_wide;   /* nor some block before */
};

/* The state as if its character had begun in a block before. */
INLINE struct text begin(enum weft_utf8 state)
{
    __m512i none = _mm512_setzero_si512();
    bool is_open = state != WEFT_UTF8_START;
    struct text t = {none, none, none, none, is_open, is_open};

    if (is_open)
        t.class = t.later = _mm512_maskz_set1_epi8(
            UINT64_C(1) << 63, (char)classes[weft_scalar_leads[state] & 0x7f]);
    return t;
}

/* Lanes that are not valid are zero and cannot be wrong. */
INLINE void check_block(struct text *t, __m512i x, __mmask64 valid)
{
    __m512i index = _mm512_max_epu8(x, _mm512_set1_epi8(0x7f));
    __m512i class = _mm512_permutex2var_epi8(_mm512_loadu_si512(classes), index,
                                             _mm512_loadu_si512(classes + 64));
    __m512i last =
        _mm512_permutex2var_epi8(class, _mm512_loadu_si512(before_1), t->class);
    __m512i pair = _mm512_ternarylogic_epi64(_mm512_set1_epi8(BEHIND), last,
                                             class, 0xca); /* bit by bit */
    __m512i no =
        _mm512_maskz_permutexvar_epi8(valid, pair, _mm512_loadu_si512(pairs));
    __m512i later = _mm512_or_si512(class, _mm512_add_epi8(last, last));
    __m512i due = _mm512_maskz_permutex2var_epi8(
        valid, later, _mm512_loadu_si512(before_2), t->later);

    /* wrong | (no ^ due) */
    t->wrong = _mm512_ternarylogic_epi64(t->wrong, no, due, 0xf6);
    t->was_wide = true;
    t->highest = _mm512_max_epu8(t->highest, x);
    t->class = class;
    t->later = later;
}

INLINE bool is_wrong(const struct text *t)
{
    __mmask64 high = _mm512_movepi8_mask(t->wrong);

    return (high | _mm512_cmpge_epu8_mask(t->highest,
                                          _mm512_set1_epi8((char)0xf5))) != 0;
}

/* Takes in a vector, unmasked unless out is NULL. */
INLINE __m512i take(uint8_t *out, const uint8_t *in, __m512i wide)
{
    __m512i x = _mm512_loadu_si512(in);

    if (out) {
        x = _mm512_xor_si512(x, wide);
        _mm512_storeu_si512(out, x);
    }
    return x;
}

INLINE __m512i take_some(uint8_t *out, const uint8_t *in, __m512i wide,
                         __mmask64 valid)
{
    __m512i x = _mm512_maskz_loadu_epi8(valid, in);

    if (out) {
        x = _mm512_xor_si512(x, _mm512_maskz_mov_epi8(valid, wide));
        _mm512_mask_storeu_epi8(out, valid, x);
    }
    return x;
}

/* How far it is to the first whole cache line: stores that lie in two take
 * half as long again, which pays for one block more in long texts. The bytes
 * before it are taken as the end of a block. */
INLINE size_t head_of(const uint8_t *out)
{
    return -(uintptr_t)out % BLOCK;
}

/* The first n. */
INLINE __mmask64 lanes(size_t n)
{
    return _bzhi_u64(UINT64_MAX, (unsigned)n);
}

/* One block and what is known of it. */
INLINE void check_if_wide(struct text *t, __m512i x, __mmask64 valid)
{
    bool is_wide = _mm512_movepi8_mask(x) != 0;

    if (is_wide || t->is_wide) {
        check_block(t, x, valid);
        t->is_wide = is_wide;
    }
}

INLINE void check_two_if_wide(struct text *t, __m512i x, __m512i y)
{
    bool is_wide = _mm512_movepi8_mask(_mm512_or_si512(x, y)) != 0;

    if (is_wide || t->is_wide) {
        check_block(t, x, UINT64_MAX);
        check_block(t, y, UINT64_MAX);
        t->is_wide = is_wide;
    }
}

/* A text of at least four bytes. out is NULL to check only. */
INLINE enum weft_utf8 run(uint8_t *out, const uint8_t *in, size_t len,
                          uint32_t key, enum weft_utf8 state)
{
    uint32_t last = weft_scalar_last(in, len, key);
    struct text t = begin(state);
    size_t i = 0;
    __m512i wide, x, y;
    __mmask64 valid;

    if (out && len >= LONG && state == WEFT_UTF8_START) {
        i = head_of(out);
        key = weft_mask_key_after(key, i);
        wide = _mm512_set1_epi32((int)key);
        valid = ~lanes(BLOCK - i);
        x = take_some(out + i - BLOCK, in + i - BLOCK, wide, valid);
        check_if_wide(&t, x, valid);
    }
    wide = _mm512_set1_epi32((int)key);
    for (; len - i >= 2 * BLOCK; i += 2 * BLOCK) {
        x = take(out ? out + i : NULL, in + i, wide);
        y = take(out ? out + i + BLOCK : NULL, in + i + BLOCK, wide);
        check_two_if_wide(&t, x, y);
    }
    for (; len > i; i += BLOCK) {
        valid = lanes(len - i < BLOCK ? len - i : BLOCK);
        x = take_some(out ? out + i : NULL, in + i, wide, valid);
        check_if_wide(&t, x, valid);
    }
    if (!t.was_wide)
        return WEFT_UTF8_START;
    if (is_wrong(&t))
        return WEFT_UTF8_BAD;
    return weft_scalar_is_cut(last)
               ? weft_scalar_end(state, out ? out : in, len)
               : WEFT_UTF8_START;
}

__attribute__((TARGET)) static enum weft_utf8
mask_text(uint8_t *out, const uint8_t *in, size_t len, uint32_t key,
          enum weft_utf8 state)
{
    if (len < 4 || state == WEFT_UTF8_BAD)
        return weft_simd_scalar.mask_text(out, in, len, key, state);
    return run(out, in, len, key, state);
}

__attribute__((TARGET)) static enum weft_utf8
check(enum weft_utf8 state, const uint8_t *p, size_t len)
{
    if (len < 4 || state == WEFT_UTF8_BAD)
        return weft_simd_scalar.check(state, p, len);
    return run(NULL, p, len, 0, state);
}

__attribute__((TARGET)) static void mask(uint8_t *out, const uint8_t *in,
                                         size_t len, uint32_t key)
{
    __m512i wide;
    size_t i = 0;

    if (len >= LONG) {
        i = head_of(out);
        key = weft_mask_key_after(key, i);
        wide = _mm512_set1_epi32((int)key);
        take_some(out + i - BLOCK, in + i - BLOCK, wide, ~lanes(BLOCK - i));
    }
    wide = _mm512_set1_epi32((int)key);
    for (; len - i >= 2 * BLOCK; i += 2 * BLOCK) {
        take(out + i, in + i, wide);
        take(out + i + BLOCK, in + i + BLOCK, wide);
    }
    for (; len > i; i += BLOCK)
        take_some(out + i, in + i, wide,
                  lanes(len - i < BLOCK ? len - i : BLOCK));
}

static bool is_here(void)
{
    return __builtin_cpu_supports("avx512vbmi") &&
           __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2");
}

const struct weft_simd_ops weft_simd_avx512 = {"avx512", is_here, mask,
                                               mask_text, check};

#else

const struct weft_simd_ops weft_simd_avx512 = {.name = "avx512"};

#endif
