/* SPDX-License-Identifier: MIT */
/* Masking (RFC 6455 section 5.3), which is its own inverse. */
#ifndef WEFT_WS_MASK_H
#define WEFT_WS_MASK_H

#include <weft/types.h>

/*
 * Masks or unmasks len bytes from in to out, which are the same place or do
 * not overlap. key holds the four bytes of the masking key in the order in
 * which they apply; the key for what follows is returned, so that a payload
 * may come in pieces.
 */
uint32_t weft_mask(uint8_t *out, const uint8_t *in, size_t len, uint32_t key);

/* The key as weft_mask wants it: its bytes in memory order. */
static inline uint32_t weft_mask_key(const uint8_t key[4])
{
    uint32_t word;

    memcpy(&word, key, 4);
    return word;
}

#endif
