/* SPDX-License-Identifier: MIT */
/*
 * How the filter comes and goes. A server waits for the client's first bytes. A
 * client says its hello inside weft_tls_connect, as nothing calls the owner in
 * doing so.
 */
#include "tls/tls_filter.h"

#include "base/mem.h"
#include "tls/tls_why.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>

static const struct weft_filter_ops filter_ops = {
    .write = weft_tls_write,
    .queue = weft_tls_queue,
    .is_queued = weft_tls_is_queued,
    .shutdown = weft_tls_shutdown,
    .closing = weft_tls_closing,
    .data = weft_tls_on_data,
    .end = weft_tls_on_end,
    .sent = weft_tls_on_sent,
    .resumed = weft_tls_on_resumed,
    .free = weft_tls_filter_free,
};

struct weft_tls_filter *weft_tls_filter_of(const struct weft_stream *stream)
{
    if (!stream->filter || stream->filter->ops != &filter_ops)
        return NULL;
    return WEFT_OF(stream->filter, struct weft_tls_filter, filter);
}

/* ---- Coming and going ---------------------------------------------------- */

static int attach(struct weft_tls_filter **out, struct weft_stream *stream,
                  struct weft_tls *tls)
{
    struct weft_tls_share *share;
    struct weft_tls_filter *f;
    int err = weft_tls_share_get(&share, stream->io.loop);

    if (err)
        return err;
    f = weft_zalloc(share->mem, sizeof(*f));
    if (!f)
        return WEFT_ERR_NOMEM;
    f->filter.ops = &filter_ops;
    f->stream = stream;
    f->share = share;
    f->tls = weft_tls_ref(tls);
    weft_buf_init(&f->kept, share->mem, SIZE_MAX);
    weft_list_init(&f->waiting);
    stream->filter = &f->filter;
    *out = f;
    return 0;
}

void weft_tls_filter_free(struct weft_stream *stream)
{
    struct weft_tls_filter *f = weft_tls_filter_of(stream);
    const struct weft_mem *mem = f->share->mem;

    weft_list_remove(&f->waiting);
    weft_tls_out_free(&f->out, mem);
    weft_buf_release(&f->kept);
    /* OpenSSL would take the session of a connection without close_notify for
     * spoilt, as RFC 2246 had it; RFC 5246 section 7.2.1 no longer does. */
    if (f->ssl && !(f->flags & WEFT_TLS_FAILED))
        SSL_set_shutdown(f->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(f->ssl);
    weft_strfree(mem, f->why);
    weft_strfree(mem, f->host);
    weft_tls_unref(f->tls);
    weft_free(mem, f, sizeof(*f));
    stream->filter = NULL;
}

int weft_tls_accept(struct weft_stream *stream, struct weft_tls *tls)
{
    struct weft_tls_filter *f;

    return attach(&f, stream, tls);
}

/* ---- A client's beginning ------------------------------------------------ */

/* The name as certificates have it: no dot at the end (RFC 6066 section 3). */
static char *name_of(const struct weft_mem *mem, const char *host)
{
    size_t len = strlen(host);

    if (len > 1 && host[len - 1] == '.')
        len--;
    return weft_strndup(mem, host, len);
}

/* Addresses are no names for SNI, and stand in a field of their own in
 * certificates. */
static bool set_peer(struct weft_tls_filter *f)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(f->ssl);

    if (X509_VERIFY_PARAM_set1_ip_asc(param, f->host) == 1)
        return true;
    X509_VERIFY_PARAM_set_hostflags(param,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, f->host, 0) == 1 &&
           SSL_set_tlsext_host_name(f->ssl, f->host) == 1;
}

static void resume(struct weft_tls_filter *f)
{
    SSL_SESSION *session =
        weft_tls_sessions_take(&f->tls->sessions, f->host, f->port);

    if (session)
        (void)SSL_set_session(f->ssl, session); /* or it is a new one */
    SSL_SESSION_free(session);
}

static int connect_start(struct weft_tls_filter *f, const char *host)
{
    static const struct weft_buf none;

    /* To X509_VERIFY_PARAM_set1_host no name means any name. */
    if (*host == '\0')
        return WEFT_ERR_TLS;
    f->host = name_of(f->share->mem, host);
    ERR_clear_error();
    f->ssl = f->host ? SSL_new(f->tls->ctxs[0]) : NULL;
    if (!f->ssl)
        return WEFT_ERR_NOMEM;
    if (!set_peer(f))
        return WEFT_ERR_TLS;
    SSL_set_connect_state(f->ssl);
    weft_tls_bio_attach(&f->share->bio, f->ssl);
    resume(f);
    weft_tls_bio_feed(&f->share->bio, &none, NULL, 0);
    f->share->current = f;
    weft_tls_shake(f);
    if (f->flags & WEFT_TLS_FAILED)
        return f->end_err;
    (void)weft_tls_flush(f);
    return f->write_err == WEFT_ERR_EOF ? 0 : f->write_err; /* reading tells */
}

int weft_tls_connect(struct weft_stream *stream, struct weft_tls *tls,
                     const char *host, unsigned port)
{
    struct weft_tls_filter *f;
    int err = attach(&f, stream, tls);

    if (err)
        return err;
    f->port = (uint16_t)port;
    err = connect_start(f, host);
    if (err)
        weft_tls_filter_free(stream);
    return err;
}
