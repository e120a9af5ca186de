/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 against the grammar of RFC 3629 section 4, byte by byte. What the
 * checker has of its own (words, blocks of ASCII, whole characters at once,
 * the state between pieces) is why each sequence is also laid into ASCII at
 * every offset and cut at every place.
 */
#include "ws/utf8.h"

#include "support.h"

#include <stdio.h>

/* UTF8-octets = *( UTF8-char ), an alternative of UTF8-char a line:
 *
 *     UTF8-1 = %x00-7F
 *     UTF8-2 = %xC2-DF UTF8-tail
 *     UTF8-3 = %xE0 %xA0-BF UTF8-tail / %xE1-EC 2( UTF8-tail ) /
 *              %xED %x80-9F UTF8-tail / %xEE-EF 2( UTF8-tail )
 *     UTF8-4 = %xF0 %x90-BF 2( UTF8-tail ) / %xF1-F3 3( UTF8-tail ) /
 *              %xF4 %x80-8F 2( UTF8-tail )
 *     UTF8-tail = %x80-BF
 */
static const struct {
    size_t len;
    uint8_t low[4], high[4];
} grammar[] = {
    {1, {0x00}, {0x7f}},
    {2, {0xc2, 0x80}, {0xdf, 0xbf}},
    {3, {0xe0, 0xa0, 0x80}, {0xe0, 0xbf, 0xbf}},
    {3, {0xe1, 0x80, 0x80}, {0xec, 0xbf, 0xbf}},
    {3, {0xed, 0x80, 0x80}, {0xed, 0x9f, 0xbf}},
    {3, {0xee, 0x80, 0x80}, {0xef, 0xbf, 0xbf}},
    {4, {0xf0, 0x90, 0x80, 0x80}, {0xf0, 0xbf, 0xbf, 0xbf}},
    {4, {0xf1, 0x80, 0x80, 0x80}, {0xf3, 0xbf, 0xbf, 0xbf}},
    {4, {0xf4, 0x80, 0x80, 0x80}, {0xf4, 0x8f, 0xbf, 0xbf}},
};

enum verdict { WHOLE, BEGUN, WRONG };

/* How many of the bytes fit the alternative. */
static size_t fit(size_t rule, const uint8_t *p, size_t len)
{
    size_t n = 0;

    while (n < len && n < grammar[rule].len && p[n] >= grammar[rule].low[n] &&
           p[n] <= grammar[rule].high[n])
        n++;
    return n;
}

/* Takes one character; its length in *used. BEGUN: the bytes end inside it. */
static enum verdict take_char(const uint8_t *p, size_t len, size_t *used)
{
    for (size_t rule = 0; rule < COUNT(grammar); rule++) {
        size_t n = fit(rule, p, len);

        *used = n;
        if (n == grammar[rule].len)
            return WHOLE;
        if (n > 0 && n == len)
            return BEGUN;
    }
    return WRONG;
}

static enum verdict reference(const uint8_t *p, size_t len)
{
    size_t used;

    for (; len > 0; p += used, len -= used) {
        enum verdict v = take_char(p, len, &used);

        if (v != WHOLE)
            return v;
    }
    return WHOLE;
}

static enum verdict verdict_of(enum weft_utf8 state)
{
    if (state == WEFT_UTF8_START)
        return WHOLE;
    return state == WEFT_UTF8_BAD ? WRONG : BEGUN;
}

static enum verdict check(const uint8_t *p, size_t len)
{
    return verdict_of(weft_utf8_check(WEFT_UTF8_START, p, len));
}

/* ---- All short sequences ------------------------------------------------- */

static void compare(const uint8_t *p, size_t len)
{
    enum verdict want = reference(p, len), got = check(p, len);

    CHECK(got == want, "%zu bytes %02x %02x %02x %02x: %d, not %d", len, p[0],
          len > 1 ? p[1] : 0, len > 2 ? p[2] : 0, len > 3 ? p[3] : 0, (int)got,
          (int)want);
}

/* Alone, where they lie at the end of the text, and with ASCII behind, where
 * whole characters are looked at at once. */
static void test_all_of_up_to_three_bytes(void **state)
{
    uint8_t p[8] = "........";

    (void)state;
    for (unsigned n = 0; n < 1u << 24; n++) {
        p[0] = (uint8_t)(n >> 16);
        p[1] = (uint8_t)(n >> 8);
        p[2] = (uint8_t)n;
        /* The shorter ones come once each, when the rest is zero. */
        if ((n & 0xffff) == 0)
            compare(p, 1);
        if ((n & 0xff) == 0)
            compare(p, 2);
        compare(p, 3);
        compare(p, 7);
    }
}

