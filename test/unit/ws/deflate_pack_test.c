/* SPDX-License-Identifier: MIT */
/*
 * Compressing with zlib, read again by zlib as a peer has it: with the window
 * that was agreed on and no more, of 8 bits too, which zlib cannot make.
 */
#include "ws/deflate_internal.h"

#include "base/mem.h"
#include "deflate_peer.h"

static struct weft_deflate_key key_of(int bits, int level, int memory_level)
{
    return (struct weft_deflate_key){.window_bits = (uint8_t)bits,
                                     .level = (uint8_t)level,
                                     .memory_level = (uint8_t)memory_level};
}

/* Packs messages one after the other with one context, and has a peer read
 * them with a window of just so many bits. */
static void check_window(const struct weft_deflate_key *key,
                         const uint8_t *data, size_t len, size_t message)
{
    struct weft_deflate_pool *pool =
        weft_deflate_pool_new(&weft_mem_libc, NULL);
    struct weft_deflate_stream *stream = weft_deflate_take(pool, key);
    z_stream peer;

    assert_non_null(stream);
    peer_unpacker(&peer, key->window_bits);
    for (size_t at = 0; at + message <= len; at += message) {
        weft_deflate_reuse(&pool->packed);
        assert_int_equal(weft_deflate_pack(stream, data + at, message, SIZE_MAX,
                                           &pool->packed),
                         1);
        CHECK(peer_reads(&peer, pool->packed.data, pool->packed.len, data + at,
                         message, true),
              "window %d, level %d, %zu bytes at %zu: %s", key->window_bits,
              key->level, message, at, peer.msg ? peer.msg : "");
    }
    inflateEnd(&peer);
    weft_deflate_give(pool, stream);
    weft_deflate_pool_free(pool);
}

/* Bytes that come again just within and just beyond the window. */
static void test_windows(void **state)
{
    uint8_t *data = malloc(80000);

    (void)state;
    assert_non_null(data);
    for (int bits = 8; bits <= 15; bits++) {
        size_t window = (size_t)1 << bits;
        size_t distances[] = {window - 262 > window ? 250 : window - 262,
                              window - 6, window, window + 1};

        for (size_t i = 0; i < COUNT(distances); i++) {
            peer_fill(data, 80000, PEER_REPEATED, distances[i]);
            for (int level = 1; level <= 9; level += bits > 9 ? 4 : 1) {
                struct weft_deflate_key key = key_of(bits, level, 8);

                check_window(&key, data, 2 * window + 1000, window + 300);
            }
        }
    }
    free(data);
}

/* Around the 250 bytes that zlib looks back with a window of 9 bits: nowhere
 * does it leave the 256 of one of 8, at no level and with any memory. */
static void test_window_of_8_bits(void **state)
{
    uint8_t data[4096];

    (void)state;
    for (size_t distance = 244; distance <= 264; distance++) {
        peer_fill(data, sizeof(data), PEER_REPEATED, distance);
        for (int level = 1; level <= 9; level++) {
            struct weft_deflate_key key = key_of(8, level, 1 + level % 9);

            check_window(&key, data, sizeof(data), 4096);
            check_window(&key, data, sizeof(data), 100);
        }
    }
}

static void test_sizes(void **state)
{
    static const size_t sizes[] = {1, 2, 127, 128, 1024, 65536, 1048576};
    uint8_t *data = malloc(1048576);

    (void)state;
    assert_non_null(data);
    for (enum peer_bytes kind = PEER_TEXT; kind <= PEER_RANDOM; kind++) {
        struct weft_deflate_pool *pool =
            weft_deflate_pool_new(&weft_mem_libc, NULL);
        struct weft_deflate_key key = key_of(15, 6, 8);
        struct weft_deflate_stream *stream = weft_deflate_take(pool, &key);
        z_stream peer;

        peer_fill(data, 1048576, kind, 0);
        peer_unpacker(&peer, 15);
        for (size_t i = 0; i < COUNT(sizes); i++) {
            weft_deflate_reuse(&pool->packed);
            assert_int_equal(weft_deflate_pack(stream, data, sizes[i], SIZE_MAX,
                                               &pool->packed),
                             1);
            CHECK(peer_reads(&peer, pool->packed.data, pool->packed.len, data,
                             sizes[i], false),
                  "%zu bytes", sizes[i]);
        }
        inflateEnd(&peer);
        weft_deflate_give(pool, stream);
        weft_deflate_pool_free(pool);
    }
    free(data);
}

