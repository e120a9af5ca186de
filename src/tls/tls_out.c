/* SPDX-License-Identifier: MIT */
/*
 * Two buffers: what is in the hands of the kernel does not move, and what comes
 * meanwhile goes to the other. That happens only where the peer makes us speak,
 * in a handshake or for new keys; the owner's bytes wait until all has gone.
 */
#include "tls/tls_out.h"

#include "base/mem.h"

/* What may wait behind a write: room for the batch of one write, or the longest
 * flight of a handshake. */
#define WAITING_MAX ((size_t)256 << 10)

struct weft_tls_out {
    struct weft_tx tx;
    struct iovec iov;
    struct weft_buf busy; /* what tx names */
    struct weft_buf next;
};

static struct weft_tls_out *out_new(const struct weft_mem *mem)
{
    struct weft_tls_out *out = weft_zalloc(mem, sizeof(*out));

    if (!out)
        return NULL;
    weft_buf_init(&out->busy, mem, WAITING_MAX);
    weft_buf_init(&out->next, mem, WAITING_MAX);
    return out;
}

void weft_tls_out_free(struct weft_tls_out **out, const struct weft_mem *mem)
{
    if (!*out)
        return;
    weft_buf_release(&(*out)->busy);
    weft_buf_release(&(*out)->next);
    weft_free(mem, *out, sizeof(**out));
    *out = NULL;
}

static void start(struct weft_tls_out *out, struct weft_io *io)
{
    struct weft_buf free_one = out->busy;

    out->busy = out->next;
    out->next = free_one;
    weft_buf_clear(&out->next);
    out->iov.iov_base = out->busy.data;
    out->iov.iov_len = out->busy.len;
    out->tx = (struct weft_tx){.iov = &out->iov, .niov = 1};
    weft_io_write(io, &out->tx);
}

static int keep(struct weft_tls_out **out, const uint8_t *p, size_t len,
                const struct weft_mem *mem)
{
    if (!*out)
        *out = out_new(mem);
    return *out ? weft_buf_append(&(*out)->next, p, len) : WEFT_ERR_NOMEM;
}

int weft_tls_out_send(struct weft_tls_out **out, struct weft_io *io,
                      const struct weft_buf *bytes, const struct weft_mem *mem)
{
    struct iovec iov = {.iov_base = bytes->data, .iov_len = bytes->len};
    int64_t n = 0;
    int err;

    if (bytes->len == 0)
        return 0;
    if (!io->tx)
        n = weft_io_try_write(io, &iov, 1);
    if (n < 0)
        return (int)n;
    if ((size_t)n == bytes->len)
        return 0;
    err = keep(out, bytes->data + n, bytes->len - (size_t)n, mem);
    if (!err && !io->tx)
        start(*out, io);
    return err;
}

void weft_tls_out_sent(struct weft_tls_out **out, struct weft_io *io,
                       const struct weft_mem *mem)
{
    if (!*out)
        return;
    if ((*out)->next.len > 0)
        start(*out, io);
    else
        weft_tls_out_free(out, mem);
}
