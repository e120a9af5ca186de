/* SPDX-License-Identifier: MIT */
/* Made with the first connection that has TLS, and freed with the loop, when
 * its connections have gone. */
#include "tls/tls_share.h"

#include "base/mem.h"
#include "tls/tls_filter.h"

static void share_free(void *state)
{
    struct weft_tls_share *share = state;

    while (!weft_list_is_empty(&share->clients)) {
        struct weft_tls *tls =
            WEFT_OF(share->clients.next, struct weft_tls, node);

        weft_list_remove(&tls->node);
        weft_tls_unref(tls);
    }
    weft_alarm_stop(share->loop, &share->alarm);
    weft_tls_bio_release(&share->bio);
    weft_buf_release(&share->plain);
    weft_free(share->mem, share->record, WEFT_TLS_RECORD);
    weft_free(share->mem, share, sizeof(*share));
}

/* As much as the socket can give at once, and what was kept before. */
#define PLAIN_MAX ((size_t)1 << 30)

static struct weft_tls_share *share_new(struct weft_loop *loop)
{
    const struct weft_mem *mem = weft_loop_mem(loop);
    struct weft_tls_share *share = weft_zalloc(mem, sizeof(*share));

    if (!share)
        return NULL;
    share->loop = loop;
    share->mem = mem;
    share->alarm.ring = weft_tls_go_on;
    weft_list_init(&share->waiting);
    weft_list_init(&share->clients);
    weft_buf_init(&share->plain, mem, PLAIN_MAX);
    share->record = weft_alloc(mem, WEFT_TLS_RECORD);
    if (share->record && weft_tls_bio_init(&share->bio, mem) == 0)
        return share;
    share_free(share);
    return NULL;
}

int weft_tls_share_get(struct weft_tls_share **out, struct weft_loop *loop)
{
    struct weft_loop_share *filters = weft_loop_filters(loop);

    if (!filters->state) {
        filters->state = share_new(loop);
        filters->free = share_free;
    }
    if (!filters->state) {
        filters->free = NULL;
        return WEFT_ERR_NOMEM;
    }
    *out = filters->state;
    return 0;
}

bool weft_tls_share_step(struct weft_tls_share *share)
{
    uint64_t now = weft_loop_now(share->loop);

    if (share->turn_ns != now) {
        share->turn_ns = now;
        share->steps = 0;
    }
    if (share->steps == WEFT_TLS_STEP_BATCH)
        return false;
    share->steps++;
    return true;
}

void weft_tls_share_wake(struct weft_tls_share *share)
{
    /* Behind this turn's time, or it would ring in this turn already. */
    weft_alarm_set(share->loop, &share->alarm, weft_loop_now(share->loop) + 1);
}
