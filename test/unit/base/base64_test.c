/* SPDX-License-Identifier: MIT */
/* RFC 4648: its test vectors, round trips of every length, and each way in
 * which text is not the Base64 of anything. */
#include "base/base64.h"
#include "support.h"

#include <stdlib.h>

/* RFC 4648 section 10, and RFC 6455 section 1.3. */
static const struct {
    const char *hex, *text;
} vectors[] = {
    {"", ""},
    {"66", "Zg=="},
    {"666f", "Zm8="},
    {"666f6f", "Zm9v"},
    {"666f6f62", "Zm9vYg=="},
    {"666f6f6261", "Zm9vYmE="},
    {"666f6f626172", "Zm9vYmFy"},
    {"7468652073616d706c65206e6f6e6365", "dGhlIHNhbXBsZSBub25jZQ=="},
    {"b37a4f2cc0624f1690f64606cf385945b2bec4ea",
     "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
    {"00", "AA=="},
    {"ffffff", "////"},
    {"fbefbe", "++++"},
    {"00108310518720928b30d38f41149351559761969b71d79f8218a39259a7a29aabb2db"
     "afc31cb3d35db7e39ebbf3dfbf",
     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"},
};

static int decode(void *out, size_t max, const char *text, size_t len)
{
    return weft_base64_decode(out, max, (char *)at_page_end(text, len), len);
}

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        uint8_t bytes[100], back[100];
        char text[100];
        size_t len = unhex(bytes, vectors[i].hex);
        size_t text_len = strlen(vectors[i].text);

        assert_int_equal(WEFT_BASE64_LEN(len), text_len);
        memset(text, 'x', sizeof(text));
        weft_base64_encode(text, at_page_end(bytes, len), len);
        CHECK(memcmp(text, vectors[i].text, text_len) == 0, "%s",
              vectors[i].text);
        assert_int_equal(text[text_len], 'x');
        assert_int_equal(decode(back, sizeof(back), vectors[i].text, text_len),
                         len);
        assert_memory_equal(back, bytes, len);
    }
}

static void test_round_trip(void **state)
{
    uint8_t bytes[200], back[200];
    char text[WEFT_BASE64_LEN(200)];

    (void)state;
    srandom(3);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        size_t text_len = WEFT_BASE64_LEN(len);

        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)random();
        weft_base64_encode(text, bytes, len);
        /* Into exactly the room it needs, and into one byte less. */
        assert_int_equal(decode(back, len, text, text_len), len);
        assert_memory_equal(back, bytes, len);
        if (len > 0)
            assert_int_equal(decode(back, len - 1, text, text_len), -1);
    }
}

static void test_malformed(void **state)
{
    static const char *const cases[] = {
        /* not whole groups of four */
        "Z",
        "Zg",
        "Zg=",
        "Zm8",
        "Zm9vY",
        "Zm9vYg",
        "Zm9vYg=",
        "Zm9vY===",
        /* padding that is too much, alone or not at the end */
        "=",
        "==",
        "===",
        "====",
        "Z===",
        "A====",
        "Zg==Zg==",
        "Zm8=Zm8=",
        "Zg==Zm9v",
        "=Zm9",
        "Z=m9",
        "Zm=v",
        "Zm9v====",
        "Zg=g",
        "==Zg",
        /* bits behind the data */
        "Zh==",
        "Zv==",
        "Z/==",
        "ZgB=",
        "Zm9=",
        "Zm/=",
        "AB==",
        "AAB=",
        /* white space, in place of a character and besides */
        "Zm9 ",
        " Zm9",
        "Zm 9",
        "Zm\n9",
        "Zm9v\n",
        "\tZm9v",
        "Zm9v\r\nYg==",
        "Zm9vYg==\n",
        /* the URL-safe alphabet of section 5, and other strangers */
        "Zm9-",
        "Zm9_",
        "Zm9,",
        "Zm9.",
        "Zm9*",
        "Zm9@",
        "Zm9[",
        "Zm9`",
        "Zm9{",
        "Zm9\x80",
        "Zm9\xff",
        "\xc3\xa4ZZ",
    };
    uint8_t out[20];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(decode(out, sizeof(out), cases[i], strlen(cases[i])) == -1, "%s",
              cases[i]);
    assert_int_equal(decode(out, sizeof(out), "Zm9\0", 4), -1);
    assert_int_equal(decode(out, sizeof(out), "\0\0\0\0", 4), -1);
}

/* Every character in every place of both groups: 64 are digits, '=' only pads.
 */
static void test_alphabet(void **state)
{
    uint8_t out[6];

    (void)state;
    for (size_t place = 0; place < 8; place++) {
        int valid = 0;

        for (int c = 0; c < 256; c++) {
            char text[8] = {'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A'};

            text[place] = (char)c;
            valid += decode(out, sizeof(out), text, 8) >= 0;
        }
        assert_int_equal(valid, place == 7 ? 65 : 64);
    }
}

/* Each cut of a text is refused unless it is whole groups. */
static void test_every_prefix(void **state)
{
    static const char text[] = "dGhlIHNhbXBsZSBub25jZQ==";
    uint8_t out[20];

    (void)state;
    for (size_t cut = 0; cut < sizeof(text); cut++) {
        int want = -1;

        if (cut % 4 == 0)
            want = cut == 24 ? 16 : (int)(cut / 4 * 3);
        assert_int_equal(decode(out, sizeof(out), text, cut), want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),      cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_malformed),    cmocka_unit_test(test_alphabet),
        cmocka_unit_test(test_every_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
