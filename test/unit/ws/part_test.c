/* SPDX-License-Identifier: MIT */
#include "ws/part.h"

#include "base/sizes.h"
#include "support.h"

#include <string.h>

struct fixture {
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_part *part;
};

static void start(struct fixture *fx, size_t limit)
{
    fx->fm = (struct fail_mem){.left = -1};
    fx->mem = (struct weft_mem){fail_realloc, &fx->fm};
    fx->part = weft_part_new(&fx->mem, limit);
    assert_non_null(fx->part);
}

static void end(struct fixture *fx)
{
    weft_part_free(fx->part);
    CHECK(fx->fm.live == 0, "%zu bytes leaked", fx->fm.live);
}

static void test_new_is_idle(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx, 100);
    assert_true(weft_part_is_idle(fx.part));
    assert_int_equal(fx.part->utf8, WEFT_UTF8_START);
    assert_int_equal(fx.part->message.len, 0);
    assert_int_equal(fx.part->message.max, 100);
    CHECK(fx.fm.calls == 1 && fx.fm.live < 512, "%zu bytes", fx.fm.live);
    end(&fx);
    weft_part_free(NULL);
}

/* Each thing it may hold keeps it from being given back. */
static void test_what_keeps_it(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx, 100);
    fx.part->has_message = true;
    assert_false(weft_part_is_idle(fx.part));
    fx.part->has_message = false;
    fx.part->control_len = 1;
    assert_false(weft_part_is_idle(fx.part));
    fx.part->control_len = 0;
    fx.part->has_pong = true; /* of no bytes, too */
    assert_false(weft_part_is_idle(fx.part));
    fx.part->has_pong = false;
    assert_true(weft_part_is_idle(fx.part));
    end(&fx);
}

/* The message goes with its memory and all that was known of it; a control
 * frame and a pong stay; the limit stays. */
static void test_end_message(void **state)
{
    struct fixture fx;
    size_t before;

    (void)state;
    start(&fx, 5000);
    before = fx.fm.live;
    assert_int_equal(weft_buf_append(&fx.part->message, "\xe2", 1), 0);
    assert_int_equal(weft_buf_reserve(&fx.part->message, 4999), 0);
    fx.part->has_message = true;
    fx.part->encoded_len = 9;
    fx.part->is_delivered = true;
    fx.part->fragments = 7;
    fx.part->utf8 = WEFT_UTF8_NEED_2;
    fx.part->control_len = 3;
    memcpy(fx.part->control, "abc", 3);
    fx.part->has_pong = true;
    fx.part->pong_len = 2;
    memcpy(fx.part->pong, "de", 2);

    weft_part_end_message(fx.part);
    assert_int_equal(fx.fm.live, before);
    assert_int_equal(fx.part->message.len, 0);
    assert_int_equal(fx.part->message.max, 5000);
    assert_int_equal(fx.part->fragments, 0);
    assert_int_equal(fx.part->utf8, WEFT_UTF8_START);
    assert_false(fx.part->has_message || fx.part->is_delivered);
    assert_int_equal(fx.part->encoded_len, 0);
    assert_int_equal(fx.part->control_len, 3);
    assert_memory_equal(fx.part->control, "abc", 3);
    assert_true(fx.part->has_pong);
    assert_int_equal(fx.part->pong_len, 2);
    assert_memory_equal(fx.part->pong, "de", 2);

    /* And the next message begins. */
    assert_int_equal(weft_buf_append(&fx.part->message, "next", 4), 0);
    assert_memory_equal(fx.part->message.data, "next", 4);
    end(&fx);
}

static void test_limit(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx, 4);
    assert_int_equal(weft_buf_append(&fx.part->message, "four", 4), 0);
    assert_int_equal(weft_buf_append(&fx.part->message, "5", 1),
                     WEFT_ERR_LIMIT);
    end(&fx);
}

/* ---- Gathering ----------------------------------------------------------- */

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 7 + (i >> 8));
}

/* Adds n bytes of the pattern from elsewhere. */
static int add(struct fixture *fx, size_t n, uint64_t left)
{
    static uint8_t some[70000];
    size_t at = fx->part->message.len;

    assert_true(n <= sizeof(some));
    for (size_t i = 0; i < n; i++)
        some[i] = pattern(at + i);
    return weft_part_add(fx->part, some, n, left);
}

