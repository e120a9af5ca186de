/* SPDX-License-Identifier: MIT */
/*
 * What every instruction set is tested with, against the scalar form and, where
 * that is tested itself, against a reader of one byte at a time. A processor
 * without it skips the program, and says so by name.
 */
#ifndef WEFT_TEST_UNIT_WS_SIMD_CASES_H
#define WEFT_TEST_UNIT_WS_SIMD_CASES_H

#include "ws/mask.h"
#include "ws/simd.h"

#include "support.h"

#include <stdio.h>
#include <sys/mman.h>

#define LEN_MAX 300
#define ALIGN_MAX 64
#define PLACE_MAX 8192

static const struct weft_simd_ops *ops; /* what is tested */

/* No two bytes alike, so that a rotated key always shows. */
static const uint8_t key_bytes[4] = {0x11, 0x22, 0x84, 0xf8};

static inline uint32_t key_at(size_t phase)
{
    return weft_mask_key_after(weft_mask_key(key_bytes), phase);
}

/* ---- A reader of one byte at a time -------------------------------------- */

/* RFC 3629 section 3: the bits of a character, and which numbers are such. */
static inline bool can_begin(const uint8_t *p, size_t n)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    unsigned more = p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
    uint32_t low = p[0] & (0x3fu >> more), high;

    if (p[0] < 0xc0 || p[0] >= 0xf8 || n > more + 1)
        return false;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return false;
        low = low << 6 | (p[i] & 0x3f);
    }
    more -= (unsigned)n - 1;
    low <<= 6 * more;
    high = low + (UINT32_C(1) << 6 * more) - 1;
    return high >= least[p[0] < 0xe0   ? 1
                         : p[0] < 0xf0 ? 2
                                       : 3] &&
           low <= 0x10ffff && (low < 0xd800 || high > 0xdfff);
}

/* The state in the middle of the character of which n bytes are there. */
static inline enum weft_utf8 inside(const uint8_t *p, size_t n)
{
    size_t len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    if (!can_begin(p, n))
        return WEFT_UTF8_BAD;
    if (n == 1 && p[0] == 0xe0)
        return WEFT_UTF8_AFTER_E0;
    if (n == 1 && p[0] == 0xed)
        return WEFT_UTF8_AFTER_ED;
    if (n == 1 && p[0] == 0xf0)
        return WEFT_UTF8_AFTER_F0;
    if (n == 1 && p[0] == 0xf4)
        return WEFT_UTF8_AFTER_F4;
    return (enum weft_utf8)(WEFT_UTF8_START + (len - n));
}

static inline enum weft_utf8 read_text(const uint8_t *p, size_t len)
{
    enum weft_utf8 state = WEFT_UTF8_START;
    size_t begin = 0;

    for (size_t i = 0; i < len && state != WEFT_UTF8_BAD; i++) {
        if (state == WEFT_UTF8_START)
            begin = i;
        if (state != WEFT_UTF8_START || p[i] >= 0x80)
            state = inside(p + begin, i - begin + 1);
    }
    return state;
}

/* ---- Texts --------------------------------------------------------------- */

/* Each kind of character and each kind of fault. */
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
    "\xf1\x80\x80\x80",
    "\xf3\xbf\xbf\xbf",
    "\xf4\x8f\xbf\xbf",
    "\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac",
    /* bytes that never come, or not first */
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
    /* surrogates */
    "\xed\xa0\x80",
    "\xed\xbf\xbf",
    /* past the last character */
    "\xf4\x90\x80\x80",
    "\xf4\xbf\xbf\xbf",
    "\xf5\x80\x80\x80",
    "\xff\xbf\xbf\xbf",
    /* too short */
    "\xc3.",
    "\xe2\x82.",
    "\xe2.",
    "\xf0\x9f\x98.",
    "\xf0\x9f.",
    "\xf0.",
    "\xc3\xc3\xa9",
    "\xe2\xe2\x82\xac",
    "\xe2\x82\xe2\x82\xac",
    "\xe1\xe1\xe1\x80\x80",
    "\xf1\xf1\xf1\xf1\x80\x80\x80",
    "\xf0\x9f\x98\xf0\x9f\x98\x80",
    /* too long */
    "\xc3\xa9\xa9",
    "\xe2\x82\xac\x80",
    "\xf0\x9f\x98\x80\x80",
};

