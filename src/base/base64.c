/* SPDX-License-Identifier: MIT */
/*
 * Base64 for a handful of bytes at a time: handshake keys and credentials.
 * The decoder accepts exactly what the encoder writes, so every value has one
 * text: it refuses missing or misplaced padding, white space, the URL-safe
 * alphabet, and set bits behind the data (RFC 4648 sections 3.2, 3.3, 3.5).
 */
#include "base/base64.h"

#include <limits.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void weft_base64_encode(char *out, const void *data, size_t len)
{
    const uint8_t *in = data;

    for (; len >= 3; len -= 3, in += 3) {
        *out++ = alphabet[in[0] >> 2];
        *out++ = alphabet[(in[0] & 3) << 4 | in[1] >> 4];
        *out++ = alphabet[(in[1] & 15) << 2 | in[2] >> 6];
        *out++ = alphabet[in[2] & 63];
    }
    if (len == 0)
        return;
    *out++ = alphabet[in[0] >> 2];
    *out++ = alphabet[(in[0] & 3) << 4 | (len == 2 ? in[1] >> 4 : 0)];
    *out++ = len == 2 ? alphabet[(in[1] & 15) << 2] : '=';
    *out = '=';
}

/* The six bits of a character, or -1. */
static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* Decodes four characters of which the last `padding` ones are '=' and count
 * as zero bits. -1 when another one is not of the alphabet, or when bits are
 * set that belong to no byte. */
static int decode_group(uint8_t *out, const char *in, size_t padding)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 4; i++) {
        int six = i < 4 - padding ? digit(in[i]) : 0;

        if (six < 0)
            return -1;
        bits = bits << 6 | (uint32_t)six;
    }
    if (bits & ((UINT32_C(1) << 8 * padding) - 1))
        return -1;
    for (size_t i = 0; i < 3 - padding; i++)
        out[i] = (uint8_t)(bits >> (16 - 8 * i));
    return 0;
}

int weft_base64_decode(void *out, size_t max, const char *text, size_t len)
{
    uint8_t *bytes = out;
    size_t padding = 0, size;

    if (len % 4 != 0)
        return -1;
    if (len > 0 && text[len - 1] == '=')
        padding = text[len - 2] == '=' ? 2 : 1;
    size = len / 4 * 3 - padding;
    if (size > max || size > INT_MAX)
        return -1;

    for (size_t i = 0; i < len; i += 4) {
        size_t left_out = i + 4 == len ? padding : 0;

        if (decode_group(bytes + i / 4 * 3, text + i, left_out) < 0)
            return -1;
    }
    return (int)size;
}
