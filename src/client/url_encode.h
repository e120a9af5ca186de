/* SPDX-License-Identifier: MIT */
/* The bytes of a URL: made UTF-8, rid of what the standard drops, and
 * percent-encoded and decoded (URL standard, section 1.3). */
#ifndef WEFT_CLIENT_URL_ENCODE_H
#define WEFT_CLIENT_URL_ENCODE_H

#include "base/buf.h"
#include "base/slice.h"

/* Which bytes are written as %XX: the standard's percent-encode sets. */
enum weft_url_set {
    WEFT_URL_PATH = 1,
    WEFT_URL_QUERY = 2, /* its "special-query" */
    WEFT_URL_USERINFO = 4,
};

/* What the buffer holds. */
static inline struct weft_slice weft_url_bytes(const struct weft_buf *buf)
{
    return (struct weft_slice){(const char *)buf->data, buf->len};
}

/* The value of a hex digit, or -1. */
int weft_url_hex_value(char c);

/* All of these append to out; 0, LIMIT or NOMEM. */

WEFT_CHECK int weft_url_encode(struct weft_buf *out, enum weft_url_set set,
                               struct weft_slice text);

/* A "%" without two hex digits stays as it is. */
WEFT_CHECK int weft_url_decode(struct weft_buf *out, struct weft_slice text);

/* What is not UTF-8 becomes U+FFFD, in as many pieces as the Encoding standard
 * has it: one for the longest beginning of a character, and for each byte with
 * which none begins. */
WEFT_CHECK int weft_url_repair(struct weft_buf *out, struct weft_slice bytes);

/* Repairs, then drops C0 controls and spaces at both ends, and tabs and line
 * ends everywhere: the first steps of the basic URL parser. out is empty
 * before. */
WEFT_CHECK int weft_url_clean(struct weft_buf *out, struct weft_slice bytes);

#endif
