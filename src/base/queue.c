/* SPDX-License-Identifier: MIT */
/*
 * Chunks are singly linked; the data of an owned chunk follows its header, so
 * that one allocation holds both. A droppable chunk is whole in itself: one
 * message, nothing before it and nothing behind.
 */
#include "base/queue.h"

#include "base/mem.h"
#include "base/sizes.h"

void weft_queue_init(struct weft_queue *queue, const struct weft_mem *mem)
{
    *queue = (struct weft_queue){.mem = mem};
}

static void chunk_free(struct weft_queue *queue, struct weft_chunk *chunk)
{
    queue->borrowed -= chunk->is_borrowed;
    queue->chunks--;
    weft_blob_unref(chunk->blob);
    weft_free(queue->mem, chunk, chunk->size);
}

void weft_queue_release(struct weft_queue *queue)
{
    struct weft_chunk *chunk = queue->head;

    while (chunk) {
        struct weft_chunk *next = chunk->next;

        chunk_free(queue, chunk);
        chunk = next;
    }
    weft_queue_init(queue, queue->mem);
}

/* A new last chunk with room for room bytes of its own. */
static struct weft_chunk *chunk_push(struct weft_queue *queue, size_t room)
{
    size_t size;
    struct weft_chunk *chunk;

    if (room > SIZE_MAX - sizeof(*chunk))
        return NULL;
    size = sizeof(*chunk) + room;
    chunk = weft_alloc(queue->mem, size);
    if (!chunk)
        return NULL;
    *chunk = (struct weft_chunk){.size = size, .room = room};
    chunk->at = chunk->data;
    if (queue->tail)
        queue->tail->next = chunk;
    else
        queue->head = chunk;
    queue->tail = chunk;
    queue->chunks++;
    return chunk;
}

/* What waits behind something sealed is seldom much: a large chunk for it
 * would make the memory of a queue a multiple of its bytes. Behind a small
 * chunk comes a larger one. */
static size_t room_of_next(const struct weft_queue *queue)
{
    if (queue->is_split)
        return 0;
    if (queue->tail && queue->tail->is_sealed)
        return WEFT_CHUNK_SMALL_SIZE - sizeof(struct weft_chunk);
    if (queue->tail && queue->tail->size < WEFT_CHUNK_SIZE / 4)
        return queue->tail->size * 4 - sizeof(struct weft_chunk);
    return WEFT_CHUNK_SIZE - sizeof(struct weft_chunk);
}

uint8_t *weft_queue_grow(struct weft_queue *queue, size_t len)
{
    size_t room = room_of_next(queue);
    struct weft_chunk *tail = chunk_push(queue, len > room ? len : room);

    return tail ? tail->data : NULL;
}

void weft_queue_uncommit(struct weft_queue *queue, size_t len)
{
    struct weft_chunk *tail = queue->tail;

    tail->len -= len;
    tail->room += len;
    queue->bytes -= len;
}

int weft_queue_append(struct weft_queue *queue, const void *data, size_t len)
{
    uint8_t *p = weft_queue_reserve(queue, len);

    if (!p)
        return WEFT_ERR_NOMEM;
    if (len > 0)
        memcpy(p, data, len);
    weft_queue_commit(queue, len);
    return 0;
}

int weft_queue_append_few(struct weft_queue *queue, const void *data,
                          size_t len)
{
    size_t room = WEFT_CHUNK_FEW_SIZE - sizeof(struct weft_chunk);

    if (!queue->tail && len <= room && !chunk_push(queue, room))
        return WEFT_ERR_NOMEM;
    return weft_queue_append(queue, data, len);
}

int weft_queue_append_blob(struct weft_queue *queue, struct weft_blob *blob)
{
    struct weft_chunk *chunk = chunk_push(queue, 0);

    if (!chunk)
        return WEFT_ERR_NOMEM;
    chunk->blob = weft_blob_ref(blob);
    chunk->at = blob->data;
    chunk->len = blob->len;
    chunk->is_sealed = true;
    queue->bytes += blob->len;
    return 0;
}

int weft_queue_borrow(struct weft_queue *queue, const void *data, size_t len)
{
    struct weft_chunk *chunk = chunk_push(queue, 0);

    if (!chunk)
        return WEFT_ERR_NOMEM;
    chunk->at = data;
    chunk->len = len;
    chunk->is_borrowed = true;
    chunk->is_sealed = true;
    queue->borrowed++;
    queue->bytes += len;
    return 0;
}

