/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL takes a buffer for a whole record as soon as the first byte of one is
 * there. It is given whole records only, so that a peer who sends the beginning
 * of one costs the bytes that came and no more.
 */
#include "tls/tls_record.h"

#define HEADER 5
#define LENGTH_MAX ((1u << 14) + 2048) /* RFC 5246 section 6.2.3 */
#define TYPE_FIRST 20                  /* change_cipher_spec */
#define TYPE_LAST 24                   /* heartbeat */

struct bytes {
    const uint8_t *a, *b;
    size_t a_len;
};

static unsigned at(const struct bytes *bytes, size_t i)
{
    return i < bytes->a_len ? bytes->a[i] : bytes->b[i - bytes->a_len];
}

size_t weft_tls_whole(const uint8_t *a, size_t a_len, const uint8_t *b,
                      size_t b_len, bool *is_strange)
{
    const struct bytes bytes = {a, b, a_len};
    size_t len = a_len + b_len, whole = 0;

    while (!*is_strange && whole < len) {
        unsigned type = at(&bytes, whole);
        size_t body;

        *is_strange = type < TYPE_FIRST || type > TYPE_LAST;
        if (len - whole < HEADER)
            break;
        body = at(&bytes, whole + 3) << 8 | at(&bytes, whole + 4);
        *is_strange |= body > LENGTH_MAX;
        if (body > len - whole - HEADER)
            break;
        whole += HEADER + body;
    }
    return *is_strange ? len : whole;
}
