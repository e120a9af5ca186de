/* SPDX-License-Identifier: MIT */
/*
 * Bytes that several owners share: counted, and never written after the first
 * ref. They are behind the struct, or a block that it has taken over. The count
 * is atomic, so owners may be on different threads; mem must then be usable
 * from all of them.
 */
#ifndef WEFT_BASE_BLOB_H
#define WEFT_BASE_BLOB_H

#include <weft/types.h>

struct weft_blob {
    const struct weft_mem *mem;
    unsigned refs; /* touched with __atomic only */
    size_t len;    /* bytes in data; may be lowered before the first ref */
    size_t size;   /* bytes allocated for data */
    void *block;   /* taken over, with its size; NULL: data is in use */
    size_t block_size;
    uint8_t data[];
};

/* One reference, the caller's. NULL when there is no memory. */
struct weft_blob *weft_blob_new(const struct weft_mem *mem, size_t len);

/* As new, of no bytes of its own: it frees a block of mem in the end. NULL: the
 * block is still the caller's. */
struct weft_blob *weft_blob_adopt(const struct weft_mem *mem, void *block,
                                  size_t size);
struct weft_blob *weft_blob_ref(struct weft_blob *blob);
void weft_blob_unref(struct weft_blob *blob); /* NULL is allowed */

#endif
