/* SPDX-License-Identifier: MIT */
/* Memory here grows with the bytes that came, to a multiple of them; a length
 * that was announced only bounds that. */
#include "ws/part.h"

#include "base/mem.h"
#include "base/sizes.h"

/* So many times what has come is made room for, from WEFT_AHEAD_MIN on and
 * where as much was announced: otherwise a large message is copied each time
 * that its buffer grows. */
#define AHEAD 32

struct weft_part *weft_part_new(const struct weft_mem *mem,
                                size_t message_limit)
{
    struct weft_part *part = weft_zalloc(mem, sizeof(*part));

    if (part)
        weft_buf_init(&part->message, mem, message_limit);
    return part;
}

/* Gives the message's block back, or leaves it to those who have it too. */
static void release(struct weft_part *part)
{
    if (!part->lent) {
        weft_buf_release(&part->message);
        return;
    }
    weft_blob_unref(part->lent);
    part->lent = NULL;
}

void weft_part_free(struct weft_part *part)
{
    const struct weft_mem *mem;

    if (!part)
        return;
    mem = part->message.mem;
    release(part);
    weft_free(mem, part, sizeof(*part));
}

/* Grows for n bytes, and for what is to come behind them. */
static int prepare(struct weft_part *part, size_t n, uint64_t left)
{
    struct weft_buf *buf = &part->message;
    size_t most, all;

    if (n <= buf->cap - buf->len)
        return 0;
    if (n > buf->max - buf->len)
        return WEFT_ERR_LIMIT;
    most = buf->len + n;
    if (most < WEFT_AHEAD_MIN)
        return 0; /* weft_buf_append sees to it */
    all = left > buf->max - most ? buf->max : most + (size_t)left;
    most = most > buf->max / AHEAD ? buf->max : most * AHEAD;
    return weft_buf_grow_to(buf, all < most ? all : most);
}

int weft_part_add(struct weft_part *part, const uint8_t *p, size_t n,
                  uint64_t left)
{
    struct weft_buf *buf = &part->message;
    int err;

    if (buf->cap > 0 && p == buf->data + buf->len && n <= buf->cap - buf->len) {
        buf->len += n;
        return 0;
    }
    err = prepare(part, n, left);
    return err ? err : weft_buf_append(buf, p, n);
}

uint8_t *weft_part_room(const struct weft_part *part, uint64_t left,
                        size_t *len)
{
    const struct weft_buf *buf = &part->message;
    size_t room = buf->cap - buf->len;

    if (room < WEFT_ROOM_MIN && room < left)
        return NULL; /* more is made for bytes that have come */
    *len = left < room ? (size_t)left : room;
    return buf->data + buf->len;
}

struct weft_blob *weft_part_lend(struct weft_part *part)
{
    struct weft_buf *buf = &part->message;

    if (!part->lent)
        part->lent = weft_blob_adopt(buf->mem, buf->data, buf->cap);
    return part->lent;
}

void weft_part_end_message(struct weft_part *part)
{
    const struct weft_mem *mem = part->message.mem;
    size_t max = part->message.max;

    release(part);
    weft_buf_init(&part->message, mem, max);
    part->fragments = 0;
    part->utf8 = WEFT_UTF8_START;
    part->encoded_len = 0;
    part->has_message = false;
    part->is_delivered = false;
}

bool weft_part_is_idle(const struct weft_part *part)
{
    return !part->has_message && !part->has_pong && part->control_len == 0;
}
