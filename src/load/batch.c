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

static size_t frame_len(const struct load_frame *frame)
{
    return weft_frame_header_len(frame->len, true) + frame->len;
}

/* How many frames there will be, and their bytes: each of the different ones,
 * and of those that come again as many as there is room for. */
static size_t plan_frames(const struct load_frame *frames, size_t variety,
                          size_t most, size_t *bytes)
{
    size_t count = 0;

    *bytes = 0;
    while (count < variety || count < variety + most - 1) {
        size_t len = frame_len(&frames[count % variety]);

        if (count >= variety && *bytes + len > LOAD_BATCH_MAX)
            break;
        *bytes += len;
        count++;
    }
    return count;
}

static void write_frames(struct load_batch *batch,
                         const struct load_frame *frames)
{
    size_t at = 0;

    for (size_t i = 0; i < batch->count; i++) {
        size_t first = i % batch->variety, len = frame_len(&frames[first]);

        batch->at[i] = at;
        if (i < batch->variety)
            load_batch_frame(batch->bytes + at, &frames[i]);
        else
            memcpy(batch->bytes + at, batch->bytes + batch->at[first], len);
        at += len;
    }
    batch->at[batch->count] = at;
}

int load_batch_init(struct load_batch *batch, const struct weft_mem *mem,
                    const struct load_frame *frames, size_t variety,
                    size_t most)
{
    size_t bytes, count = plan_frames(frames, variety, most, &bytes);

    *batch =
        (struct load_batch){.mem = mem, .variety = variety, .count = count};
    batch->bytes = weft_alloc(mem, bytes);
    batch->at = weft_alloc(mem, (count + 1) * sizeof(*batch->at));
    if (!batch->bytes || !batch->at) {
        weft_free(mem, batch->bytes, bytes);
        weft_free(mem, batch->at, (count + 1) * sizeof(*batch->at));
        *batch = (struct load_batch){0};
        return WEFT_ERR_NOMEM;
    }
    write_frames(batch, frames);
    return 0;
}

void load_batch_release(struct load_batch *batch)
{
    if (batch->mem) {
        weft_free(batch->mem, batch->bytes, batch->at[batch->count]);
        weft_free(batch->mem, batch->at,
                  (batch->count + 1) * sizeof(*batch->at));
    }
    *batch = (struct load_batch){0};
}

size_t load_batch_take(const struct load_batch *batch, size_t *next,
                       uint64_t most, struct iovec *piece)
{
    size_t first = *next, n = batch->count - first;

    if (n > most)
        n = (size_t)most;
    piece->iov_base = batch->bytes + batch->at[first];
    piece->iov_len = batch->at[first + n] - batch->at[first];
    *next = (first + n) % batch->variety;
    return n;
}
