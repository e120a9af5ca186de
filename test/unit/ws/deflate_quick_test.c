/* SPDX-License-Identifier: MIT */
/*
 * Our own compressor: what it packs is read by zlib, at every level, window and
 * length, and by one that keeps no more than the window; it is nearly as short
 * as what zlib makes; and it depends on nothing that was packed before.
 */
#include "ws/deflate_internal.h"

#include "base/mem.h"
#include "deflate_peer.h"

#define MIB ((size_t)1 << 20)

static struct weft_deflate_pool *pool_new(void)
{
    struct weft_deflate_pool *pool =
        weft_deflate_pool_new(&weft_mem_libc, NULL);

    assert_non_null(pool);
    return pool;
}

static struct weft_deflate_key key_of(int level, int bits)
{
    return (struct weft_deflate_key){.window_bits = (uint8_t)bits,
                                     .level = (uint8_t)level};
}

static int pack(struct weft_deflate_pool *pool, int level, int bits,
                const void *data, size_t len, size_t most)
{
    const struct weft_deflate_key key = key_of(level, bits);

    weft_deflate_reuse(&pool->packed);
    return weft_deflate_quick_pack(pool, &key, data, len, most);
}

/* Several messages to one peer with one state, as each context may be the same.
 * Random bytes become stored blocks, five bytes for each 64 KiB. */
static void test_packed(void **state)
{
    static const size_t sizes[] = {0,     1,     3,     4,      15,     16,
                                   17,    20,    127,   1024,   10000,  32768,
                                   65535, 65536, 70001, 100000, 300000, MIB};
    /* Blocks of a small build have a few bytes each. */
    const size_t share = WEFT_BLOCK_SEQUENCES > 100 ? 200 : 1;
    struct weft_deflate_pool *pool = pool_new();
    uint8_t *data = malloc(MIB);

    (void)state;
    assert_non_null(data);
    for (enum peer_bytes kind = PEER_TEXT; kind <= PEER_REPEATED; kind++) {
        z_stream peer;

        peer_unpacker(&peer, 15);
        peer_fill(data, MIB, kind, 3000);
        for (size_t i = 0; i < COUNT(sizes) * 4; i++) {
            size_t len = sizes[i / 4], most = len + len / share + 100;
            int level = 1 + (int)(i % 4);

            assert_int_equal(pack(pool, level, 15, data, len, most), 1);
            assert_in_range(pool->packed.len, 1, most);
            CHECK(peer_reads(&peer, pool->packed.data, pool->packed.len, data,
                             len, false),
                  "kind %d, %zu bytes, level %d: %s", kind, len, level,
                  peer.msg ? peer.msg : "");
        }
        inflateEnd(&peer);
    }
    free(data);
    weft_deflate_pool_free(pool);
}

/* Not a byte behind the message is read, and every number of bits can be left
 * over at its end. */
static void test_every_length(void **state)
{
    struct weft_deflate_pool *pool = pool_new();
    uint8_t data[1200];
    z_stream peer;

    (void)state;
    peer_unpacker(&peer, 15);
    for (enum peer_bytes kind = PEER_TEXT; kind <= PEER_REPEATED; kind++) {
        peer_fill(data, sizeof(data), kind, 30);
        for (size_t len = 0; len < sizeof(data); len++) {
            const uint8_t *end = at_page_end(data, len);
            int level = 1 + (int)(len % 4);

            assert_int_equal(pack(pool, level, 15, end, len, 2000), 1);
            CHECK(peer_reads(&peer, pool->packed.data, pool->packed.len, data,
                             len, false),
                  "kind %d, %zu bytes", kind, len);
        }
    }
    inflateEnd(&peer);
    weft_deflate_pool_free(pool);
}

/* Bytes that come again right within the window, and right beyond. */
static void test_windows(void **state)
{
    struct weft_deflate_pool *pool = pool_new();
    size_t len = 150000;
    uint8_t *data = malloc(len);

    (void)state;
    assert_non_null(data);
    for (int i = 0; i < 8 * 4 * 4; i++) {
        int bits = 8 + i / 16, level = 1 + i / 4 % 4;
        size_t window = (size_t)1 << bits, distance = window + (size_t)(i % 4);
        z_stream peer;

        distance -= 1;
        peer_fill(data, len, i % 4 == 3 ? PEER_TEXT : PEER_REPEATED, distance);
        peer_unpacker(&peer, bits);
        assert_int_equal(pack(pool, level, bits, data, len, 2 * len), 1);
        CHECK(peer_reads(&peer, pool->packed.data, pool->packed.len, data, len,
                         true),
              "%d bits, level %d, distance %zu: %s", bits, level, distance,
              peer.msg ? peer.msg : "");
        /* A small build has small blocks, where a head costs more. Low levels
         * do not look into what a match covers, and where long stretches do not
         * repeat none looks everywhere. */
        if (i % 4 < 2 && bits <= 12 && level >= 3 && WEFT_BLOCK_SEQUENCES > 100)
            CHECK(pool->packed.len < window + len / 16,
                  "%d bits, level %d, distance %zu: %zu bytes", bits, level,
                  distance, pool->packed.len);
        inflateEnd(&peer);
    }
    free(data);
    weft_deflate_pool_free(pool);
}

