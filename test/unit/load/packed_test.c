/* SPDX-License-Identifier: MIT */
#include "load/packed.h"

#include "base/mem.h"
#include "load/payload.h"
#include "support.h"
#include <stdlib.h>

static const size_t sizes[] = {0, 1, 20, 1000, 16383, 16384, 16385, 300000};

static void test_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        for (unsigned kind = LOAD_ASCII; kind <= LOAD_BINARY; kind++) {
            uint8_t *data = malloc(sizes[i] + 1);
            struct weft_buf packed;

            load_payload_fill(data, sizes[i], (enum load_kind)kind, 0);
            weft_buf_init(&packed, &weft_mem_libc, SIZE_MAX);
            assert_int_equal(load_pack(&packed, data, sizes[i]), 0);
            assert_int_equal(load_packed_check(&packed, data, sizes[i]), 0);
            CHECK(sizes[i] < 1000 || kind == LOAD_BINARY ||
                      packed.len < sizes[i] / 2,
                  "%zu bytes are still %zu", sizes[i], packed.len);
            weft_buf_release(&packed);
            free(data);
        }
    }
}

/* One byte that differs, one too many, one too few, and half of what came. */
static void test_lies(void **state)
{
    uint8_t data[40001];
    struct weft_buf packed;

    (void)state;
    load_payload_fill(data, sizeof(data), LOAD_JSON, 0);
    weft_buf_init(&packed, &weft_mem_libc, SIZE_MAX);
    assert_int_equal(load_pack(&packed, data, 40000), 0);
    assert_int_equal(load_packed_check(&packed, data, 39999),
                     WEFT_ERR_INVALID_DATA);
    assert_int_equal(load_packed_check(&packed, data, 40001),
                     WEFT_ERR_INVALID_DATA);
    for (size_t at = 0; at < 40000; at += 3333) {
        data[at] ^= 1;
        assert_int_equal(load_packed_check(&packed, data, 40000),
                         WEFT_ERR_INVALID_DATA);
        data[at] ^= 1;
    }
    packed.len /= 2;
    assert_int_equal(load_packed_check(&packed, data, 40000),
                     WEFT_ERR_INVALID_DATA);
    packed.len = 0;
    assert_int_equal(load_packed_check(&packed, data, 40000),
                     WEFT_ERR_INVALID_DATA);
    weft_buf_release(&packed);
}

static void test_rubbish(void **state)
{
    static const char *const hexes[] = {"06", "ffffffff", "00ff00ff00", "07"};

    (void)state;
    for (size_t i = 0; i < COUNT(hexes); i++) {
        struct weft_buf packed;
        uint8_t raw[16];

        weft_buf_init(&packed, &weft_mem_libc, SIZE_MAX);
        assert_int_equal(weft_buf_append(&packed, raw, unhex(raw, hexes[i])),
                         0);
        assert_int_equal(load_packed_check(&packed, (const uint8_t *)"a", 1),
                         WEFT_ERR_INVALID_DATA);
        weft_buf_release(&packed);
    }
}

static void test_no_memory(void **state)
{
    struct fail_mem fm = {.left = 0};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_buf packed;

    (void)state;
    weft_buf_init(&packed, &mem, SIZE_MAX);
    assert_int_equal(load_pack(&packed, "abc", 3), WEFT_ERR_NOMEM);
    assert_int_equal(packed.len, 0);
    assert_int_equal(fm.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_rubbish),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
