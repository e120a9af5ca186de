/* SPDX-License-Identifier: MIT */
/*
 * One masking key serves all frames: the key guards against a page that would
 * have proxies misled (RFC 6455 section 10.3), and here is none. It is not
 * zero, so that servers have the work of unmasking that they always have.
 */
#include "load/batch.h"

#include "base/mem.h"
#include "ws/mask.h"

static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};

size_t load_batch_frame(uint8_t *out, const struct load_frame *frame)
{
    struct weft_frame header = {
        .fin = true,
        .rsv = frame->is_packed ? 4 : 0,
        .opcode = frame->opcode,
        .masked = true,
        .payload = frame->len,
    };
    size_t len;

    memcpy(header.key, key, sizeof(key));
    len = weft_frame_write(out, &header);
    if (frame->len > 0)
        weft_mask(out + len, frame->payload, frame->len, weft_mask_key(key));
    return len + frame->len;
}

int load_batch_init(struct load_batch *batch, const struct weft_mem *mem,
                    const struct load_frame *frame, size_t count)
{
    size_t frame_len = weft_frame_header_len(frame->len, true) + frame->len;
    size_t most = LOAD_BATCH_MAX / frame_len;

    if (count > most)
        count = most;
    if (count == 0)
        count = 1;
    *batch = (struct load_batch){.mem = mem, .frame_len = frame_len};
    batch->bytes = weft_alloc(mem, count * frame_len);
    if (!batch->bytes)
        return WEFT_ERR_NOMEM;
    batch->count = count;
    load_batch_frame(batch->bytes, frame);
    for (size_t i = 1; i < count; i++)
        memcpy(batch->bytes + i * frame_len, batch->bytes, frame_len);
    return 0;
}

void load_batch_release(struct load_batch *batch)
{
    if (batch->mem)
        weft_free(batch->mem, batch->bytes, batch->count * batch->frame_len);
    *batch = (struct load_batch){0};
}
