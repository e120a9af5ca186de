/* SPDX-License-Identifier: MIT */
/*
 * Works on 32 bytes a step, which compilers turn into vector instructions,
 * then on words, and on bytes only at the end. The key is kept in memory
 * order, so little here depends on the byte order of the machine.
 *
 * Text on the wire is mostly ASCII, so that is passed over 32 bytes a step;
 * whole characters beyond it are checked as the sequences of RFC 3629 section
 * 4; and the state machine, one byte a step, serves the ends of a piece only.
 */
#include "ws/simd_scalar.h"

#include "ws/simd.h"

#define BLOCK 32
#define HIGH_BITS UINT64_C(0x8080808080808080)

/* What is unmasked before it is checked: little enough to be in the cache
 * still, and enough that the calls cost nothing. */
#define CHUNK 2048

/* ---- Masking ------------------------------------------------------------- */

static void mask_block(uint8_t *out, const uint8_t *in, uint32_t key)
{
    weft_mask_lane first, last;

    weft_mask_lane_take(&first, in, key);
    weft_mask_lane_take(&last, in + 16, key);
    weft_mask_lane_give(out, &first);
    weft_mask_lane_give(out + 16, &last);
}

/* The byte that applies next: the first in memory. */
static uint8_t first_of(uint32_t key)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return (uint8_t)(key >> 24);
#else
    return (uint8_t)key;
#endif
}

static void mask(uint8_t *out, const uint8_t *in, size_t len, uint32_t key)
{
    uint64_t wide = (uint64_t)key << 32 | key, word;
    size_t i = 0;

    for (; i + BLOCK <= len; i += BLOCK)
        mask_block(out + i, in + i, key);
    for (; i + 8 <= len; i += 8) {
        memcpy(&word, in + i, 8);
        word ^= wide;
        memcpy(out + i, &word, 8);
    }
    for (; i < len; i++, key = weft_mask_key_after(key, 1))
        out[i] = in[i] ^ first_of(key);
}

/* ---- UTF-8 --------------------------------------------------------------- */

/* The state behind a first byte. */
static enum weft_utf8 after_first(uint8_t byte)
{
    if (byte < 0x80)
        return WEFT_UTF8_START;
    if (byte < 0xc2)
        return WEFT_UTF8_BAD; /* a continuation, or overlong */
    if (byte < 0xe0)
        return WEFT_UTF8_NEED_1;
    if (byte < 0xf0) {
        if (byte == 0xe0)
            return WEFT_UTF8_AFTER_E0;
        return byte == 0xed ? WEFT_UTF8_AFTER_ED : WEFT_UTF8_NEED_2;
    }
    if (byte == 0xf0)
        return WEFT_UTF8_AFTER_F0;
    if (byte < 0xf4)
        return WEFT_UTF8_NEED_3;
    return byte == 0xf4 ? WEFT_UTF8_AFTER_F4 : WEFT_UTF8_BAD;
}

/* For each state inside a character: which bytes may follow, and what then. */
static const struct {
    uint8_t low, high, next;
} steps[] = {
    [WEFT_UTF8_NEED_1] = {0x80, 0xbf, WEFT_UTF8_START},
    [WEFT_UTF8_NEED_2] = {0x80, 0xbf, WEFT_UTF8_NEED_1},
    [WEFT_UTF8_NEED_3] = {0x80, 0xbf, WEFT_UTF8_NEED_2},
    [WEFT_UTF8_AFTER_E0] = {0xa0, 0xbf, WEFT_UTF8_NEED_1},
    [WEFT_UTF8_AFTER_ED] = {0x80, 0x9f, WEFT_UTF8_NEED_1},
    [WEFT_UTF8_AFTER_F0] = {0x90, 0xbf, WEFT_UTF8_NEED_2},
    [WEFT_UTF8_AFTER_F4] = {0x80, 0x8f, WEFT_UTF8_NEED_2},
    [WEFT_UTF8_BAD] = {0xff, 0, WEFT_UTF8_BAD}, /* no byte mends it */
};

