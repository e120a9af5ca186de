/* SPDX-License-Identifier: MIT */
/* The calls through which the library uses a struct weft_mem. */
#ifndef WEFT_BASE_MEM_H
#define WEFT_BASE_MEM_H

#include <weft/types.h>

/* malloc, realloc and free. */
extern const struct weft_mem weft_mem_libc;

static inline void *weft_alloc(const struct weft_mem *mem, size_t size)
{
    return mem->realloc(mem->ud, NULL, 0, size);
}

static inline void *weft_resize(const struct weft_mem *mem, void *ptr,
                                size_t old_size, size_t new_size)
{
    return mem->realloc(mem->ud, ptr, old_size, new_size);
}

static inline void weft_free(const struct weft_mem *mem, void *ptr, size_t size)
{
    if (ptr)
        mem->realloc(mem->ud, ptr, size, 0);
}

/* Zeroed memory. */
void *weft_zalloc(const struct weft_mem *mem, size_t size);

/* A copy of a string, or of its first len bytes when it is longer; freed by
 * weft_strfree, which allows NULL. */
char *weft_strdup(const struct weft_mem *mem, const char *s);
char *weft_strndup(const struct weft_mem *mem, const char *s, size_t len);
void weft_strfree(const struct weft_mem *mem, char *s);

/* memcpy, for bytes of which there are often few. */
static inline void weft_copy(uint8_t *to, const uint8_t *from, size_t len)
{
    uint8_t low[16], high[16];

    if (len > 32 || len < 16) {
        if (len > 0)
            memcpy(to, from, len);
        return;
    }
    memcpy(low, from, 16);
    memcpy(high, from + len - 16, 16);
    memcpy(to, low, 16);
    memcpy(to + len - 16, high, 16);
}

#endif
