/* SPDX-License-Identifier: MIT */
/*
 * Blocks come from below in the sizes of the classes and wait there, when
 * they are given back, on a list through their first bytes. The size that a
 * user asked for gives its class, so blocks carry no header, and resizing
 * within a class moves nothing.
 *
 * held is the sum of what users asked for; kept is the sum of the classes'
 * sizes over the lists, at most keep_max. To the address sanitizer a waiting
 * block is forbidden ground, and so is the rest of a block behind the bytes
 * that were asked for.
 */
#include "base/pool.h"
#include "base/mem.h"
#include "base/poison.h"

/* The class of what is larger than all classes. */
#define PASS_THROUGH WEFT_POOL_CLASSES

#define SMALLEST 64u
#define LARGEST (2u << 20)

/* What stands in a block that waits. */
struct waiting {
    struct waiting *next;
};

/*
 * The least class that holds size bytes. With n = size - 1 and 2^bit its top
 * bit, sizes above 2^bit go to the class of 3/2 * 2^bit or, if the next bit
 * is set too, to that of 2 * 2^bit.
 */
static unsigned class_of(size_t size)
{
    size_t n = size - 1;
    unsigned bit;

    if (size <= SMALLEST)
        return 0;
    if (size > LARGEST)
        return PASS_THROUGH;
    bit = 63 - (unsigned)__builtin_clzll(n);
    return (bit - 6) * 2 + (n >> (bit - 1) & 1) + 1;
}

/* 64, 96, 128, 192 … */
static size_t class_size(unsigned cls)
{
    return (size_t)(cls % 2 ? 96 : 64) << cls / 2;
}

/* The bytes that a block for size bytes really has. */
static size_t block_size(size_t size)
{
    unsigned cls = class_of(size);

    return cls == PASS_THROUGH ? size : class_size(cls);
}

/* Lets the user touch the first size bytes of a block and no others. */
static void *hand_out(void *block, size_t size)
{
    WEFT_UNPOISON(block, size);
    WEFT_POISON((uint8_t *)block + size, block_size(size) - size);
    return block;
}

static void *pop(struct weft_pool *pool, unsigned cls)
{
    struct waiting *block = pool->free[cls];

    WEFT_UNPOISON(block, sizeof(*block));
    pool->free[cls] = block->next;
    pool->kept -= class_size(cls);
    return block;
}

static void push(struct weft_pool *pool, unsigned cls, struct waiting *block)
{
    WEFT_UNPOISON(block, sizeof(*block));
    block->next = pool->free[cls];
    pool->free[cls] = block;
    pool->kept += class_size(cls);
    WEFT_POISON(block, class_size(cls));
}

static void give_below(struct weft_pool *pool, void *block, size_t size)
{
    WEFT_UNPOISON(block, size);
    weft_free(pool->below, block, size);
}

static void *get(struct weft_pool *pool, size_t size)
{
    unsigned cls = class_of(size);
    void *block;

    if (cls != PASS_THROUGH && pool->free[cls])
        block = pop(pool, cls);
    else
        block = weft_alloc(pool->below, block_size(size));
    if (!block)
        return NULL;
    pool->held += size;
    return hand_out(block, size);
}

static void put(struct weft_pool *pool, void *block, size_t size)
{
    unsigned cls = class_of(size);

    pool->held -= size;
    if (cls != PASS_THROUGH && class_size(cls) <= pool->keep_max - pool->kept)
        push(pool, cls, block);
    else
        give_below(pool, block, block_size(size));
}

/* Between two sizes of one class, or of none. */
static void *resize_in_place(struct weft_pool *pool, void *block,
                             size_t old_size, size_t new_size)
{
    if (class_of(old_size) == PASS_THROUGH) {
        block = weft_resize(pool->below, block, old_size, new_size);
        if (!block)
            return NULL;
    }
    pool->held = pool->held - old_size + new_size;
    return hand_out(block, new_size);
}

static void *move(struct weft_pool *pool, void *block, size_t old_size,
                  size_t new_size)
{
    void *fresh = get(pool, new_size);

    if (!fresh)
        return NULL;
    memcpy(fresh, block, old_size < new_size ? old_size : new_size);
    put(pool, block, old_size);
    return fresh;
}

static void *pool_realloc(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    struct weft_pool *pool = ud;

    if (!ptr)
        return new_size ? get(pool, new_size) : NULL;
    if (new_size == 0) {
        put(pool, ptr, old_size);
        return NULL;
    }
    if (class_of(old_size) == class_of(new_size))
        return resize_in_place(pool, ptr, old_size, new_size);
    return move(pool, ptr, old_size, new_size);
}

void weft_pool_init(struct weft_pool *pool, const struct weft_mem *below,
                    size_t keep_max)
{
    *pool = (struct weft_pool){
        .mem = {pool_realloc, pool},
        .below = below,
        .keep_max = keep_max,
    };
}

void weft_pool_release(struct weft_pool *pool)
{
    for (unsigned cls = 0; cls < WEFT_POOL_CLASSES; cls++) {
        while (pool->free[cls])
            give_below(pool, pop(pool, cls), class_size(cls));
    }
    *pool = (struct weft_pool){0};
}
