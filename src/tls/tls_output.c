/* SPDX-License-Identifier: MIT */
/*
 * From the owner to the socket. Pieces are gathered into records of up to 16
 * KiB, and the records of one batch are offered to the kernel in one call. What
 * it does not take is kept, and nothing more is encrypted until that has gone:
 * so a connection keeps one batch at most.
 *
 * What was queued is encrypted batch by batch, as the socket takes it. A write
 * of nothing tells when it can, in a call of its own: that also keeps the
 * owner's sent out of the owner's queue.
 */
#include "tls/tls_filter.h"

#include "base/sizes.h"
#include "tls/tls_why.h"
#include <openssl/err.h>

/* Begins a call of OpenSSL that reads nothing. */
static void begin(struct weft_tls_filter *f)
{
    static const struct weft_buf none;

    weft_tls_bio_feed(&f->share->bio, &none, NULL, 0);
    f->share->current = f;
    ERR_clear_error();
}

int weft_tls_flush(struct weft_tls_filter *f)
{
    int err = 0;

    if (!f->write_err)
        err = weft_tls_out_send(&f->out, &f->stream->io, &f->share->bio.out,
                                f->share->mem);
    if (err)
        f->write_err = (int8_t)err;
    return f->write_err;
}

/* ---- Encrypting ---------------------------------------------------------- */

struct cursor {
    const struct iovec *iov;
    int niov;
    size_t offset; /* in the first */
};

static void advance(struct cursor *at, size_t n)
{
    at->offset += n;
    while (at->niov > 0 && at->offset >= at->iov->iov_len) {
        at->offset -= at->iov->iov_len;
        at->iov++;
        at->niov--;
    }
}

static size_t piece(const struct cursor *at, const uint8_t **p)
{
    if (at->niov == 0)
        return 0;
    *p = (const uint8_t *)at->iov->iov_base + at->offset;
    return at->iov->iov_len - at->offset;
}

/* What goes into the next record, at most max bytes: a piece as it lies, or
 * several, copied together. 0 at the end. */
static size_t gather(struct cursor *at, size_t max, uint8_t *room,
                     const uint8_t **p)
{
    const uint8_t *from = NULL;
    size_t len = piece(at, &from), have = 0;

    *p = room;
    if (len >= max || at->niov <= 1) {
        *p = from;
        len = len < max ? len : max;
        advance(at, len);
        return len;
    }
    while (have < max && (len = piece(at, &from)) > 0) {
        len = len < max - have ? len : max - have;
        memcpy(room + have, from, len);
        have += len;
        advance(at, len);
    }
    return have;
}

/* RFC 8446 section 5.5 has AES-GCM take new keys before 2^24.5 records, which a
 * connection with many small messages comes to in hours. OpenSSL does not do it
 * by itself, and TLS 1.2 cannot. */
