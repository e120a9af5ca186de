/* SPDX-License-Identifier: MIT */
/* The pool is an allocator like any other to its users; what it holds and
 * keeps is counted to the byte; steady use asks nothing from below. */
#include "base/mem.h"
#include "base/poison.h"
#include "base/pool.h"
#include "support.h"

#include <stdlib.h>

#ifdef WEFT_HAS_ASAN
#include <sanitizer/asan_interface.h>
#define IS_POISONED(ptr) __asan_address_is_poisoned(ptr)
#else
#define IS_POISONED(ptr) true
#endif

static const size_t class_sizes[WEFT_POOL_CLASSES] = {
    64,     96,     128,    192,    256,     384,     512,     768,
    1024,   1536,   2048,   3072,   4096,    6144,    8192,    12288,
    16384,  24576,  32768,  49152,  65536,   98304,   131072,  196608,
    262144, 393216, 524288, 786432, 1048576, 1572864, 2097152,
};

#define LARGEST ((size_t)2097152)

struct fixture {
    struct fail_mem fm;
    struct weft_mem below;
    struct weft_pool pool;
};

static void begin(struct fixture *f, size_t keep_max)
{
    f->fm = (struct fail_mem){.left = -1};
    f->below = (struct weft_mem){fail_realloc, &f->fm};
    weft_pool_init(&f->pool, &f->below, keep_max);
    assert_int_equal(f->fm.calls, 0);
}

static void end(struct fixture *f)
{
    assert_int_equal(f->pool.held, 0);
    assert_int_equal(f->fm.live, f->pool.kept);
    weft_pool_release(&f->pool);
    weft_pool_release(&f->pool);
    assert_int_equal(f->fm.live, 0);
}

static size_t class_for(size_t size)
{
    for (size_t i = 0; i < WEFT_POOL_CLASSES; i++) {
        if (size <= class_sizes[i])
            return class_sizes[i];
    }
    return size;
}

/* Every size up to beyond the last class takes the least class it fits. */
static void test_classes(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, 0);
    for (size_t size = 1; size < 70000; size += size < 5000 ? 1 : 13) {
        char *p = weft_alloc(&f.pool.mem, size);

        assert_non_null(p);
        assert_int_equal(f.fm.live, class_for(size));
        assert_int_equal(f.pool.held, size);
        p[0] = p[size - 1] = 'x';
        weft_free(&f.pool.mem, p, size);
        assert_int_equal(f.fm.live, 0);
    }
    for (size_t i = 0; i < WEFT_POOL_CLASSES; i++) {
        for (size_t size = class_sizes[i]; size <= class_sizes[i] + 1; size++) {
            void *p = weft_alloc(&f.pool.mem, size);

            assert_int_equal(f.fm.live, class_for(size));
            weft_free(&f.pool.mem, p, size);
        }
    }
    assert_null(weft_alloc(&f.pool.mem, 0));
    end(&f);
}

static void test_blocks_come_again(void **state)
{
    struct fixture f;
    void *a, *b;

    (void)state;
    begin(&f, LARGEST);
    for (size_t i = 0; i < WEFT_POOL_CLASSES; i++) {
        a = weft_alloc(&f.pool.mem, class_sizes[i]);
        weft_free(&f.pool.mem, a, class_sizes[i]);
        assert_int_equal(f.pool.kept, class_sizes[i]);
        /* Another size of the class, the least one. */
        b = weft_alloc(&f.pool.mem, i ? class_sizes[i - 1] + 1 : 1);
        assert_ptr_equal(a, b);
        assert_int_equal(f.pool.kept, 0);
        weft_free(&f.pool.mem, b, i ? class_sizes[i - 1] + 1 : 1);
        weft_pool_release(&f.pool);
        weft_pool_init(&f.pool, &f.below, LARGEST);
    }
    end(&f);
}

static void test_keep_is_bounded(void **state)
{
    struct fixture f;
    void *blocks[10];

    (void)state;
    begin(&f, 64 * 3 + 63);
    for (size_t i = 0; i < COUNT(blocks); i++)
        blocks[i] = weft_alloc(&f.pool.mem, 50);
    assert_int_equal(f.pool.held, 500);
    for (size_t i = 0; i < COUNT(blocks); i++)
        weft_free(&f.pool.mem, blocks[i], 50);
    assert_int_equal(f.pool.kept, 64 * 3);
    assert_int_equal(f.fm.live, 64 * 3);
    end(&f);
}

static void test_large_blocks_pass_through(void **state)
{
    struct fixture f;
    char *p;

    (void)state;
    begin(&f, SIZE_MAX);
    p = weft_alloc(&f.pool.mem, LARGEST + 1);
    assert_int_equal(f.fm.live, LARGEST + 1);
    p[LARGEST] = 'x';
    p = weft_resize(&f.pool.mem, p, LARGEST + 1, LARGEST + 100001);
    assert_true(f.fm.live == LARGEST + 100001);
    assert_int_equal(f.pool.held, LARGEST + 100001);
    assert_int_equal(p[LARGEST], 'x');
    p[LARGEST + 100000] = 'y';
    weft_free(&f.pool.mem, p, LARGEST + 100001);
    assert_int_equal(f.fm.live, 0);
    end(&f);
}

static void fill(uint8_t *p, size_t size)
{
    for (size_t i = 0; i < size; i++)
        p[i] = (uint8_t)(i * 7);
}

static void check_filled(const uint8_t *p, size_t size)
{
    for (size_t i = 0; i < size; i++)
        assert_int_equal(p[i], (uint8_t)(i * 7));
}

