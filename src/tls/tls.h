/* SPDX-License-Identifier: MIT */
/*
 * TLS as a filter of streams: after weft_tls_accept or weft_tls_connect the
 * owner of a stream reads and writes as before, and what goes over the wire is
 * encrypted. What is written before the handshake is over waits for it; a
 * handshake that fails is told by the stream's end, with TLS as its error, and
 * weft_tls_why. A server is told when the client has had the last word of TLS,
 * an alert or a page, and has ended its half, or not before the owner closes;
 * to reset the stream over it might take that word back.
 *
 * A connection at rest holds what OpenSSL holds for it and nothing else: what
 * comes and goes lies in buffers of the loop. Handshakes are bounded per turn:
 * those that are too many wait, unread, for a later turn.
 */
#ifndef WEFT_TLS_TLS_H
#define WEFT_TLS_TLS_H

#include "net/stream.h"
#include <weft/tls.h>

#define WEFT_TLS_WHY 512 /* bytes of a text that says why, with the NUL */

/* Certificates and rules that connections share. Counted; any thread may use
 * one, also while another lets go of it. */
struct weft_tls;

/*
 * A server's. before, if not NULL, is what it takes the place of: sessions that
 * began with that one can be resumed. 0; or USAGE, NOMEM, MISSING, DENIED (a
 * file), INVALID (what is in it), TLS, and why says what is wrong, with the
 * name of the file.
 */
WEFT_CHECK int weft_tls_new_server(struct weft_tls **out,
                                   const struct weft_tls_opts *opts,
                                   const struct weft_tls *before,
                                   char why[WEFT_TLS_WHY]);

struct weft_tls_client_opts {
    const char *ca_file;     /* PEM; NULL: the system's store */
    const char *certificate; /* our own, PEM; NULL: none */
    const char *key;         /* NULL: in the same file */
    bool is_insecure;        /* whoever answers is trusted */
};

/* A client's; the errors are those of weft_tls_new_server. The loop keeps it,
 * as reading the system's store takes a while, and gives the same to whoever
 * asks for the same; it is for streams of that loop. Sessions are kept in it, a
 * few, by host and port, and resumed. */
WEFT_CHECK int weft_tls_new_client(struct weft_tls **out,
                                   struct weft_loop *loop,
                                   const struct weft_tls_client_opts *opts,
                                   char why[WEFT_TLS_WHY]);

struct weft_tls *weft_tls_ref(struct weft_tls *tls);
void weft_tls_unref(struct weft_tls *tls); /* NULL is allowed */

/* When the first certificate of a server's identities expires, in seconds since
 * 1970: for the log. */
int64_t weft_tls_expires(const struct weft_tls *tls);

/*
 * Puts TLS on an open stream, as its server or client, and takes a reference of
 * its own. Nothing may be queued, and what has come before is not for TLS. host
 * is the server's name or address, which its certificate must bear; port tells
 * sessions of several servers apart. 0, NOMEM, SYSTEM or TLS; then the stream
 * is as it was.
 */
WEFT_CHECK int weft_tls_accept(struct weft_stream *stream,
                               struct weft_tls *tls);
WEFT_CHECK int weft_tls_connect(struct weft_stream *stream,
                                struct weft_tls *tls, const char *host,
                                unsigned port);

/* ---- Of a stream, with or without TLS ------------------------------------ */

bool weft_tls_is_on(const struct weft_stream *stream);

/* Whether its handshake is over and has succeeded. */
bool weft_tls_is_ready(const struct weft_stream *stream);

/* Why TLS failed, as a sentence without full stop for a person; "" if it did
 * not. Lives until the stream is closed. */
const char *weft_tls_why(const struct weft_stream *stream);

/* The subject of the peer's certificate, checked, as RFC 2253 writes it, cut to
 * size. false, and "", where there is none. */
bool weft_tls_peer_subject(const struct weft_stream *stream, char *text,
                           size_t size);

/* "TLSv1.3 TLS_AES_256_GCM_SHA384", or "". */
const char *weft_tls_describe(const struct weft_stream *stream, char *text,
                              size_t size);

/* Whether the session was resumed. */
bool weft_tls_is_resumed(const struct weft_stream *stream);

#endif
