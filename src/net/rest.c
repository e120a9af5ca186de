/* SPDX-License-Identifier: MIT */
/* The row is the loop's, made when first somebody has to rest. */
#include "net/rest.h"

#include "base/sizes.h"

struct rest {
    struct weft_list node;
    struct weft_stream *stream;
    size_t work; /* not forgiven yet */
};

struct row {
    struct weft_loop *loop;
    struct weft_list rests;
    struct weft_alarm alarm; /* set while anybody rests */
};

static void row_free(void *state)
{
    struct row *row = state;

    weft_alarm_stop(row->loop, &row->alarm);
    weft_free(weft_loop_mem(row->loop), row, sizeof(*row));
}

static void wake(struct row *row)
{
    weft_alarm_set(row->loop, &row->alarm, weft_loop_now(row->loop));
}

static void leave(struct row *row, struct rest *rest)
{
    weft_list_remove(&rest->node);
    weft_free(weft_loop_mem(row->loop), rest, sizeof(*rest));
}

static void forgive(struct weft_alarm *alarm)
{
    struct row *row = WEFT_OF(alarm, struct row, alarm);
    size_t left = WEFT_REST_TURN;

    while (!weft_list_is_empty(&row->rests)) {
        struct rest *rest = WEFT_OF(row->rests.next, struct rest, node);
        struct weft_stream *stream = rest->stream;

        if (rest->work > left) {
            rest->work -= left;
            wake(row);
            return;
        }
        left -= rest->work;
        leave(row, rest);
        weft_stream_unhold(stream);
    }
}

static struct row *row_of(struct weft_loop *loop)
{
    struct weft_loop_share *share = weft_loop_rests(loop);
    struct row *row = share->state;

    if (row)
        return row;
    row = weft_zalloc(weft_loop_mem(loop), sizeof(*row));
    if (!row)
        return NULL;
    row->loop = loop;
    row->alarm.ring = forgive;
    weft_list_init(&row->rests);
    share->state = row;
    share->free = row_free;
    return row;
}

/* NULL: it does not rest. */
static struct rest *rest_of(struct row *row, const struct weft_stream *stream)
{
    struct weft_list *node;

    for (node = row->rests.next; node != &row->rests; node = node->next)
        if (WEFT_OF(node, struct rest, node)->stream == stream)
            return WEFT_OF(node, struct rest, node);
    return NULL;
}

static struct rest *enter(struct row *row, struct weft_stream *stream)
{
    struct rest *rest = weft_zalloc(weft_loop_mem(row->loop), sizeof(*rest));

    if (!rest)
        return NULL;
    rest->stream = stream;
    if (weft_list_is_empty(&row->rests))
        wake(row);
    weft_list_append(&row->rests, &rest->node);
    weft_stream_hold(stream);
    return rest;
}

void weft_rest_begin(struct weft_stream *stream, size_t work)
{
    struct row *row = row_of(weft_stream_loop(stream));
    struct rest *rest = row ? rest_of(row, stream) : NULL;

    if (row && !rest)
        rest = enter(row, stream);
    if (rest)
        rest->work += work;
}

void weft_rest_end(struct weft_stream *stream)
{
    struct row *row = weft_loop_rests(weft_stream_loop(stream))->state;
    struct rest *rest = row ? rest_of(row, stream) : NULL;

    if (rest)
        leave(row, rest);
}
