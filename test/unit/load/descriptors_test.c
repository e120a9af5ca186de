/* SPDX-License-Identifier: MIT */
#include "load/descriptors.h"

#include "support.h"
#include <sys/resource.h>

static void test_enough(void **state)
{
    struct rlimit before, after;
    char why[LOAD_WHY];

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(load_descriptors_want(1, why), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
    assert_true(after.rlim_cur == before.rlim_cur);
}

static void test_raised(void **state)
{
    struct rlimit limit;
    char why[LOAD_WHY];
    rlim_t most;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    most = limit.rlim_max < 1024 ? limit.rlim_max : 1024;
    limit.rlim_cur = 200;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(load_descriptors_want((size_t)most - 128, why), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(limit.rlim_cur == most);
}

/* More than the kernel gives to anybody. */
static void test_too_many(void **state)
{
    char why[LOAD_WHY] = "";

    (void)state;
    assert_int_equal(load_descriptors_want((size_t)1 << 31, why),
                     WEFT_ERR_LIMIT);
    assert_non_null(strstr(why, "2147483648 connections"));
    assert_non_null(strstr(why, "ulimit"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enough),
        cmocka_unit_test(test_raised),
        cmocka_unit_test(test_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
