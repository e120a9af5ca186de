/* SPDX-License-Identifier: MIT */
/* The other end of a connection, in the hands of OpenSSL alone: what it says
 * and hears is not ours. */
#ifndef WEFT_TEST_UNIT_TLS_PEER_H
#define WEFT_TEST_UNIT_TLS_PEER_H

#include "ends.h"

struct peer {
    struct weft_loop *loop;
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
};

/* Makes the other end of a pair of sockets, of which it returns ours. The test
 * may change the context and the SSL before they shake hands. */
static inline int peer_open(struct peer *peer, struct weft_loop *loop,
                            const SSL_METHOD *method)
{
    int fds[2];

    unix_pair(fds);
    peer->loop = loop;
    peer->fd = fds[1];
    peer->ctx = SSL_CTX_new(method);
    peer->ssl = SSL_new(peer->ctx);
    assert_non_null(peer->ssl);
    assert_int_equal(SSL_set_fd(peer->ssl, peer->fd), 1);
    return fds[0];
}

static inline void peer_use(struct peer *peer, const struct cert *cert)
{
    assert_int_equal(SSL_use_certificate(peer->ssl, cert->x509), 1);
    assert_int_equal(SSL_use_PrivateKey(peer->ssl, cert->key), 1);
}

/* SNI; the macro for it takes the name as if it were to be written to. */
static inline void peer_ask_for(struct peer *peer, const char *name)
{
    assert_int_equal(SSL_ctrl(peer->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
                              TLSEXT_NAMETYPE_host_name,
                              (void *)(uintptr_t)name),
                     1);
}

/* Until the handshake is over: 0, or what SSL_get_error says. */
static inline int peer_shake(struct peer *peer)
{
    for (int i = 0;; i++) {
        int rc, error;

        CHECK(i < 100000, "the handshake does not end");
        ERR_clear_error();
        rc = SSL_do_handshake(peer->ssl);
        if (rc == 1)
            return 0;
        error = SSL_get_error(peer->ssl, rc);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            return error;
        turn(peer->loop);
    }
}

static inline void peer_put(struct peer *peer, const void *p, size_t len)
{
    const uint8_t *bytes = p;

    for (int i = 0; len > 0; i++) {
        size_t n = 0;

        CHECK(i < 100000, "it does not take what is sent");
        ERR_clear_error();
        if (SSL_write_ex(peer->ssl, bytes, len, &n) != 1)
            turn(peer->loop);
        bytes += n;
        len -= n;
    }
}

/* Reads len bytes; fewer if it ends before. */
static inline size_t peer_get(struct peer *peer, void *p, size_t len)
{
    uint8_t *bytes = p;
    size_t have = 0;

    for (int i = 0; have < len; i++) {
        size_t n = 0;
        int rc;

        CHECK(i < 100000, "nothing comes");
        ERR_clear_error();
        rc = SSL_read_ex(peer->ssl, bytes + have, len - have, &n);
        if (rc != 1 && SSL_get_error(peer->ssl, rc) != SSL_ERROR_WANT_READ)
            break;
        if (rc != 1)
            turn(peer->loop);
        have += n;
    }
    return have;
}

static inline void peer_close(struct peer *peer)
{
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->ctx);
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
}

/* A server of ours and a peer that is its client. */
struct visit {
    struct fixture fx;
    struct weft_loop *loop;
    struct weft_tls *tls;
    struct end server;
    struct peer peer;
};

/* Takes over the reference to tls. */
static inline void visit_start(struct visit *visit, struct weft_tls *tls)
{
    int fd;

    memset(visit, 0, sizeof(*visit));
    visit->loop = start_loop(&visit->fx, READ_SIZE);
    visit->tls = tls;
    fd = peer_open(&visit->peer, visit->loop, TLS_client_method());
    SSL_set_connect_state(visit->peer.ssl);
    end_open(&visit->server, visit->loop, fd);
    assert_int_equal(weft_tls_accept(&visit->server.stream, tls), 0);
}

static inline void visit_shake(struct visit *visit)
{
    assert_int_equal(peer_shake(&visit->peer), 0);
    TURN_UNTIL(visit->loop, end_is_settled(&visit->server));
    CHECK(weft_tls_is_ready(&visit->server.stream), "%s", visit->server.why);
}

static inline void visit_end(struct visit *visit)
{
    end_close(&visit->server);
    peer_close(&visit->peer);
    weft_tls_unref(visit->tls);
    end_loop(&visit->fx);
}

#endif
