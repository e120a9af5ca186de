/* SPDX-License-Identifier: MIT */
#include "load/payload.h"

#include "base/mem.h"
#include "load/packed.h"
#include "support.h"
#include "ws/utf8.h"
#include <stdlib.h>

static const enum load_kind kinds[] = {LOAD_ASCII, LOAD_MIXED, LOAD_JSON,
                                       LOAD_BINARY};

/* Sizes around which characters and words are cut, and large ones. */
static size_t size_of(size_t i)
{
    return i < 400 ? i : 400 + (i - 400) * 7919;
}

static void test_whole_text(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(kinds); k++) {
        for (size_t i = 0; i < 410; i++) {
            size_t size = size_of(i);
            uint8_t *out = malloc(size + 1);

            out[size] = 0xfe;
            load_payload_fill(out, size, kinds[k], (uint32_t)i);
            assert_int_equal(out[size], 0xfe);
            CHECK(kinds[k] == LOAD_BINARY || weft_utf8_is_valid(out, size),
                  "kind %zu, %zu bytes", k, size);
            free(out);
        }
    }
}

static void test_same_every_time(void **state)
{
    uint8_t one[5000], two[5000];

    (void)state;
    for (size_t k = 0; k < COUNT(kinds); k++) {
        load_payload_fill(one, sizeof(one), kinds[k], 3);
        memset(two, 0, sizeof(two));
        load_payload_fill(two, sizeof(two), kinds[k], 3);
        assert_memory_equal(one, two, sizeof(one));
    }
}

/* Those of one run, all of which differ soon. */
static void test_another_for_each_number(void **state)
{
    uint8_t out[64][40];

    (void)state;
    for (size_t k = 0; k < COUNT(kinds); k++) {
        for (uint32_t i = 0; i < 64; i++) {
            load_payload_fill(out[i], sizeof(out[i]), kinds[k], i);
            for (uint32_t j = 0; j < i; j++)
                CHECK(memcmp(out[i], out[j], sizeof(out[i])) != 0,
                      "kind %zu: %u is %u", k, i, j);
        }
    }
}

/* Per cent of their size that is left of 64 messages, each packed alone. */
static size_t packed_size(enum load_kind kind, size_t size)
{
    uint8_t *data = malloc(size);
    struct weft_buf packed;
    size_t percent;

    weft_buf_init(&packed, &weft_mem_libc, SIZE_MAX);
    for (uint32_t i = 0; i < 64; i++) {
        load_payload_fill(data, size, kind, i);
        assert_int_equal(load_pack(&packed, data, size), 0);
    }
    percent = packed.len * 100 / (64 * size);
    weft_buf_release(&packed);
    free(data);
    return percent;
}

/* What is measured with them rests on it. */
static void test_how_far_text_can_be_packed(void **state)
{
    static const struct {
        enum load_kind kind;
        size_t size, least, most; /* per cent */
    } cases[] = {
        {LOAD_ASCII, 1024, 36, 40},   {LOAD_ASCII, 16384, 24, 26},
        {LOAD_JSON, 1024, 40, 50},    {LOAD_JSON, 16384, 24, 30},
        {LOAD_BINARY, 1024, 99, 102},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t percent = packed_size(cases[i].kind, cases[i].size);

        CHECK(percent >= cases[i].least && percent <= cases[i].most,
              "%zu: %zu %%", i, percent);
    }
}

/* What the kinds are for: how much of them is beyond ASCII. */
static void test_kinds_differ(void **state)
{
    static const struct {
        enum load_kind kind;
        size_t least, most; /* of 10,000 bytes */
    } cases[] = {
        {LOAD_ASCII, 0, 0},
        {LOAD_MIXED, 7000, 9999},
        {LOAD_JSON, 0, 0},
        {LOAD_BINARY, 4500, 5500},
    };
    uint8_t out[10000];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t high = 0;

        load_payload_fill(out, sizeof(out), cases[i].kind, 0);
        for (size_t j = 0; j < sizeof(out); j++)
            high += out[j] >> 7;
        CHECK(high >= cases[i].least && high <= cases[i].most, "%zu: %zu", i,
              high);
    }
}

static void test_tags(void **state)
{
    uint8_t out[LOAD_TAG];

    (void)state;
    load_payload_tag(out, 0);
    assert_memory_equal(out, "00000000", LOAD_TAG);
    load_payload_tag(out, 0xfedcba98);
    assert_memory_equal(out, "fedcba98", LOAD_TAG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_text),
        cmocka_unit_test(test_same_every_time),
        cmocka_unit_test(test_another_for_each_number),
        cmocka_unit_test(test_how_far_text_can_be_packed),
        cmocka_unit_test(test_kinds_differ),
        cmocka_unit_test(test_tags),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
