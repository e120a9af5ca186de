/* SPDX-License-Identifier: MIT */
/*
 * Works on 32 bytes a step, which compilers turn into vector instructions,
 * then on words, and on bytes only at the end. The key is kept in memory
 * order, so nothing here depends on the byte order of the machine but the
 * rotation that follows a piece whose length is not a multiple of four.
 */
#include "ws/mask.h"

#define BLOCK 32

/* The key after n more bytes: its bytes in memory, rotated n to the left. */
static uint32_t key_after(uint32_t key, size_t n)
{
    uint8_t from[4], to[4];

    memcpy(from, &key, 4);
    for (size_t i = 0; i < 4; i++)
        to[i] = from[(i + n) & 3];
    memcpy(&key, to, 4);
    return key;
}

static void mask_block(uint8_t *out, const uint8_t *in, uint64_t wide)
{
    uint64_t words[BLOCK / 8];

    memcpy(words, in, BLOCK);
    for (size_t i = 0; i < BLOCK / 8; i++)
        words[i] ^= wide;
    memcpy(out, words, BLOCK);
}

uint32_t weft_mask(uint8_t *out, const uint8_t *in, size_t len, uint32_t key)
{
    uint64_t wide = (uint64_t)key << 32 | key, word;
    uint8_t bytes[4];
    size_t i = 0;

    for (; i + BLOCK <= len; i += BLOCK)
        mask_block(out + i, in + i, wide);
    for (; i + 8 <= len; i += 8) {
        memcpy(&word, in + i, 8);
        word ^= wide;
        memcpy(out + i, &word, 8);
    }
    memcpy(bytes, &key, 4);
    for (size_t j = 0; i + j < len; j++)
        out[i + j] = in[i + j] ^ bytes[j & 3];
    return len & 3 ? key_after(key, len) : key;
}
