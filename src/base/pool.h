/* SPDX-License-Identifier: MIT */
/*
 * An allocator for one thread, on top of another: blocks that are given back
 * wait in lists by size class for the next request, so that the steady state
 * of a loop allocates nothing from below; and it counts what its users hold.
 *
 * Classes are powers of two from 64 bytes to 2 MiB with one step between
 * (64, 96, 128, 192, 256 …), as what a megabyte of fresh memory costs is more
 * than what is done with it; larger blocks pass through. What waits in the
 * lists is bounded; beyond that it goes back below.
 */
#ifndef WEFT_BASE_POOL_H
#define WEFT_BASE_POOL_H

#include <weft/types.h>

#define WEFT_POOL_CLASSES 31

struct weft_pool {
    struct weft_mem mem; /* what users are given: &pool->mem */
    const struct weft_mem *below;
    void *free[WEFT_POOL_CLASSES];
    size_t held;     /* bytes that users hold now, as they asked for them */
    size_t kept;     /* bytes waiting in the lists */
    size_t keep_max; /* bytes that may wait */
};

void weft_pool_init(struct weft_pool *pool, const struct weft_mem *below,
                    size_t keep_max);

/* Gives what waits back below. Users must hold nothing. */
void weft_pool_release(struct weft_pool *pool);

#endif
