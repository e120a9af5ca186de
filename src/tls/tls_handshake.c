/* SPDX-License-Identifier: MIT */
/*
 * Handshakes, and who waits for one. A server's takes time, mostly for its
 * signature, so that only a few steps are made in one turn of the loop. A
 * client that comes beyond that is not read from, and what it said waits with
 * it in a row; the first in the row are the first of the next turn, and as long
 * as there is a row nobody overtakes it.
 *
 * A server makes no SSL before the first whole record has come, so that clients
 * that say nothing cost nothing.
 */
#include "tls/tls_filter.h"

#include "tls/tls_record.h"
#include "tls/tls_why.h"
#include <openssl/err.h>

/* What a client may have sent before it is answered: a ClientHello. */
#define HELLO_MAX ((size_t)64 << 10)

/* ---- One step ------------------------------------------------------------ */

static bool accept_start(struct weft_tls_filter *f)
{
    f->ssl = SSL_new(f->tls->ctxs[0]);
    if (!f->ssl)
        return false;
    SSL_set_accept_state(f->ssl);
    weft_tls_bio_attach(&f->share->bio, f->ssl);
    return true;
}

void weft_tls_shake(struct weft_tls_filter *f)
{
    struct weft_tls_bio *bio = &f->share->bio;
    char why[WEFT_TLS_WHY];
    int rc;

    ERR_clear_error();
    if (!f->ssl && !accept_start(f)) {
        weft_tls_fail(f, WEFT_ERR_NOMEM, weft_strerror(WEFT_ERR_NOMEM));
        return;
    }
    rc = SSL_do_handshake(f->ssl);
    if (rc == 1) {
        f->flags |= WEFT_TLS_READY;
        return;
    }
    if (SSL_get_error(f->ssl, rc) == SSL_ERROR_WANT_READ &&
        !weft_tls_bio_is_flooded(bio)) {
        /* Who never goes on need not hold 32 KiB meanwhile. */
        (void)SSL_free_buffers(f->ssl);
        return;
    }
    weft_tls_explain(f, why);
    weft_tls_fail(f, bio->is_full ? WEFT_ERR_NOMEM : WEFT_ERR_TLS, why);
}

/* ---- The row ------------------------------------------------------------- */

void weft_tls_wait(struct weft_tls_filter *f)
{
    weft_list_remove(&f->waiting);
    weft_list_append(&f->share->waiting, &f->waiting);
    weft_tls_share_wake(f->share);
}

static void step(struct weft_tls_filter *f)
{
    bool is_strange = f->flags & WEFT_TLS_STRANGE;

    f->flags &= (uint16_t)~WEFT_TLS_PUT_OFF;
    weft_stream_unhold(f->stream);
    weft_tls_take(f, NULL, 0, weft_tls_whole(&f->kept, NULL, 0, &is_strange));
}

/* Whoever has been paused meanwhile comes back when it is resumed. */
void weft_tls_go_on(struct weft_alarm *alarm)
{
    struct weft_tls_share *share = WEFT_OF(alarm, struct weft_tls_share, alarm);

    while (!weft_list_is_empty(&share->waiting)) {
        struct weft_tls_filter *f =
            WEFT_OF(share->waiting.next, struct weft_tls_filter, waiting);
        bool is_paused = weft_stream_is_paused(f->stream);
        bool is_put_off = f->flags & WEFT_TLS_PUT_OFF;

        if (is_put_off && !is_paused && !weft_tls_share_step(share)) {
            weft_tls_share_wake(share);
            return;
        }
        weft_list_remove(&f->waiting);
        if (is_put_off && !is_paused)
            step(f);
        else
            weft_tls_tell_end(f);
    }
}

static void put_off(struct weft_tls_filter *f, const uint8_t *p, size_t len)
{
    if (!weft_tls_keep(f, p, len))
        return;
    f->flags |= WEFT_TLS_PUT_OFF;
    weft_stream_hold(f->stream);
    weft_tls_wait(f);
}

/* ---- What is not TLS ----------------------------------------------------- */

static bool is_letter(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* No record of TLS begins with a letter, and every method of HTTP does. */
static void answer_plain(struct weft_tls_filter *f)
{
    static const char text[] =
        "This port speaks TLS: use https:// or wss:// in the address.\n";
    struct weft_buf *out = &f->share->bio.out;

    weft_buf_clear(out);
    if (weft_buf_printf(out,
                        "HTTP/1.1 400 Bad Request\r\n"
                        "Content-Type: text/plain; charset=utf-8\r\n"
                        "Content-Length: %zu\r\n"
                        "Connection: close\r\n\r\n%s",
                        sizeof(text) - 1, text) != 0)
        weft_buf_clear(out);
    weft_tls_fail(f, WEFT_ERR_TLS,
                  "the client speaks plain HTTP, or something else that is not "
                  "TLS");
    weft_tls_last_word(f);
}

/* ---- Bytes that come ----------------------------------------------------- */

bool weft_tls_admit(struct weft_tls_filter *f, const uint8_t *p, size_t len,
                    size_t whole)
{
    bool is_first = !f->ssl && f->kept.len == 0;

    if (f->tls->is_client)
        return true;
    if (is_first && is_letter(p[0])) {
        answer_plain(f);
        return false;
    }
    if (whole == 0)
        return true;
    if (weft_list_is_empty(&f->share->waiting) && weft_tls_share_step(f->share))
        return true;
    if (f->kept.len + len <= HELLO_MAX) {
        put_off(f, p, len);
        return false;
    }
    if (f->ssl)
        return true; /* its second half, and already more */
    /* It has not been fed yet: what is there is another connection's. */
    weft_buf_clear(&f->share->bio.out);
    weft_tls_fail(f, WEFT_ERR_TLS, "more came than a ClientHello");
    weft_tls_last_word(f);
    return false;
}
