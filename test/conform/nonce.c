/* SPDX-License-Identifier: MIT */
/*
 * Sec-WebSocket-Key and Sec-WebSocket-Accept. Base64 is written and read in its
 * canonical form only: padded, and with the bits behind the last byte 0.
 */
#include "nonce.h"

#include "sha1.h"

#include <stdio.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "abcdefghijklmnopqrstuvwxyz0123456789+/";

void base64(char *out, const uint8_t *p, size_t len)
{
    for (; len; p += 3, len -= len < 3 ? len : 3, out += 4) {
        uint32_t three = (uint32_t)p[0] << 16;

        three |= len > 1 ? (uint32_t)p[1] << 8 : 0;
        three |= len > 2 ? p[2] : 0;
        out[0] = digits[three >> 18];
        out[1] = digits[three >> 12 & 63];
        out[2] = len > 1 ? digits[three >> 6 & 63] : '=';
        out[3] = len > 2 ? digits[three & 63] : '=';
    }
    *out = '\0';
}

bool base64_read(uint8_t *out, size_t len, const char *text)
{
    uint32_t bits = 0;
    size_t have = 0, n = 0;
    const char *digit;

    for (; n < len; text++) {
        digit = *text ? strchr(digits, *text) : NULL;
        if (!digit)
            return false;
        bits = bits << 6 | (uint32_t)(digit - digits);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (uint8_t)(bits >> have);
        }
    }
    return (bits & ((1u << have) - 1)) == 0 &&
           strcmp(text, len % 3 == 0   ? ""
                        : len % 3 == 1 ? "=="
                                       : "=") == 0;
}

void accept_value(char out[29], const char *key)
{
    char text[200];
    uint8_t hash[20];
    int n = snprintf(text, sizeof(text), "%.128s%s", key,
                     "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");

    sha1(hash, text, (size_t)n);
    base64(out, hash, sizeof(hash));
}
