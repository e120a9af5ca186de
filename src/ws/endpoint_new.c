/* SPDX-License-Identifier: MIT */
/* The public constructor: an endpoint with a configuration of its own. */
#include "base/mem.h"
#include "base/opts.h"
#include "ws/deflate.h"
#include "ws/endpoint.h"

struct owned {
    struct weft_endpoint ep; /* first: it is what the caller holds */
    struct weft_endpoint_conf conf;
};

/* What was agreed on in the handshake, with a pool of its own. */
static int add_extension(struct weft_endpoint *ep,
                         const struct weft_endpoint_opts *opts)
{
    const char *agreed = opts->extensions ? opts->extensions : "";
    struct weft_deflate_params params;
    struct weft_deflate_opts deflate;
    struct weft_deflate_pool *pool;
    int rc = weft_deflate_opts_fill(&deflate, opts->deflate);

    if (!rc)
        rc = weft_deflate_params_read(&params, weft_slice(agreed));
    if (rc <= 0)
        return rc ? WEFT_ERR_USAGE : 0;
    pool = weft_deflate_pool_new(ep->conf->mem, NULL);
    if (!pool)
        return WEFT_ERR_NOMEM;
    return weft_deflate_new(&ep->ext, pool, &deflate, &params,
                            ep->conf->is_client, true);
}

int weft_endpoint_new(struct weft_endpoint **out,
                      const struct weft_endpoint_opts *opts)
{
    struct weft_endpoint_opts known = WEFT_ENDPOINT_OPTS;
    struct weft_endpoint_conf conf;
    struct owned *owned;
    int err = 0;

    if (opts)
        err = weft_opts_copy(&known, sizeof(known), opts);
    if (!err)
        err = weft_endpoint_conf_init(&conf, &known);
    if (err)
        return err;
    owned = weft_zalloc(conf.mem, sizeof(*owned));
    if (!owned)
        return WEFT_ERR_NOMEM;
    owned->conf = conf;
    weft_endpoint_init(&owned->ep, &owned->conf);
    err = add_extension(&owned->ep, &known);
    if (err) {
        weft_endpoint_free(&owned->ep);
        return err;
    }
    *out = &owned->ep;
    return 0;
}

void weft_endpoint_free(struct weft_endpoint *ep)
{
    struct weft_mem mem;

    if (!ep)
        return;
    mem = *ep->conf->mem;
    weft_endpoint_release(ep);
    weft_free(&mem, ep, sizeof(struct owned));
}