static void check_pattern(const struct weft_part *part)
{
    for (size_t i = 0; i < part->message.len; i++)
        if (part->message.data[i] != pattern(i))
            fail_msg("byte %zu of %zu", i, part->message.len);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The most that may be held when so much has come and so much is announced
 * behind it: from WEFT_AHEAD_MIN on 32 times the one, no more than both; though
 * never less than a buffer that doubles, and never more than the limit. */
static size_t most(size_t came, uint64_t left, size_t limit)
{
    size_t times = came < WEFT_AHEAD_MIN ? 1 : 32;
    size_t ahead = smaller(came * times, came + smaller((size_t)left, limit));
    size_t doubled =
        came * 2 > WEFT_BUF_FIRST_CAP ? came * 2 : WEFT_BUF_FIRST_CAP;

    return smaller(ahead > doubled ? ahead : doubled, limit);
}

/* Frames of many lengths in pieces of many lengths. */
static void test_growth_is_bounded(void **state)
{
    static const size_t limits[] = {1, 63, 1000, 100000, 1 << 20, 16 << 20};
    static const size_t frames[] = {1, 5, 64, 1000, 65536, 300000};
    static const size_t pieces[] = {1, 3, 60, 1000, 65536};

    (void)state;
    for (size_t n = 0; n < COUNT(limits) * COUNT(frames) * COUNT(pieces); n++) {
        size_t limit = limits[n / COUNT(frames) / COUNT(pieces)];
        size_t frame = frames[n / COUNT(pieces) % COUNT(frames)];
        size_t piece = pieces[n % COUNT(pieces)], left = 0;
        struct fixture fx;
        struct weft_buf *buf;
        int err = 0;

        start(&fx, limit);
        buf = &fx.part->message;
        for (int i = 0; i < 300 && !err; i++) {
            size_t take = smaller(piece, left > 0 ? left : frame);
            size_t before = buf->len;

            left = (left > 0 ? left : frame) - take;
            err = add(&fx, take, left);
            assert_int_equal(err, take > limit - before ? WEFT_ERR_LIMIT : 0);
            assert_int_equal(buf->len, before + (err ? 0 : take));
            CHECK(buf->cap <= most(buf->len, left, limit),
                  "%zu bytes for %zu, %zu to come, limit %zu", buf->cap,
                  buf->len, left, limit);
        }
        check_pattern(fx.part);
        end(&fx);
    }
}

/* A length is only announced: nothing is held for it, however large it is. */
static void test_announced_alone(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx, SIZE_MAX);
    assert_int_equal(add(&fx, 1, INT64_MAX), 0);
    CHECK(fx.part->message.cap <= most(1, INT64_MAX, SIZE_MAX), "%zu bytes",
          fx.part->message.cap);
    assert_int_equal(add(&fx, 60000, INT64_MAX), 0);
    assert_int_equal(fx.part->message.cap, 32 * 60001);
    end(&fx);
}

/* All that is copied while it grows is no more than twice what came, with one
 * length announced for all or a fragment for each piece. */
static void test_many_small_pieces(void **state)
{
    (void)state;
    for (int announced = 0; announced < 2; announced++) {
        size_t total = 700000, moved = 0;
        struct fixture fx;

        start(&fx, 1 << 20);
        for (size_t at = 0; at < total; at += 7) {
            size_t cap = fx.part->message.cap;

            assert_int_equal(add(&fx, 7, announced ? total - at - 7 : 0), 0);
            if (fx.part->message.cap != cap) {
                assert_true(fx.part->message.cap >= 2 * cap ||
                            fx.part->message.cap == 1 << 20 ||
                            fx.part->message.cap == total);
                moved += at;
            }
        }
        CHECK(moved <= 2 * total, "%zu bytes moved for %zu", moved, total);
        check_pattern(fx.part);
        end(&fx);
    }
}

static void test_add_without_memory(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx, 1 << 20);
    fx.fm.left = 0;
    assert_int_equal(add(&fx, 10, 0), WEFT_ERR_NOMEM);
    fx.fm.left = 1;
    assert_int_equal(add(&fx, 10, 0), 0);
    assert_int_equal(add(&fx, 60000, 0), WEFT_ERR_NOMEM);
    assert_int_equal(fx.part->message.len, 10);
    check_pattern(fx.part);
    end(&fx);
}

/* ---- In place ------------------------------------------------------------ */

