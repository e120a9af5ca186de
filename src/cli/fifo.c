/* SPDX-License-Identifier: MIT */
/*
 * One block. What waits is moved to its front when there is no room behind it,
 * and then only if that frees half of the block, so that a byte is moved less
 * than once on average. A block that grew large for a large message is given
 * back when it is empty.
 */
#include "cli/fifo.h"

#include <assert.h>
#include <stdlib.h>

#define SIZE_MIN ((size_t)4096)
#define SIZE_KEPT ((size_t)1 << 18)

void fifo_release(struct fifo *fifo)
{
    free(fifo->data);
    *fifo = (struct fifo){0};
}

const char *fifo_bytes(const struct fifo *fifo)
{
    return fifo->data ? fifo->data + fifo->start : "";
}

static bool grow(struct fifo *fifo, size_t want)
{
    size_t size = fifo->size < SIZE_MIN ? SIZE_MIN : fifo->size;
    size_t need = fifo->start + fifo->len;
    char *data;

    if (__builtin_add_overflow(need, want, &need))
        return false;
    while (size < need)
        if (__builtin_mul_overflow(size, (size_t)2, &size))
            return false;
    data = realloc(fifo->data, size);
    if (!data)
        return false;
    fifo->data = data;
    fifo->size = size;
    return true;
}

char *fifo_room(struct fifo *fifo, size_t want)
{
    size_t end = fifo->start + fifo->len;

    if (fifo->size - end < want && fifo->start >= fifo->size / 2 &&
        fifo->start > 0) {
        memmove(fifo->data, fifo->data + fifo->start, fifo->len);
        fifo->start = 0;
        end = fifo->len;
    }
    if ((!fifo->data || fifo->size - end < want) && !grow(fifo, want))
        return NULL;
    return fifo->data + end;
}

void fifo_added(struct fifo *fifo, size_t len)
{
    assert(len <= fifo->size - fifo->start - fifo->len);
    fifo->len += len;
}

bool fifo_add(struct fifo *fifo, const void *bytes, size_t len)
{
    char *room = fifo_room(fifo, len);

    if (!room)
        return false;
    memcpy(room, bytes, len);
    fifo_added(fifo, len);
    return true;
}

void fifo_take(struct fifo *fifo, size_t len)
{
    assert(len <= fifo->len);
    fifo->start += len;
    fifo->len -= len;
    if (fifo->len > 0)
        return;
    fifo->start = 0;
    if (fifo->size > SIZE_KEPT)
        fifo_release(fifo);
}
