/* SPDX-License-Identifier: MIT */
/* An extension with a pool and an allocator of its own, for tests. */
#ifndef WEFT_TEST_DEFLATE_END_H
#define WEFT_TEST_DEFLATE_END_H

#include "base/mem.h"
#include "deflate_peer.h"
#include "ws/deflate_internal.h"

#define MIB ((size_t)1 << 20)

/* One connection's end. */
struct end {
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_deflate_pool *pool;
    struct weft_ext *ext;
    const struct weft_ext_ops *ops;
};

static inline struct weft_deflate_opts filled(struct weft_deflate_opts opts)
{
    opts.size = sizeof(opts);
    assert_int_equal(weft_deflate_opts_fill(&opts, &opts), 0);
    return opts;
}

static inline struct weft_deflate_opts usual(bool takes_over)
{
    return filled((struct weft_deflate_opts){
        .has_takeover = takes_over,
        .peer_takeover = takes_over,
        .threshold = 1,
    });
}

static inline struct weft_deflate_params agreed(bool takes_over, int bits)
{
    return (struct weft_deflate_params){
        .server_no_context_takeover = !takes_over,
        .client_no_context_takeover = !takes_over,
        .server_max_window_bits = (uint8_t)bits,
        .client_max_window_bits = (uint8_t)bits,
    };
}

static inline void open_end(struct end *end,
                            const struct weft_deflate_opts *opts,
                            struct weft_deflate_params params, bool is_client)
{
    *end = (struct end){.fm = {.left = -1}};
    end->mem = (struct weft_mem){fail_realloc, &end->fm};
    end->pool = weft_deflate_pool_new(&end->mem, NULL);
    assert_non_null(end->pool);
    assert_int_equal(
        weft_deflate_new(&end->ext, end->pool, opts, &params, is_client, true),
        0);
    end->ops = end->ext->ops;
}

/* The pool goes with the extension. */
static inline void close_end(struct end *end)
{
    end->ops->free(end->ext);
    assert_int_equal(end->fm.live, 0);
}

static inline int encode(struct end *end, const void *p, size_t len,
                         struct iovec *packed)
{
    return end->ops->encode(end->ext, p, len, packed);
}

static inline void check_bytes(const struct iovec *got, const void *want,
                               size_t len, const char *what)
{
    CHECK(got->iov_len == len &&
              (len == 0 || !memcmp(got->iov_base, want, len)),
          "%s: %zu bytes, not %zu", what, got->iov_len, len);
}

/* Decodes a message whole and, if pieces is not 0, in pieces. */
static inline void check_decode(struct end *end, const void *p, size_t len,
                                const void *want, size_t want_len,
                                size_t pieces)
{
    const char *why = "";
    struct iovec whole;
    struct weft_buf out;
    int err = 0;

    if (pieces == 0) {
        int rc =
            end->ops->decode_whole(end->ext, p, len, want_len, &whole, &why);

        CHECK(rc == 1, "%zu bytes: %d, %s", want_len, rc, why);
        check_bytes(&whole, want, want_len, "whole");
        return;
    }
    weft_buf_init(&out, &end->mem, want_len);
    for (size_t i = 0; i <= pieces && !err; i++) {
        size_t from = len * i / (pieces + 1), to = len * (i + 1) / (pieces + 1);

        err = end->ops->decode(end->ext, (const uint8_t *)p + from, to - from,
                               i == pieces, &out, &why);
    }
    CHECK(err == 0, "%zu bytes in pieces: %d, %s", want_len, err, why);
    whole = (struct iovec){out.data, out.len};
    check_bytes(&whole, want, want_len, "in pieces");
    weft_buf_release(&out);
}

#endif
