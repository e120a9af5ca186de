/* SPDX-License-Identifier: MIT */
#include "cli/retry.h"
#include "support.h"

static const uint64_t bounds[] = {1000,  2000,  4000,  8000, 16000,
                                  32000, 60000, 60000, 60000};

/* Each wait may be anything from nothing to its bound, and nothing beyond. */
static void test_bounds(void **state)
{
    struct retry least = {0}, most = {0}, beyond = {0}, wild = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(bounds); i++) {
        uint64_t any = UINT64_C(0x9e3779b97f4a7c15) * (i + 1);

        CHECK(retry_wait_ms(&least, 0) == 0, "%zu", i);
        CHECK(retry_wait_ms(&most, bounds[i]) == bounds[i], "%zu", i);
        CHECK(retry_wait_ms(&beyond, bounds[i] + 1) == 0, "%zu", i);
        CHECK(retry_wait_ms(&wild, any) <= bounds[i], "%zu", i);
        CHECK(least.failures == i + 1, "%zu", i);
    }
}

static void test_many(void **state)
{
    struct retry retry = {.failures = (unsigned)-2};

    (void)state;
    assert_int_equal(retry_wait_ms(&retry, 60000), 60000);
}

static void test_lasted(void **state)
{
    struct retry retry = {.failures = 5};

    (void)state;
    retry_lasted(&retry, 0);
    retry_lasted(&retry, 9999);
    assert_int_equal(retry.failures, 5);
    retry_lasted(&retry, 10000);
    assert_int_equal(retry.failures, 0);
    assert_int_equal(retry_wait_ms(&retry, 1000), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_lasted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
