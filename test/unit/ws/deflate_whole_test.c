/* SPDX-License-Identifier: MIT */
/*
 * libdeflate: what it packs is read by zlib in any cutting and has no block
 * that is marked as the last; what it unpacks is what zlib makes of it, or it
 * leaves it to zlib. Where there is no libdeflate everything is left to zlib.
 */
#include "ws/deflate_internal.h"

#include "base/mem.h"
#include "deflate_peer.h"

#define MIB ((size_t)1 << 20)

#ifdef WEFT_HAVE_LIBDEFLATE
#define HAVE_WHOLE true
#else
#define HAVE_WHOLE false
#endif

static struct weft_deflate_pool *pool_new(void)
{
    struct weft_deflate_pool *pool =
        weft_deflate_pool_new(&weft_mem_libc, NULL);

    assert_non_null(pool);
    return pool;
}

/* Several messages to one peer with one state, as each context may be the
 * same; a mark of the last block would end its stream. */
static void test_packed(void **state)
{
    static const size_t sizes[] = {1,    2,     3,     20,     127,    128,
                                   1024, 10000, 65536, 100000, 300000, MIB};
    struct weft_deflate_pool *pool = pool_new();
    uint8_t *data = malloc(MIB);

    (void)state;
    assert_non_null(data);
    for (enum peer_bytes kind = PEER_TEXT; kind <= PEER_REPEATED; kind++) {
        z_stream peer;

        peer_unpacker(&peer, 15);
        peer_fill(data, MIB, kind, 3000);
        for (size_t i = 0; i < COUNT(sizes) * 3; i++) {
            size_t len = sizes[i / 3], most = len + len / 8 + 100;
            int rc;

            weft_deflate_reuse(&pool->packed);
            rc = weft_deflate_whole_pack(pool, 1 + (int)(i % 3) * 4, data, len,
                                         most);
            assert_int_equal(rc, HAVE_WHOLE ? 1 : WEFT_ERR_NOMEM);
            if (rc < 0)
                continue;
            assert_in_range(pool->packed.len, 1, most);
            CHECK(peer_reads(&peer, pool->packed.data, pool->packed.len, data,
                             len, false),
                  "kind %d, %zu bytes: %s", kind, len,
                  peer.msg ? peer.msg : "");
        }
        inflateEnd(&peer);
    }
    free(data);
    weft_deflate_pool_free(pool);
}

/* Every length has its own number of bits left over at the end. */
static void test_every_end(void **state)
{
    struct weft_deflate_pool *pool = pool_new();
    uint8_t data[600];
    z_stream peer;

    (void)state;
    peer_unpacker(&peer, 15);
    peer_fill(data, sizeof(data), PEER_TEXT, 0);
    for (size_t len = 1; HAVE_WHOLE && len < sizeof(data); len++) {
        weft_deflate_reuse(&pool->packed);
        assert_int_equal(weft_deflate_whole_pack(pool, 6, data, len, 1000), 1);
        CHECK(peer_reads(&peer, pool->packed.data, pool->packed.len, data, len,
                         false),
              "%zu bytes", len);
    }
    inflateEnd(&peer);
    weft_deflate_pool_free(pool);
}

/* What does not get short enough is given up, without a byte too many. */
static void test_most(void **state)
{
    struct weft_deflate_pool *pool = pool_new();
    uint8_t data[2000];

    (void)state;
    for (enum peer_bytes kind = PEER_TEXT; kind <= PEER_RANDOM; kind++) {
        peer_fill(data, sizeof(data), kind, 0);
        for (size_t most = 0; HAVE_WHOLE && most < 2100; most++) {
            int rc;

            weft_deflate_pool_trim(pool);
            rc = weft_deflate_whole_pack(pool, 6, data, sizeof(data), most);
            assert_in_range(rc, 0, 1);
            if (rc == 1)
                assert_in_range(pool->packed.len, 1, most);
        }
    }
    weft_deflate_pool_free(pool);
}

/* Messages that are right or wrong: zlib's verdict holds, where libdeflate has
 * one too. */
static const struct {
    const char *what, *hex, *text;
    bool is_zlibs;
} cases[] = {
    {"Hello", "f248cdc9c90700", "Hello", false},
    {"stored", "000500faff48656c6c6f00", "Hello", false},
    {"two blocks", "f248050000 00ffffcac9c90700", "Hello", false},
    {"empty", "00", "", false},
    {"marked as the last", "f348cdc9c9070000", "Hello", false},
    {"the last, and no more", "f348cdc9c90700", "Hello", false},
    {"a last block in the middle", "f348cdc9c90700f248cdc9c90700", "", true},
    {"a window behind a last block", "f348cdc9c90700f200110000", "", true},
    {"two bytes behind the last", "f348cdc9c907000000", "", true},
    {"nothing at all", "", "", true},
    {"block type 3", "07", "", true},
    {"a distance into nothing", "f200110000", "", true},
    {"cut in a stored block", "000500faff48656c", "", true},
    {"cut in codes", "f248cd", "", true},
    {"cut before the flush", "f248cdc9c907", "", true},
};

