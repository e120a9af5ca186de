/* SPDX-License-Identifier: MIT */
/*
 * The conversation without memory: the first allocation fails that the server
 * makes for it, then the second, until it does without. Each time the server is
 * a new one. What its pool has kept from the bystander helps it all the same;
 * in a build with small buffers nothing is kept, and all allocations fail.
 */
#include "scenario.h"

#include <stdio.h>

/* Far more than there are; a server that always allocates fails here. */
#define STEPS_MAX 500

/* The n-th allocation fails, alone or with all that follow. Whether it came to
 * that. */
static bool talk_failing(long n, bool alone)
{
    struct scenario sc;
    bool is_all, has_failed;

    scenario_open(&sc);
    sc.spare = serve_spare;
    sc.is_told = alone;
    snprintf(sc.what, sizeof(sc.what), "allocation %ld%s", n,
             alone ? "" : " and all after it");
    if (alone)
        serve_fail(sc.serve, n);
    else
        serve_allow(sc.serve, n);
    is_all = scenario_talk(&sc);
    has_failed = serve_has_failed(sc.serve);
    serve_fail(sc.serve, -1);
    serve_allow(sc.serve, -1);
    CHECK(is_all || has_failed, "%s did not fail, and not all came", sc.what);
    scenario_close(&sc);
    return has_failed;
}

static void fail_each(bool alone)
{
    long n = 0;

    while (talk_failing(n, alone))
        CHECK(++n < STEPS_MAX, "%ld allocations", n);
    CHECK(n > 3, "only %ld allocations", n);
}

static void test_one_fails(void **state)
{
    (void)state;
    fail_each(true);
}

static void test_all_fail(void **state)
{
    (void)state;
    fail_each(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_fails),
        cmocka_unit_test(test_all_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
