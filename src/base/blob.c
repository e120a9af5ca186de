/* SPDX-License-Identifier: MIT */
/*
 * The counting of shared bytes. A thread that has a reference may make more
 * without ordering anything, since the bytes do not change any longer; giving
 * one up is a release, and the last one an acquire, so that whoever frees the
 * block comes after every reader.
 */
#include "base/blob.h"
#include "base/mem.h"

struct weft_blob *weft_blob_new(const struct weft_mem *mem, size_t len)
{
    struct weft_blob *blob;

    if (len > SIZE_MAX - sizeof(*blob))
        return NULL;
    blob = weft_alloc(mem, sizeof(*blob) + len);
    if (!blob)
        return NULL;
    *blob = (struct weft_blob){.mem = mem, .refs = 1, .len = len, .size = len};
    return blob;
}

struct weft_blob *weft_blob_adopt(const struct weft_mem *mem, void *block,
                                  size_t size)
{
    struct weft_blob *blob = weft_blob_new(mem, 0);

    if (blob) {
        blob->block = block;
        blob->block_size = size;
    }
    return blob;
}

struct weft_blob *weft_blob_ref(struct weft_blob *blob)
{
    __atomic_fetch_add(&blob->refs, 1, __ATOMIC_RELAXED);
    return blob;
}

void weft_blob_unref(struct weft_blob *blob)
{
    if (!blob)
        return;
    if (__atomic_sub_fetch(&blob->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    weft_free(blob->mem, blob->block, blob->block_size);
    weft_free(blob->mem, blob, sizeof(*blob) + blob->size);
}
