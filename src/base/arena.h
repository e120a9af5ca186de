/* SPDX-License-Identifier: MIT */
/* Strings that live and go together: those made for one request. */
#ifndef WEFT_BASE_ARENA_H
#define WEFT_BASE_ARENA_H

#include <weft/types.h>

struct weft_arena_block;

struct weft_arena {
    const struct weft_mem *mem;
    struct weft_arena_block *blocks; /* the newest first */
};

/* Allocates nothing. */
void weft_arena_init(struct weft_arena *arena, const struct weft_mem *mem);
void weft_arena_release(struct weft_arena *arena);

/* size bytes, aligned to 8, not cleared; NULL: no memory. */
void *weft_arena_alloc(struct weft_arena *arena, size_t size);

/* A copy with a NUL behind; NULL: no memory. */
char *weft_arena_text(struct weft_arena *arena, const char *text, size_t len);

#endif
