/* SPDX-License-Identifier: MIT */
/*
 * Text on the wire is mostly ASCII, so that is passed over 32 bytes a step;
 * whole characters beyond it are checked as the sequences of RFC 3629 section
 * 4; and the state machine, one byte a step, serves the ends of a piece only.
 */
#include "ws/utf8.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

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

/* How many bytes from p on are surely ASCII; a few may be left unsaid. */
static size_t ascii_run(const uint8_t *p, size_t len)
{
    size_t i = 0;
    uint64_t w[4];

    for (; i + sizeof(w) <= len; i += sizeof(w)) {
        memcpy(w, p + i, sizeof(w));
        if ((w[0] | w[1] | w[2] | w[3]) & HIGH_BITS)
            break;
    }
    for (; i + 8 <= len; i += 8) {
        memcpy(w, p + i, 8);
        if (w[0] & HIGH_BITS)
            return i + ((size_t)__builtin_ctzll(w[0] & HIGH_BITS) >> 3) *
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

enum weft_utf8 weft_utf8_check(enum weft_utf8 state, const uint8_t *p,
                               size_t len)
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

bool weft_utf8_is_valid(const void *p, size_t len)
{
    return weft_utf8_check(WEFT_UTF8_START, p, len) == WEFT_UTF8_START;
}