/* What does not get short enough is given up, without a byte too many. */
static void test_most(void **state)
{
    struct weft_deflate_pool *pool = pool_new();
    uint8_t data[2000];

    (void)state;
    for (enum peer_bytes kind = PEER_TEXT; kind <= PEER_RANDOM; kind++) {
        size_t needed;

        peer_fill(data, sizeof(data), kind, 0);
        assert_int_equal(pack(pool, 3, 15, data, sizeof(data), 3000), 1);
        needed = pool->packed.len;
        for (size_t most = 0; most < 2100; most++) {
            int rc;

            weft_deflate_pool_trim(pool);
            rc = pack(pool, 3, 15, data, sizeof(data), most);
            assert_int_equal(rc, most >= needed);
            assert_int_equal(pool->packed.len, rc ? needed : 0);
        }
    }
    weft_deflate_pool_free(pool);
}

/* Nothing of one message can be told from the length of another. */
static void test_no_memory_of_others(void **state)
{
    struct weft_deflate_pool *pool = pool_new();
    size_t first;
    uint8_t secret[5000], data[3000], made[3000];

    (void)state;
    peer_fill(secret, sizeof(secret), PEER_REPEATED, 2000);
    memcpy(data, secret + 100, sizeof(data));
    for (int level = 1; level <= WEFT_DEFLATE_QUICK_LEVELS; level++) {
        weft_deflate_pool_trim(pool);
        assert_int_equal(pack(pool, level, 15, data, sizeof(data), 3000), 1);
        first = pool->packed.len;
        memcpy(made, pool->packed.data, first);
        pack(pool, level, 15, secret, sizeof(secret), 9000);
        assert_int_equal(pack(pool, level, 15, data, sizeof(data), 3000), 1);
        assert_int_equal(pool->packed.len, first);
        assert_memory_equal(pool->packed.data, made, first);
    }
    weft_deflate_pool_free(pool);
}

static size_t packed_by_zlib(const uint8_t *data, size_t len)
{
    uint8_t *packed;
    z_stream z;

    peer_packer(&z, 6, 15);
    len = peer_pack(&z, data, len, &packed);
    free(packed);
    deflateEnd(&z);
    return len;
}

/* The default makes at most an eighth more of a text than zlib's level 6, and
 * level by level it gets shorter, give or take a hundredth. */
static void test_ratio(void **state)
{
    static const size_t sizes[] = {256, 1024, 4096, 16384, 65536, MIB};
    struct weft_deflate_pool *pool = pool_new();
    uint8_t *data = malloc(MIB);

    (void)state;
    assert_non_null(data);
    peer_fill(data, MIB, PEER_TEXT, 0);
    for (size_t i = 0; WEFT_BLOCK_SEQUENCES > 100 && i < COUNT(sizes); i++) {
        size_t by_zlib = packed_by_zlib(data, sizes[i]), before = SIZE_MAX / 2;

        for (int level = 1; level <= WEFT_DEFLATE_QUICK_LEVELS; level++) {
            assert_int_equal(pack(pool, level, 15, data, sizes[i], sizes[i]),
                             1);
            CHECK(pool->packed.len <= before + before / 100,
                  "%zu bytes at level %d: %zu after %zu", sizes[i], level,
                  pool->packed.len, before);
            before = pool->packed.len;
            if (level == 3)
                CHECK(before <= by_zlib + by_zlib / 8, "%zu bytes: %zu and %zu",
                      sizes[i], before, by_zlib);
        }
    }
    free(data);
    weft_deflate_pool_free(pool);
}

static void test_no_memory(void **state)
{
    uint8_t data[4000];
    int rc = WEFT_ERR_NOMEM;

    (void)state;
    peer_fill(data, sizeof(data), PEER_TEXT, 0);
    for (long n = 0; rc != 1; n++) {
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_deflate_pool *pool = weft_deflate_pool_new(&mem, NULL);

        assert_in_range(n, 0, 100);
        fm.left = n;
        rc = pack(pool, 3, 15, data, sizeof(data), 3999);
        CHECK(rc == 1 || rc == WEFT_ERR_NOMEM, "%d", rc);
        if (rc != 1)
            assert_int_equal(pool->packed.len, 0);
        fm.left = -1;
        weft_deflate_pool_free(pool);
        assert_int_equal(fm.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_most),
        cmocka_unit_test(test_no_memory_of_others),
        cmocka_unit_test(test_ratio),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