/* The edges of all ranges of the grammar, and one inside each. */
static const uint8_t edges[] = {0x00, 0x41, 0x7f, 0x80, 0x88, 0x8f, 0x90, 0x98,
                                0x9f, 0xa0, 0xb0, 0xbf, 0xc0, 0xc1, 0xc2, 0xff};

static void test_four_bytes(void **state)
{
    uint8_t p[8] = "........";

    (void)state;
    for (unsigned first = 0xf0; first <= 0xf5; first++) {
        for (unsigned n = 0; n < 65536 * COUNT(edges); n++) {
            p[0] = (uint8_t)first;
            p[1] = (uint8_t)(n / COUNT(edges) >> 8);
            p[2] = (uint8_t)(n / COUNT(edges));
            p[3] = edges[n % COUNT(edges)];
            compare(p, 4);
            compare(p, 8);
        }
    }
}

static void test_four_bytes_from_the_edges(void **state)
{
    uint8_t p[8] = "........";

    (void)state;
    for (unsigned n = 0; n < 256 * 16 * 16 * 16; n++) {
        p[0] = (uint8_t)(n >> 12);
        p[1] = edges[n >> 8 & 15];
        p[2] = edges[n >> 4 & 15];
        p[3] = edges[n & 15];
        compare(p, 4);
        compare(p, 8);
    }
}

/* ---- In their place ------------------------------------------------------ */

static const char *const sequences[] = {
    "\x7f",
    "\xc2\x80",
    "\xdf\xbf",
    "\xe0\xa0\x80",
    "\xe1\x80\x80",
    "\xec\xbf\xbf",
    "\xed\x80\x80",
    "\xed\x9f\xbf",
    "\xee\x80\x80",
    "\xef\xbf\xbf",
    "\xf0\x90\x80\x80",
    "\xf3\xbf\xbf\xbf",
    "\xf4\x8f\xbf\xbf",
    /* two and more in a row, of each length behind each */
    "\xc3\xa9\xc3\xa8",
    "\xe2\x82\xac\xc3\xa9",
    "\xf0\x9f\x98\x80\xe2\x82\xac",
    "\xc3\xa9\xf0\x9f\x98\x80",
    "\xe2\x82\xac\xe2\x82\xac\xf0\x9f\x98\x80",
    "\xc3\xa9.\xe2\x82\xac.\xf0\x9f\x98\x80",
    /* alone they are wrong: continuations, and bytes that never come */
    "\x80",
    "\xbf",
    "\xc0",
    "\xc1",
    "\xf5",
    "\xf8",
    "\xfe",
    "\xff",
    /* overlong forms */
    "\xc0\x80",
    "\xc1\xbf",
    "\xe0\x80\x80",
    "\xe0\x9f\xbf",
    "\xf0\x80\x80\x80",
    "\xf0\x8f\xbf\xbf",
    /* surrogates, alone and as a pair */
    "\xed\xa0\x80",
    "\xed\xbf\xbf",
    "\xed\xa0\xbd\xed\xb8\x80",
    /* beyond the last character */
    "\xf4\x90\x80\x80",
    "\xf5\x80\x80\x80",
    "\xf7\xbf\xbf\xbf",
    /* longer than RFC 3629 has them */
    "\xf8\x88\x80\x80\x80",
    "\xfc\x84\x80\x80\x80\x80",
    /* too short: the next byte is no continuation */
    "\xc3.",
    "\xe2\x82.",
    "\xe2.",
    "\xf0\x9f\x98.",
    "\xf0\x9f.",
    "\xf0.",
    "\xc3\xc3\xa9",
    "\xe2\x82\xe2\x82\xac",
    "\xf0\x9f\x98\xf0\x9f\x98\x80",
    /* too long: one continuation more */
    "\xc3\xa9\xa9",
    "\xe2\x82\xac\x80",
    "\xf0\x9f\x98\x80\x80",
};

#define TEXT_MAX 112

/* The verdict after each byte, when they come one at a time: wrong with the
 * first byte with which no text can go on. */
static void check_bytewise(const uint8_t *p, size_t len, const char *what)
{
    enum weft_utf8 state = WEFT_UTF8_START;

    for (size_t i = 0; i < len; i++) {
        state = weft_utf8_check(state, at_page_end(p + i, 1), 1);
        CHECK(verdict_of(state) == reference(p, i + 1), "%s: byte %zu of %zu",
              what, i, len);
    }
}

static void check_cuts(const uint8_t *p, size_t len, const char *what)
{
    enum verdict want = reference(p, len);

    for (size_t cut = 0; cut <= len; cut++) {
        enum weft_utf8 state =
            weft_utf8_check(WEFT_UTF8_START, at_page_end(p, cut), cut);

        CHECK(verdict_of(state) == reference(p, cut), "%s: the first %zu", what,
              cut);
        state =
            weft_utf8_check(state, at_page_end(p + cut, len - cut), len - cut);
        CHECK(verdict_of(state) == want, "%s: %zu bytes cut at %zu", what, len,
              cut);
    }
}

