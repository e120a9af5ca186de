/* SPDX-License-Identifier: MIT */
/*
 * What is behind struct weft_tls: one SSL_CTX for each identity of a server, or
 * one for a client. OpenSSL lets threads share an SSL_CTX; what is added here
 * is written before the first connection and only read from then on, but for
 * the count, which is atomic, and a client's sessions, which belong to the
 * thread of its loop.
 */
#ifndef WEFT_TLS_TLS_CONTEXT_H
#define WEFT_TLS_TLS_CONTEXT_H

#include "base/list.h"
#include "tls/tls.h"
#include "tls/tls_sessions.h"
#include <openssl/ssl.h>

struct weft_tls {
    const struct weft_mem *mem;
    unsigned refs;    /* touched with __atomic only */
    SSL_CTX **ctxs;   /* the first is the default */
    size_t ctx_count; /* of those that are there */
    size_t ctx_room;
    int64_t expires; /* seconds since 1970, the first of all */

    /* Of a client. */
    bool is_client;
    bool is_insecure;
    char *ca_file, *certificate, *key; /* or NULL */
    struct weft_tls_sessions sessions;
    struct weft_list node; /* in the loop's list */
};

/* With one reference and room for SSL_CTXs. NULL: no memory. */
struct weft_tls *weft_tls_new(const struct weft_mem *mem, size_t ctx_room);

/*
 * Adds an SSL_CTX with what is the same for all: versions, options, modes.
 * NULL: no memory.
 */
SSL_CTX *weft_tls_add_ctx(struct weft_tls *tls, const SSL_METHOD *method);

/* Gives it a certificate with its chain, and the key. Errors as
 * weft_tls_new_server. */
WEFT_CHECK int weft_tls_use(SSL_CTX *ctx,
                            const struct weft_tls_identity *identity,
                            char why[WEFT_TLS_WHY]);

#endif