/* Bytes that were received in the room are there already. */
static void test_add_in_room(void **state)
{
    struct fixture fx;
    struct weft_buf *buf;
    size_t announced = 10 + 3 * WEFT_ROOM_MIN, room;
    const uint8_t *data;
    long calls;

    (void)state;
    start(&fx, 1 << 20);
    buf = &fx.part->message;
    assert_int_equal(add(&fx, 10 + WEFT_ROOM_MIN, announced), 0);
    announced -= WEFT_ROOM_MIN;
    data = buf->data;
    calls = fx.fm.calls;
    while (announced > 0) {
        uint8_t *p = weft_part_room(fx.part, announced, &room);
        size_t n = announced > 20 ? 20 : announced;

        assert_ptr_equal(p, data + buf->len);
        assert_true(room > 0 && room <= announced &&
                    room <= buf->cap - buf->len);
        for (size_t i = 0; i < n; i++)
            p[i] = pattern(buf->len + i);
        announced -= n;
        assert_int_equal(weft_part_add(fx.part, p, n, announced), 0);
    }
    assert_int_equal(weft_part_add(fx.part, data + buf->len, 0, 0), 0);
    assert_ptr_equal(buf->data, data);
    assert_int_equal(fx.fm.calls, calls);
    assert_int_equal(buf->len, 10 + WEFT_ROOM_MIN + 10 + 2 * WEFT_ROOM_MIN);
    check_pattern(fx.part);
    end(&fx);
}

/* There is room where there is much of it, or enough for all that is left; and
 * it is never made for what has not come. */
static void test_room(void **state)
{
    struct fixture fx;
    struct weft_buf *buf;

    (void)state;
    start(&fx, 16 << 20);
    buf = &fx.part->message;
    for (size_t n = 1; n < 60000; n += n) {
        size_t free = 0;

        assert_int_equal(add(&fx, n, 1 << 20), 0);
        free = buf->cap - buf->len;
        fx.fm.left = 0;
        for (uint64_t left = 1; left < 1 << 21; left = left * 3 / 2 + 1) {
            size_t room = 0, cap = buf->cap;
            uint8_t *p = weft_part_room(fx.part, left, &room);

            CHECK((p != NULL) == (free >= left || free >= WEFT_ROOM_MIN),
                  "%zu free, %llu to come", free, (unsigned long long)left);
            if (p)
                assert_ptr_equal(p, buf->data + buf->len);
            if (p)
                assert_int_equal(room, free < left ? free : left);
            assert_int_equal(buf->cap, cap);
        }
        fx.fm.left = -1;
    }
    end(&fx);
}

/* ---- Lending ------------------------------------------------------------- */

/* The block outlives the message for those who have a reference. */
static void test_lend(void **state)
{
    struct fixture fx;
    struct weft_blob *blob;
    const uint8_t *data;
    size_t before;

    (void)state;
    start(&fx, 1 << 20);
    before = fx.fm.live;
    assert_int_equal(add(&fx, 5000, 0), 0);
    data = fx.part->message.data;
    blob = weft_part_lend(fx.part);
    assert_non_null(blob);
    assert_int_equal(blob->refs, 1);
    assert_ptr_equal(weft_part_lend(fx.part), blob);
    assert_int_equal(blob->refs, 1);
    weft_blob_ref(blob);
    assert_ptr_equal(fx.part->message.data, data);

    weft_part_end_message(fx.part);
    assert_null(fx.part->message.data);
    assert_null(fx.part->lent);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(data[i], pattern(i));
    assert_int_equal(add(&fx, 60000, 0), 0); /* the next one, elsewhere */
    check_pattern(fx.part);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(data[i], pattern(i));
    weft_part_end_message(fx.part);
    weft_blob_unref(blob);
    assert_int_equal(fx.fm.live, before);
    end(&fx);
}

/* Nobody else has it: it goes with the message, or with the part. */
static void test_lent_to_nobody(void **state)
{
    (void)state;
    for (int ends = 0; ends < 2; ends++) {
        struct fixture fx;
        size_t before;

        start(&fx, 1 << 20);
        before = fx.fm.live;
        assert_int_equal(add(&fx, 5000, 0), 0);
        assert_non_null(weft_part_lend(fx.part));
        if (ends) {
            weft_part_end_message(fx.part);
            assert_int_equal(fx.fm.live, before);
        }
        end(&fx);
    }
}

static void test_lend_without_memory(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx, 1 << 20);
    assert_int_equal(add(&fx, 5000, 0), 0);
    fx.fm.left = 0;
    assert_null(weft_part_lend(fx.part));
    check_pattern(fx.part);
    assert_int_equal(fx.part->message.len, 5000);
    end(&fx);
}

static void test_no_memory(void **state)
{
    struct fail_mem fm = {.left = 0};
    struct weft_mem mem = {fail_realloc, &fm};

    (void)state;
    assert_null(weft_part_new(&mem, 100));
    assert_int_equal(fm.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_is_idle),
        cmocka_unit_test(test_what_keeps_it),
        cmocka_unit_test(test_end_message),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_growth_is_bounded),
        cmocka_unit_test(test_announced_alone),
        cmocka_unit_test(test_many_small_pieces),
        cmocka_unit_test(test_add_without_memory),
        cmocka_unit_test(test_add_in_room),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_lend),
        cmocka_unit_test(test_lent_to_nobody),
        cmocka_unit_test(test_lend_without_memory),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
