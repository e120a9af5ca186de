/* SPDX-License-Identifier: MIT */
/* The negotiation of extensions for whoever has an HTTP of their own: values
 * of header fields in, values of header fields out. */
#include "base/mem.h"
#include "ws/deflate_params.h"
#include <weft/endpoint.h>

/* Ends the text that write has made and gives it to the caller. */
static int give(struct weft_buf *text, int err, char *out, size_t size)
{
    if (!err && text->len >= size)
        err = WEFT_ERR_LIMIT;
    if (!err) {
        if (text->len > 0)
            memcpy(out, text->data, text->len);
        out[text->len] = '\0';
    }
    weft_buf_release(text);
    return err;
}

int weft_extensions_answer(const char *offered,
                           const struct weft_deflate_opts *deflate, char *out,
                           size_t size)
{
    const struct weft_field field = {
        .name = weft_slice("Sec-WebSocket-Extensions"),
        .value = weft_slice(offered ? offered : ""),
    };
    struct weft_deflate_params params;
    struct weft_deflate_opts opts;
    struct weft_buf text;
    int rc = weft_deflate_opts_fill(&opts, deflate);

    if (!rc)
        rc = weft_deflate_accept(&params, &field, offered ? 1 : 0, &opts);
    weft_buf_init(&text, &weft_mem_libc, SIZE_MAX);
    if (rc > 0)
        rc = weft_deflate_answer(&text, &params);
    return give(&text, rc, out, size);
}

int weft_extensions_offer(const struct weft_deflate_opts *deflate, char *out,
                          size_t size)
{
    struct weft_deflate_opts opts;
    struct weft_buf text;
    int err = weft_deflate_opts_fill(&opts, deflate);

    weft_buf_init(&text, &weft_mem_libc, SIZE_MAX);
    if (!err && !opts.is_off)
        err = weft_deflate_offer(&text, &opts);
    return give(&text, err, out, size);
}

int weft_extensions_check(const char *answered,
                          const struct weft_deflate_opts *deflate)
{
    struct weft_deflate_params params;
    struct weft_deflate_opts opts;
    const char *why;
    int rc = weft_deflate_opts_fill(&opts, deflate);

    if (!rc)
        rc = weft_deflate_verify(&params, weft_slice(answered ? answered : ""),
                                 &opts, &why);
    return rc < 0 ? rc : 0;
}