/* Between any two of these sizes the bytes stay. */
static void test_resize(void **state)
{
    static const size_t sizes[] = {1,     63,    64,    65,    90,
                                   96,    97,    1000,  1024,  40000,
                                   65535, 65536, 65537, 70000, 200000};
    struct fixture f;

    (void)state;
    for (size_t keep = 0; keep <= 500000; keep += 500000) {
        begin(&f, keep);
        for (size_t i = 0; i < COUNT(sizes); i++) {
            for (size_t n = 0; n < COUNT(sizes); n++) {
                size_t from = sizes[i], to = sizes[n];
                uint8_t *p = weft_alloc(&f.pool.mem, from), *old = p;

                fill(p, from);
                p = weft_resize(&f.pool.mem, p, from, to);
                assert_int_equal(f.pool.held, to);
                assert_int_equal(f.fm.live - f.pool.kept, class_for(to));
                if (from <= LARGEST && class_for(from) == class_for(to))
                    assert_ptr_equal(p, old);
                check_filled(p, from < to ? from : to);
                fill(p, to);
                assert_null(weft_resize(&f.pool.mem, p, to, 0));
                assert_int_equal(f.pool.held, 0);
            }
        }
        end(&f);
    }
}

static void test_poison(void **state)
{
    struct fixture f;
    uint8_t *p;

    (void)state;
    begin(&f, 10000);
    for (size_t size = 1; size <= 200; size++) {
        size_t whole = class_for(size);

        p = weft_alloc(&f.pool.mem, size);
        fill(p, size);
        for (size_t i = size; i < whole; i++)
            assert_true(IS_POISONED(p + i));
        p = weft_resize(&f.pool.mem, p, size, whole);
        fill(p, whole);
        p = weft_resize(&f.pool.mem, p, whole, size);
        check_filled(p, size);
        weft_free(&f.pool.mem, p, size);
        for (size_t i = 0; i < whole; i++)
            assert_true(IS_POISONED(p + i));
    }
    end(&f);
}

/* Nothing from below means NULL, the old block as it was, the same counts. */
static void test_without_memory(void **state)
{
    static const struct {
        size_t from, to;
    } cases[] = {{10, 100},         {100, 10},       {1000, 70000},
                 {70000, 1000},     {1000, 3000000}, {3000000, 1000},
                 {3000000, 3500000}};
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t from = cases[i].from;
        uint8_t *p;

        begin(&f, 1000000);
        p = weft_alloc(&f.pool.mem, from);
        fill(p, from);
        f.fm.left = 0;
        assert_null(weft_alloc(&f.pool.mem, 5000));
        assert_null(weft_resize(&f.pool.mem, p, from, cases[i].to));
        assert_int_equal(f.pool.held, from);
        assert_int_equal(f.fm.live, class_for(from));
        check_filled(p, from);
        weft_free(&f.pool.mem, p, from);
        end(&f);
    }
}

struct block {
    uint8_t *p;
    size_t size;
    uint8_t byte;
};

static size_t random_size(void)
{
    unsigned log =
        random() % 50 ? 12 : 17; /* now and then beyond the classes */

    return 1 + (size_t)random() % ((size_t)64 << random() % log);
}

static void change(struct weft_pool *pool, struct block *block)
{
    size_t size = random() % 3 ? random_size() : 0;
    uint8_t *p;

    if (!block->p && size == 0)
        return;
    for (size_t i = 0; i < block->size; i += 31)
        assert_int_equal(block->p[i], block->byte);
    p = weft_resize(&pool->mem, block->p, block->size, size);
    assert_true((p != NULL) == (size > 0));
    for (size_t i = 0; i < size && i < block->size; i += 31)
        assert_int_equal(p[i], block->byte);
    *block = (struct block){p, size, (uint8_t)random()};
    if (p)
        memset(p, block->byte, size);
}

/* Random users who check that nobody else writes to their blocks. */
static void test_random(void **state)
{
    enum { BLOCKS = 50, KEEP = 300000 };
    struct block blocks[BLOCKS] = {{0}};
    struct fixture f;
    size_t held, got;

    (void)state;
    srandom(5);
    begin(&f, KEEP);
    for (int i = 0; i < 10000; i++) {
        change(&f.pool, &blocks[random() % BLOCKS]);
        held = got = 0;
        for (size_t n = 0; n < BLOCKS; n++) {
            held += blocks[n].size;
            got += blocks[n].p ? class_for(blocks[n].size) : 0;
        }
        assert_int_equal(f.pool.held, held);
        assert_true(f.pool.kept <= KEEP);
        assert_int_equal(f.fm.live, got + f.pool.kept);
    }
    for (size_t n = 0; n < BLOCKS; n++)
        weft_free(&f.pool.mem, blocks[n].p, blocks[n].size);
    end(&f);
}

static void test_steady_state(void **state)
{
    static const size_t sizes[] = {100, 4000, 65536, 17, 300};
    struct fixture f;
    long calls = 0;

    (void)state;
    begin(&f, 1000000);
    for (int round = 0; round < 100; round++) {
        void *blocks[COUNT(sizes)];

        for (size_t i = 0; i < COUNT(sizes); i++)
            blocks[i] = weft_alloc(&f.pool.mem, sizes[i]);
        for (size_t i = 0; i < COUNT(sizes); i++)
            weft_free(&f.pool.mem, blocks[i], sizes[i]);
        if (round == 0)
            calls = f.fm.calls;
        assert_int_equal(f.fm.calls, calls);
    }
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_blocks_come_again),
        cmocka_unit_test(test_keep_is_bounded),
        cmocka_unit_test(test_large_blocks_pass_through),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_poison),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_steady_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
