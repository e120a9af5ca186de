/* SPDX-License-Identifier: MIT */
/*
 * The opening handshake of both roles (RFC 6455 section 4), over header fields
 * rather than bytes: HTTP is another folder's. What belongs to the request
 * line or status line is the caller's to check.
 */
#ifndef WEFT_WS_HANDSHAKE_H
#define WEFT_WS_HANDSHAKE_H

#include "base/slice.h"
#include <weft/error.h>

#define WEFT_KEY_LEN 24    /* Sec-WebSocket-Key: 16 bytes in Base64 */
#define WEFT_ACCEPT_LEN 28 /* Sec-WebSocket-Accept: 20 bytes in Base64 */

/* SHA-1 comes from outside. 0 or an error. */
typedef int weft_sha1_fn(const void *data, size_t len, uint8_t out[20]);

/* Why a handshake is refused. */
struct weft_refusal {
    int status;       /* HTTP: 400, 426 … */
    const char *text; /* which field is wrong, in what way; static */
};

/* Whether the fields ask for an upgrade to WebSocket at all, rightly or not. */
bool weft_handshake_is_asked(const struct weft_field *fields, size_t count);

/* A server's check of a client's fields (section 4.2.1). true, and *key is the
 * value of Sec-WebSocket-Key; or false and *why. */
bool weft_handshake_check(const struct weft_field *fields, size_t count,
                          struct weft_slice *key, struct weft_refusal *why);

/* The value of Sec-WebSocket-Accept for a key (section 4.2.2 step 5.4), with a
 * NUL. 0, or what sha1 gave. */
WEFT_CHECK int weft_handshake_accept(weft_sha1_fn *sha1, struct weft_slice key,
                                     char out[WEFT_ACCEPT_LEN + 1]);

#define WEFT_OFFERS_MAX 32 /* a handshake that offers more is refused */

/* The subprotocols that the client offers, over all the fields, in its order
 * of preference. Their number; what is beyond WEFT_OFFERS_MAX is counted and
 * not stored. */
size_t weft_handshake_offers(const struct weft_field *fields, size_t count,
                             struct weft_slice offers[WEFT_OFFERS_MAX]);

/* A client's key from 16 random bytes, with a NUL (section 4.1 item 7). */
void weft_handshake_key(const uint8_t nonce[16], char out[WEFT_KEY_LEN + 1]);

/* What a client sent, to check the answer against. */
struct weft_asked {
    const char *key; /* Sec-WebSocket-Key as sent */
    const char *const *protocols;
    size_t protocol_count;
};

/* What the server agreed to. */
struct weft_agreed {
    struct weft_slice protocol;   /* empty: none */
    struct weft_slice extensions; /* the field's value, for the caller to
                                   * compare with what it offered; or empty */
};

/* A client's check of a server's fields, behind a status of 101 (section 4.1).
 * true, and *agreed; or false and *why, whose status is then 0. */
bool weft_handshake_verify(const struct weft_field *fields, size_t count,
                           const struct weft_asked *asked, weft_sha1_fn *sha1,
                           struct weft_agreed *agreed,
                           struct weft_refusal *why);

#endif
