/* SPDX-License-Identifier: MIT */
/*
 * A slot is a header and the object behind it. Slots are carved one by one
 * from blocks of a fixed number of them, so a slot's number leads to its
 * place by a shift and a mask, and memory nobody asked for is not touched.
 *
 * The generation goes up by one when a slot is given out and when it is given
 * back: odd means in use. It is half of the id, so an id is odd there too and
 * never fits a free slot or a later tenant. A slot whose generations are used
 * up is retired instead of starting over, so that no id ever comes again.
 * Free slots are poisoned apart from their headers, which the list of free
 * slots and weft_slab_find need.
 */
#include "base/slab.h"
#include "base/mem.h"
#include "base/poison.h"
#include "base/sizes.h"

#define NO_SLOT UINT32_MAX
#define LAST_GENERATION (UINT32_MAX - 1) /* even: free */

struct slot {
    uint32_t generation;
    uint32_t number; /* in use: its own; free: that of the next free one */
    /* the object */
};

static size_t block_size(const struct weft_slab *slab)
{
    return slab->slot_size * WEFT_SLAB_BLOCK_SLOTS;
}

static struct slot *slot_at(const struct weft_slab *slab, uint32_t number)
{
    uint8_t *block = slab->blocks[number / WEFT_SLAB_BLOCK_SLOTS];

    return (void *)(block + slab->slot_size * (number % WEFT_SLAB_BLOCK_SLOTS));
}

static struct slot *slot_of(const void *object)
{
    return (struct slot *)(uintptr_t)object - 1;
}

static bool is_used(const struct slot *slot)
{
    return slot->generation & 1;
}

void weft_slab_init(struct weft_slab *slab, const struct weft_mem *mem,
                    size_t object_size)
{
    size_t size = sizeof(struct slot) + object_size;

    *slab = (struct weft_slab){
        .mem = mem,
        .slot_size = (size + 7) / 8 * 8,
        .first_free = NO_SLOT,
    };
}

void weft_slab_release(struct weft_slab *slab)
{
    for (size_t i = 0; i < slab->block_count; i++) {
        WEFT_UNPOISON(slab->blocks[i], block_size(slab));
        weft_free(slab->mem, slab->blocks[i], block_size(slab));
    }
    weft_free(slab->mem, slab->blocks, slab->block_cap * sizeof(uint8_t *));
    *slab = (struct weft_slab){0};
}

static bool grow_blocks(struct weft_slab *slab)
{
    size_t cap = slab->block_cap ? slab->block_cap * 2 : 8;
    uint8_t **blocks =
        weft_resize(slab->mem, slab->blocks, slab->block_cap * sizeof(*blocks),
                    cap * sizeof(*blocks));

    if (!blocks)
        return false;
    slab->blocks = blocks;
    slab->block_cap = cap;
    return true;
}

static bool add_block(struct weft_slab *slab)
{
    uint8_t *block;

    if (slab->block_count == slab->block_cap && !grow_blocks(slab))
        return false;
    block = weft_alloc(slab->mem, block_size(slab));
    if (!block)
        return false;
    WEFT_POISON(block, block_size(slab));
    slab->blocks[slab->block_count++] = block;
    return true;
}

/* A slot that no one has had yet, as if it came from the list of free ones. */
static struct slot *carve(struct weft_slab *slab, uint32_t *number)
{
    struct slot *slot;

    if (slab->count == NO_SLOT)
        return NULL;
    if (slab->count / WEFT_SLAB_BLOCK_SLOTS == slab->block_count &&
        !add_block(slab))
        return NULL;
    *number = slab->count++;
    slot = slot_at(slab, *number);
    WEFT_UNPOISON(slot, sizeof(*slot));
    slot->generation = 0;
    return slot;
}

static struct slot *reuse(struct weft_slab *slab, uint32_t *number)
{
    struct slot *slot = slot_at(slab, slab->first_free);

    *number = slab->first_free;
    slab->first_free = slot->number;
    return slot;
}

void *weft_slab_take(struct weft_slab *slab)
{
    size_t object_size = slab->slot_size - sizeof(struct slot);
    struct slot *slot;
    uint32_t number;

    slot = slab->first_free != NO_SLOT ? reuse(slab, &number)
                                       : carve(slab, &number);
    if (!slot)
        return NULL;
    slot->generation++;
    slot->number = number;
    slab->used++;
    WEFT_UNPOISON(slot + 1, object_size);
    return memset(slot + 1, 0, object_size);
}

void weft_slab_give(struct weft_slab *slab, void *object)
{
    struct slot *slot = slot_of(object);
    uint32_t number = slot->number;

    WEFT_POISON(object, slab->slot_size - sizeof(*slot));
    slab->used--;
    slot->generation++;
    if (slot->generation == LAST_GENERATION)
        return;
    slot->number = slab->first_free;
    slab->first_free = number;
}

uint64_t weft_slab_id(const struct weft_slab *slab, const void *object)
{
    const struct slot *slot = slot_of(object);

    (void)slab;
    return (uint64_t)slot->generation << 32 | slot->number;
}

void *weft_slab_find(const struct weft_slab *slab, uint64_t id)
{
    uint32_t number = (uint32_t)id;
    struct slot *slot;

    if (number >= slab->count)
        return NULL;
    slot = slot_at(slab, number);
    return is_used(slot) && slot->generation == id >> 32 ? slot + 1 : NULL;
}

void *weft_slab_next(const struct weft_slab *slab, uint32_t *from)
{
    while (*from < slab->count) {
        struct slot *slot = slot_at(slab, (*from)++);

        if (is_used(slot))
            return slot + 1;
    }
    return NULL;
}
