/* SPDX-License-Identifier: MIT */
/*
 * Masking and checking with vectors of 16 or 32 bytes whose tables have 16
 * places: SSE4.1, AVX2 and NEON. Each has a file that defines the operations on
 * its vectors, includes this, and so has mask, mask_text and check. What must
 * be there:
 *
 *     INLINE, ENTRY        how functions are declared: within, for others
 *     VECTOR, WIDTH        the type and its bytes
 *     load store both either differ   the last three: and, or, xor
 *     splat key_of         a byte, or the four of a key, in all places
 *     less                 the difference, 0 where that would be negative
 *     lookup               of what is below 16, in a vector of repeated tables
 *     table                16 bytes from memory, repeated
 *     high_nibbles
 *     before               (x, last, n): each lane takes the byte n before it
 *     only_last            a byte in the last lane, zeros in the others
 *     is_ascii is_zero     of all lanes
 *     struct tail, begin_tail, take_tail
 *                          the last bytes, fewer than WIDTH
 *
 * The check (after J. Keiser and D. Lemire, "Validating UTF-8 in less than one
 * instruction per byte", 2021): whether a byte may stand behind another is a
 * matter of three nibbles, the two of the first and the high one of the second.
 * Each has a table of the faults that it may be part of, a bit for each fault;
 * what all three agree on has happened. That decides all but the third and
 * fourth byte of a character. To a pair they are one fault, a continuation
 * behind a continuation, and so this fault must be there where a first byte of
 * three or four stands two or three places before, and only there.
 */
#ifndef WEFT_WS_SIMD_NIBBLES_H
#define WEFT_WS_SIMD_NIBBLES_H

#ifdef VECTOR

#include "ws/simd.h"
#include "ws/simd_scalar.h"

enum {
    SHORT = 1,   /* a first byte, and no continuation */
    STRAY = 2,   /* ASCII, and a continuation */
    TWO = 4,     /* C0 or C1: overlong */
    E0 = 8,      /* and 80..9F: overlong */
    ED = 16,     /* and A0..BF: surrogates */
    F0 = 32,     /* and 80..8F: overlong; F5 and above, likewise */
    F4 = 64,     /* and 90..BF: past U+10FFFF; F5 and above, likewise */
    THIRD = 128, /* a continuation, and another */
    ANY = SHORT | STRAY | THIRD, /* whatever the low nibble is */
};

static const uint8_t first_high[16] = {
    STRAY,       STRAY, STRAY,           STRAY,           STRAY, STRAY,
    STRAY,       STRAY, THIRD,           THIRD,           THIRD, THIRD,
    SHORT | TWO, SHORT, SHORT | E0 | ED, SHORT | F0 | F4,
};
static const uint8_t first_low[16] = {
    ANY | TWO | E0 | F0,
    ANY | TWO,
    ANY,
    ANY,
    ANY | F4,
    ANY | F0 | F4,
    ANY | F0 | F4,
    ANY | F0 | F4,
    ANY | F0 | F4,
    ANY | F0 | F4,
    ANY | F0 | F4,
    ANY | F0 | F4,
    ANY | F0 | F4,
    ANY | F0 | F4 | ED,
    ANY | F0 | F4,
    ANY | F0 | F4,
};
#define CONTINUATION (STRAY | THIRD | TWO)
static const uint8_t second_high[16] = {
    SHORT,
    SHORT,
    SHORT,
    SHORT,
    SHORT,
    SHORT,
    SHORT,
    SHORT,
    CONTINUATION | E0 | F0,
    CONTINUATION | E0 | F4,
    CONTINUATION | ED | F4,
    CONTINUATION | ED | F4,
    SHORT,
    SHORT,
    SHORT,
    SHORT,
};

/* Ones, then zeros: the first n lanes are what lies n before the zeros. */
static const uint8_t ones[2 * WIDTH] = {
#define X8 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
    X8,
    X8,
#if WIDTH == 32
    X8,
    X8,
#endif
#undef X8
};

/* What a text has come to; lives in registers. */
struct text {
    VECTOR last;   /* what was checked last */
    VECTOR wrong;  /* lanes that are not zero: a fault */
    bool is_wide;  /* what came last was not all ASCII */
    bool was_wide; /* nor something before */
};