static void name_sequence(char name[64], const char *sequence, size_t at)
{
    int n = 0;

    for (size_t i = 0; sequence[i]; i++)
        n += snprintf(name + n, 64 - (size_t)n, "%02x ",
                      (unsigned char)sequence[i]);
    snprintf(name + n, 64 - (size_t)n, "at %zu", at);
}

/* At every offset within two blocks of 32 bytes of ASCII, with a little or a
 * lot behind: whole, cut everywhere, byte by byte. */
static void test_in_ascii(void **state)
{
    uint8_t text[TEXT_MAX + 1];

    (void)state;
    for (size_t i = 0; i < COUNT(sequences); i++) {
        size_t seq = strlen(sequences[i]);

        for (size_t n = 0; n < 72 * 2; n++) {
            size_t at = n / 2, len = n % 2 ? TEXT_MAX : at + seq;
            char name[64];

            memset(text, 'a', sizeof(text));
            memcpy(text + at, sequences[i], seq);
            name_sequence(name, sequences[i], at);
            check_cuts(text, len, name);
            if (n % 8 == 0)
                check_bytewise(text, len, name);
            assert_int_equal(weft_utf8_is_valid(at_page_end(text, len), len),
                             reference(text, len) == WHOLE);
        }
    }
}

/* Texts that begin anywhere in memory. */
static void test_alignments(void **state)
{
    _Alignas(64) uint8_t place[64 + TEXT_MAX];
    uint8_t text[TEXT_MAX];

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text + 40, "\xf0\x9f\x98\x80", 4);
    for (size_t n = 0; n < 64 * 2; n++) {
        memset(place, 0xff, sizeof(place)); /* nothing of this is text */
        memcpy(place + n / 2, text, sizeof(text));
        if (n % 2)
            place[n / 2 + 90] = 0x80;
        assert_int_equal(check(place + n / 2, sizeof(text)),
                         n % 2 ? WRONG : WHOLE);
    }
}

/* Characters of all lengths in any order, some of them broken: cut everywhere
 * and byte by byte. */
static void test_any_text(void **state)
{
    uint64_t seed = 7;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        uint8_t text[TEXT_MAX + 8];
        size_t len = 0;
        char name[64];

        while (len < TEXT_MAX) {
            size_t pick;
            const char *sequence;

            seed = seed * 6364136223846793005 + 1442695040888963407;
            pick = (size_t)(seed >> 40);
            /* The first 19 are right; one in 64 picks among all. */
            sequence = sequences[pick % (pick % 64 ? 19 : COUNT(sequences))];
            for (; *sequence && len < TEXT_MAX; sequence++)
                text[len++] = (uint8_t)*sequence;
        }
        snprintf(name, sizeof(name), "text %d", round);
        if (round % 16)
            CHECK(check(text, len) == reference(text, len), "%s", name);
        else
            check_cuts(text, len, name);
        check_bytewise(text, len, name);
    }
}

/* ---- Ends ---------------------------------------------------------------- */

static void test_nothing(void **state)
{
    (void)state;
    assert_true(weft_utf8_is_valid("", 0));
    assert_true(weft_utf8_is_valid(NULL, 0));
    assert_int_equal(weft_utf8_check(WEFT_UTF8_NEED_1, NULL, 0),
                     WEFT_UTF8_NEED_1);
}

/* A text that ends inside a character may go on, but is none. */
static void test_unfinished_is_not_valid(void **state)
{
    static const char *const texts[] = {"a\xc3", "\xe2\x82", "\xf0\x9f\x98"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_false(weft_utf8_is_valid(texts[i], strlen(texts[i])));
}

/* What is wrong stays wrong, whatever comes. */
static void test_wrong_for_good(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        uint8_t p[40];

        memset(p, byte, sizeof(p));
        assert_int_equal(weft_utf8_check(WEFT_UTF8_BAD, p, 1), WEFT_UTF8_BAD);
        assert_int_equal(weft_utf8_check(WEFT_UTF8_BAD, p, 40), WEFT_UTF8_BAD);
    }
    assert_int_equal(weft_utf8_check(WEFT_UTF8_BAD, NULL, 0), WEFT_UTF8_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_of_up_to_three_bytes),
        cmocka_unit_test(test_four_bytes),
        cmocka_unit_test(test_four_bytes_from_the_edges),
        cmocka_unit_test(test_in_ascii),
        cmocka_unit_test(test_alignments),
        cmocka_unit_test(test_any_text),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_unfinished_is_not_valid),
        cmocka_unit_test(test_wrong_for_good),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
