/* SPDX-License-Identifier: MIT */
/*
 * The sessions that a client can resume, by the server's host and port: one for
 * each server, and of all of them those that were used last.
 */
#ifndef WEFT_TLS_TLS_SESSIONS_H
#define WEFT_TLS_TLS_SESSIONS_H

#include "base/sizes.h"
#include <openssl/ssl.h>
#include <weft/error.h>

struct weft_tls_session {
    char *host;
    unsigned port;
    SSL_SESSION *session;
};

struct weft_tls_sessions {
    const struct weft_mem *mem;
    struct weft_tls_session slots[WEFT_TLS_SESSIONS]; /* newest first */
    size_t count;
};

void weft_tls_sessions_init(struct weft_tls_sessions *sessions,
                            const struct weft_mem *mem);
void weft_tls_sessions_release(struct weft_tls_sessions *sessions);

/* Puts a session, whose reference is taken over, in the place of the one that
 * is there for the same server. Without memory it is forgotten. */
void weft_tls_sessions_put(struct weft_tls_sessions *sessions, const char *host,
                           unsigned port, SSL_SESSION *session);

/* A reference to a session for that server, or NULL. One of TLS 1.3 is given
 * once only (RFC 8446 appendix C.4). */
SSL_SESSION *weft_tls_sessions_take(struct weft_tls_sessions *sessions,
                                    const char *host, unsigned port);

#endif
