/* SPDX-License-Identifier: MIT */
#include "load/payload.h"

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
            load_payload_fill(out, size, kinds[k]);
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
        load_payload_fill(one, sizeof(one), kinds[k]);
        memset(two, 0, sizeof(two));
        load_payload_fill(two, sizeof(two), kinds[k]);
        assert_memory_equal(one, two, sizeof(one));
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

        load_payload_fill(out, sizeof(out), cases[i].kind);
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
        cmocka_unit_test(test_kinds_differ),
        cmocka_unit_test(test_tags),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