static enum weft_utf8 step(enum weft_utf8 state, uint8_t byte)
{
    if (state == WEFT_UTF8_START)
        return after_first(byte);
    if (byte < steps[state].low || byte > steps[state].high)
        return WEFT_UTF8_BAD;
    return (enum weft_utf8)steps[state].next;
}

/* The high bits of the eight bytes at p. */
static uint64_t high_bits(const uint8_t *p)
{
    uint64_t word;

    memcpy(&word, p, 8);
    return word & HIGH_BITS;
}

/* How many bytes from p on are surely ASCII; a few may be left unsaid. */
static size_t ascii_run(const uint8_t *p, size_t len)
{
    size_t i = 0;
    uint64_t high;

    for (; i + BLOCK <= len; i += BLOCK)
        if (high_bits(p + i) | high_bits(p + i + 8) | high_bits(p + i + 16) |
            high_bits(p + i + 24))
            break;
    for (; i + 8 <= len; i += 8) {
        high = high_bits(p + i);
        if (high)
            return i + ((size_t)__builtin_ctzll(high) >> 3) *
                           (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    }
    return i;
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/*
 * The length of the character that begins with p[0] >= 0x80 and has at least
 * four bytes before the end, or 0 when it is none.
 */
static size_t wide_char(const uint8_t *p)
{
    enum weft_utf8 state = after_first(p[0]);

    if (state == WEFT_UTF8_NEED_1)
        return is_continuation(p[1]) ? 2 : 0;
    if (state == WEFT_UTF8_BAD || p[1] < steps[state].low ||
        p[1] > steps[state].high || !is_continuation(p[2]))
        return 0;
    if (p[0] < 0xf0)
        return 3;
    return is_continuation(p[3]) ? 4 : 0;
}

static enum weft_utf8 check(enum weft_utf8 state, const uint8_t *p, size_t len)
{
    size_t i = 0, n;

    while (i < len) {
        if (state == WEFT_UTF8_START && len - i >= 4) {
            n = p[i] < 0x80 ? ascii_run(p + i, len - i) : wide_char(p + i);
            i += n;
            if (n > 0)
                continue;
            if (p[i] >= 0x80)
                return WEFT_UTF8_BAD;
        }
        state = step(state, p[i++]);
        if (state == WEFT_UTF8_BAD)
            return state;
    }
    return state;
}

/* ---- For the vectors ----------------------------------------------------- */

const uint8_t weft_scalar_leads[] = {
    [WEFT_UTF8_START] = 0,       [WEFT_UTF8_NEED_1] = 0xc2,
    [WEFT_UTF8_NEED_2] = 0xe1,   [WEFT_UTF8_NEED_3] = 0xf1,
    [WEFT_UTF8_AFTER_E0] = 0xe0, [WEFT_UTF8_AFTER_ED] = 0xed,
    [WEFT_UTF8_AFTER_F0] = 0xf0, [WEFT_UTF8_AFTER_F4] = 0xf4,
    [WEFT_UTF8_BAD] = 0xff,
};

/* A character has at most four bytes, so what stands open begins in the last
 * three, or before the piece. */
enum weft_utf8 weft_scalar_end(enum weft_utf8 state, const uint8_t *p,
                               size_t len)
{
    size_t n = 1;

    while (n <= len && n <= 3 && is_continuation(p[len - n]))
        n++;
    if (n > 3)
        return WEFT_UTF8_START;
    if (n <= len)
        return check(WEFT_UTF8_START, p + len - n, n);
    return check(state, p, len);
}

/* ---- Operations ---------------------------------------------------------- */

static enum weft_utf8 mask_text(uint8_t *out, const uint8_t *in, size_t len,
                                uint32_t key, enum weft_utf8 state)
{
    for (size_t at = 0; at < len && state != WEFT_UTF8_BAD; at += CHUNK) {
        size_t n = len - at < CHUNK ? len - at : CHUNK;

        mask(out + at, in + at, n, key);
        state = check(state, out + at, n);
    }
    return state;
}

static bool is_here(void)
{
    return true;
}

const struct weft_simd_ops weft_simd_scalar = {"scalar", is_here, mask,
                                               mask_text, check};
