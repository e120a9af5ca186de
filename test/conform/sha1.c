/* SPDX-License-Identifier: MIT */
/*
 * SHA-1 (FIPS 180-4 section 6.1), for Sec-WebSocket-Accept. The message is
 * whole in memory; only its last one or two blocks are padded in a buffer.
 */
#include "sha1.h"

#include <string.h>

static uint32_t rotate(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

/* Section 4.1.1 and 4.2.1. */
static uint32_t round_value(int t, uint32_t b, uint32_t c, uint32_t d)
{
    if (t < 20)
        return ((b & c) ^ (~b & d)) + 0x5a827999;
    if (t < 40)
        return (b ^ c ^ d) + 0x6ed9eba1;
    if (t < 60)
        return ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdc;
    return (b ^ c ^ d) + 0xca62c1d6;
}

static void add_block(uint32_t h[5], const uint8_t block[64])
{
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

    for (int t = 0; t < 16; t++)
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
               (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    for (int t = 16; t < 80; t++)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (int t = 0; t < 80; t++) {
        uint32_t next = rotate(a, 5) + round_value(t, b, c, d) + e + w[t];

        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

void sha1(uint8_t out[20], const void *p, size_t len)
{
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
                     0xc3d2e1f0};
    uint8_t last[128] = {0};
    const uint8_t *in = p;
    size_t rest = len % 64, size = rest < 56 ? 64 : 128;

    for (size_t i = 0; i + 64 <= len; i += 64)
        add_block(h, in + i);
    memcpy(last, in + len - rest, rest);
    last[rest] = 0x80;
    for (int i = 0; i < 4; i++)
        last[size - 1 - (size_t)i] = (uint8_t)(len * 8 >> 8 * i);
    for (size_t i = 0; i < size; i += 64)
        add_block(h, last + i);
    for (int i = 0; i < 20; i++)
        out[i] = (uint8_t)(h[i / 4] >> (24 - i % 4 * 8));
}
