/* SPDX-License-Identifier: MIT */
/* Memory here grows with bytes that came, never with lengths announced. */
#include "ws/part.h"

#include "base/mem.h"

struct weft_part *weft_part_new(const struct weft_mem *mem,
                                size_t message_limit)
{
    struct weft_part *part = weft_zalloc(mem, sizeof(*part));

    if (part)
        weft_buf_init(&part->message, mem, message_limit);
    return part;
}

void weft_part_free(struct weft_part *part)
{
    const struct weft_mem *mem;

    if (!part)
        return;
    mem = part->message.mem;
    weft_buf_release(&part->message);
    weft_free(mem, part, sizeof(*part));
}

void weft_part_end_message(struct weft_part *part)
{
    const struct weft_mem *mem = part->message.mem;
    size_t max = part->message.max;

    weft_buf_release(&part->message);
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
