/* SPDX-License-Identifier: MIT */
#include "ws/part.h"

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
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
