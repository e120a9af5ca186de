/* SPDX-License-Identifier: MIT */
/* Percent-encoding byte by byte, decoding and cleaning, and UTF-8 repaired as
 * the Encoding standard has it. */
#include "base/mem.h"
#include "client/url_encode.h"
#include "support.h"
#include "ws/utf8.h"

#include <stdio.h>
#include <stdlib.h>

#define FFFD "\xef\xbf\xbd"

static struct weft_slice guarded(const char *text, size_t len)
{
    return (struct weft_slice){(const char *)at_page_end(text, len), len};
}

static bool holds(const struct weft_buf *buf, const char *text)
{
    return weft_slice_eq(weft_url_bytes(buf), text);
}

/* What each set encodes between 21 and 7e, by the standard. */
static const struct {
    enum weft_url_set set;
    const char *encoded;
} sets[] = {
    {WEFT_URL_PATH, "\"#<>?^`{}"},
    {WEFT_URL_QUERY, "\"#<>'"},
    {WEFT_URL_USERINFO, "\"#<>?^`{}/:;=@[\\]|"},
};

static void test_sets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sets); i++) {
        for (int c = 0; c < 256; c++) {
            bool is_encoded =
                c <= ' ' || c >= 0x7f || strchr(sets[i].encoded, c);
            char text[3] = {'a', (char)c, 'b'}, want[6];
            struct weft_buf out;

            snprintf(want, sizeof(want), is_encoded ? "a%%%02Xb" : "a%cb", c);
            weft_buf_init(&out, &weft_mem_libc, 100);
            assert_int_equal(
                weft_url_encode(&out, sets[i].set, guarded(text, 3)), 0);
            CHECK(holds(&out, want), "set %zu, %02x", i, c);
            weft_buf_release(&out);
        }
    }
}

static const struct {
    const char *text, *decoded;
} encoded[] = {
    {"", ""},
    {"abc", "abc"},
    {"%41%62%7A", "Abz"},
    {"%c3%A9", "\xc3\xa9"},
    {"%25%34%31", "%41"},
    {"%2541", "%41"},
    {"%", "%"},
    {"%4", "%4"},
    {"%4g", "%4g"},
    {"%g4", "%g4"},
    {"%%41", "%A"},
    {"%4%41", "%4A"},
    {"a%", "a%"},
    {"%-1", "%-1"},
    {"% 1", "% 1"},
    {"%u0041", "%u0041"},
    {"+", "+"},
};

static void test_decode(void **state)
{
    struct weft_buf out;

    (void)state;
    for (size_t i = 0; i < COUNT(encoded); i++) {
        const char *text = encoded[i].text;

        weft_buf_init(&out, &weft_mem_libc, 100);
        assert_int_equal(weft_url_decode(&out, guarded(text, strlen(text))), 0);
        CHECK(holds(&out, encoded[i].decoded), "%s", text);
        weft_buf_release(&out);
    }
    weft_buf_init(&out, &weft_mem_libc, 100);
    assert_int_equal(weft_url_decode(&out, weft_slice("a%00b")), 0);
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.data, "a\0b", 3);
    weft_buf_release(&out);
}

static void test_hex_value(void **state)
{
    static const char digits[] = "0123456789abcdefABCDEF";

    (void)state;
    for (int c = 0; c < 256; c++) {
        const char *at = c ? strchr(digits, c) : NULL;
        int want = at ? (int)(at - digits) : -1;

        assert_int_equal(weft_url_hex_value((char)c),
                         want > 15 ? want - 6 : want);
    }
}