/* What surrounds them: characters of each length. */
static const char *const fillers[] = {"a", "\xd0\xaf", "\xe3\x81\x84",
                                      "\xf0\x9f\x98\x80"};

static inline void fill_text(uint8_t *p, size_t len, size_t filler)
{
    size_t n = strlen(fillers[filler]), i = 0;

    for (; i + n <= len; i += n)
        memcpy(p + i, fillers[filler], n);
    memset(p + i, '.', len - i);
}

/* All kinds of character in turn, with stretches of ASCII. */
static inline void fill_mixed(uint8_t *p, size_t len)
{
    size_t i = 0;

    for (size_t k = 0; i < len; k++) {
        const char *s = k / 40 % 3 ? sequences[k % 15] : "plain";

        for (; *s && i < len; s++)
            p[i++] = (uint8_t)*s;
    }
}

/* ---- Masking ------------------------------------------------------------- */

/* One call in place, with its surroundings. */
static inline void compare_masks(const uint8_t *before, size_t at, size_t len,
                                 size_t phase)
{
    static uint8_t have[PLACE_MAX], want[PLACE_MAX];
    size_t size = at + len + 64;

    memcpy(have, before, size);
    memcpy(want, before, size);
    for (size_t i = 0; i < len; i++)
        want[at + i] ^= key_bytes[(i + phase) % 4];
    ops->mask(have + at, have + at, len, key_at(phase));
    CHECK(!memcmp(have, want, size), "%zu bytes at %zu, phase %zu", len, at,
          phase);
}

/* Where long texts are treated in other ways than short ones. */
static const size_t long_lens[] = {511, 1023, 2047, 2048, 2049, 2113, 4200};

static inline void test_masks(void **state)
{
    static uint8_t before[PLACE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(before); i++)
        before[i] = (uint8_t)(i * 89 + 3);
    for (size_t n = 0; n < ALIGN_MAX * 4; n++) {
        for (size_t len = 0; len <= LEN_MAX; len++)
            compare_masks(before, n / 4, len, n % 4);
        for (size_t i = 0; i < COUNT(long_lens); i++)
            compare_masks(before, n / 4, long_lens[i], n % 4);
    }
}

/* One text, masked, from one place to another and in place, and unmasked. */
static inline void compare_texts(const uint8_t *text, size_t at, size_t len,
                                 size_t phase)
{
    _Alignas(64) static uint8_t in[PLACE_MAX], out[PLACE_MAX];
    enum weft_utf8 want =
        weft_simd_scalar.check(WEFT_UTF8_START, text + at, len);
    size_t size = at + len + 64;

    memset(in, 0xff, size);
    memset(out, 0xee, size);
    weft_simd_scalar.mask(in + at, text + at, len, key_at(phase));
    CHECK(ops->mask_text(out + at, in + at, len, key_at(phase),
                         WEFT_UTF8_START) == want,
          "%zu bytes at %zu", len, at);
    if (want != WEFT_UTF8_BAD)
        CHECK(!memcmp(out + at, text + at, len), "%zu bytes at %zu", len, at);
    for (size_t i = 0; i < 64; i++)
        CHECK(out[at + len + i] == 0xee && (at == 0 || out[at - 1] == 0xee),
              "around %zu bytes at %zu", len, at);
    CHECK(ops->mask_text(in + at, in + at, len, key_at(phase),
                         WEFT_UTF8_START) == want,
          "%zu bytes in place at %zu", len, at);
    if (want != WEFT_UTF8_BAD)
        CHECK(!memcmp(in + at, text + at, len), "%zu bytes at %zu", len, at);
    CHECK(ops->check(WEFT_UTF8_START, text + at, len) == want,
          "%zu bytes at %zu, unmasked", len, at);
}

