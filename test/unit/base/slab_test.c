/* SPDX-License-Identifier: MIT */
/* Slots are zeroed, apart, and found by the id of their present tenant and by
 * no other. */
#include "base/mem.h"
#include "base/poison.h"
#include "base/slab.h"
#include "support.h"

#include <stdlib.h>

#ifdef WEFT_HAS_ASAN
#include <sanitizer/asan_interface.h>
#define IS_POISONED(ptr) __asan_address_is_poisoned(ptr)
#else
#define IS_POISONED(ptr) true
#endif

static void test_objects_are_zeroed_and_apart(void **state)
{
    static const size_t sizes[] = {1, 7, 8, 9, 24, 100, 232, 5000};
    enum { OBJECTS = 600 }; /* more than two blocks */

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_slab slab;
        uint8_t *objects[OBJECTS];

        weft_slab_init(&slab, &mem, sizes[i]);
        assert_int_equal(fm.calls, 0);
        for (size_t round = 0; round < 2; round++) {
            for (size_t n = 0; n < OBJECTS; n++) {
                objects[n] = weft_slab_take(&slab);
                assert_int_equal((uintptr_t)objects[n] % 8, 0);
                for (size_t at = 0; at < sizes[i]; at++)
                    assert_int_equal(objects[n][at], 0);
                memset(objects[n], (int)n, sizes[i]);
            }
            assert_int_equal(slab.used, OBJECTS);
            for (size_t n = 0; n < OBJECTS; n++) {
                assert_int_equal(objects[n][0], (uint8_t)n);
                assert_int_equal(objects[n][sizes[i] - 1], (uint8_t)n);
                weft_slab_give(&slab, objects[n]);
            }
            assert_int_equal(slab.used, 0);
            assert_int_equal(slab.count, OBJECTS); /* and used again */
        }
        weft_slab_release(&slab);
        weft_slab_release(&slab);
        assert_int_equal(fm.live, 0);
    }
}

static void test_ids(void **state)
{
    enum { TENANTS = 1000 };
    struct weft_slab slab;
    uint64_t ids[TENANTS];

    (void)state;
    weft_slab_init(&slab, &weft_mem_libc, 100);
    assert_null(weft_slab_find(&slab, 0));
    for (size_t i = 0; i < TENANTS; i++) {
        void *object = weft_slab_take(&slab);

        ids[i] = weft_slab_id(&slab, object);
        assert_true(ids[i] != 0);
        assert_ptr_equal(weft_slab_find(&slab, ids[i]), object);
        for (size_t before = 0; before < i; before++) {
            assert_true(ids[before] != ids[i]);
            assert_null(weft_slab_find(&slab, ids[before]));
        }
        weft_slab_give(&slab, object);
        assert_null(weft_slab_find(&slab, ids[i]));
    }
    weft_slab_release(&slab);
}

/* No number but the id itself finds a slot, used or free. */
static void test_made_up_ids(void **state)
{
    struct weft_slab slab;
    void *used, *given;
    uint64_t id;

    (void)state;
    weft_slab_init(&slab, &weft_mem_libc, 8);
    used = weft_slab_take(&slab);
    given = weft_slab_take(&slab);
    id = weft_slab_id(&slab, used);
    weft_slab_give(&slab, given);
    for (uint64_t number = 0; number < 600; number++) {
        for (uint64_t generation = 0; generation < 10; generation++) {
            uint64_t made_up = generation << 32 | number;
            void *want = made_up == id ? used : NULL;

            assert_ptr_equal(weft_slab_find(&slab, made_up), want);
        }
    }
    for (unsigned bit = 0; bit < 64; bit++)
        assert_null(weft_slab_find(&slab, id ^ UINT64_C(1) << bit));
    assert_null(weft_slab_find(&slab, UINT64_MAX));
    weft_slab_give(&slab, used);
    weft_slab_release(&slab);
}

/* A slot whose generations are used up is not given out again. The test winds
 * the generation forward in the header, 8 bytes before the object. */
static void test_generations_end(void **state)
{
    struct weft_slab slab;
    uint32_t *object;
    uint64_t last;

    (void)state;
    weft_slab_init(&slab, &weft_mem_libc, 16);
    object = weft_slab_take(&slab);
    object[-2] = UINT32_MAX - 4;
    weft_slab_give(&slab, object);
    for (int i = 0; i < 2; i++) {
        void *again = weft_slab_take(&slab);

        if (i == 0) {
            assert_ptr_equal(again, object);
            last = weft_slab_id(&slab, object);
            assert_true(last >> 32 == UINT32_MAX - 2);
            weft_slab_give(&slab, object);
            assert_null(weft_slab_find(&slab, last));
        } else {
            assert_ptr_not_equal(again, object);
            weft_slab_give(&slab, again);
        }
    }
    assert_int_equal(slab.used, 0);
    assert_int_equal(slab.count, 2);
    weft_slab_release(&slab);
}

static void test_next(void **state)
{
    enum { OBJECTS = 700 };
    struct weft_slab slab;
    uint8_t *objects[OBJECTS];
    uint32_t from = 0;

    (void)state;
    weft_slab_init(&slab, &weft_mem_libc, 40);
    assert_null(weft_slab_next(&slab, &from));
    for (size_t i = 0; i < OBJECTS; i++)
        objects[i] = weft_slab_take(&slab);
    for (size_t i = 0; i < OBJECTS; i++) {
        if (i % 3 != 1)
            weft_slab_give(&slab, objects[i]);
    }
    for (size_t i = 1; i < OBJECTS; i += 3) {
        assert_ptr_equal(weft_slab_next(&slab, &from), objects[i]);
        weft_slab_give(&slab, objects[i]);
    }
    assert_null(weft_slab_next(&slab, &from));
    from = 0;
    assert_null(weft_slab_next(&slab, &from));
    weft_slab_release(&slab);
}

static void test_free_slots_are_poisoned(void **state)
{
    struct weft_slab slab;
    uint8_t *a, *b;

    (void)state;
    weft_slab_init(&slab, &weft_mem_libc, 40);
    a = weft_slab_take(&slab);
    b = weft_slab_take(&slab);
    weft_slab_give(&slab, a);
    for (size_t i = 0; i < 40; i++)
        assert_true(IS_POISONED(a + i));
    assert_true(IS_POISONED(b + 48)); /* not carved yet */
    a = weft_slab_take(&slab);
    memset(a, 1, 40);
    weft_slab_give(&slab, a);
    weft_slab_give(&slab, b);
    weft_slab_release(&slab);
}

static void test_without_memory(void **state)
{
    enum { OBJECTS = 5000 }; /* so that the table of blocks grows too */
    static void *objects[OBJECTS];
    long n = 0;
    size_t got;

    (void)state;
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_slab slab;

        weft_slab_init(&slab, &mem, 8);
        for (got = 0; got < OBJECTS; got++) {
            objects[got] = weft_slab_take(&slab);
            if (!objects[got])
                break;
        }
        assert_int_equal(slab.used, got);
        assert_int_equal(got % 256, got == OBJECTS ? OBJECTS % 256 : 0);
        for (size_t i = 0; i < got; i++) {
            assert_ptr_equal(
                weft_slab_find(&slab, weft_slab_id(&slab, objects[i])),
                objects[i]);
            weft_slab_give(&slab, objects[i]);
        }
        weft_slab_release(&slab);
        assert_int_equal(fm.live, 0);
    } while (got < OBJECTS);
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_are_zeroed_and_apart),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_made_up_ids),
        cmocka_unit_test(test_generations_end),
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_free_slots_are_poisoned),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
