/* SPDX-License-Identifier: MIT */
/* What a connection's TLS can be asked for; nothing here changes it. */
#include "tls/tls_filter.h"

#include <openssl/err.h>
#include <stdio.h>

bool weft_tls_is_on(const struct weft_stream *stream)
{
    return weft_tls_filter_of(stream) != NULL;
}

bool weft_tls_is_ready(const struct weft_stream *stream)
{
    const struct weft_tls_filter *f = weft_tls_filter_of(stream);

    return f && (f->flags & WEFT_TLS_READY);
}

const char *weft_tls_why(const struct weft_stream *stream)
{
    const struct weft_tls_filter *f = weft_tls_filter_of(stream);

    if (!f || !(f->flags & WEFT_TLS_FAILED))
        return "";
    return f->why ? f->why : weft_strerror(f->end_err);
}

static const SSL *ssl_of(const struct weft_stream *stream)
{
    return weft_tls_is_ready(stream) ? weft_tls_filter_of(stream)->ssl : NULL;
}

static bool write_subject(X509 *x509, char *text, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int len = -1;

    if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(x509), 0,
                                  XN_FLAG_RFC2253) >= 0)
        len = BIO_read(bio, text, (int)size - 1);
    BIO_free(bio);
    text[len > 0 ? len : 0] = '\0';
    return len > 0;
}

bool weft_tls_peer_subject(const struct weft_stream *stream, char *text,
                           size_t size)
{
    const SSL *ssl = ssl_of(stream);
    X509 *x509 = ssl ? SSL_get0_peer_certificate(ssl) : NULL;
    bool is_there;

    if (size == 0)
        return false;
    text[0] = '\0';
    if (!x509 || SSL_get_verify_result(ssl) != X509_V_OK ||
        SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE)
        return false;
    ERR_clear_error();
    is_there = write_subject(x509, text, size);
    ERR_clear_error();
    return is_there;
}

const char *weft_tls_describe(const struct weft_stream *stream, char *text,
                              size_t size)
{
    const SSL *ssl = ssl_of(stream);

    if (size > 0)
        text[0] = '\0';
    if (ssl)
        snprintf(text, size, "%s %s", SSL_get_version(ssl),
                 SSL_get_cipher_name(ssl));
    return text;
}

bool weft_tls_is_resumed(const struct weft_stream *stream)
{
    const SSL *ssl = ssl_of(stream);

    return ssl && SSL_session_reused(ssl) == 1;
}
