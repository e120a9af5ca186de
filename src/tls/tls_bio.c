/* SPDX-License-Identifier: MIT */
/*
 * During a handshake OpenSSL puts a buffer of its own on top of a connection's
 * BIO for writing, and takes it off later. Both touch the link of that buffer
 * to ours, and the link of ours back to it, which nobody follows; so that the
 * connections of a loop can share the BIO, as they already share the thread.
 */
#include "tls/tls_bio.h"

#include <limits.h>
#include <openssl/bio.h>

/* What one call may write at most: a handshake's longest flight, with a long
 * chain of certificates and of names of authorities, is far below. */
#define OUT_MAX ((size_t)4 << 20)

static size_t take(struct weft_tls_bio *b, int i, char *p, size_t size)
{
    size_t n = b->in_len[i] < size ? b->in_len[i] : size;

    if (n == 0)
        return 0;
    memcpy(p, b->in[i], n);
    b->in[i] += n;
    b->in_len[i] -= n;
    return n;
}

static int read_bytes(BIO *bio, char *p, size_t size, size_t *got)
{
    struct weft_tls_bio *b = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    *got = take(b, 0, p, size);
    *got += take(b, 1, p + *got, size - *got);
    if (*got > 0)
        return 1;
    BIO_set_retry_read(bio);
    return 0;
}

static int write_bytes(BIO *bio, const char *p, size_t size, size_t *written)
{
    struct weft_tls_bio *b = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    *written = 0;
    if (weft_buf_append(&b->out, p, size) != 0) {
        b->is_full = true;
        return 0;
    }
    *written = size;
    return 1;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static bool set_up(struct weft_tls_bio *bio)
{
    bio->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "weft");
    if (!bio->method || BIO_meth_set_read_ex(bio->method, read_bytes) != 1 ||
        BIO_meth_set_write_ex(bio->method, write_bytes) != 1 ||
        BIO_meth_set_ctrl(bio->method, control) != 1)
        return false;
    bio->bio = BIO_new(bio->method);
    if (!bio->bio)
        return false;
    BIO_set_data(bio->bio, bio);
    BIO_set_init(bio->bio, 1);
    return true;
}

int weft_tls_bio_init(struct weft_tls_bio *bio, const struct weft_mem *mem)
{
    *bio = (struct weft_tls_bio){0};
    weft_buf_init(&bio->out, mem, OUT_MAX);
    if (set_up(bio))
        return 0;
    weft_tls_bio_release(bio);
    return WEFT_ERR_NOMEM;
}

void weft_tls_bio_release(struct weft_tls_bio *bio)
{
    BIO_free(bio->bio);
    BIO_meth_free(bio->method);
    weft_buf_release(&bio->out);
    bio->bio = NULL;
    bio->method = NULL;
}

void weft_tls_bio_feed(struct weft_tls_bio *bio, const struct weft_buf *a,
                       const uint8_t *b, size_t len)
{
    size_t first = a->len < len ? a->len : len;

    bio->in[0] = a->data;
    bio->in_len[0] = first;
    bio->in[1] = b;
    bio->in_len[1] = len - first;
    bio->is_full = false;
    bio->steps = 0;
    weft_buf_clear(&bio->out);
}

void weft_tls_bio_attach(struct weft_tls_bio *bio, SSL *ssl)
{
    BIO_up_ref(bio->bio);
    SSL_set_bio(ssl, bio->bio, bio->bio); /* takes one reference for both */
}

struct weft_tls_bio *weft_tls_bio_of(const SSL *ssl)
{
    return BIO_get_data(SSL_get_rbio(ssl));
}

/* ---- Steps of the handshake ------------------------------------------- */

/* where says what happened; the constants are those of
 * SSL_CTX_set_info_callback. */
static void on_step(const SSL *ssl, int where, int value)
{
    struct weft_tls_bio *bio = weft_tls_bio_of(ssl);

    (void)value;
    if (!(where & (SSL_CB_LOOP | SSL_CB_ALERT)))
        return;
    bio->steps++;
    if (weft_tls_bio_is_flooded(bio))
        bio->in_len[0] = bio->in_len[1] = 0;
}

void weft_tls_bio_watch(SSL_CTX *ctx)
{
    SSL_CTX_set_info_callback(ctx, on_step);
}

bool weft_tls_bio_is_flooded(const struct weft_tls_bio *bio)
{
    return bio->steps > WEFT_TLS_STEPS_MAX;
}
