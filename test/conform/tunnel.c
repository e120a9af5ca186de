/* SPDX-License-Identifier: MIT */
/*
 * TLS over a socket that does not block. OpenSSL reads whole records and no
 * more, so poll tells of all that it has not read yet, and a write that could
 * not be done may be tried again with other bytes behind the same ones.
 */
#include "tunnel.h"

#include "bytes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct tunnel {
    SSL *ssl;
};

static SSL_CTX *context;
static pthread_once_t context_once = PTHREAD_ONCE_INIT;

static void make_context(void)
{
    context = SSL_CTX_new(TLS_client_method());
    if (!context) {
        fputs("conform: no TLS\n", stderr);
        abort();
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

struct tunnel *tunnel_new(int fd, const char *host)
{
    struct tunnel *t = grow(NULL, sizeof(*t));
    struct in6_addr addr;
    char name[256]; /* OpenSSL's macro takes no constant */

    snprintf(name, sizeof(name), "%s", host);
    pthread_once(&context_once, make_context);
    t->ssl = SSL_new(context);
    if (!t->ssl || !SSL_set_fd(t->ssl, fd))
        abort();
    SSL_set_connect_state(t->ssl);
    /* RFC 6066 3: no addresses. */
    if (inet_pton(AF_INET, host, &addr) != 1 &&
        inet_pton(AF_INET6, host, &addr) != 1)
        SSL_set_tlsext_host_name(t->ssl, name);
    return t;
}

void tunnel_free(struct tunnel *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    free(t);
}

/* Why a call returned rc: 0 for the end, or -1 with errno. */
static int explain(struct tunnel *t, int rc)
{
    switch (SSL_get_error(t->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        if (errno == ECONNRESET || errno == EPIPE)
            return -1;
        return 0;
    default: /* also the end of TCP without that of TLS */
        errno = EPROTO;
        return SSL_get_shutdown(t->ssl) & SSL_RECEIVED_SHUTDOWN ? 0 : -1;
    }
}

int tunnel_greet(struct tunnel *t)
{
    int rc = SSL_do_handshake(t->ssl), want;

    if (rc == 1)
        return 0;
    want = SSL_get_error(t->ssl, rc);
    if (want == SSL_ERROR_WANT_READ)
        return POLLIN;
    if (want == SSL_ERROR_WANT_WRITE)
        return POLLOUT;
    errno = EPROTO;
    return -1;
}

static int size_of(size_t len)
{
    return len < 1u << 20 ? (int)len : 1 << 20;
}

ssize_t tunnel_read(struct tunnel *t, void *p, size_t len)
{
    int rc;

    errno = 0;
    rc = SSL_read(t->ssl, p, size_of(len));
    return rc > 0 ? rc : explain(t, rc);
}

ssize_t tunnel_write(struct tunnel *t, const void *p, size_t len)
{
    int rc;

    errno = 0;
    rc = SSL_write(t->ssl, p, size_of(len));
    if (rc <= 0 && explain(t, rc) == 0)
        errno = EPIPE;
    return rc > 0 ? rc : -1;
}

bool tunnel_has_bytes(struct tunnel *t)
{
    return SSL_has_pending(t->ssl);
}

void tunnel_finish(struct tunnel *t)
{
    SSL_shutdown(t->ssl);
}
