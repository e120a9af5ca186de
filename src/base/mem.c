/* SPDX-License-Identifier: MIT */
/*
 * The allocator of the C library behind struct weft_mem, and the few helpers
 * that need more than one call. A size of 0 always means "no memory wanted",
 * so asking for 0 bytes gives NULL. A string's block is exactly its length
 * and the NUL, which is how weft_strfree knows the size to give back; that is
 * why a copy ends at the first NUL.
 */
#include "base/mem.h"

#include <stdlib.h>

static void *libc_realloc(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    (void)ud;
    (void)old_size;
    if (new_size == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, new_size);
}

const struct weft_mem weft_mem_libc = {libc_realloc, NULL};

void *weft_zalloc(const struct weft_mem *mem, size_t size)
{
    void *ptr = weft_alloc(mem, size);

    if (ptr)
        memset(ptr, 0, size);
    return ptr;
}

char *weft_strdup(const struct weft_mem *mem, const char *s)
{
    return weft_strndup(mem, s, strlen(s));
}

char *weft_strndup(const struct weft_mem *mem, const char *s, size_t len)
{
    char *copy;

    if (len > 0)
        len = strnlen(s, len);
    copy = weft_alloc(mem, len + 1);
    if (!copy)
        return NULL;
    if (len > 0)
        memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

void weft_strfree(const struct weft_mem *mem, char *s)
{
    if (s)
        weft_free(mem, s, strlen(s) + 1);
}
