/* SPDX-License-Identifier: MIT */
/*
 * From the socket to the owner. All that one read gave is decrypted into the
 * loop's buffer and told in one call, as the layers above take a call for a
 * turn; the plain bytes are always fewer than what they came in.
 *
 * The end is told behind them: by the peer's close_notify, or by the end of the
 * stream without one, which is no error here, as WebSocket and HTTP know by
 * themselves whether something is missing.
 */
#include "tls/tls_filter.h"

#include "base/mem.h"
#include "tls/tls_record.h"
#include "tls/tls_why.h"
#include <openssl/err.h>
#include <stdio.h>

/* ---- The end ------------------------------------------------------------- */

void weft_tls_end(struct weft_tls_filter *f, int err)
{
    if (f->flags & WEFT_TLS_END_DUE)
        return;
    f->flags |= WEFT_TLS_END_DUE;
    f->end_err = (int8_t)err;
}

void weft_tls_tell_end(struct weft_tls_filter *f)
{
    struct weft_stream *stream = f->stream;
    bool is_cut = f->end_err && f->tx;

    if (!(f->flags & WEFT_TLS_END_DUE) || stream->io.fd < 0 ||
        weft_stream_is_paused(stream))
        return;
    f->flags &= (uint16_t)~WEFT_TLS_END_DUE;
    if (is_cut)
        f->tx = NULL;
    weft_stream_finish(stream, f->end_err);
    if (is_cut && stream->io.fd >= 0)
        weft_stream_tell_sent(stream, f->end_err);
}

static void forget_kept(struct weft_tls_filter *f)
{
    weft_buf_release(&f->kept);
    weft_buf_init(&f->kept, f->share->mem, SIZE_MAX);
}

/* A server still has something to say to a client whose handshake failed, an
 * alert or a page, and a socket that is closed over unread bytes might take it
 * back. A client has nobody to be polite to. */
void weft_tls_fail(struct weft_tls_filter *f, int err, const char *why)
{
    bool is_ready = f->flags & WEFT_TLS_READY;
    char text[WEFT_TLS_WHY];

    if (f->flags & WEFT_TLS_FAILED)
        return;
    snprintf(text, sizeof(text), "TLS %s: %s",
             is_ready ? "failed" : "handshake failed", why);
    weft_strfree(f->share->mem, f->why);
    f->why = weft_strdup(f->share->mem, text);
    f->flags |= WEFT_TLS_FAILED;
    f->flags &= (uint16_t)~WEFT_TLS_END_DUE;
    forget_kept(f);
    weft_list_remove(&f->waiting);
    weft_stream_unhold(f->stream);
    if (is_ready || f->tls->is_client || err != WEFT_ERR_TLS) {
        weft_tls_end(f, err);
        return;
    }
    f->end_err = (int8_t)err;
    f->flags |= WEFT_TLS_LINGERING;
}

void weft_tls_on_end(struct weft_stream *stream, int err)
{
    struct weft_tls_filter *f = weft_tls_filter_of(stream);
    bool has_begun = f->ssl || f->kept.len > 0;

    if (!(f->flags & (WEFT_TLS_READY | WEFT_TLS_FAILED)) && has_begun)
        weft_tls_fail(f, WEFT_ERR_TLS, weft_tls_cut_text(f, err));
    if (f->flags & WEFT_TLS_LINGERING)
        err = f->end_err;
    if (!(f->flags & WEFT_TLS_FAILED) || (f->flags & WEFT_TLS_LINGERING))
        weft_tls_end(f, err);
    weft_tls_tell_end(f);
}

/* ---- Bytes --------------------------------------------------------------- */

bool weft_tls_keep(struct weft_tls_filter *f, const uint8_t *p, size_t len)
{
    if (weft_buf_append(&f->kept, p, len) == 0)
        return true;
    weft_tls_fail(f, WEFT_ERR_NOMEM, weft_strerror(WEFT_ERR_NOMEM));
    return false;
}

