/* SPDX-License-Identifier: MIT */
#include "load/pace.h"

#include "support.h"

static const double rates[] = {0.5, 1, 3, 7, 999, 1000, 12345, 1e6, 3e7};

#define START UINT64_C(123456789012345)
#define NS_PER_S UINT64_C(1000000000)

/* Whatever the steps of the clock, each message is taken once, and none before
 * its time. */
static void test_each_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rates); i++) {
        struct load_pace pace;
        uint64_t now = START, seen = 0, span = (uint64_t)(1e12 / rates[i]);

        load_pace_start(&pace, START, rates[i], 7);
        for (int j = 0; j < 1000; j++) {
            size_t way;
            uint64_t n = load_pace_take(&pace, now, &way);

            assert_int_equal(way, seen % 7);
            seen += n;
            assert_true(n == 0 || load_pace_due(&pace, seen - 1) <= now);
            assert_true(load_pace_due(&pace, seen) > now);
            now += (span / 1000) * (uint64_t)(j % 3);
        }
    }
}

static void test_rate(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rates); i++) {
        struct load_pace pace;
        size_t way;

        load_pace_start(&pace, START, rates[i], 1);
        /* The first is due at once. */
        CHECK(load_pace_take(&pace, START + 1000 * NS_PER_S, &way) ==
                  (uint64_t)(rates[i] * 1000) + 1,
              "%g", rates[i]);
    }
}

static void test_turns(void **state)
{
    struct load_pace pace;

    (void)state;
    load_pace_start(&pace, START, 1000, 4);
    assert_true(load_pace_due_on(&pace, 0, 0) == START);
    assert_true(load_pace_due_on(&pace, 3, 0) == START + 3000000);
    assert_true(load_pace_due_on(&pace, 1, 2) == START + 9000000);
    for (uint64_t n = 0; n < 40; n++)
        assert_true(load_pace_due_on(&pace, n % 4, n / 4) ==
                    load_pace_due(&pace, n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
