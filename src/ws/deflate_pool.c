/* SPDX-License-Identifier: MIT */
/*
 * What a loop keeps for compression. A state of zlib costs more to make than to
 * use on a small message, so those that are given back wait here, the last used
 * first, for one who needs just such a state; a handful, as without context
 * takeover one of each kind serves all connections. A state may have been
 * another connection's: it is reset before it is handed out, after which zlib
 * refers to nothing older.
 *
 * zlib gives memory back without telling its size, so the size stands in front
 * of each of its blocks.
 */
#include "base/mem.h"
#include "ws/deflate_internal.h"

/* Keeps what follows aligned for any use. */
#define SIZE_ROOM 16

static const struct weft_mem *mem_of(void *opaque)
{
    return ((struct weft_deflate_pool *)opaque)->mem;
}

static void *zlib_alloc(void *opaque, unsigned count, unsigned each)
{
    size_t size;
    uint8_t *block;

    if (__builtin_mul_overflow((size_t)count, (size_t)each, &size) ||
        size > SIZE_MAX - SIZE_ROOM)
        return NULL;
    size += SIZE_ROOM;
    block = weft_alloc(mem_of(opaque), size);
    if (!block)
        return NULL;
    memcpy(block, &size, sizeof(size));
    return block + SIZE_ROOM;
}

static void zlib_free(void *opaque, void *ptr)
{
    uint8_t *block = (uint8_t *)ptr - SIZE_ROOM;
    size_t size;

    memcpy(&size, block, sizeof(size));
    weft_free(mem_of(opaque), block, size);
}

/* ---- Streams ------------------------------------------------------------- */

static bool is_same(const struct weft_deflate_key *a,
                    const struct weft_deflate_key *b)
{
    return a->is_unpacker == b->is_unpacker &&
           a->window_bits == b->window_bits && a->level == b->level &&
           a->memory_level == b->memory_level;
}

/*
 * zlib makes no raw streams with a window of 8 bits. With one of 9 it never
 * refers further back than 2^9 - 262 = 250 bytes (MIN_LOOKAHEAD of deflate.h),
 * which lie in a window of 8 bits.
 *
 * Its level 3 takes longer than its level 4 and makes more: for messages of 1
 * KiB with context, 5 % and 3 %, in the mean of ten kinds of text.
 */
static int init_packer(z_stream *z, const struct weft_deflate_key *key)
{
    int bits = key->window_bits == 8 ? 9 : key->window_bits;
    int level = key->level == 3 ? 4 : key->level;

    return deflateInit2(z, level, Z_DEFLATED, -bits, key->memory_level,
                        Z_DEFAULT_STRATEGY);
}

static struct weft_deflate_stream *make(struct weft_deflate_pool *pool,
                                        const struct weft_deflate_key *key)
{
    struct weft_deflate_stream *stream =
        weft_zalloc(pool->mem, sizeof(*stream));
    int rc;

    if (!stream)
        return NULL;
    weft_list_init(&stream->node);
    stream->key = *key;
    stream->z.zalloc = zlib_alloc;
    stream->z.zfree = zlib_free;
    stream->z.opaque = pool;
    rc = key->is_unpacker ? inflateInit2(&stream->z, -key->window_bits)
                          : init_packer(&stream->z, key);
    if (rc == Z_OK)
        return stream;
    weft_free(pool->mem, stream, sizeof(*stream));
    return NULL;
}

static void destroy(struct weft_deflate_pool *pool,
                    struct weft_deflate_stream *stream)
{
    if (stream->key.is_unpacker)
        inflateEnd(&stream->z);
    else
        deflateEnd(&stream->z);
    weft_free(pool->mem, stream, sizeof(*stream));
}

static void drop_idle(struct weft_deflate_pool *pool, unsigned most)
{
    while (pool->idle_count > most) {
        struct weft_deflate_stream *last =
            WEFT_OF(pool->idle.prev, struct weft_deflate_stream, node);

        weft_list_remove(&last->node);
        pool->idle_count--;
        destroy(pool, last);
    }
}

