/* SPDX-License-Identifier: MIT */
/*
 * What is short is masked here: two words that overlap, so that nothing around
 * the bytes is touched and no loop is needed. The rest is done in ws/simd*.c,
 * for each instruction set.
 */
#include "ws/mask.h"

#include "ws/simd.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

static uint64_t take_8(const uint8_t *p, uint32_t key)
{
    uint64_t word;

    memcpy(&word, p, 8);
    return word ^ ((uint64_t)key << 32 | key);
}

static uint32_t take_4(const uint8_t *p, uint32_t key)
{
    uint32_t word;

    memcpy(&word, p, 4);
    return word ^ key;
}

uint32_t weft_mask(uint8_t *out, const uint8_t *in, size_t len, uint32_t key)
{
    uint32_t after = weft_mask_key_after(key, len);
    weft_mask_lane first, last;

    if (len >= 16 && len <= 32) {
        weft_mask_lane_take(&first, in, key);
        weft_mask_lane_take(&last, in + len - 16, after);
        weft_mask_lane_give(out, &first);
        weft_mask_lane_give(out + len - 16, &last);
    } else {
        weft_simd()->mask(out, in, len, key);
    }
    return after;
}

/* From 4 to 15 bytes. False, and nothing is written, if they are not ASCII. */
static bool mask_few(uint8_t *out, const uint8_t *in, size_t len, uint32_t key)
{
    uint32_t after = weft_mask_key_after(key, len), half, last_half;
    uint64_t word, last;

    if (len >= 8) {
        word = take_8(in, key);
        last = take_8(in + len - 8, after);
        if ((word | last) & HIGH_BITS)
            return false;
        memcpy(out, &word, 8);
        memcpy(out + len - 8, &last, 8);
        return true;
    }
    half = take_4(in, key);
    last_half = take_4(in + len - 4, after);
    if ((half | last_half) & (uint32_t)HIGH_BITS)
        return false;
    memcpy(out, &half, 4);
    memcpy(out + len - 4, &last_half, 4);
    return true;
}

enum weft_utf8 weft_mask_any_text(uint8_t *out, const uint8_t *in, size_t len,
                                  uint32_t key, enum weft_utf8 state)
{
    if (len >= 4 && len <= 15 && state == WEFT_UTF8_START &&
        mask_few(out, in, len, key))
        return state;
    return weft_simd()->mask_text(out, in, len, key, state);
}
