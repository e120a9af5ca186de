/* SPDX-License-Identifier: MIT */
#include "cli/printable.h"
#include "support.h"

static const char *printed(const void *text, size_t len, bool has_color)
{
    static char out[256];
    FILE *file = fmemopen(out, sizeof(out), "w");

    memset(out, 0, sizeof(out));
    assert_non_null(file);
    printable_put(file, at_page_end(text, len), len, has_color);
    fclose(file);
    return out;
}

static const struct {
    const char *in, *out;
} cases[] = {
    {"", ""},
    {"plain \\ text ~", "plain \\ text ~"},
    {"é€😀", "é€😀"},
    {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
    {"\033[2J\a\x7f", "\\x1b[2J\\x07\\x7f"},
    {"\x01\x1f", "\\x01\\x1f"},
    {"\xc2\x9b"
     "31m\xc2\x80",
     "\\x9b31m\\x80"}, /* C1 controls as characters */
    {"\x9b", "\\x9b"}, /* and as a byte */
    {"\u00a0\u00ad", "\u00a0\u00ad"},
    {"\u202eevil\u2066\u200f\u2028", "\\u{202e}evil\\u{2066}\\u{200f}"
                                     "\\u{2028}"},
    {"\xc3", "\\xc3"},
    {"\xc3(", "\\xc3("},
    {"\xe2\x82", "\\xe2\\x82"},
    {"\xc0\x80", "\\xc0\\x80"},                   /* overlong */
    {"\xe0\x80\x80", "\\xe0\\x80\\x80"},          /* overlong */
    {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* a surrogate */
    {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond U+10FFFF */
    {"\xff\xfe", "\\xff\\xfe"},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *out = printed(cases[i].in, strlen(cases[i].in), false);

        CHECK(strcmp(out, cases[i].out) == 0, "%zu: %s", i, out);
    }
    assert_string_equal(printed("a\0b", 3, false), "a\\x00b");
}

/* No byte or pair of bytes brings a control character out. */
static void test_pairs(void **state)
{
    (void)state;
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        const uint8_t in[] = {(uint8_t)(pair >> 8), (uint8_t)pair};
        const char *out = printed(in, sizeof(in), false);

        for (const char *p = out; *p; p++)
            CHECK((uint8_t)*p >= 0x20 && *p != 0x7f, "%04x: %s", pair, out);
    }
}

static void test_color(void **state)
{
    (void)state;
    assert_string_equal(printed("a\nb", 3, true), "a\033[7m\\n\033[27mb");
    assert_string_equal(printed("\033\xff", 2, true),
                        "\033[7m\\x1b\033[27m\033[7m\\xff\033[27m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_color),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
