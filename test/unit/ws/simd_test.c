/* SPDX-License-Identifier: MIT */
/* Which instruction set serves. */
#include "ws/simd.h"

#include "support.h"

/* The last that this processor has serves from the first use on. */
static void test_best_is_chosen(void **state)
{
    int best = WEFT_SIMD_COUNT - 1;

    (void)state;
    while (!weft_simd_ops((enum weft_simd)best))
        best--;
    assert_null(weft_simd_chosen);
    assert_int_equal(weft_utf8_check(WEFT_UTF8_START, (const uint8_t *)"", 0),
                     WEFT_UTF8_START);
    assert_ptr_equal(weft_simd_chosen, weft_simd_ops((enum weft_simd)best));
    assert_ptr_equal(weft_simd(), weft_simd_chosen);
}

/* What is asked for serves, unless it cannot. */
static void test_use(void **state)
{
    (void)state;
    for (int kind = 0; kind < WEFT_SIMD_COUNT; kind++) {
        const struct weft_simd_ops *ops = weft_simd_ops((enum weft_simd)kind);
        const struct weft_simd_ops *before = weft_simd();

        assert_int_equal(weft_simd_use((enum weft_simd)kind), ops != NULL);
        assert_ptr_equal(weft_simd(), ops ? ops : before);
    }
}

static void test_scalar_is_everywhere(void **state)
{
    (void)state;
    assert_ptr_equal(weft_simd_ops(WEFT_SIMD_SCALAR), &weft_simd_scalar);
}

/* No processor is of two architectures. */
static void test_one_architecture(void **state)
{
    (void)state;
    assert_true(!weft_simd_ops(WEFT_SIMD_NEON) ||
                !weft_simd_ops(WEFT_SIMD_SSE41));
}

/* Each has a name, whether it is here or not. */
static void test_names(void **state)
{
    (void)state;
    assert_string_equal(weft_simd_scalar.name, "scalar");
    assert_string_equal(weft_simd_sse41.name, "sse41");
    assert_string_equal(weft_simd_avx2.name, "avx2");
    assert_string_equal(weft_simd_avx512.name, "avx512");
    assert_string_equal(weft_simd_neon.name, "neon");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_best_is_chosen),
        cmocka_unit_test(test_use),
        cmocka_unit_test(test_scalar_is_everywhere),
        cmocka_unit_test(test_one_architecture),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
