/* SPDX-License-Identifier: MIT */
/* What waits in a pool, what it holds, and the budget. */
#include "ws/deflate_internal.h"

#include "base/mem.h"
#include "deflate_peer.h"

static const struct weft_deflate_key unpacker = {true, 15, 0, 0};
static const struct weft_deflate_key packer = {false, 15, 6, 8};

static void test_a_stream_is_used_again(void **state)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_deflate_pool *pool = weft_deflate_pool_new(&mem, NULL);
    struct weft_deflate_stream *stream;
    long calls;

    (void)state;
    for (int turn = 0; turn < 3; turn++) {
        if (turn == 1)
            calls = fm.calls;
        stream = weft_deflate_take(pool, &packer);
        assert_non_null(stream);
        weft_deflate_give(pool, stream);
        stream = weft_deflate_take(pool, &unpacker);
        assert_non_null(stream);
        weft_deflate_give(pool, stream);
        if (turn == 0)
            calls = fm.calls;
    }
    if (WEFT_DEFLATE_IDLE > 0)
        assert_int_equal(fm.calls, calls);
    weft_deflate_pool_trim(pool);
    assert_int_equal(fm.live, sizeof(*pool));
    weft_deflate_pool_free(pool);
    assert_int_equal(fm.live, 0);
    weft_deflate_pool_free(NULL);
}

/* Each difference makes another stream. */
static void test_keys(void **state)
{
    static const struct weft_deflate_key keys[] = {
        {true, 15, 0, 0},  {true, 8, 0, 0},   {false, 15, 6, 8},
        {false, 15, 6, 9}, {false, 15, 1, 8}, {false, 9, 6, 8},
        {false, 8, 6, 8},
    };
    struct weft_deflate_pool *pool =
        weft_deflate_pool_new(&weft_mem_libc, NULL);

    (void)state;
    for (size_t i = 0; i < 3 * COUNT(keys); i++) {
        const struct weft_deflate_key *key = &keys[i % COUNT(keys)];
        struct weft_deflate_stream *stream = weft_deflate_take(pool, key);

        assert_non_null(stream);
        assert_memory_equal(&stream->key, key, sizeof(*key));
        weft_deflate_give(pool, stream);
    }
    weft_deflate_give(pool, NULL);
    weft_deflate_pool_free(pool);
}

static void test_few_wait(void **state)
{
    struct weft_deflate_pool *pool =
        weft_deflate_pool_new(&weft_mem_libc, NULL);
    struct weft_deflate_stream *streams[WEFT_DEFLATE_IDLE + 3];

    (void)state;
    for (size_t i = 0; i < COUNT(streams); i++)
        streams[i] = weft_deflate_take(pool, &unpacker);
    for (size_t i = 0; i < COUNT(streams); i++)
        weft_deflate_give(pool, streams[i]);
    assert_int_equal(pool->idle_count, WEFT_DEFLATE_IDLE);
    weft_deflate_pool_trim(pool);
    assert_int_equal(pool->idle_count, 0);
    assert_true(weft_list_is_empty(&pool->idle));
    weft_deflate_pool_free(pool);
}

/* A stream that was another's refers to nothing of it (hostile.md T8). */
static void test_nothing_is_left(void **state)
{
    static const uint8_t hello[] = "\xf2\x48\xcd\xc9\xc9\x07";
    static const uint8_t again[] = "\xf2\x00\x11\x00"; /* distance 5 */
    struct weft_deflate_pool *pool =
        weft_deflate_pool_new(&weft_mem_libc, NULL);
    struct weft_deflate_stream *stream = weft_deflate_take(pool, &unpacker);
    struct weft_deflate_sink sink = {&pool->unpacked, 64, NULL};

    (void)state;
    assert_int_equal(weft_deflate_unpack(stream, hello, 7, true, &sink), 0);
    assert_int_equal(weft_deflate_unpack(stream, again, 5, true, &sink), 0);
    weft_deflate_give(pool, stream);
    stream = weft_deflate_take(pool, &unpacker);
    assert_int_equal(weft_deflate_unpack(stream, again, 5, true, &sink),
                     WEFT_ERR_INVALID_DATA);
    assert_non_null(sink.why);
    /* Also when it was left in the middle of what is wrong. */
    weft_deflate_give(pool, stream);
    stream = weft_deflate_take(pool, &unpacker);
    weft_deflate_reuse(&pool->unpacked);
    assert_int_equal(weft_deflate_unpack(stream, hello, 7, true, &sink), 0);
    assert_memory_equal(pool->unpacked.data, "Hello", 5);
    weft_deflate_give(pool, stream);
    weft_deflate_pool_free(pool);
}

