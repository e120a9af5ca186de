/* SPDX-License-Identifier: MIT */
/* A queue whose memory is counted, and what it holds. */
#ifndef WEFT_TEST_UNIT_BASE_QUEUE_FIXTURE_H
#define WEFT_TEST_UNIT_BASE_QUEUE_FIXTURE_H

#include "base/queue.h"
#include "support.h"

#include <string.h>

struct fixture {
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_queue queue;
};

static inline void start(struct fixture *fx)
{
    fx->fm = (struct fail_mem){.left = -1};
    fx->mem = (struct weft_mem){fail_realloc, &fx->fm};
    weft_queue_init(&fx->queue, &fx->mem);
    assert_int_equal(fx->fm.calls, 0);
}

static inline void end(struct fixture *fx)
{
    weft_queue_release(&fx->queue);
    CHECK(fx->fm.live == 0, "%zu bytes leaked", fx->fm.live);
    assert_int_equal(fx->queue.bytes, 0);
    weft_queue_release(&fx->queue); /* released is empty */
}

#define HOLDS_MAX (1 << 20)

/* What the queue holds, as its readers see it. */
static inline size_t contents(const struct weft_queue *queue, uint8_t *out)
{
    static struct iovec iov[4096];
    int count = weft_queue_peek(queue, iov, (int)COUNT(iov));
    size_t len = 0;

    assert_true(count < (int)COUNT(iov));
    for (int i = 0; i < count; i++) {
        CHECK(iov[i].iov_len > 0, "an empty piece");
        assert_true(len + iov[i].iov_len <= HOLDS_MAX);
        memcpy(out + len, iov[i].iov_base, iov[i].iov_len);
        len += iov[i].iov_len;
    }
    CHECK(len == queue->bytes, "%zu bytes seen, %zu counted", len,
          queue->bytes);
    return len;
}

static inline void check_holds(const struct weft_queue *queue, const void *want,
                               size_t want_len)
{
    static uint8_t have[HOLDS_MAX];
    size_t len = contents(queue, have);

    CHECK(len == want_len, "%zu bytes, not %zu", len, want_len);
    if (len > 0)
        assert_memory_equal(have, want, len);
}

static inline void check_text(const struct weft_queue *queue, const char *want)
{
    check_holds(queue, want, strlen(want));
}

static inline void put(struct fixture *fx, const char *text)
{
    assert_int_equal(weft_queue_append(&fx->queue, text, strlen(text)), 0);
}

static inline struct weft_blob *blob_of(struct fixture *fx, const char *text)
{
    struct weft_blob *blob = weft_blob_new(&fx->mem, strlen(text));

    assert_non_null(blob);
    memcpy(blob->data, text, strlen(text));
    return blob;
}

#endif