static const struct {
    const char *bytes, *repaired;
} broken[] = {
    {"", ""},
    {"abc", "abc"},
    {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
     "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"\xff", FFFD},
    {"a\x80"
     "b",
     "a" FFFD "b"},
    {"\xc3", FFFD},
    {"\xc3"
     "a",
     FFFD "a"},
    {"\xc3\xc3\xa9", FFFD "\xc3\xa9"},
    {"\xc0\x80", FFFD FFFD},
    {"\xe2\x82", FFFD},
    {"\xe2\x82"
     "a",
     FFFD "a"},
    {"\xe2\x82\xe2\x82\xac", FFFD "\xe2\x82\xac"},
    {"\xe0\x80\x80", FFFD FFFD FFFD},
    {"\xed\xa0\x80", FFFD FFFD FFFD},
    {"\xf0\x9f\x98", FFFD},
    {"\xf0\x9f\x98\xf0\x9f", FFFD FFFD},
    {"\xf0\x80\x80\x80", FFFD FFFD FFFD FFFD},
    {"\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD},
    {"\xf5\x80", FFFD FFFD},
    {"\xf0\x9f"
     "a\x80",
     FFFD "a" FFFD},
};

static void test_repair(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(broken); i++) {
        const char *bytes = broken[i].bytes;
        struct weft_buf out;

        weft_buf_init(&out, &weft_mem_libc, 100);
        assert_int_equal(weft_url_repair(&out, guarded(bytes, strlen(bytes))),
                         0);
        CHECK(holds(&out, broken[i].repaired), "case %zu", i);
        weft_buf_release(&out);
    }
}

/* Whatever comes in, UTF-8 comes out, and UTF-8 comes out as it was. */
static void test_repair_random(void **state)
{
    static const uint8_t some[] = {'a',  0x80, 0x9f, 0xa0, 0xbf, 0xc2, 0xe0,
                                   0xe2, 0xed, 0xf0, 0xf1, 0xf4, 0xff};

    (void)state;
    srandom(7);
    for (int i = 0; i < 20000; i++) {
        size_t len = (size_t)random() % 12;
        struct weft_buf out;
        uint8_t bytes[12];

        for (size_t k = 0; k < len; k++)
            bytes[k] = some[(size_t)random() % sizeof(some)];
        weft_buf_init(&out, &weft_mem_libc, 100);
        assert_int_equal(weft_url_repair(&out, guarded((char *)bytes, len)), 0);
        assert_true(weft_utf8_is_valid(out.data, out.len));
        if (weft_utf8_is_valid(bytes, len)) {
            assert_int_equal(out.len, len);
            CHECK(len == 0 || memcmp(out.data, bytes, len) == 0, "changed");
        }
        weft_buf_release(&out);
    }
}

static const struct {
    const char *bytes, *cleaned;
} dirty[] = {
    {"", ""},
    {" ", ""},
    {"\t\r\n\x01\x1f ", ""},
    {"a", "a"},
    {" a ", "a"},
    {"\x01 a\x1f\tb \x02", "a\x1f"
                           "b"},
    {"a\tb\nc\rd", "abcd"},
    {"a b", "a b"},
    {"\xc2\xa0"
     "a\xe2\x80\xa8",
     "\xc2\xa0"
     "a\xe2\x80\xa8"},
    {"\x7f"
     "a\x7f",
     "\x7f"
     "a\x7f"},
    /* Two broken characters, not one that is put together. */
    {"\xc3\n\xa9", FFFD FFFD},
};

static void test_clean(void **state)
{
    struct weft_buf out;

    (void)state;
    for (size_t i = 0; i < COUNT(dirty); i++) {
        const char *bytes = dirty[i].bytes;

        weft_buf_init(&out, &weft_mem_libc, 100);
        assert_int_equal(weft_url_clean(&out, guarded(bytes, strlen(bytes))),
                         0);
        CHECK(holds(&out, dirty[i].cleaned), "case %zu", i);
        weft_buf_release(&out);
    }
    weft_buf_init(&out, &weft_mem_libc, 100);
    assert_int_equal(weft_url_clean(&out, guarded("\0a\0b\0", 5)), 0);
    assert_int_equal(out.len, 3);
    weft_buf_release(&out);
    assert_int_equal(weft_url_clean(&out, (struct weft_slice){NULL, 0}), 0);
}

/* Each of them says that it had no room. */
static void test_limits(void **state)
{
    struct weft_buf out;

    (void)state;
    weft_buf_init(&out, &weft_mem_libc, 5);
    assert_int_equal(weft_url_encode(&out, WEFT_URL_PATH, weft_slice("a ??")),
                     WEFT_ERR_LIMIT);
    weft_buf_clear(&out);
    assert_int_equal(weft_url_encode(&out, WEFT_URL_PATH, weft_slice("abcdef")),
                     WEFT_ERR_LIMIT);
    assert_int_equal(weft_url_decode(&out, weft_slice("abcdef")),
                     WEFT_ERR_LIMIT);
    assert_int_equal(weft_url_repair(&out, weft_slice("\xff\xff")),
                     WEFT_ERR_LIMIT);
    weft_buf_clear(&out);
    assert_int_equal(weft_url_clean(&out, weft_slice("abcdef")),
                     WEFT_ERR_LIMIT);
    weft_buf_release(&out);
}

static void test_without_memory(void **state)
{
    struct fail_mem fm = {.left = 0};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_buf out;

    (void)state;
    weft_buf_init(&out, &mem, 100);
    assert_int_equal(weft_url_encode(&out, WEFT_URL_PATH, weft_slice("a")),
                     WEFT_ERR_NOMEM);
    assert_int_equal(weft_url_encode(&out, WEFT_URL_PATH, weft_slice(" ")),
                     WEFT_ERR_NOMEM);
    assert_int_equal(weft_url_decode(&out, weft_slice("a")), WEFT_ERR_NOMEM);
    assert_int_equal(weft_url_repair(&out, weft_slice("a")), WEFT_ERR_NOMEM);
    assert_int_equal(weft_url_repair(&out, weft_slice("\xc3")), WEFT_ERR_NOMEM);
    assert_int_equal(weft_url_clean(&out, weft_slice("a")), WEFT_ERR_NOMEM);
    weft_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_hex_value),
        cmocka_unit_test(test_repair),
        cmocka_unit_test(test_repair_random),
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
