/* SPDX-License-Identifier: MIT */
/*
 * Slots of one size, carved from large blocks, numbered, and named by ids that
 * go stale: an id is the slot's number and its generation, and finding a slot
 * by the id of an earlier tenant gives NULL. A free slot costs nothing but its
 * bytes; blocks are kept until release.
 */
#ifndef WEFT_BASE_SLAB_H
#define WEFT_BASE_SLAB_H

#include <weft/types.h>

struct weft_slab {
    const struct weft_mem *mem;
    size_t slot_size; /* header included, rounded up to 8 */
    size_t used;      /* slots given out */
    uint32_t count;   /* slots carved so far */
    uint32_t first_free;
    uint8_t **blocks;
    size_t block_count, block_cap;
};

/* object_size in bytes. Allocates nothing. */
void weft_slab_init(struct weft_slab *slab, const struct weft_mem *mem,
                    size_t object_size);

/* Every slot must have been given back. */
void weft_slab_release(struct weft_slab *slab);

/* An object of zeroed memory, aligned to 8 bytes; NULL when there is none. */
void *weft_slab_take(struct weft_slab *slab);
void weft_slab_give(struct weft_slab *slab, void *object);

/* Each tenancy has an id of its own; never 0. */
uint64_t weft_slab_id(const struct weft_slab *slab, const void *object);
void *weft_slab_find(const struct weft_slab *slab, uint64_t id);

/* The first object in use from slot *from on, or NULL; *from is set behind
 * it. The object returned may be given back meanwhile. */
void *weft_slab_next(const struct weft_slab *slab, uint32_t *from);

#endif