static inline void test_texts(void **state)
{
    static uint8_t text[PLACE_MAX];

    (void)state;
    for (size_t n = 0; n < ALIGN_MAX * 4; n++) {
        fill_mixed(text + n / 4, sizeof(text) - ALIGN_MAX);
        if (n % 8 == 7)
            text[n / 4 + 40] = 0xff;
        for (size_t len = 0; len <= LEN_MAX; len++)
            compare_texts(text, n / 4, len, n % 4);
        for (size_t i = 0; i < COUNT(long_lens); i++)
            compare_texts(text, n / 4, long_lens[i], n % 4);
    }
}

/* ---- Sequences ----------------------------------------------------------- */

/* All that can be next, or one of each kind. */
static const uint8_t edges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0,
                                0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xff};

/* A sequence at the end of a text, where the state must be exact, and with
 * ASCII behind. */
static inline void compare_sequence(const uint8_t *p, size_t len, unsigned turn)
{
    uint8_t text[80];
    size_t at = turn % 60, behind = turn % 13;

    memset(text, '.', sizeof(text));
    memcpy(text + at, p, len);
    CHECK(ops->check(WEFT_UTF8_START, text, at + len) == read_text(p, len),
          "%02x %02x %02x %02x at the end", p[0], p[1], p[2], p[3]);
    CHECK(ops->check(WEFT_UTF8_START, text, at + len + 1 + behind) ==
              (read_text(p, len) == WEFT_UTF8_START ? WEFT_UTF8_START
                                                    : WEFT_UTF8_BAD),
          "%02x %02x %02x %02x", p[0], p[1], p[2], p[3]);
}

/* All sequences of up to three bytes, and of four whose last is an edge. Those
 * that go on after what is wrong already take edges only. */
static inline void compare_from(uint8_t p[4], size_t len, unsigned *turn)
{
    bool is_wrong = len > 0 && read_text(p, len) == WEFT_UTF8_BAD;
    size_t count = len == 3 || is_wrong ? COUNT(edges) : 256;

    if (len > 0)
        compare_sequence(p, len, (*turn)++);
    if (len == 4)
        return;
    for (size_t i = 0; i < count; i++) {
        p[len] = count == 256 ? (uint8_t)i : edges[i];
        /* Four bytes are of interest where the first asks for them. */
        if (len < 3 || p[0] >= 0xf0)
            compare_from(p, len + 1, turn);
        p[len] = 0;
    }
}

static inline void test_sequences(void **state)
{
    uint8_t p[4] = {0};
    unsigned turn = 0;

    (void)state;
    compare_from(p, 0, &turn);
    CHECK(turn > 300000, "only %u sequences", turn);
}

/* ---- Cuts ---------------------------------------------------------------- */

#define CUT_MAX 150

static inline void compare_cut(const uint8_t *masked, const uint8_t *text,
                               size_t cut, enum weft_utf8 want)
{
    uint8_t out[CUT_MAX];
    enum weft_utf8 half = ops->mask_text(out, masked, cut, key_at(0), 0);

    CHECK(half == weft_simd_scalar.check(0, text, cut), "the first %zu", cut);
    half = ops->mask_text(out + cut, masked + cut, CUT_MAX - cut, key_at(cut),
                          half);
    CHECK(half == want, "cut at %zu: %d, not %d", cut, (int)half, (int)want);
    if (want != WEFT_UTF8_BAD)
        CHECK(!memcmp(out, text, CUT_MAX), "cut at %zu", cut);
}

/* Every sequence at every position of a text of each kind: whole, and cut where
 * that meets the sequence or the vectors. */
