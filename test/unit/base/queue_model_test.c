/* SPDX-License-Identifier: MIT */
/*
 * The queue against a model that is one run of bytes: any calls in any order,
 * from a seed, and after each the queue holds what the model holds.
 */
#include "queue_fixture.h"

struct model {
    struct fixture fx;
    struct weft_blob *blob;
    uint64_t seed;
    uint8_t bytes[HOLDS_MAX]; /* what the queue should hold */
    size_t len;
    unsigned next; /* so that all bytes that follow each other differ */
};

static size_t pick(struct model *m, size_t below)
{
    m->seed = m->seed * 6364136223846793005 + 1442695040888963407;
    return (size_t)(m->seed >> 33) % below;
}

static size_t pick_len(struct model *m)
{
    return pick(m, pick(m, 4) ? 300 : 20000);
}

/* Puts len fresh bytes into the model, where they can be taken from. */
static uint8_t *expect(struct model *m, size_t len)
{
    uint8_t *p = m->bytes + m->len;

    assert_true(m->len + len <= HOLDS_MAX);
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(m->next++ * 37 >> 3);
    m->len += len;
    return p;
}

static void model_add(struct model *m)
{
    static uint8_t lent[20000];
    size_t len = pick_len(m);
    uint8_t *p;

    switch (pick(m, 5)) {
    case 0:
        p = weft_queue_reserve(&m->fx.queue, len + pick(m, 100));
        assert_non_null(p);
        memcpy(p, expect(m, len), len);
        weft_queue_commit(&m->fx.queue, len);
        break;
    case 1:
        assert_int_equal(weft_queue_append_blob(&m->fx.queue, m->blob), 0);
        memcpy(expect(m, m->blob->len), m->blob->data, m->blob->len);
        break;
    case 2:
        memcpy(lent, expect(m, len), len);
        assert_int_equal(weft_queue_borrow(&m->fx.queue, lent, len), 0);
        assert_int_equal(weft_queue_settle(&m->fx.queue), 0);
        memset(lent, 0xee, len);
        break;
    default:
        p = at_page_end(expect(m, len), len);
        assert_int_equal(weft_queue_append(&m->fx.queue, p, len), 0);
    }
}

static void model_send(struct model *m)
{
    size_t n = pick(m, 3) ? pick(m, m->len + 1) : m->len;

    weft_queue_sent(&m->fx.queue, n);
    m->len -= n;
    memmove(m->bytes, m->bytes + n, m->len);
}

/* What was pinned stays as it is while more is added. */
static void model_pin(struct model *m)
{
    struct iovec iov[3];
    int count = weft_queue_pin(&m->fx.queue, iov, 3);
    size_t at = 0;

    model_add(m);
    for (int i = 0; i < count; i++) {
        assert_memory_equal(iov[i].iov_base, m->bytes + at, iov[i].iov_len);
        at += iov[i].iov_len;
    }
}

static void test_any_order(void **state)
{
    static struct model m;

    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        memset(&m, 0, sizeof(m));
        m.seed = seed;
        start(&m.fx);
        m.blob = blob_of(&m.fx, "a blob that comes again and again");
        for (int step = 0; step < 300; step++) {
            if (m.len > 200000 || pick(&m, 3) == 0)
                model_send(&m);
            else if (pick(&m, 4) == 0)
                model_pin(&m);
            else
                model_add(&m);
            if (pick(&m, 8) == 0)
                weft_queue_split(&m.fx.queue, false);
            check_holds(&m.fx.queue, m.bytes, m.len);
        }
        weft_queue_release(&m.fx.queue);
        assert_int_equal(m.blob->refs, 1);
        weft_blob_unref(m.blob);
        end(&m.fx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
