/* SPDX-License-Identifier: MIT */
/* Whatever the bytes, the result is printable UTF-8 of one line that fits,
 * and short text that is harmless stays as it is. */
#include "base/escape.h"
#include "support.h"

#include <stdlib.h>

static size_t escape(char *out, size_t size, const char *text, size_t len)
{
    return weft_escape(out, size, (const char *)at_page_end(text, len), len);
}

static void test_texts(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", ""},
        {"GET /echo HTTP/1.1", "GET /echo HTTP/1.1"},
        {"a\\b", "a\\x5cb"},
        {"\\x41", "\\x5cx41"},
        {"a\r\nb\t", "a\\x0d\\x0ab\\x09"},
        {"\x1b[31m", "\\x1b[31m"},
        {"\x7f", "\\x7f"},
        {"~ !", "~ !"},
        /* UTF-8: the ends of each range of RFC 3629 section 4 */
        {"\xc2\xa0", "\xc2\xa0"},
        {"\xdf\xbf", "\xdf\xbf"},
        {"\xe0\xa0\x80", "\xe0\xa0\x80"},
        {"\xed\x9f\xbf", "\xed\x9f\xbf"},
        {"\xee\x80\x80", "\xee\x80\x80"},
        {"\xef\xbf\xbf", "\xef\xbf\xbf"},
        {"\xf0\x90\x80\x80", "\xf0\x90\x80\x80"},
        {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
        /* the C1 controls */
        {"\xc2\x80", "\\xc2\\x80"},
        {"\xc2\x9f", "\\xc2\\x9f"},
        /* line breaks and turns of direction, and their neighbours */
        {"\xd8\x9c", "\\xd8\\x9c"},
        {"\xd8\x9b", "\xd8\x9b"},
        {"\xe2\x80\x8f", "\\xe2\\x80\\x8f"},
        {"\xe2\x80\x90", "\xe2\x80\x90"},
        {"\xe2\x80\xa7", "\xe2\x80\xa7"},
        {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},
        {"a\xe2\x80\xae"
         "b",
         "a\\xe2\\x80\\xaeb"},
        {"\xe2\x80\xaf", "\xe2\x80\xaf"},
        {"\xe2\x81\xa5", "\xe2\x81\xa5"},
        {"\xe2\x81\xa6", "\\xe2\\x81\\xa6"},
        {"\xe2\x81\xa9", "\\xe2\\x81\\xa9"},
        /* not UTF-8: overlong, surrogates, too high, alone, cut short */
        {"\xc0\xaf", "\\xc0\\xaf"},
        {"\xc1\xbf", "\\xc1\\xbf"},
        {"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
        {"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"},
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
        {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
        {"\xff", "\\xff"},
        {"\x80", "\\x80"},
        {"\xc3", "\\xc3"},
        {"\xe2\x82", "\\xe2\\x82"},
        {"\xe2\x82z", "\\xe2\\x82z"},
        {"\xf0\x9f\x92", "\\xf0\\x9f\\x92"},
        {"\xc3\xc3\xa4", "\\xc3\xc3\xa4"}, /* goes on with the next byte */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[100];
        size_t want = strlen(cases[i].want);

        memset(out, 'x', sizeof(out));
        CHECK(escape(out, sizeof(out), cases[i].text, strlen(cases[i].text)) ==
                  want,
              "%s", cases[i].want);
        assert_string_equal(out, cases[i].want);
        assert_int_equal(out[want + 1], 'x');
        /* Into exactly the room that it needs. */
        if (want >= 4) {
            assert_int_equal(
                escape(out, want + 1, cases[i].text, strlen(cases[i].text)),
                want);
            assert_string_equal(out, cases[i].want);
        }
    }
}

static void test_every_byte(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char byte = (char)c, out[10];
        bool plain = c >= 0x20 && c < 0x7f && c != '\\';

        assert_int_equal(escape(out, sizeof(out), &byte, 1), plain ? 1 : 4);
        if (plain)
            assert_true(out[0] == byte);
        else
            assert_int_equal(strtol(out + 2, NULL, 16), c);
    }
}

static void test_cut(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        const char *want;
    } cases[] = {
        {"abcd", 5, "abcd"},
        {"abcde", 5, "a..."},
        {"abcdef", 6, "ab..."},
        {"\n\n", 5, "..."},
        {"\n", 5, "\\x0a"},
        {"a\n", 5, "a..."},
        {"a\nb", 8, "a\\x0ab"},
        {"a\nbcd", 8, "a..."}, /* not half an escape */
        {"a\nbcdef", 9, "a\\x0a..."},
        {"\xe2\x82\xac\xe2\x82\xac", 6, "..."}, /* nor half a character */
        {"\xe2\x82\xac\xe2\x82\xac", 7, "\xe2\x82\xac\xe2\x82\xac"},
        {"\xe2\x82\xac\xe2\x82\xac!", 7, "\xe2\x82\xac..."},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[20];
        size_t len =
            escape(out, cases[i].size, cases[i].text, strlen(cases[i].text));

        CHECK(strcmp(out, cases[i].want) == 0, "%zu: %s", i, out);
        assert_int_equal(len, strlen(cases[i].want));
    }
}

/* Random bytes into every size: what is written is a beginning of the whole,
 * or that and dots, and what could be shown whole is. */
static void test_random(void **state)
{
    (void)state;
    srandom(8);
    for (int i = 0; i < 2000; i++) {
        char text[20], whole[100], out[100];
        size_t len = (size_t)random() % sizeof(text), want;

        for (size_t n = 0; n < len; n++)
            text[n] = (char)(random() % 2 ? random() : 'a' + random() % 26);
        want = escape(whole, sizeof(whole), text, len);
        assert_true(want == strlen(whole) && want <= 4 * len);
        for (size_t size = 5; size < sizeof(out); size++) {
            size_t got;

            memset(out, 'x', sizeof(out));
            got = escape(out, size, text, len);
            assert_true(got < size && out[got] == '\0');
            for (size_t n = size; n < sizeof(out); n++)
                assert_int_equal(out[n], 'x');
            if (want < size) {
                assert_string_equal(out, whole);
                continue;
            }
            assert_string_equal(out + got - 3, "...");
            assert_memory_equal(out, whole, got - 3);
            assert_true(got + 4 >= size - 1); /* room for one piece at most */
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