static void test_large_buffers_go(void **state)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_deflate_pool *pool = weft_deflate_pool_new(&mem, NULL);
    size_t before = fm.live;

    (void)state;
    assert_int_equal(weft_buf_reserve(&pool->packed, WEFT_DEFLATE_KEPT + 1), 0);
    weft_deflate_reuse(&pool->packed);
    assert_int_equal(fm.live, before);
    assert_int_equal(weft_buf_reserve(&pool->packed, 100), 0);
    pool->packed.len = 100;
    weft_deflate_reuse(&pool->packed);
    assert_int_equal(pool->packed.len, 0);
    if (WEFT_DEFLATE_KEPT >= 100)
        assert_int_equal(fm.live, before + pool->packed.cap);
    weft_deflate_pool_trim(pool);
    assert_int_equal(fm.live, before);
    weft_deflate_pool_free(pool);
}

static void test_no_memory(void **state)
{
    static const struct weft_deflate_key *const keys[] = {&packer, &unpacker};

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct weft_deflate_stream *stream = NULL;

        for (long n = 0; !stream; n++) {
            struct fail_mem fm = {.left = n};
            struct weft_mem mem = {fail_realloc, &fm};
            struct weft_deflate_pool *pool = weft_deflate_pool_new(&mem, NULL);

            assert_in_range(n, 0, 20);
            if (pool)
                stream = weft_deflate_take(pool, keys[i]);
            if (stream)
                weft_deflate_give(pool, stream);
            weft_deflate_pool_free(pool);
            assert_int_equal(fm.live, 0);
        }
    }
}

/* What a context is charged is what it really holds, and little more. */
static void test_sizes(void **state)
{
    static const struct weft_deflate_key keys[] = {
        {true, 15, 0, 0},  {true, 12, 0, 0},  {true, 8, 0, 0},
        {false, 15, 6, 8}, {false, 15, 9, 9}, {false, 12, 1, 4},
        {false, 9, 6, 1},  {false, 8, 6, 8},
    };
    uint8_t data[65536];

    (void)state;
    peer_fill(data, sizeof(data), PEER_TEXT, 0);
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_deflate_pool *pool = weft_deflate_pool_new(&mem, NULL);
        size_t before = fm.live, held;
        size_t said = weft_deflate_context_size(&keys[i]);
        struct weft_deflate_stream *stream = weft_deflate_take(pool, &keys[i]);
        struct weft_deflate_sink sink = {&pool->unpacked, 9, NULL};

        /* A stored block, so that an unpacker has its window. */
        if (keys[i].is_unpacker)
            assert_int_equal(
                weft_deflate_unpack(stream,
                                    (const uint8_t *)"\x00\x01\x00\xfe\xff"
                                                     "a\x00",
                                    7, true, &sink),
                0);
        else
            assert_int_equal(weft_deflate_pack(stream, data, sizeof(data),
                                               SIZE_MAX, &pool->packed),
                             1);
        held = fm.live - before - pool->unpacked.cap - pool->packed.cap;
        CHECK(held <= said && said - held < said / 5 + 4096,
              "key %zu: %zu, not %zu", i, held, said);
        weft_deflate_give(pool, stream);
        weft_deflate_pool_free(pool);
    }
}

static void test_budget(void **state)
{
    struct weft_deflate_budget budget = {.ceiling = 1000};
    struct weft_deflate_pool *pool =
        weft_deflate_pool_new(&weft_mem_libc, &budget);
    struct weft_deflate_pool *other =
        weft_deflate_pool_new(&weft_mem_libc, &budget);
    struct weft_deflate_pool *free_one =
        weft_deflate_pool_new(&weft_mem_libc, NULL);

    (void)state;
    assert_true(weft_deflate_charge(pool, 600, false));
    assert_false(weft_deflate_charge(other, 401, false));
    assert_int_equal(budget.used, 600);
    assert_true(weft_deflate_charge(other, 400, false));
    assert_false(weft_deflate_charge(pool, 1, false));
    assert_true(weft_deflate_charge(pool, 1, true));
    assert_int_equal(budget.used, 1001);
    weft_deflate_discharge(pool, 601);
    assert_int_equal(budget.used, 400);
    assert_true(weft_deflate_charge(free_one, SIZE_MAX, false));
    weft_deflate_discharge(free_one, SIZE_MAX);
    weft_deflate_pool_free(pool);
    weft_deflate_pool_free(other);
    weft_deflate_pool_free(free_one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stream_is_used_again),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_few_wait),
        cmocka_unit_test(test_nothing_is_left),
        cmocka_unit_test(test_large_buffers_go),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_budget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
