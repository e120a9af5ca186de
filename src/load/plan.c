/* SPDX-License-Identifier: MIT */
/*
 * All that can be made before the run is made here, so that in it nothing is
 * left but to send and to count. Sizes and times that make no sense have been
 * refused before; what is wrong with a URL or a header is found here.
 */
#include "load/plan.h"

#include "base/mem.h"
#include "load/packed.h"
#include <sys/eventfd.h>
#include <unistd.h>

/* A rate has no depth; so many frames may leave in one call. */
#define RATE_BATCH 64

/* Packed messages differ: so many, or as many as fill two windows of 32 KiB if
 * that is more, within reason. Those that are larger by themselves take turns
 * only in so far as they do not fill the memory. */
#define VARIETY 64
#define WINDOWS ((size_t)64 << 10)
#define VARIETY_MAX 1024
#define PAYLOADS_MAX ((size_t)16 << 20)

static uint8_t opcode_of(const struct load_opts *opts)
{
    return opts->kind == LOAD_BINARY ? WEFT_OP_BINARY : WEFT_OP_TEXT;
}

static size_t batch_count(const struct load_opts *opts)
{
    return opts->rate > 0 && opts->depth < RATE_BATCH ? RATE_BATCH
                                                      : opts->depth;
}

/* How many different messages are sent. A server that keeps its window must not
 * find in it, packed, what it has sent before. */
static size_t variety_of(const struct load_opts *opts)
{
    size_t size = opts->size > 0 ? opts->size : 1, n = WINDOWS / size;

    if (!opts->has_deflate)
        return 1;
    if (n < VARIETY)
        n = VARIETY;
    if (n > VARIETY_MAX)
        n = VARIETY_MAX;
    if (n > PAYLOADS_MAX / size)
        n = PAYLOADS_MAX / size;
    return n > 0 ? n : 1;
}

/* Room for so many messages, and for none that are empty. */
static size_t room_of(size_t size, size_t variety)
{
    return size > 0 ? size * variety : 1;
}

static int make_payload(const struct load_plan *plan, uint8_t **payload,
                        size_t size, size_t variety)
{
    *payload = weft_alloc(plan->mem, room_of(size, variety));
    if (!*payload)
        return WEFT_ERR_NOMEM;
    for (size_t i = 0; i < variety; i++)
        load_payload_fill(*payload + i * size, size, plan->opts->kind,
                          (uint32_t)i);
    return 0;
}

static void set_want(const struct load_plan *plan, struct load_want *want,
                     const uint8_t *payload, size_t size)
{
    *want = (struct load_want){
        .opcode = opcode_of(plan->opts),
        .may_be_packed = plan->opts->has_deflate,
        .has_tag = plan->opts->work == LOAD_PUBLISH,
        .payload = payload,
        .size = size,
    };
    load_want_init(want);
}

/* Each by itself, one behind the other in packed. */
static int pack_all(const struct load_plan *plan, struct weft_buf *packed,
                    struct load_frame *frames)
{
    size_t size = plan->opts->size;
    const uint8_t *p;

    for (size_t i = 0; i < plan->variety; i++) {
        size_t before = packed->len;
        int err = load_pack(packed, plan->payload + i * size, size);

        if (err)
            return err;
        frames[i] = (struct load_frame){.opcode = opcode_of(plan->opts),
                                        .is_packed = true,
                                        .len = packed->len - before};
    }
    p = packed->data; /* which has moved until now */
    for (size_t i = 0; i < plan->variety; i++) {
        frames[i].payload = p;
        p += frames[i].len;
    }
    return 0;
}

static int make_packed(struct load_plan *plan)
{
    size_t bytes = plan->variety * sizeof(struct load_frame);
    struct load_frame *frames = weft_alloc(plan->mem, bytes);
    struct weft_buf packed;
    int err = frames ? 0 : WEFT_ERR_NOMEM;

    weft_buf_init(&packed, plan->mem, SIZE_MAX);
    if (!err)
        err = pack_all(plan, &packed, frames);
    if (!err)
        err = load_batch_init(&plan->batch, plan->mem, frames, plan->variety,
                              batch_count(plan->opts));
    plan->packed_bytes = packed.len;
    weft_buf_release(&packed);
    weft_free(plan->mem, frames, bytes);
    return err;
}