/* Puts an owned copy in the place of a borrowed chunk. */
static int chunk_settle(struct weft_queue *queue, struct weft_chunk **link)
{
    struct weft_chunk *old = *link;
    size_t size = sizeof(*old) + old->len;
    struct weft_chunk *copy = weft_alloc(queue->mem, size);

    if (!copy)
        return WEFT_ERR_NOMEM;
    *copy = *old;
    queue->chunks++; /* until the old one goes */
    copy->size = size;
    copy->is_borrowed = false;
    copy->at = copy->data;
    memcpy(copy->data, old->at, old->len);
    *link = copy;
    if (queue->tail == old)
        queue->tail = copy;
    chunk_free(queue, old);
    return 0;
}

void weft_queue_lend(struct weft_queue *queue, struct weft_blob *blob,
                     const uint8_t *data, size_t len)
{
    uintptr_t from = (uintptr_t)data;

    for (struct weft_chunk *c = queue->head; c; c = c->next) {
        uintptr_t at = (uintptr_t)c->at;

        if (!c->is_borrowed || at < from || at - from >= len ||
            c->len < len / 4)
            continue;
        c->blob = weft_blob_ref(blob);
        c->is_borrowed = false;
        queue->borrowed--;
    }
}

int weft_queue_settle(struct weft_queue *queue)
{
    struct weft_chunk **link = &queue->head;

    for (; *link; link = &(*link)->next) {
        int err;

        if (!(*link)->is_borrowed)
            continue;
        err = chunk_settle(queue, link);
        if (err)
            return err;
    }
    return 0;
}

void weft_queue_split(struct weft_queue *queue, bool droppable)
{
    struct weft_chunk *tail = queue->tail;

    queue->is_split = true;
    if (!tail || tail->len == 0)
        return;
    tail->is_sealed = true;
    tail->is_droppable |= droppable;
}

size_t weft_queue_drop_oldest(struct weft_queue *queue)
{
    struct weft_chunk *before = NULL, *chunk = queue->head;
    unsigned index = 0;
    size_t len;

    while (chunk && (index < queue->pinned || !chunk->is_droppable)) {
        index += chunk->len > 0; /* as weft_queue_pin counts */
        before = chunk;
        chunk = chunk->next;
    }
    if (!chunk)
        return 0;
    len = chunk->len;
    if (before)
        before->next = chunk->next;
    else
        queue->head = chunk->next;
    if (queue->tail == chunk)
        queue->tail = before;
    queue->bytes -= len;
    chunk_free(queue, chunk);
    return len;
}

int weft_queue_peek(const struct weft_queue *queue, struct iovec *iov, int max)
{
    const struct weft_chunk *chunk;
    int count = 0;

    for (chunk = queue->head; chunk && count < max; chunk = chunk->next) {
        if (chunk->len == 0)
            continue;
        iov[count].iov_base = (void *)(uintptr_t)chunk->at;
        iov[count].iov_len = chunk->len;
        count++;
    }
    return count;
}

int weft_queue_pin(struct weft_queue *queue, struct iovec *iov, int max)
{
    int count = weft_queue_peek(queue, iov, max);

    queue->pinned = (unsigned)count;
    return count;
}

/* The last chunk, when all of it has gone, is written again from its start. */
static bool chunk_rewind(const struct weft_queue *queue,
                         struct weft_chunk *chunk)
{
    if (chunk != queue->tail || chunk->is_sealed)
        return false;
    chunk->at = chunk->data;
    chunk->len = 0;
    chunk->room = chunk->size - sizeof(*chunk);
    return true;
}

void weft_queue_sent(struct weft_queue *queue, size_t n)
{
    struct weft_chunk *chunk = queue->head;

    queue->pinned = 0;
    queue->bytes -= n;
    while (chunk && n >= chunk->len) {
        struct weft_chunk *next = chunk->next;

        n -= chunk->len;
        if (chunk_rewind(queue, chunk))
            return;
        queue->head = next;
        if (!next)
            queue->tail = NULL;
        chunk_free(queue, chunk);
        chunk = next;
    }
    if (n > 0) {
        chunk->at += n;
        chunk->len -= n;
        chunk->is_droppable = false;
    }
}
