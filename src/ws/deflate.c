/* SPDX-License-Identifier: MIT */
/*
 * The extension of one connection: which of the pool's means serves a message,
 * and what is kept between messages.
 *
 * Each direction keeps a stream of zlib if its context is taken over, made at
 * the first message; otherwise it has one only during a call, or while a
 * message comes in pieces. Contexts that may be kept are charged to the budget
 * from the beginning, so that what was agreed on can be held to.
 */
#include "base/mem.h"
#include "ws/deflate_internal.h"

/* RSV1 of the three reserved bits (section 6). */
#define RSV1 4

/*
 * Without context, a message is unpacked with all of the 32 KiB that the format
 * knows, whatever was agreed on: it costs nothing at rest, one stream serves
 * all connections, and the verdict does not depend on how a message was cut.
 */
#define FORMAT_WINDOW_BITS 15

struct deflate {
    struct weft_ext ext; /* first: it is what the endpoint holds */
    struct weft_deflate_pool *pool;
    struct weft_deflate_stream *packer;   /* NULL: not made yet, or not kept */
    struct weft_deflate_stream *unpacker; /* as well */
    size_t threshold;
    struct weft_deflate_key packs, unpacks;
    bool keeps_packer, keeps_unpacker;
    bool owns_pool;
};

_Static_assert(sizeof(struct deflate) <= 64, "what each connection pays");

/* ---- Sending ------------------------------------------------------------- */

static bool is_within_window(const struct deflate *d, size_t len)
{
    return d->packs.window_bits == FORMAT_WINDOW_BITS ||
           len <= (size_t)1 << d->packs.window_bits;
}

/* With context. A message that gets longer is sent so as well, for the peer
 * has to follow what the window holds. */
static int pack_on(struct deflate *d, const void *data, size_t len)
{
    int rc;

    if (!d->packer)
        d->packer = weft_deflate_take(d->pool, &d->packs);
    if (!d->packer)
        return WEFT_ERR_NOMEM;
    rc = weft_deflate_pack(d->packer, data, len, SIZE_MAX, &d->pool->packed);
    if (rc <= 0)
        deflateReset(&d->packer->z);
    return rc;
}

/* Without context, and only if it gets shorter. */
static int pack_alone(struct deflate *d, const void *data, size_t len)
{
    struct weft_deflate_stream *packer;
    int rc = WEFT_ERR_NOMEM;

    if (d->packs.level <= WEFT_DEFLATE_QUICK_LEVELS)
        rc = weft_deflate_quick_pack(d->pool, &d->packs, data, len, len - 1);
    else if (is_within_window(d, len))
        rc = weft_deflate_whole_pack(d->pool, d->packs.level, data, len,
                                     len - 1);
    if (rc >= 0)
        return rc;
    packer = weft_deflate_take(d->pool, &d->packs);
    if (!packer)
        return WEFT_ERR_NOMEM;
    rc = weft_deflate_pack(packer, data, len, len - 1, &d->pool->packed);
    weft_deflate_give(d->pool, packer);
    return rc;
}

static int encode(struct weft_ext *ext, const void *data, size_t len,
                  struct iovec *out)
{
    struct deflate *d = (struct deflate *)ext;
    struct weft_buf *packed = &d->pool->packed;
    int rc;

    if (len < d->threshold || weft_deflate_is_hopeless(data, len))
        return 0;
    weft_deflate_reuse(packed);
    rc = d->keeps_packer ? pack_on(d, data, len) : pack_alone(d, data, len);
    if (rc > 0)
        *out = (struct iovec){packed->data, packed->len};
    return rc;
}

/* The peer does not see the message, so nothing later may refer to it, nor to
 * what is before it, which zlib cannot go back to. */
static void unencode(struct weft_ext *ext)
{
    struct deflate *d = (struct deflate *)ext;

    if (d->packer)
        deflateReset(&d->packer->z);
}

static bool may_share(const struct weft_ext *ext, size_t len)
{
    const struct deflate *d = (const struct deflate *)ext;

    return !d->keeps_packer && is_within_window(d, len);
}

/* ---- Receiving ----------------------------------------------------------- */

static int unpack(struct deflate *d, const uint8_t *p, size_t len, bool fin,
                  struct weft_deflate_sink *sink)
{
    size_t before = sink->out->len;
    int err;

    if (!d->unpacker)
        d->unpacker = weft_deflate_take(d->pool, &d->unpacks);
    if (!d->unpacker)
        return WEFT_ERR_NOMEM;
    err = weft_deflate_unpack(d->unpacker, p, len, fin, sink);
    d->ext.work += sink->out->len - before;
    if ((fin || err) && !d->keeps_unpacker) {
        weft_deflate_give(d->pool, d->unpacker);
        d->unpacker = NULL;
    }
    return err;
}

static int decode(struct weft_ext *ext, const uint8_t *p, size_t len, bool fin,
                  struct weft_buf *out, const char **why)
{
    struct weft_deflate_sink sink = {out, out->max, NULL};
    int err = unpack((struct deflate *)ext, p, len, fin, &sink);

