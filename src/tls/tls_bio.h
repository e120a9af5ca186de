/* SPDX-License-Identifier: MIT */
/*
 * Where OpenSSL reads and writes: one BIO for all connections of a loop. Before
 * a call of OpenSSL it is fed what that call may read; what the call has
 * written lies in out afterwards. So a connection has no BIO and no buffer of
 * its own, and bytes that came are not copied before OpenSSL copies them.
 */
#ifndef WEFT_TLS_TLS_BIO_H
#define WEFT_TLS_TLS_BIO_H

#include "base/buf.h"
#include <openssl/ssl.h>

struct weft_tls_bio {
    BIO_METHOD *method;
    BIO *bio;
    const uint8_t *in[2]; /* to be read, the first before the second */
    size_t in_len[2];
    struct weft_buf out;
    bool is_full;   /* out could not grow for want of memory */
    unsigned steps; /* of a handshake, and alerts, since it was fed */
};

/* 0 or NOMEM; then there is nothing to release. */
WEFT_CHECK int weft_tls_bio_init(struct weft_tls_bio *bio,
                                 const struct weft_mem *mem);
void weft_tls_bio_release(struct weft_tls_bio *bio);

/* Forgets what was in it and gives it len bytes to read, those of a first and
 * the others from b. */
void weft_tls_bio_feed(struct weft_tls_bio *bio, const struct weft_buf *a,
                       const uint8_t *b, size_t len);

/* Makes it the BIO of a connection, for reading and writing. */
void weft_tls_bio_attach(struct weft_tls_bio *bio, SSL *ssl);
struct weft_tls_bio *weft_tls_bio_of(const SSL *ssl);

/*
 * Has the connections of a context count the steps of the handshake, which are
 * messages that come or go, and the alerts. A handshake takes a dozen, and
 * behind it there are few: a change of keys now and then, a ticket or two. A
 * peer that asks for many makes us work for nothing; when more than
 * WEFT_TLS_STEPS_MAX have been made since the last feeding, nothing more is
 * read.
 */
void weft_tls_bio_watch(SSL_CTX *ctx);
bool weft_tls_bio_is_flooded(const struct weft_tls_bio *bio);

#define WEFT_TLS_STEPS_MAX 48

#endif