/* OpenSSL has had whole bytes of what was kept and came. */
static void keep_rest(struct weft_tls_filter *f, const uint8_t *p, size_t len,
                      size_t whole)
{
    size_t had = f->kept.len < whole ? f->kept.len : whole;

    if (f->flags & WEFT_TLS_FAILED)
        return;
    if (had == f->kept.len)
        forget_kept(f); /* a connection at rest keeps no memory for it */
    else
        weft_buf_consume(&f->kept, had);
    whole -= had;
    if (len > whole)
        weft_tls_keep(f, p + whole, len - whole);
}

/* Decrypts what was fed into the loop's buffer: how many bytes. */
static size_t decrypt(struct weft_tls_filter *f, size_t fed)
{
    struct weft_buf *plain = &f->share->plain;
    char why[WEFT_TLS_WHY];
    size_t n;
    int error;

    weft_buf_clear(plain);
    if (weft_buf_reserve(plain, fed) != 0) {
        weft_tls_fail(f, WEFT_ERR_NOMEM, weft_strerror(WEFT_ERR_NOMEM));
        return 0;
    }
    ERR_clear_error();
    while (SSL_read_ex(f->ssl, plain->data + plain->len,
                       plain->cap - plain->len, &n) == 1)
        plain->len += n;
    error = SSL_get_error(f->ssl, 0);
    /* SSL_MODE_RELEASE_BUFFERS forgets it behind a ticket. */
    (void)SSL_free_buffers(f->ssl);
    if (error == SSL_ERROR_ZERO_RETURN) {
        weft_tls_end(f, 0);
    } else if (error != SSL_ERROR_WANT_READ ||
               weft_tls_bio_is_flooded(&f->share->bio)) {
        weft_tls_explain(f, why);
        weft_tls_fail(f, f->share->bio.is_full ? WEFT_ERR_NOMEM : WEFT_ERR_TLS,
                      why);
    }
    return plain->len;
}

/* That the peer has gone is told by reading, behind what it said. */
void weft_tls_last_word(struct weft_tls_filter *f)
{
    int err = weft_tls_flush(f);

    if (err && err != WEFT_ERR_EOF)
        weft_tls_fail(f, err, weft_strerror(err));
    if ((f->flags & WEFT_TLS_LINGERING) && !f->stream->io.tx)
        weft_io_shutdown(&f->stream->io);
}

void weft_tls_take(struct weft_tls_filter *f, const uint8_t *p, size_t len,
                   size_t whole)
{
    bool was_ready = f->flags & WEFT_TLS_READY;
    size_t got = 0;

    weft_tls_bio_feed(&f->share->bio, &f->kept, p, whole);
    f->share->current = f;
    if (!was_ready)
        weft_tls_shake(f);
    if ((f->flags & (WEFT_TLS_READY | WEFT_TLS_FAILED)) == WEFT_TLS_READY)
        got = decrypt(f, whole);
    keep_rest(f, p, len, whole);
    weft_tls_last_word(f);
    if (!was_ready && (f->flags & WEFT_TLS_READY))
        weft_tls_begin_output(f);
    if (got > 0)
        weft_stream_deliver(f->stream, f->share->plain.data, got);
    weft_tls_tell_end(f);
}

void weft_tls_on_data(struct weft_stream *stream, uint8_t *p, size_t len)
{
    struct weft_tls_filter *f = weft_tls_filter_of(stream);
    bool is_strange = f->flags & WEFT_TLS_STRANGE;
    size_t whole;

    if (f->flags & WEFT_TLS_FAILED)
        return; /* thrown away until the peer ends its half */
    whole = weft_tls_whole(&f->kept, p, len, &is_strange);
    if (is_strange)
        f->flags |= WEFT_TLS_STRANGE;
    if (!(f->flags & WEFT_TLS_READY) && !weft_tls_admit(f, p, len, whole))
        weft_tls_tell_end(f);
    else if (whole > 0)
        weft_tls_take(f, p, len, whole);
    else if (!weft_tls_keep(f, p, len))
        weft_tls_tell_end(f);
}

void weft_tls_on_resumed(struct weft_stream *stream)
{
    struct weft_tls_filter *f = weft_tls_filter_of(stream);

    if (f->flags & (WEFT_TLS_END_DUE | WEFT_TLS_PUT_OFF))
        weft_tls_wait(f);
}