/* Frames that are all the same. */
static int make_plain(const struct load_plan *plan, struct load_batch *batch,
                      const uint8_t *payload, size_t size, size_t count)
{
    const struct load_frame frame = {
        .opcode = opcode_of(plan->opts), .payload = payload, .len = size};

    return load_batch_init(batch, plan->mem, &frame, 1, count);
}

static int make_messages(struct load_plan *plan)
{
    const struct load_opts *opts = plan->opts;
    int err;

    plan->variety = variety_of(opts);
    err = make_payload(plan, &plan->payload, opts->size, plan->variety);
    if (err)
        return err;
    if (opts->work == LOAD_PUBLISH) {
        /* What lies behind a tag is text by itself. */
        load_payload_tag(plan->payload, 0);
        load_payload_fill(plan->payload + LOAD_TAG, opts->size - LOAD_TAG,
                          opts->kind, 0);
    }
    set_want(plan, &plan->want, plan->payload, opts->size);
    return opts->has_deflate ? make_packed(plan)
                             : make_plain(plan, &plan->batch, plan->payload,
                                          opts->size, batch_count(opts));
}

/* Sent as they are, also where others are packed. */
static int make_bulk(struct load_plan *plan)
{
    size_t size = plan->opts->bulk_size;
    int err = make_payload(plan, &plan->bulk_payload, size, 1);

    if (err)
        return err;
    set_want(plan, &plan->bulk_want, plan->bulk_payload, size);
    plan->bulk_want.has_tag = false;
    return make_plain(plan, &plan->bulk_batch, plan->bulk_payload, size, 1);
}

static int make_times(struct load_plan *plan)
{
    plan->times = weft_zalloc(plan->mem, LOAD_TIMES * sizeof(*plan->times));
    return plan->times ? 0 : WEFT_ERR_NOMEM;
}

int load_plan_init(struct load_plan *plan, const struct load_opts *opts,
                   char why[LOAD_WHY])
{
    int err;

    *plan = (struct load_plan){.opts = opts, .mem = &weft_mem_libc};
    *why = '\0';
    pthread_mutex_init(&plan->lock, NULL); /* does not fail on Linux */
    plan->news_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (plan->news_fd < 0)
        return WEFT_ERR_SYSTEM;
    err = load_target_parse(&plan->target, opts->url, why);
    if (!err)
        err =
            load_hello_init(&plan->hello, plan->mem, opts, &plan->target, why);
    if (!err)
        err = make_messages(plan);
    if (!err && opts->bulk > 0)
        err = make_bulk(plan);
    if (!err && opts->work == LOAD_BROADCAST)
        err = make_times(plan);
    return err;
}

void load_plan_release(struct load_plan *plan)
{
    load_batch_release(&plan->batch);
    load_batch_release(&plan->bulk_batch);
    load_hello_release(&plan->hello);
    weft_free(plan->mem, plan->payload,
              room_of(plan->opts->size, plan->variety));
    weft_free(plan->mem, plan->bulk_payload, room_of(plan->opts->bulk_size, 1));
    weft_free(plan->mem, (void *)(uintptr_t)plan->times,
              LOAD_TIMES * sizeof(*plan->times));
    if (plan->news_fd >= 0)
        close(plan->news_fd);
    pthread_mutex_destroy(&plan->lock);
}

int load_plan_tagged(const struct load_plan *plan, struct load_batch *batch,
                     uint32_t sender)
{
    size_t size = plan->opts->size;
    uint8_t *payload = weft_alloc(plan->mem, size);
    int err;

    if (!payload)
        return WEFT_ERR_NOMEM;
    memcpy(payload, plan->payload, size);
    load_payload_tag(payload, sender);
    err = make_plain(plan, batch, payload, size, plan->opts->depth);
    weft_free(plan->mem, payload, size);
    return err;
}

void load_plan_fault(struct load_plan *plan, const char *text)
{
    pthread_mutex_lock(&plan->lock);
    if (plan->faults < LOAD_FAULTS_TOLD) {
        plan->faults++;
        plan->opts->tell(plan->opts->user, text);
    }
    pthread_mutex_unlock(&plan->lock);
}

void load_plan_news(const struct load_plan *plan)
{
    const uint64_t one = 1;

    /* It fails only when the counter is full, and then they are awake. */
    if (write(plan->news_fd, &one, sizeof(one)) < 0)
        return;
}
