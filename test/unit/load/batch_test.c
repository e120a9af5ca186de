/* SPDX-License-Identifier: MIT */
#include "load/batch.h"

#include "base/mem.h"
#include "support.h"
#include "ws/mask.h"
#include <stdlib.h>

/* Reads one frame as a server does: where it ends. */
static uint8_t *check_frame(uint8_t *p, size_t len,
                            const struct load_frame *frame)
{
    const struct weft_frame_rules rules = {
        .turn = WEFT_TURN_FIRST, .masked = true, .rsv = 4};
    struct weft_frame got;
    const char *why;
    int n = weft_frame_parse(&got, p, len, &rules, &why);

    assert_true(n > 0);
    assert_true(got.fin);
    assert_int_equal(got.opcode, frame->opcode);
    assert_int_equal(got.rsv, frame->is_packed ? 4 : 0);
    assert_int_equal(got.payload, frame->len);
    assert_int_not_equal(weft_mask_key(got.key), 0);
    assert_true((size_t)n + frame->len <= len);
    weft_mask(p + n, p + n, frame->len, weft_mask_key(got.key));
    if (frame->len > 0)
        assert_memory_equal(p + n, frame->payload, frame->len);
    return p + n + frame->len;
}

static void check_frames(const struct load_batch *batch,
                         const struct load_frame *frames)
{
    for (size_t i = 0; i < batch->count; i++) {
        uint8_t *p = batch->bytes + batch->at[i];
        uint8_t *end = check_frame(p, batch->at[i + 1] - batch->at[i],
                                   &frames[i % batch->variety]);

        assert_ptr_equal(end, batch->bytes + batch->at[i + 1]);
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

        assert_int_equal(load_batch_init(&batch, &weft_mem_libc, &frame, 1, 33),
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
    assert_int_equal(load_batch_init(&batch, &weft_mem_libc, &frame, 1, 8), 0);
    assert_int_equal(batch.count, 1);
    check_frames(&batch, &frame);
    load_batch_release(&batch);
    load_batch_release(&batch); /* a zeroed one */
    free(payload);
}

/* ---- Frames that differ -------------------------------------------------- */

#define VARIETY 5

/* Of 0 to 400 bytes. */
static void make_frames(struct load_frame *frames, uint8_t *payload)
{
    for (size_t i = 0; i < VARIETY; i++) {
        memset(payload + i * 400, (int)('a' + i), 400);
        frames[i] = (struct load_frame){.opcode = WEFT_OP_TEXT,
                                        .is_packed = true,
                                        .payload = payload + i * 400,
                                        .len = i * 100};
    }
}

/* From each of them, so many are side by side. */
static void test_pieces(void **state)
{
    static const size_t mosts[] = {1, 2, VARIETY, VARIETY + 1, 23};
    uint8_t payload[VARIETY * 400];
    struct load_frame frames[VARIETY];

    (void)state;
    make_frames(frames, payload);
    for (size_t i = 0; i < COUNT(mosts); i++) {
        struct load_batch batch;

        assert_int_equal(
            load_batch_init(&batch, &weft_mem_libc, frames, VARIETY, mosts[i]),
            0);
        check_frames(&batch, frames);
        for (size_t first = 0; first < VARIETY; first++) {
            size_t at = first, n;
            struct iovec piece;

            n = load_batch_take(&batch, &at, mosts[i], &piece);
            assert_int_equal(n, mosts[i]);
            assert_int_equal(at, (first + n) % VARIETY);
            assert_ptr_equal(piece.iov_base, batch.bytes + batch.at[first]);
            assert_int_equal(piece.iov_len,
                             batch.at[first + n] - batch.at[first]);
        }
        load_batch_release(&batch);
    }
}

/* Pieces of any length, one behind the other, go round. */
static void test_round(void **state)
{
    uint8_t payload[VARIETY * 400];
    struct load_frame frames[VARIETY];
    struct load_batch batch;
    size_t at = 3, sent = 3;

    (void)state;
    make_frames(frames, payload);
    assert_int_equal(
        load_batch_init(&batch, &weft_mem_libc, frames, VARIETY, 3), 0);
    for (uint64_t most = 1; most < 40; most++) {
        struct iovec piece;
        size_t n = load_batch_take(&batch, &at, most, &piece);
        uint8_t *copy = malloc(piece.iov_len), *p = copy;

        assert_true(n > 0 && n <= most);
        memcpy(copy, piece.iov_base, piece.iov_len);
        for (size_t i = 0; i < n; i++, sent++)
            p = check_frame(p, (size_t)(copy + piece.iov_len - p),
                            &frames[sent % VARIETY]);
        assert_ptr_equal(p, copy + piece.iov_len);
        free(copy);
    }
    load_batch_release(&batch);
}

static void test_no_memory(void **state)
{
    const struct load_frame frame = {.opcode = WEFT_OP_TEXT};
    long n = 0;
    int err;

    (void)state;
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        struct load_batch batch;

        err = load_batch_init(&batch, &mem, &frame, 1, 1);
        assert_true(err == 0 || err == WEFT_ERR_NOMEM);
        load_batch_release(&batch);
        assert_int_equal(fm.live, 0);
    } while (err);
    assert_int_equal(n, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_one_that_is_too_large),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
