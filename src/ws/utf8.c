/* SPDX-License-Identifier: MIT */
/*
 * What is short and ASCII is seen here, by words that overlap. The rest is done
 * in ws/simd*.c, for each instruction set.
 */
#include "ws/utf8.h"

#include "ws/simd.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Of the first and the last 8 bytes. */
static uint64_t ends(const uint8_t *p, size_t len)
{
    uint64_t first, last;

    memcpy(&first, p, 8);
    memcpy(&last, p + len - 8, 8);
    return first | last;
}

/* From 8 to 32 bytes. */
static bool is_ascii(const uint8_t *p, size_t len)
{
    uint64_t bits = ends(p, len);

    if (len > 16)
        bits |= ends(p + 8, len - 16);
    return (bits & HIGH_BITS) == 0;
}

enum weft_utf8 weft_utf8_check(enum weft_utf8 state, const uint8_t *p,
                               size_t len)
{
    if (len >= 8 && len <= 32 && state == WEFT_UTF8_START && is_ascii(p, len))
        return state;
    return weft_simd()->check(state, p, len);
}

bool weft_utf8_is_valid(const void *p, size_t len)
{
    return weft_utf8_check(WEFT_UTF8_START, p, len) == WEFT_UTF8_START;
}