/* The faults of a vector that comes behind t->last. */
INLINE VECTOR faults(const struct text *t, VECTOR x)
{
    VECTOR first = before(x, t->last, 1);
    VECTOR pair = both(both(lookup(table(first_high), high_nibbles(first)),
                            lookup(table(first_low), both(first, splat(15)))),
                       lookup(table(second_high), high_nibbles(x)));
    /* The high bit is what remains of E0 and above, and of F0 and above. */
    VECTOR due = either(less(before(x, t->last, 2), splat(0xe0 - 0x80)),
                        less(before(x, t->last, 3), splat(0xf0 - 0x80)));

    return differ(pair, both(due, splat(0x80)));
}

INLINE void check_vector(struct text *t, VECTOR x)
{
    t->wrong = either(t->wrong, faults(t, x));
    t->last = x;
    t->was_wide = true;
}

/* The same, of which n bytes belong to the text. */
INLINE void check_tail(struct text *t, VECTOR x, size_t n)
{
    t->wrong = either(t->wrong, both(faults(t, x), load(ones + WIDTH - n)));
    t->was_wide = true;
}

INLINE VECTOR take(uint8_t *out, const uint8_t *in, VECTOR wide)
{
    VECTOR x = load(in);

    if (out) {
        x = differ(x, wide);
        store(out, x);
    }
    return x;
}

/* A text of at least four bytes, by whole vectors and a tail. The state goes in
 * as if its character had begun in a vector before. out is NULL to check only,
 * and then key is 0. */
INLINE enum weft_utf8 run(uint8_t *out, const uint8_t *in, size_t len,
                          uint32_t key, enum weft_utf8 state)
{
    VECTOR wide = key_of(key), none = splat(0), x, y;
    bool is_wide = state != WEFT_UTF8_START;
    struct text t = {only_last(weft_scalar_leads[state]), none, is_wide,
                     is_wide};
    struct tail tail = begin_tail(in, len);
    uint32_t last = weft_scalar_last(in, len, key);
    size_t i = 0;

    for (; len - i >= 2 * WIDTH; i += 2 * WIDTH) {
        x = take(out ? out + i : NULL, in + i, wide);
        y = take(out ? out + i + WIDTH : NULL, in + i + WIDTH, wide);
        is_wide = !is_ascii(either(x, y));
        if (is_wide || t.is_wide) {
            check_vector(&t, x);
            check_vector(&t, y);
            t.is_wide = is_wide;
        }
    }
    if (len - i >= WIDTH) {
        x = take(out ? out + i : NULL, in + i, wide);
        is_wide = !is_ascii(x);
        if (is_wide || t.is_wide)
            check_vector(&t, x);
        t.is_wide = is_wide;
        i += WIDTH;
    }
    if (len > i) {
        x = take_tail(&tail, out ? out + i : NULL, in + i, len - i, key);
        if (t.is_wide || !is_ascii(x))
            check_tail(&t, x, len - i);
    }
    if (!t.was_wide)
        return WEFT_UTF8_START;
    if (!is_zero(t.wrong))
        return WEFT_UTF8_BAD;
    return weft_scalar_is_cut(last)
               ? weft_scalar_end(state, out ? out : in, len)
               : WEFT_UTF8_START;
}

static ENTRY enum weft_utf8 mask_text(uint8_t *out, const uint8_t *in,
                                      size_t len, uint32_t key,
                                      enum weft_utf8 state)
{
    if (len < 4 || state == WEFT_UTF8_BAD)
        return weft_simd_scalar.mask_text(out, in, len, key, state);
    return run(out, in, len, key, state);
}

static ENTRY enum weft_utf8 check(enum weft_utf8 state, const uint8_t *p,
                                  size_t len)
{
    if (len < 4 || state == WEFT_UTF8_BAD)
        return weft_simd_scalar.check(state, p, len);
    return run(NULL, p, len, 0, state);
}

static ENTRY void mask(uint8_t *out, const uint8_t *in, size_t len,
                       uint32_t key)
{
    VECTOR wide = key_of(key);
    struct tail tail;
    size_t i = 0;

    if (len < 4) {
        weft_simd_scalar.mask(out, in, len, key);
        return;
    }
    tail = begin_tail(in, len);
    for (; len - i >= 2 * WIDTH; i += 2 * WIDTH) {
        take(out + i, in + i, wide);
        take(out + i + WIDTH, in + i + WIDTH, wide);
    }
    if (len - i >= WIDTH) {
        take(out + i, in + i, wide);
        i += WIDTH;
    }
    if (len > i)
        take_tail(&tail, out + i, in + i, len - i, key);
}

#endif
#endif