static void test_unpacked(void **state)
{
    struct weft_deflate_pool *pool = pool_new();

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[64];
        size_t len = unhex(bytes, cases[i].hex);
        bool is_zlibs = cases[i].is_zlibs || !HAVE_WHOLE;
        int rc =
            weft_deflate_whole_unpack(pool, at_page_end(bytes, len), len, 100);

        CHECK(rc == !is_zlibs, "%s: %d", cases[i].what, rc);
        CHECK(pool->unpacked.len == (is_zlibs ? 0 : strlen(cases[i].text)) &&
                  !memcmp(pool->unpacked.data
                              ? (const void *)pool->unpacked.data
                              : "",
                          cases[i].text, pool->unpacked.len),
              "%s", cases[i].what);
        weft_deflate_reuse(&pool->unpacked);
    }
    weft_deflate_pool_free(pool);
}

static void test_limits(void **state)
{
    static const size_t sizes[] = {1,      2,      1000,   131071,
                                   131072, 131073, 600000, MIB};
    struct weft_deflate_pool *pool = pool_new();
    uint8_t *data = malloc(MIB);

    (void)state;
    assert_non_null(data);
    peer_fill(data, MIB, PEER_TEXT, 0);
    for (size_t i = 0; HAVE_WHOLE && i < COUNT(sizes) * 3; i++) {
        size_t len = sizes[i / 3], limit = len + i % 3 - 1;
        uint8_t *packed;
        z_stream z;
        size_t n;
        int rc, want = limit >= len ? 1 : limit > 0 ? WEFT_ERR_LIMIT : 0;

        peer_packer(&z, 6, 15);
        n = peer_pack(&z, data, len, &packed);
        weft_deflate_reuse(&pool->unpacked);
        rc = weft_deflate_whole_unpack(pool, packed, n, limit);
        CHECK(rc == want, "%zu of %zu: %d", limit, len, rc);
        if (rc == 1) {
            assert_int_equal(pool->unpacked.len, len);
            assert_memory_equal(pool->unpacked.data, data, len);
        }
        free(packed);
        deflateEnd(&z);
    }
    free(data);
    weft_deflate_pool_free(pool);
}

/* T2: the scratch never gets larger than the limit. */
static void test_bomb(void **state)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_deflate_pool *pool = weft_deflate_pool_new(&mem, NULL);
    uint8_t *zeros = calloc(1, 8 * MIB), *bomb;
    size_t len;
    z_stream z;

    (void)state;
    assert_non_null(zeros);
    peer_packer(&z, 9, 15);
    len = peer_pack(&z, zeros, 8 * MIB, &bomb);
    if (HAVE_WHOLE)
        assert_int_equal(weft_deflate_whole_unpack(pool, bomb, len, MIB),
                         WEFT_ERR_LIMIT);
    assert_in_range(fm.peak, 0, MIB + len + 65536);
    weft_deflate_pool_free(pool);
    assert_int_equal(fm.live, 0);
    free(bomb);
    free(zeros);
    deflateEnd(&z);
}

static void test_no_memory(void **state)
{
    uint8_t data[4000];
    int packed = -1, unpacked = 0;

    (void)state;
    peer_fill(data, sizeof(data), PEER_TEXT, 0);
    for (long n = 1; HAVE_WHOLE && (packed < 0 || unpacked == 0); n++) {
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_deflate_pool *pool = weft_deflate_pool_new(&mem, NULL);

        assert_in_range(n, 0, 100);
        fm.left = n;
        packed = weft_deflate_whole_pack(pool, 6, data, sizeof(data), 3999);
        CHECK(packed == 1 || packed == WEFT_ERR_NOMEM, "%d", packed);
        fm.left = n;
        if (packed == 1)
            unpacked = weft_deflate_whole_unpack(
                pool, pool->packed.data, pool->packed.len, sizeof(data));
        assert_in_range(unpacked, 0, 1);
        fm.left = -1;
        weft_deflate_pool_free(pool);
        assert_int_equal(fm.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed),    cmocka_unit_test(test_every_end),
        cmocka_unit_test(test_most),      cmocka_unit_test(test_unpacked),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
