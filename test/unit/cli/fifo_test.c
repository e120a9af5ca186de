/* SPDX-License-Identifier: MIT */
#include "cli/fifo.h"
#include "support.h"

/* Puts in and takes out numbered bytes in odd portions: what comes out is what
 * went in, in order, and the block stays as small as what it holds asks for. */
static void test_order(void **state)
{
    struct fifo fifo = {0};
    uint8_t in = 0, out = 0;
    size_t held = 0;

    (void)state;
    for (size_t round = 0; round < 3000; round++) {
        size_t add = round * 7 % 601, take = round * 11 % 607;
        char *room = fifo_room(&fifo, add);

        assert_non_null(room);
        for (size_t i = 0; i < add; i++)
            room[i] = (char)in++;
        fifo_added(&fifo, add);
        held += add;
        take = take < held ? take : held;
        for (size_t i = 0; i < take; i++)
            CHECK((uint8_t)fifo_bytes(&fifo)[i] == out++, "round %zu", round);
        fifo_take(&fifo, take);
        held -= take;
        CHECK(fifo.len == held, "round %zu: %zu", round, fifo.len);
    }
    CHECK(fifo.size <= 8192 || fifo.size <= 4 * held, "%zu", fifo.size);
    fifo_release(&fifo);
    assert_int_equal(fifo.size, 0);
}

static void test_empty(void **state)
{
    struct fifo fifo = {0};

    (void)state;
    assert_non_null(fifo_bytes(&fifo));
    assert_true(fifo_add(&fifo, "", 0));
    fifo_take(&fifo, 0);
    assert_int_equal(fifo.len, 0);
    fifo_release(&fifo);
    fifo_release(&fifo);
}

/* What was large is given back once it is empty; what was small is kept. */
static void test_given_back(void **state)
{
    struct fifo fifo = {0};

    (void)state;
    assert_true(fifo_add(&fifo, "small", 5));
    fifo_take(&fifo, 5);
    assert_int_equal(fifo.size, 4096);
    assert_non_null(fifo_room(&fifo, 1 << 20));
    fifo_added(&fifo, 1 << 20);
    fifo_take(&fifo, (1 << 20) - 1);
    assert_true(fifo.size >= 1 << 20);
    fifo_take(&fifo, 1);
    assert_int_equal(fifo.size, 0);
    fifo_release(&fifo);
}

static void test_too_much(void **state)
{
    struct fifo fifo = {0};

    (void)state;
    assert_true(fifo_add(&fifo, "kept", 4));
    assert_null(fifo_room(&fifo, SIZE_MAX));
    assert_null(fifo_room(&fifo, SIZE_MAX / 2));
    assert_memory_equal(fifo_bytes(&fifo), "kept", 4);
    fifo_release(&fifo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_given_back),
        cmocka_unit_test(test_too_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
