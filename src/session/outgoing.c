/* SPDX-License-Identifier: MIT */
/* The vector is as long as one write usefully is: base/sizes.h. */
#include "session/outgoing.h"

#include "base/mem.h"
#include "base/sizes.h"

struct weft_outgoing {
    struct weft_tx tx;
    size_t bytes;
    size_t seen; /* of them gone when that was last asked */
    struct iovec iov[WEFT_START_BATCH];
};

int64_t weft_outgoing_try(struct weft_stream *stream,
                          const struct weft_queue *queue)
{
    struct iovec iov[WEFT_TRY_BATCH];
    int count = weft_queue_peek(queue, iov, WEFT_TRY_BATCH);

    return weft_stream_write(stream, iov, count);
}

int weft_outgoing_start(struct weft_outgoing **outgoing,
                        struct weft_stream *stream, struct weft_queue *queue,
                        const struct weft_mem *mem)
{
    struct weft_outgoing *o = weft_alloc(mem, sizeof(*o));

    if (!o)
        return WEFT_ERR_NOMEM;
    o->tx = (struct weft_tx){.iov = o->iov};
    o->tx.niov = weft_queue_pin(queue, o->iov, WEFT_START_BATCH);
    o->bytes = 0;
    o->seen = 0;
    for (int i = 0; i < o->tx.niov; i++)
        o->bytes += o->iov[i].iov_len;
    *outgoing = o;
    weft_stream_queue(stream, &o->tx);
    return 0;
}

bool weft_outgoing_moves(struct weft_outgoing *outgoing)
{
    bool moves = outgoing && outgoing->tx.taken > outgoing->seen;

    if (moves)
        outgoing->seen = outgoing->tx.taken;
    return moves;
}

size_t weft_outgoing_taken(const struct weft_outgoing *outgoing)
{
    return outgoing ? outgoing->tx.taken : 0;
}

size_t weft_outgoing_end(struct weft_outgoing **outgoing,
                         const struct weft_mem *mem)
{
    size_t bytes;

    if (!*outgoing)
        return 0;
    bytes = (*outgoing)->bytes;
    weft_free(mem, *outgoing, sizeof(**outgoing));
    *outgoing = NULL;
    return bytes;
}
