/* SPDX-License-Identifier: MIT */
/*
 * The client without memory: the first allocation of a whole conversation
 * fails, then the second, until it does without; alone, or with all that
 * follow. Directly and through a proxy.
 */
#include "whole_visit.h"

#define STEPS_MAX 500

static struct {
    struct fail_mem *fm;
    long after; /* allocations that succeed before; -1: all */
    bool alone;
    bool has_failed;
} fault;

static void *faulty_realloc(void *ud, void *ptr, size_t old_size,
                            size_t new_size)
{
    (void)ud;
    if (new_size > 0 && fault.after == 0) {
        fault.has_failed = true;
        fault.after = fault.alone ? -1 : 0;
        return NULL;
    }
    if (new_size > 0 && fault.after > 0)
        fault.after--;
    return fail_realloc(fault.fm, ptr, old_size, new_size);
}

/* Whether it came to the n-th allocation. */
static bool visit_failing(long n, bool alone, bool is_proxied)
{
    struct whole_visit w;
    bool is_all;
    int err;

    whole_visit_open(&w, is_proxied);
    snprintf(w.what, sizeof(w.what), "allocation %ld%s%s", n,
             alone ? "" : " and all after it", is_proxied ? ", proxied" : "");
    fault.fm = &w.v.fx.fm;
    fault.after = n;
    fault.alone = alone;
    fault.has_failed = false;
    w.v.fx.mem.realloc = faulty_realloc; /* the loop has its address */

    err = whole_visit_run(&w, &is_all);
    fault.after = -1;
    CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%s: %d", w.what, err);
    CHECK(is_all || fault.has_failed, "%s did not fail, and not all came",
          w.what);
    if (!err && !w.v.how.clean)
        CHECK(w.v.err == WEFT_ERR_NOMEM, "%s: %d, %s", w.what, w.v.err,
              w.v.why);
    whole_visit_close(&w);
    return fault.has_failed;
}

static void fail_each(bool alone, bool is_proxied)
{
    long n = 0;

    while (visit_failing(n, alone, is_proxied))
        CHECK(++n < STEPS_MAX, "%ld allocations", n);
    CHECK(n > 15, "only %ld allocations", n);
}

static void test_one_fails(void **state)
{
    (void)state;
    fail_each(true, false);
}

static void test_all_fail(void **state)
{
    (void)state;
    fail_each(false, false);
}

static void test_one_fails_through_a_proxy(void **state)
{
    (void)state;
    fail_each(true, true);
}

static void test_all_fail_through_a_proxy(void **state)
{
    (void)state;
    fail_each(false, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_fails),
        cmocka_unit_test(test_all_fail),
        cmocka_unit_test(test_one_fails_through_a_proxy),
        cmocka_unit_test(test_all_fail_through_a_proxy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