    if (err == WEFT_ERR_INVALID_DATA)
        *why = sink.why;
    return err;
}

static int decode_whole(struct weft_ext *ext, const uint8_t *p, size_t len,
                        size_t limit, struct iovec *out, const char **why)
{
    struct deflate *d = (struct deflate *)ext;
    struct weft_buf *unpacked = &d->pool->unpacked;
    struct weft_deflate_sink sink = {unpacked, limit, NULL};
    int rc = 0;

    weft_deflate_reuse(unpacked);
    if (!d->keeps_unpacker)
        rc = weft_deflate_whole_unpack(d->pool, p, len, limit);
    d->ext.work += unpacked->len;
    /* zlib also does what libdeflate found wrong: it says why. */
    if (rc == 0)
        rc = unpack(d, p, len, true, &sink);
    if (rc == WEFT_ERR_INVALID_DATA)
        *why = sink.why;
    if (rc < 0)
        return rc;
    *out = (struct iovec){unpacked->data, unpacked->len};
    return 1;
}

/* ---- The extension ------------------------------------------------------- */

static void free_deflate(struct weft_ext *ext)
{
    struct deflate *d = (struct deflate *)ext;
    struct weft_deflate_pool *pool = d->pool;
    bool owns_pool = d->owns_pool;

    if (d->keeps_packer)
        weft_deflate_discharge(pool, weft_deflate_context_size(&d->packs));
    if (d->keeps_unpacker)
        weft_deflate_discharge(pool, weft_deflate_context_size(&d->unpacks));
    weft_deflate_give(pool, d->packer);
    weft_deflate_give(pool, d->unpacker);
    weft_free(pool->mem, d, sizeof(*d));
    if (owns_pool)
        weft_deflate_pool_free(pool);
}

static const struct weft_ext_ops ops = {
    .rsv = RSV1,
    .decode = decode,
    .decode_whole = decode_whole,
    .encode = encode,
    .unencode = unencode,
    .may_share = may_share,
    .free = free_deflate,
};

/* Whether a context is kept: it may be, and there is room. A server that has
 * none says so in its answer; a client has made its offer, and is charged in
 * any case. */
static bool keep(struct weft_deflate_pool *pool, bool is_client,
                 const struct weft_deflate_key *key, bool *no_takeover)
{
    if (*no_takeover)
        return false;
    if (!weft_deflate_charge(pool, weft_deflate_context_size(key), is_client))
        *no_takeover = true;
    return !*no_takeover;
}

/* We send as our options want it where they want less than was agreed on. */
static struct weft_deflate_key packer_key(const struct weft_deflate_opts *opts,
                                          int agreed)
{
    int bits = agreed < opts->window_bits ? agreed : opts->window_bits;

    return (struct weft_deflate_key){
        .window_bits = (uint8_t)bits,
        .level = (uint8_t)opts->level,
        .memory_level = (uint8_t)opts->memory_level,
    };
}

/* A context that is kept has no more of a window than its memory level is for:
 * what the hash cannot find need not be held. */
static struct weft_deflate_key kept_key(struct weft_deflate_key key)
{
    if (key.window_bits > key.memory_level + 7)
        key.window_bits = (uint8_t)(key.memory_level + 7);
    return key;
}

static void fill(struct deflate *d, const struct weft_deflate_opts *opts,
                 struct weft_deflate_params *params, bool is_client)
{
    bool *ours = is_client ? &params->client_no_context_takeover
                           : &params->server_no_context_takeover;
    bool *theirs = is_client ? &params->server_no_context_takeover
                             : &params->client_no_context_takeover;
    uint8_t server = params->server_max_window_bits;
    uint8_t client = params->client_max_window_bits;
    struct weft_deflate_key kept;

    d->threshold =
        opts->threshold < SIZE_MAX ? (size_t)opts->threshold : SIZE_MAX;
    d->packs = packer_key(opts, is_client ? client : server);
    kept = kept_key(d->packs);
    d->keeps_packer =
        opts->has_takeover && keep(d->pool, is_client, &kept, ours);
    if (d->keeps_packer)
        d->packs = kept;
    d->unpacks = (struct weft_deflate_key){
        .is_unpacker = true, .window_bits = is_client ? server : client};
    d->keeps_unpacker = keep(d->pool, is_client, &d->unpacks, theirs);
    if (!d->keeps_unpacker)
        d->unpacks.window_bits = FORMAT_WINDOW_BITS;
}

int weft_deflate_new(struct weft_ext **out, struct weft_deflate_pool *pool,
                     const struct weft_deflate_opts *opts,
                     struct weft_deflate_params *params, bool is_client,
                     bool owns_pool)
{
    struct deflate *d = weft_zalloc(pool->mem, sizeof(*d));

    if (!d) {
        if (owns_pool)
            weft_deflate_pool_free(pool);
        return WEFT_ERR_NOMEM;
    }
    d->ext.ops = &ops;
    d->pool = pool;
    d->owns_pool = owns_pool;
    fill(d, opts, params, is_client);
    *out = &d->ext;
    return 0;
}
