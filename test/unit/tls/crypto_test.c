/* SPDX-License-Identifier: MIT */
/* SHA-1 by the vectors of FIPS 180, random bytes by what a broken source would
 * show, and that a failure is told and leaves no error of OpenSSL behind. */
#include "support.h"
#include "tls/crypto.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

/* A million "a" of FIPS 180. */
#define MILLION 1000000

static void test_sha1(void **state)
{
    static const struct {
        const char *text, *digest;
    } cases[] = {
        {"abc", "a9993e36 4706816a ba3e2571 7850c26c 9cd0d89d"},
        {"", "da39a3ee 5e6b4b0d 3255bfef 95601890 afd80709"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "84983e44 1c3bd26e baae4aa1 f95129e5 e54670f1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
         "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
         "a49b2446 a02c645b f419f995 b6709125 3a04a259"},
        /* RFC 6455 section 1.3. */
        {"dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
         "b37a4f2c c0624f16 90f64606 cf385945 b2bec4ea"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = strlen(cases[i].text);
        uint8_t want[20], got[20];

        assert_int_equal(unhex(want, cases[i].digest), 20);
        CHECK(weft_sha1(at_page_end(cases[i].text, len), len, got) == 0, "%s",
              cases[i].text);
        CHECK(memcmp(want, got, 20) == 0, "%s", cases[i].text);
    }
}

static void test_sha1_of_a_million(void **state)
{
    char *text = malloc(MILLION);
    uint8_t want[20], got[20];

    (void)state;
    assert_non_null(text);
    memset(text, 'a', MILLION);
    assert_int_equal(weft_sha1(text, MILLION, got), 0);
    free(text);
    unhex(want, "34aa973c d4c4daa4 f61eeb2b dbad2731 6534016f");
    assert_memory_equal(want, got, 20);
}

/* Every place takes on more than one value, and nothing behind is touched. In
 * 64 draws a byte of a good source stays the same once in 2^504. */
static void test_random_fills(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 40; len++) {
        uint8_t first[41] = {0}, changed[41] = {0};

        for (int draw = 0; draw < 64; draw++) {
            uint8_t bytes[41];

            memset(bytes, 0xa5, sizeof(bytes));
            assert_int_equal(weft_random(NULL, bytes, len), 0);
            assert_int_equal(bytes[len], 0xa5);
            if (draw == 0)
                memcpy(first, bytes, sizeof(first));
            for (size_t i = 0; i < len; i++)
                changed[i] |= bytes[i] ^ first[i];
        }
        for (size_t i = 0; i < len; i++)
            CHECK(changed[i] != 0, "byte %zu of %zu", i, len);
    }
}

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

/* 4,096 keys of 16 bytes: two are the same once in 2^105. */
static void test_random_does_not_repeat(void **state)
{
    static uint8_t keys[4096][16];
    size_t ones = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_int_equal(weft_random(NULL, keys[i], 16), 0);
        for (size_t k = 0; k < 16; k++)
            ones += (size_t)__builtin_popcount(keys[i][k]);
    }
    qsort(keys, COUNT(keys), sizeof(keys[0]), compare_keys);
    for (size_t i = 1; i < COUNT(keys); i++)
        CHECK(compare_keys(keys[i - 1], keys[i]) != 0, "%zu", i);

    /* Half of the 524,288 bits; ten standard deviations are 3,620. */
    CHECK(ones > 262144 - 3620 && ones < 262144 + 3620, "%zu ones", ones);
}

static int fail_bytes(unsigned char *buf, int num)
{
    (void)buf;
    (void)num;
    ERR_raise(ERR_LIB_RAND, ERR_R_INTERNAL_ERROR);
    return 0;
}

static int fail_status(void)
{
    return 0;
}

/* The only way to make OpenSSL's source fail is one that it discourages. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static void set_random_source(const RAND_METHOD *method)
{
    assert_int_equal(RAND_set_rand_method(method), 1);
}
#pragma GCC diagnostic pop

static void test_random_failure(void **state)
{
    static const RAND_METHOD broken = {
        .bytes = fail_bytes, .pseudorand = fail_bytes, .status = fail_status};
    uint8_t bytes[8];
    int err;

    (void)state;
    set_random_source(&broken);
    err = weft_random(NULL, bytes, sizeof(bytes));
    set_random_source(NULL);
    assert_int_equal(err, WEFT_ERR_SYSTEM);
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(weft_random(NULL, bytes, sizeof(bytes)), 0);
}

/* Asks for an implementation that is not there; before any other test, as one
 * that was found is kept. */
static void test_sha1_failure(void **state)
{
    uint8_t digest[20];
    int err;

    (void)state;
    ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
    assert_int_equal(EVP_set_default_properties(NULL, "weft=none"), 1);
    err = weft_sha1("abc", 3, digest);
    assert_int_equal(EVP_set_default_properties(NULL, ""), 1);
    assert_int_equal(err, WEFT_ERR_SYSTEM);

    /* The error of someone else is still there, and no other. */
    assert_int_equal(ERR_GET_LIB(ERR_get_error()), ERR_LIB_USER);
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(weft_sha1("abc", 3, digest), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha1_failure),
        cmocka_unit_test(test_sha1),
        cmocka_unit_test(test_sha1_of_a_million),
        cmocka_unit_test(test_random_fills),
        cmocka_unit_test(test_random_does_not_repeat),
        cmocka_unit_test(test_random_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