static struct weft_deflate_stream *find(struct weft_deflate_pool *pool,
                                        const struct weft_deflate_key *key)
{
    struct weft_list *node;

    for (node = pool->idle.next; node != &pool->idle; node = node->next) {
        struct weft_deflate_stream *stream =
            WEFT_OF(node, struct weft_deflate_stream, node);

        if (!is_same(&stream->key, key))
            continue;
        weft_list_remove(node);
        pool->idle_count--;
        return stream;
    }
    return NULL;
}

struct weft_deflate_stream *
weft_deflate_take(struct weft_deflate_pool *pool,
                  const struct weft_deflate_key *key)
{
    struct weft_deflate_stream *stream = find(pool, key);

    if (!stream)
        stream = make(pool, key);
    else if (key->is_unpacker)
        inflateReset(&stream->z);
    else
        deflateReset(&stream->z);
    if (stream)
        stream->is_between = true;
    return stream;
}

void weft_deflate_give(struct weft_deflate_pool *pool,
                       struct weft_deflate_stream *stream)
{
    if (!stream)
        return;
    weft_list_insert(&pool->idle, &stream->node);
    pool->idle_count++;
    drop_idle(pool, WEFT_DEFLATE_IDLE);
}

/* ---- Buffers ------------------------------------------------------------- */

static void drop_bytes(struct weft_buf *buf)
{
    const struct weft_mem *mem = buf->mem;

    weft_buf_release(buf);
    weft_buf_init(buf, mem, SIZE_MAX);
}

void weft_deflate_reuse(struct weft_buf *buf)
{
    if (buf->cap > WEFT_DEFLATE_KEPT)
        drop_bytes(buf);
    weft_buf_clear(buf);
}

/* ---- The budget ---------------------------------------------------------- */

/* By zlib's formulas (zconf.h), and what its states have beside them. */
size_t weft_deflate_context_size(const struct weft_deflate_key *key)
{
    int bits = key->window_bits;

    if (key->is_unpacker)
        return ((size_t)1 << bits) + 10240;
    if (bits == 8)
        bits = 9;
    return ((size_t)1 << (bits + 2)) + ((size_t)1 << (key->memory_level + 9)) +
           7168;
}

bool weft_deflate_charge(struct weft_deflate_pool *pool, size_t size, bool must)
{
    struct weft_deflate_budget *budget = pool->budget;
    size_t used;

    if (!budget)
        return true;
    used = __atomic_add_fetch(&budget->used, size, __ATOMIC_RELAXED);
    if (must || used <= budget->ceiling)
        return true;
    weft_deflate_discharge(pool, size);
    return false;
}

void weft_deflate_discharge(struct weft_deflate_pool *pool, size_t size)
{
    if (pool->budget)
        __atomic_sub_fetch(&pool->budget->used, size, __ATOMIC_RELAXED);
}

/* ---- The pool ------------------------------------------------------------ */

struct weft_deflate_pool *
weft_deflate_pool_new(const struct weft_mem *mem,
                      struct weft_deflate_budget *budget)
{
    struct weft_deflate_pool *pool = weft_zalloc(mem, sizeof(*pool));

    if (!pool)
        return NULL;
    pool->mem = mem;
    pool->budget = budget;
    weft_list_init(&pool->idle);
    weft_buf_init(&pool->packed, mem, SIZE_MAX);
    weft_buf_init(&pool->unpacked, mem, SIZE_MAX);
    weft_buf_init(&pool->padded, mem, SIZE_MAX);
    return pool;
}

void weft_deflate_pool_trim(struct weft_deflate_pool *pool)
{
    drop_idle(pool, 0);
    drop_bytes(&pool->packed);
    drop_bytes(&pool->unpacked);
    drop_bytes(&pool->padded);
    weft_deflate_whole_free(pool);
    weft_deflate_quick_free(pool);
}

void weft_deflate_pool_free(struct weft_deflate_pool *pool)
{
    if (!pool)
        return;
    weft_deflate_pool_trim(pool);
    weft_free(pool->mem, pool, sizeof(*pool));
}
