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

static unsigned at(const struct weft_buf *kept, const uint8_t *p, size_t i)
{
    return i < kept->len ? kept->data[i] : p[i - kept->len];
}

size_t weft_tls_whole(const struct weft_buf *kept, const uint8_t *p, size_t len,
                      bool *is_strange)
{
    size_t all = kept->len + len, whole = 0;

    while (!*is_strange && whole < all) {
        unsigned type = at(kept, p, whole);
        size_t body;

        *is_strange = type < TYPE_FIRST || type > TYPE_LAST;
        if (all - whole < HEADER)
            break;
        body = at(kept, p, whole + 3) << 8 | at(kept, p, whole + 4);
        *is_strange |= body > LENGTH_MAX;
        if (body > all - whole - HEADER)
            break;
        whole += HEADER + body;
    }
    return *is_strange ? all : whole;
}
