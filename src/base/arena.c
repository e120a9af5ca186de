/* SPDX-License-Identifier: MIT */
/* Blocks of a fixed size, or of what was asked for when that is more. */
#include "base/arena.h"

#include "base/mem.h"
#include "base/sizes.h"

struct weft_arena_block {
    struct weft_arena_block *next;
    size_t size, used; /* bytes in data */
    uint64_t data[];
};

void weft_arena_init(struct weft_arena *arena, const struct weft_mem *mem)
{
    *arena = (struct weft_arena){.mem = mem};
}

void weft_arena_release(struct weft_arena *arena)
{
    struct weft_arena_block *block = arena->blocks;

    while (block) {
        struct weft_arena_block *next = block->next;

        weft_free(arena->mem, block, sizeof(*block) + block->size);
        block = next;
    }
    arena->blocks = NULL;
}

static struct weft_arena_block *block_push(struct weft_arena *arena,
                                           size_t size)
{
    size_t room = WEFT_ARENA_BLOCK_SIZE - sizeof(struct weft_arena_block);
    struct weft_arena_block *block;

    if (size > room)
        room = size;
    block = weft_alloc(arena->mem, sizeof(*block) + room);
    if (!block)
        return NULL;
    block->next = arena->blocks;
    block->size = room;
    block->used = 0;
    arena->blocks = block;
    return block;
}

void *weft_arena_alloc(struct weft_arena *arena, size_t size)
{
    struct weft_arena_block *block = arena->blocks;
    void *p;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + 7) & ~(size_t)7;
    if (!block || block->size - block->used < size)
        block = block_push(arena, size);
    if (!block)
        return NULL;
    p = (char *)block->data + block->used;
    block->used += size;
    return p;
}

char *weft_arena_text(struct weft_arena *arena, const char *text, size_t len)
{
    char *copy = weft_arena_alloc(arena, len + 1);

    if (!copy)
        return NULL;
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}