static void renew_keys(struct weft_tls_filter *f)
{
    if (++f->records < WEFT_TLS_KEY_RECORDS)
        return;
    f->records = 0;
    if (SSL_version(f->ssl) >= TLS1_3_VERSION)
        (void)SSL_key_update(f->ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
}

static int encrypt_record(struct weft_tls_filter *f, const uint8_t *p,
                          size_t len)
{
    char why[WEFT_TLS_WHY];
    size_t written;

    renew_keys(f);
    if (SSL_write_ex(f->ssl, p, len, &written) == 1)
        return 0;
    weft_tls_explain(f, why);
    weft_tls_fail(f, f->share->bio.is_full ? WEFT_ERR_NOMEM : WEFT_ERR_TLS,
                  why);
    return f->end_err;
}

/* Encrypts a batch of what lies behind the first skip bytes: how many bytes,
 * or an error. */
static int64_t encrypt(struct weft_tls_filter *f, const struct iovec *iov,
                       int niov, size_t skip)
{
    struct cursor at = {.iov = iov, .niov = niov};
    size_t left = WEFT_TLS_WRITE_BATCH, len;
    const uint8_t *p;

    advance(&at, skip);
    begin(f);
    do {
        int err;

        len = gather(&at, left < WEFT_TLS_RECORD ? left : WEFT_TLS_RECORD,
                     f->share->record, &p);
        err = len > 0 ? encrypt_record(f, p, len) : 0;
        if (err)
            return err;
        left -= len;
    } while (len > 0 && left > 0);
    return (int64_t)(WEFT_TLS_WRITE_BATCH - left);
}

/* ---- Writing ------------------------------------------------------------- */

/* Why nothing can be written any more, or 0. */
static int barred(const struct weft_tls_filter *f)
{
    if (f->flags & WEFT_TLS_FAILED)
        return f->end_err;
    if (!f->write_err && (f->flags & WEFT_TLS_NOTIFIED))
        return WEFT_ERR_EOF;
    return f->write_err;
}

int64_t weft_tls_write(struct weft_stream *stream, const struct iovec *iov,
                       int niov)
{
    struct weft_tls_filter *f = weft_tls_filter_of(stream);
    int err = barred(f);
    int64_t n;

    if (err)
        return err;
    if (!(f->flags & WEFT_TLS_READY) || stream->io.tx)
        return 0;
    n = encrypt(f, iov, niov, 0);
    if (n < 0)
        return n;
    err = weft_tls_flush(f);
    return err ? err : n;
}

/* ---- What is queued ------------------------------------------------------ */

static void tell_sent(struct weft_tls_filter *f, int err)
{
    f->tx = NULL;
    weft_stream_tell_sent(f->stream, err);
}

static size_t total(const struct weft_tx *tx)
{
    size_t len = 0;

    for (int i = 0; i < tx->niov; i++)
        len += tx->iov[i].iov_len;
    return len;
}

/* Sends the next batch. No write is in progress. */
static void pump(struct weft_tls_filter *f)
{
    int64_t n = barred(f);

    if (n == 0)
        n = encrypt(f, f->tx->iov, f->tx->niov, f->tx->taken);
    if (n >= 0) {
        f->tx->taken += (size_t)n;
        n = weft_tls_flush(f);
    }
    if (n < 0)
        tell_sent(f, (int)n);
    else if (f->stream->io.tx)
        return;
    else if (f->tx->taken == total(f->tx))
        tell_sent(f, 0);
    else
        weft_io_write(&f->stream->io, &f->share->nothing);
}

void weft_tls_queue(struct weft_stream *stream, struct weft_tx *tx)
{
    struct weft_tls_filter *f = weft_tls_filter_of(stream);

    tx->taken = 0;
    f->tx = tx;
    if ((f->flags & (WEFT_TLS_READY | WEFT_TLS_FAILED)) && !stream->io.tx)
        weft_io_write(&stream->io, &f->share->nothing);
}

bool weft_tls_is_queued(const struct weft_stream *stream)
{
    return weft_tls_filter_of(stream)->tx != NULL;
}

/* ---- The end of our half ------------------------------------------------- */

static void notify(struct weft_tls_filter *f)
{
    begin(f);
    f->flags |= WEFT_TLS_NOTIFIED;
    (void)SSL_shutdown(f->ssl); /* 0: the peer's has yet to come */
    ERR_clear_error();
}

static void end_half(struct weft_tls_filter *f)
{
    if (!(f->flags & (WEFT_TLS_NOTIFIED | WEFT_TLS_FAILED))) {
        notify(f);
        (void)weft_tls_flush(f); /* reading tells */
    }
    if (!f->stream->io.tx)
        weft_io_shutdown(&f->stream->io);
}

void weft_tls_shutdown(struct weft_stream *stream)
{
    struct weft_tls_filter *f = weft_tls_filter_of(stream);

    f->flags |= WEFT_TLS_SHUT;
    if ((f->flags & (WEFT_TLS_READY | WEFT_TLS_FAILED)) && !stream->io.tx)
        end_half(f);
}

void weft_tls_closing(struct weft_stream *stream, bool reset)
{
    const unsigned never = WEFT_TLS_NOTIFIED | WEFT_TLS_FAILED | WEFT_TLS_SHUT;
    struct weft_tls_filter *f = weft_tls_filter_of(stream);
    struct iovec iov;

    weft_list_remove(&f->waiting);
    if (reset || !(f->flags & WEFT_TLS_READY) || (f->flags & never) ||
        f->write_err || stream->io.tx)
        return;
    notify(f);
    iov.iov_base = f->share->bio.out.data;
    iov.iov_len = f->share->bio.out.len;
    (void)weft_io_try_write(&stream->io, &iov, 1);
}

/* ---- From the socket ----------------------------------------------------- */

/* A write that fails with nothing of the owner's in it is none of its business
 * if the peer has gone: reading tells, behind what the peer said before. */
static void write_failed(struct weft_tls_filter *f, int err)
{
    weft_tls_out_free(&f->out, f->share->mem);
    f->write_err = (int8_t)err;
    if (f->tx)
        tell_sent(f, err);
    else if (err != WEFT_ERR_EOF && !(f->flags & WEFT_TLS_FAILED))
        weft_tls_end(f, err);
    weft_tls_tell_end(f);
}

void weft_tls_on_sent(struct weft_stream *stream, int err)
{
    struct weft_tls_filter *f = weft_tls_filter_of(stream);

    if (err) {
        write_failed(f, err);
        return;
    }
    weft_tls_out_sent(&f->out, &stream->io, f->share->mem);
    if (stream->io.tx || !(f->flags & (WEFT_TLS_READY | WEFT_TLS_FAILED)))
        return;
    if (f->flags & WEFT_TLS_LINGERING)
        weft_io_shutdown(&stream->io);
    else if (f->tx)
        pump(f);
    else if (f->flags & WEFT_TLS_SHUT)
        end_half(f);
}

void weft_tls_begin_output(struct weft_tls_filter *f)
{
    if (f->stream->io.fd < 0 || f->stream->io.tx)
        return;
    if (f->tx)
        weft_io_write(&f->stream->io, &f->share->nothing);
    else if (f->flags & WEFT_TLS_SHUT)
        end_half(f);
}
