/* SPDX-License-Identifier: MIT */
/*
 * Whole messages by libdeflate, which is faster than zlib, but knows neither
 * pieces nor context. Its memory comes from the C library: the hooks it has
 * are of the whole process and take no argument.
 *
 * It ends what it writes with a block marked as the last, which section 7.2.3.4
 * allows. But undici, and so the WebSocket of Node.js, hands out empty messages
 * behind such a one (seen with undici 6.29.1). So the mark is taken away.
 *
 * Nothing here is without remedy: where it fails, zlib does the work. What it
 * takes and zlib would not are the few symbols that RFC 1951 leaves without a
 * meaning (lengths 286 and 287, distances 30 and 31): it gives them one.
 */
#include "ws/deflate_internal.h"

#ifdef WEFT_HAVE_LIBDEFLATE
#include "base/mem.h"
#include <libdeflate.h>

#define LEVEL_MAX 9

/* What completes a message and marks its end: the tail, and behind it a last
 * block, stored and empty. */
static const uint8_t ending[] = {0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff};

struct weft_deflate_whole {
    struct libdeflate_compressor *packers[LEVEL_MAX + 1];
    struct libdeflate_decompressor *unpacker;
};

static struct weft_deflate_whole *whole_of(struct weft_deflate_pool *pool)
{
    if (!pool->whole)
        pool->whole = weft_zalloc(pool->mem, sizeof(*pool->whole));
    return pool->whole;
}

void weft_deflate_whole_free(struct weft_deflate_pool *pool)
{
    struct weft_deflate_whole *whole = pool->whole;

    if (!whole)
        return;
    for (int level = 1; level <= LEVEL_MAX; level++)
        libdeflate_free_compressor(whole->packers[level]);
    libdeflate_free_decompressor(whole->unpacker);
    weft_free(pool->mem, whole, sizeof(*whole));
    pool->whole = NULL;
}

/* ---- Packing ------------------------------------------------------------- */

/* In bits from the beginning. */
struct last_block {
    size_t start, end;
};

/* What zlib says in data_type: it stands behind a block, which was the last,
 * with so many bits of a byte left. */
#define IS_BETWEEN 128
#define IS_LAST 64
#define BITS_LEFT 7

/* Reads what libdeflate wrote, block by block, to its end. false: no memory,
 * since nothing else can be wrong. */
static bool find_last_block(struct weft_deflate_stream *stream, const void *p,
                            size_t len, struct last_block *last)
{
    z_stream *z = &stream->z;
    uint8_t passed_over[WEFT_DEFLATE_SKIP];
    int rc;

    *last = (struct last_block){0, 0};
    z->next_in = p;
    z->avail_in = (unsigned)len;
    do {
        z->next_out = passed_over;
        z->avail_out = sizeof(passed_over);
        rc = inflate(z, Z_BLOCK);
        if (!(z->data_type & IS_BETWEEN))
            continue;
        last->start = last->end;
        last->end = (len - z->avail_in) * 8 - (z->data_type & BITS_LEFT);
        if (z->data_type & IS_LAST)
            return true;
    } while (rc == Z_OK);
    return false;
}

/*
 * Makes the last block one like the others, and has the head of the empty
 * stored block, three bits of zeros, follow it: in what is left of its last
 * byte, or in one more.
 */
static bool unmark_end(struct weft_deflate_pool *pool, struct weft_buf *out)
{
    static const struct weft_deflate_key key = {true, 15, 0, 0};
    struct weft_deflate_stream *stream = weft_deflate_take(pool, &key);
    struct last_block last;
    bool is_found;

    if (!stream)
        return false;
    is_found = find_last_block(stream, out->data, out->len, &last);
    weft_deflate_give(pool, stream);
    if (!is_found)
        return false;
    out->data[last.start / 8] &= (uint8_t) ~(1u << last.start % 8);
    if (out->len * 8 - last.end < 3)
        out->data[out->len++] = 0;
    return true;
}

static struct libdeflate_compressor *packer_of(struct weft_deflate_pool *pool,
                                               int level)
{
    struct weft_deflate_whole *whole = whole_of(pool);

    if (!whole)
        return NULL;
    if (!whole->packers[level])
        whole->packers[level] = libdeflate_alloc_compressor(level);
    return whole->packers[level];
}

