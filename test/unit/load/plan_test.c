/* SPDX-License-Identifier: MIT */
#include "load/plan.h"

#include "load/packed.h"
#include "support.h"
#include "ws/mask.h"
#include "ws/utf8.h"
#include <poll.h>

static void count_faults(void *user, const char *text)
{
    int *faults = user;

    assert_string_equal(text, "a fault");
    (*faults)++;
}

static struct load_opts usual(void)
{
    return (struct load_opts){.url = "ws://h/",
                              .connections = 2,
                              .depth = 3,
                              .size = 100,
                              .tell = count_faults};
}

/* The payload of a frame, unmasked where it lies. */
static uint8_t *open_frame(struct load_batch *batch, size_t i,
                           struct weft_frame *frame)
{
    const struct weft_frame_rules rules = {
        .turn = WEFT_TURN_FIRST, .masked = true, .rsv = 4};
    uint8_t *p = batch->bytes + batch->at[i];
    const char *why;
    int n = weft_frame_parse(frame, p, batch->at[i + 1] - batch->at[i], &rules,
                             &why);

    assert_true(n > 0);
    weft_mask(p + n, p + n, (size_t)frame->payload, weft_mask_key(frame->key));
    return p + n;
}

static void test_plain(void **state)
{
    struct load_opts opts = usual();
    struct load_plan plan;
    struct weft_frame frame;
    char why[LOAD_WHY];
    const uint8_t *p;

    (void)state;
    opts.bulk = 1;
    opts.bulk_size = 70000;
    opts.kind = LOAD_BINARY;
    assert_int_equal(load_plan_init(&plan, &opts, why), 0);
    assert_int_equal(plan.batch.count, 3);
    assert_int_equal(plan.batch.variety, 1);
    assert_int_equal(plan.packed_bytes, 0);
    assert_int_equal(plan.bulk_want.frame_len, 70010);
    p = open_frame(&plan.batch, 0, &frame);
    assert_int_equal(frame.opcode, WEFT_OP_BINARY);
    assert_memory_equal(p, plan.want.payload, 100);
    load_plan_release(&plan);
}

/* All different, and each what it stands for. */
static void test_packed(void **state)
{
    struct load_opts opts = usual();
    struct load_plan plan;
    char why[LOAD_WHY];
    size_t bytes = 0;

    (void)state;
    opts.has_deflate = true;
    opts.size = 1024;
    assert_int_equal(load_plan_init(&plan, &opts, why), 0);
    assert_int_equal(plan.variety, 64);
    assert_int_equal(plan.batch.count, 66);
    for (size_t i = 0; i < plan.batch.count; i++) {
        struct weft_frame frame;
        struct weft_buf packed = {.data = open_frame(&plan.batch, i, &frame)};

        packed.len = (size_t)frame.payload;
        bytes += i < 64 ? packed.len : 0;
        assert_int_equal(frame.rsv, 4);
        for (size_t j = 0; j < 64; j++)
            assert_int_equal(
                load_packed_check(&packed, plan.want.payload + j * 1024, 1024),
                j == i % 64 ? 0 : WEFT_ERR_INVALID_DATA);
    }
    assert_int_equal(plan.packed_bytes, bytes);
    assert_true(plan.want.may_be_packed);
    load_plan_release(&plan);
}

/* As many as it takes lest one come again within a window, and no more than
 * there is room for. */
static void test_variety(void **state)
{
    static const struct {
        size_t size, variety;
    } cases[] = {
        {0, 1024}, {20, 1024}, {128, 512}, {1024, 64}, {300000, 55},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct load_opts opts = usual();
        struct load_plan plan;
        char why[LOAD_WHY];

        opts.has_deflate = true;
        opts.size = cases[i].size;
        assert_int_equal(load_plan_init(&plan, &opts, why), 0);
        assert_int_equal(plan.variety, cases[i].variety);
        assert_int_equal(plan.batch.variety, cases[i].variety);
        load_plan_release(&plan);
    }
}

/* Text with a tag is text, of whatever kind. */
static void test_tagged(void **state)
{
    (void)state;
    for (int kind = LOAD_ASCII; kind <= LOAD_JSON; kind++) {
        struct load_opts opts = usual();
        struct load_batch batch;
        struct load_plan plan;
        struct weft_frame frame;
        char why[LOAD_WHY];
        const uint8_t *p;

        opts.work = LOAD_PUBLISH;
        opts.kind = (enum load_kind)kind;
        assert_int_equal(load_plan_init(&plan, &opts, why), 0);
        assert_int_equal(load_plan_tagged(&plan, &batch, 0xabc), 0);
        p = open_frame(&batch, 0, &frame);
        assert_memory_equal(p, "00000abc", 8);
        assert_memory_equal(p + 8, plan.want.payload + 8, 92);
        assert_true(weft_utf8_is_valid(p, 100));
        load_batch_release(&batch);
        load_plan_release(&plan);
    }
}

static void test_refused(void **state)
{
    struct load_opts opts = usual();
    struct load_plan plan;
    char why[LOAD_WHY];

    (void)state;
    opts.url = "gopher://h/";
    assert_int_equal(load_plan_init(&plan, &opts, why), WEFT_ERR_USAGE);
    assert_true(*why);
    load_plan_release(&plan);
}

static void test_the_first_faults(void **state)
{
    struct load_opts opts = usual();
    struct load_plan plan;
    char why[LOAD_WHY];
    int faults = 0;

    (void)state;
    opts.user = &faults;
    assert_int_equal(load_plan_init(&plan, &opts, why), 0);
    for (int i = 0; i < 2 * LOAD_FAULTS_TOLD; i++)
        load_plan_fault(&plan, "a fault");
    assert_int_equal(faults, LOAD_FAULTS_TOLD);
    load_plan_release(&plan);
}

static void test_news(void **state)
{
    struct load_opts opts = usual();
    struct load_plan plan;
    struct pollfd fd = {.events = POLLIN};
    char why[LOAD_WHY];

    (void)state;
    assert_int_equal(load_plan_init(&plan, &opts, why), 0);
    fd.fd = plan.news_fd;
    assert_int_equal(poll(&fd, 1, 0), 0);
    load_plan_news(&plan);
    assert_int_equal(poll(&fd, 1, 0), 1);
    load_plan_release(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),   cmocka_unit_test(test_packed),
        cmocka_unit_test(test_variety), cmocka_unit_test(test_tagged),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_the_first_faults),
        cmocka_unit_test(test_news),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