static inline void test_cuts(void **state)
{
    uint8_t text[CUT_MAX], masked[CUT_MAX];

    (void)state;
    for (size_t n = 0; n < COUNT(sequences) * COUNT(fillers); n++) {
        const char *sequence = sequences[n / COUNT(fillers)];
        size_t len = strlen(sequence);

        for (size_t at = 0; at + len <= CUT_MAX; at++) {
            enum weft_utf8 want;

            fill_text(text, CUT_MAX, n % COUNT(fillers));
            fill_text(text, at, n % COUNT(fillers));
            memcpy(text + at, sequence, len);
            fill_text(text + at + len, CUT_MAX - at - len, n % COUNT(fillers));
            want = read_text(text, CUT_MAX);
            weft_simd_scalar.mask(masked, text, CUT_MAX, key_at(0));
            for (size_t cut = 0; cut <= CUT_MAX; cut++)
                compare_cut(masked, text, cut, want);
        }
    }
}

/* From every state, every short piece of continuations and others. */
static inline void test_states(void **state)
{
    uint8_t p[100], out[100];

    (void)state;
    for (size_t n = 0; n < (WEFT_UTF8_BAD + 1) * COUNT(edges) * COUNT(edges);
         n++) {
        enum weft_utf8 from = (enum weft_utf8)(n % (WEFT_UTF8_BAD + 1));
        size_t pick = n / (WEFT_UTF8_BAD + 1);

        memset(p, '.', sizeof(p));
        p[0] = edges[pick % COUNT(edges)];
        p[1] = edges[pick / COUNT(edges)];
        p[2] = 0x80;
        for (size_t len = 0; len <= sizeof(p); len++) {
            enum weft_utf8 want = weft_simd_scalar.check(from, p, len);

            CHECK(ops->check(from, p, len) == want, "%zu bytes from %d", len,
                  (int)from);
            CHECK(ops->mask_text(out, p, len, 0, from) == want,
                  "%zu bytes from %d", len, (int)from);
        }
    }
}

/* ---- Where memory ends --------------------------------------------------- */

/* A page between two that cannot be touched. */
static inline uint8_t *lone_page(void)
{
    uint8_t *p =
        mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(p != MAP_FAILED);
    assert_int_equal(mprotect(p + 4096, 4096, PROT_READ | PROT_WRITE), 0);
    return p + 4096;
}

static inline void test_page_ends(void **state)
{
    uint8_t *page = lone_page(), text[4096];

    (void)state;
    fill_mixed(text, sizeof(text));
    for (size_t n = 0; n < 2 * (LEN_MAX + COUNT(long_lens)); n++) {
        size_t len = n / 2 <= LEN_MAX ? n / 2 : long_lens[n / 2 - LEN_MAX - 1];
        uint8_t *p;

        if (len > 4096)
            continue;
        p = n % 2 ? page : page + 4096 - len;
        memcpy(p, text, len);
        ops->mask(p, p, len, key_at(n % 4));
        CHECK(ops->mask_text(p, p, len, key_at(n % 4), WEFT_UTF8_START) ==
                  read_text(text, len),
              "%zu bytes", len);
        CHECK(!memcmp(p, text, len), "%zu bytes", len);
        CHECK(ops->check(WEFT_UTF8_START, p, len) == read_text(text, len),
              "%zu bytes", len);
    }
    munmap(page - 4096, 3 * 4096);
}

/* The main function of each program. */
static inline int test_simd(const struct weft_simd_ops *tested)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masks),     cmocka_unit_test(test_texts),
        cmocka_unit_test(test_sequences), cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_states),    cmocka_unit_test(test_page_ends),
    };

    ops = tested;
    if (!ops->is_here || !ops->is_here()) {
        printf("this processor has no %s\n", ops->name);
        return 77;
    }
    return cmocka_run_group_tests_name(ops->name, tests, NULL, NULL);
}

#endif
