/* SPDX-License-Identifier: MIT */
#include "load/batch.h"

#include "base/mem.h"
#include "support.h"
#include "ws/mask.h"
#include <stdlib.h>

/* What a server reads of the batch is the message, count times. */
static void check_frames(const struct load_batch *batch,
                         const struct load_frame *frame)
{
    const struct weft_frame_rules rules = {
        .turn = WEFT_TURN_FIRST, .masked = true, .rsv = 4};

    for (size_t i = 0; i < batch->count; i++) {
        uint8_t *p = batch->bytes + i * batch->frame_len;
        struct weft_frame got;
        const char *why;
        int n = weft_frame_parse(&got, p, batch->frame_len, &rules, &why);

        assert_true(n > 0);
        assert_true(got.fin);
        assert_int_equal(got.opcode, frame->opcode);
        assert_int_equal(got.rsv, frame->is_packed ? 4 : 0);
        assert_int_equal(got.payload, frame->len);
        assert_int_equal((size_t)n + frame->len, batch->frame_len);
        assert_int_not_equal(weft_mask_key(got.key), 0);
        weft_mask(p + n, p + n, frame->len, weft_mask_key(got.key));
        if (frame->len > 0)
            assert_memory_equal(p + n, frame->payload, frame->len);
    }
}

static void test_frames(void **state)
{
    static const size_t sizes[] = {0, 1, 20, 125, 126, 65535, 65536, 3000000};
    uint8_t *payload = calloc(1, 3000000);

    (void)state;
    for (size_t i = 0; i < 3000000; i++)
        payload[i] = (uint8_t)(i * 31);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        const struct load_frame frame = {.opcode = WEFT_OP_TEXT,
                                         .is_packed = i % 2 == 1,
                                         .payload = payload,
                                         .len = sizes[i]};
        struct load_batch batch;
        size_t most = LOAD_BATCH_MAX / (sizes[i] + 14);

        assert_int_equal(load_batch_init(&batch, &weft_mem_libc, &frame, 33),
                         0);
        CHECK(batch.count == (most < 33 ? most : 33), "%zu frames of %zu",
              batch.count, sizes[i]);
        check_frames(&batch, &frame);
        load_batch_release(&batch);
    }
    free(payload);
}

/* One frame there is always. */
static void test_one_that_is_too_large(void **state)
{
    size_t size = LOAD_BATCH_MAX + 1;
    uint8_t *payload = calloc(1, size);
    const struct load_frame frame = {
        .opcode = WEFT_OP_BINARY, .payload = payload, .len = size};
    struct load_batch batch;

    (void)state;
    assert_int_equal(load_batch_init(&batch, &weft_mem_libc, &frame, 8), 0);
    assert_int_equal(batch.count, 1);
    check_frames(&batch, &frame);
    load_batch_release(&batch);
    load_batch_release(&batch); /* a zeroed one */
    free(payload);
}

static void test_no_memory(void **state)
{
    struct fail_mem fm = {.left = 0};
    struct weft_mem mem = {fail_realloc, &fm};
    const struct load_frame frame = {.opcode = WEFT_OP_TEXT};
    struct load_batch batch;

    (void)state;
    assert_int_equal(load_batch_init(&batch, &mem, &frame, 1), WEFT_ERR_NOMEM);
    load_batch_release(&batch);
    assert_int_equal(fm.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_one_that_is_too_large),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