int weft_deflate_whole_pack(struct weft_deflate_pool *pool, int level,
                            const void *data, size_t len, size_t most)
{
    struct libdeflate_compressor *packer = packer_of(pool, level);
    struct weft_buf *out = &pool->packed;

    /* Beyond that, zlib could not read it in one piece. */
    if (!packer || most > UINT32_MAX || weft_buf_reserve(out, most) != 0)
        return WEFT_ERR_NOMEM;
    if (most == 0)
        return 0;
    out->len =
        libdeflate_deflate_compress(packer, data, len, out->data, most - 1);
    if (out->len == 0)
        return 0;
    if (unmark_end(pool, out))
        return 1;
    weft_buf_clear(out);
    return WEFT_ERR_NOMEM;
}

/* ---- Unpacking ----------------------------------------------------------- */

/* Copies the message to where there is room for its ending. */
static bool pad(struct weft_buf *padded, const uint8_t *p, size_t len)
{
    weft_deflate_reuse(padded);
    return len <= SIZE_MAX - sizeof(ending) &&
           weft_buf_reserve(padded, len + sizeof(ending)) == 0 &&
           weft_buf_append(padded, p, len) == 0 &&
           weft_buf_append(padded, ending, sizeof(ending)) == 0;
}

/* A stored block that was cut short takes the ending, or its tail, for bytes of
 * its own. */
static bool may_hold_ending(const struct weft_buf *unpacked)
{
    const size_t len = WEFT_DEFLATE_TAIL_LEN;

    return unpacked->len >= len && memcmp(unpacked->data + unpacked->len - len,
                                          WEFT_DEFLATE_TAIL, len) == 0;
}

/* Whether the blocks that libdeflate read are the message: it stops at one
 * that is marked as the last, behind which there is nothing, or a byte that
 * begins the empty stored block, or the message goes on. */
static bool is_all(const struct weft_buf *padded, size_t used,
                   const struct weft_buf *unpacked)
{
    size_t len = padded->len - sizeof(ending);

    if (used == padded->len)
        return !may_hold_ending(unpacked);
    return used == len || (used + 1 == len && padded->data[used] == 0);
}

static struct libdeflate_decompressor *
unpacker_of(struct weft_deflate_pool *pool)
{
    struct weft_deflate_whole *whole = whole_of(pool);

    if (!whole)
        return NULL;
    if (!whole->unpacker)
        whole->unpacker = libdeflate_alloc_decompressor();
    return whole->unpacker;
}

int weft_deflate_whole_unpack(struct weft_deflate_pool *pool, const uint8_t *p,
                              size_t len, size_t limit)
{
    struct libdeflate_decompressor *unpacker = unpacker_of(pool);
    struct weft_buf *out = &pool->unpacked;
    size_t room = WEFT_DEFLATE_FIRST, used;
    enum libdeflate_result rc;

    if (!unpacker || limit == 0 || !pad(&pool->padded, p, len))
        return 0;
    /* What does not fit is done again with four times the room. */
    for (;; room = room > limit / 4 ? limit : room * 4) {
        if (room > limit)
            room = limit;
        if (weft_buf_reserve(out, room) != 0)
            return 0;
        rc = libdeflate_deflate_decompress_ex(unpacker, pool->padded.data,
                                              pool->padded.len, out->data, room,
                                              &used, &out->len);
        if (rc != LIBDEFLATE_INSUFFICIENT_SPACE)
            break;
        out->len = 0;
        if (room == limit)
            return WEFT_ERR_LIMIT;
    }
    if (rc == LIBDEFLATE_SUCCESS && is_all(&pool->padded, used, out))
        return 1;
    weft_buf_clear(out);
    return 0;
}

#else

int weft_deflate_whole_pack(struct weft_deflate_pool *pool, int level,
                            const void *data, size_t len, size_t most)
{
    (void)pool, (void)level, (void)data, (void)len, (void)most;
    return WEFT_ERR_NOMEM;
}

int weft_deflate_whole_unpack(struct weft_deflate_pool *pool, const uint8_t *p,
                              size_t len, size_t limit)
{
    (void)pool, (void)p, (void)len, (void)limit;
    return 0;
}

void weft_deflate_whole_free(struct weft_deflate_pool *pool)
{
    (void)pool;
}

#endif