/* With most, what is longer is given up, and nothing shorter. */
static void test_most(void **state)
{
    uint8_t data[5000];
    struct weft_deflate_key key = key_of(15, 6, 8);
    struct weft_deflate_pool *pool =
        weft_deflate_pool_new(&weft_mem_libc, NULL);
    size_t whole;

    (void)state;
    for (enum peer_bytes kind = PEER_TEXT; kind <= PEER_RANDOM; kind++) {
        struct weft_deflate_stream *stream = weft_deflate_take(pool, &key);

        peer_fill(data, sizeof(data), kind, 0);
        weft_deflate_reuse(&pool->packed);
        assert_int_equal(weft_deflate_pack(stream, data, sizeof(data), SIZE_MAX,
                                           &pool->packed),
                         1);
        weft_deflate_give(pool, stream);
        whole = pool->packed.len;
        for (size_t most = whole > 20 ? whole - 20 : 0; most < whole + 20;
             most++) {
            int rc;

            stream = weft_deflate_take(pool, &key);
            weft_deflate_pool_trim(pool);
            rc = weft_deflate_pack(stream, data, sizeof(data), most,
                                   &pool->packed);
            CHECK(rc == (most >= whole), "%zu of %zu: %d", most, whole, rc);
            CHECK(rc == 0 || pool->packed.len == whole, "%zu",
                  pool->packed.len);
            weft_deflate_give(pool, stream);
        }
    }
    weft_deflate_pool_free(pool);
}

static void test_no_memory(void **state)
{
    uint8_t data[20000];
    struct weft_deflate_key key = key_of(15, 6, 8);
    long n = 0;
    int rc;

    (void)state;
    peer_fill(data, sizeof(data), PEER_RANDOM, 0);
    do {
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_deflate_pool *pool = weft_deflate_pool_new(&mem, NULL);
        struct weft_deflate_stream *stream = weft_deflate_take(pool, &key);

        fm.left = n++;
        rc = weft_deflate_pack(stream, data, sizeof(data), SIZE_MAX,
                               &pool->packed);
        CHECK(rc == 1 || rc == WEFT_ERR_NOMEM, "%d", rc);
        fm.left = -1;
        weft_deflate_give(pool, stream);
        weft_deflate_pool_free(pool);
        assert_int_equal(fm.live, 0);
    } while (rc < 0);
    assert_in_range(n, 3, 1000);
}

/* ---- The look beforehand ------------------------------------------------- */

static void fill_base64(uint8_t *p, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs"
                                 "tuvwxyz0123456789+/";

    peer_fill(p, len, PEER_RANDOM, 0);
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)digits[p[i] % 64];
}

/* Little numbers in 32 bits each. */
static void fill_numbers(uint8_t *p, size_t len)
{
    peer_fill(p, len, PEER_RANDOM, 0);
    for (size_t i = 0; i < len; i++)
        if (i % 4 >= 2)
            p[i] = 0;
}

/* What zlib made of text, as images and archives are made. */
static void fill_compressed(uint8_t *p, size_t len)
{
    uint8_t *text = malloc(16 * len), *packed;
    z_stream z;

    assert_non_null(text);
    peer_fill(text, 16 * len, PEER_TEXT, 0);
    peer_packer(&z, 9, 15);
    assert_true(peer_pack(&z, text, 16 * len, &packed) >= len);
    memcpy(p, packed, len);
    deflateEnd(&z);
    free(packed);
    free(text);
}

static void test_look(void **state)
{
    static const size_t sizes[] = {1024, 1500, 4096, 65536, 1000000};
    uint8_t *data = malloc(1000000);

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t len = sizes[i];

        peer_fill(data, len, PEER_RANDOM, 0);
        CHECK(weft_deflate_is_hopeless(at_page_end(data, len), len),
              "random %zu", len);
        CHECK(!weft_deflate_is_hopeless(data, 1023), "short");
        fill_compressed(data, len);
        CHECK(weft_deflate_is_hopeless(data, len), "compressed %zu", len);
        peer_fill(data, len, PEER_TEXT, 0);
        CHECK(!weft_deflate_is_hopeless(data, len), "text %zu", len);
        peer_fill(data, len, PEER_ZEROS, 0);
        CHECK(!weft_deflate_is_hopeless(data, len), "zeros %zu", len);
        fill_base64(data, len);
        CHECK(!weft_deflate_is_hopeless(data, len), "Base64 %zu", len);
        fill_numbers(data, len);
        CHECK(!weft_deflate_is_hopeless(data, len), "numbers %zu", len);
    }
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_window_of_8_bits),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_most),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
