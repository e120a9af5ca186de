/* SPDX-License-Identifier: MIT */
/*
 * What is found in a text: sequences that make it again, within the window and
 * the bounds of the format, in blocks that lie side by side.
 */
#include "ws/deflate_quick.h"

#include "deflate_peer.h"

#define LEN 200000

struct work {
    struct weft_finder finder;
    struct weft_block block;
};

static const struct weft_effort efforts[] = {
    {8, false, SIZE_MAX}, {24, true, 0}, {WEFT_MATCH_MAX, true, 500}};

/* Copies as a decompressor does, from what it has made. */
static void check_block(const struct weft_block *block, const uint8_t *text,
                        size_t from, size_t window)
{
    size_t at = from;

    for (size_t i = 0; i < block->count; i++) {
        const struct weft_sequence *s = &block->sequences[i];

        at += s->literals;
        if (s->length == 0) {
            assert_int_equal(i, block->count - 1);
            break;
        }
        assert_in_range(s->length, WEFT_MATCH_MIN, WEFT_MATCH_MAX);
        assert_in_range(s->distance, 1, window < at ? window : at);
        CHECK(!memcmp(text + at, text + at - s->distance,
                      s->distance < s->length ? s->distance : s->length),
              "%zu: %u bytes from %u", at, s->length, s->distance);
        for (size_t k = s->distance; k < s->length; k++)
            assert_int_equal(text[at + k], text[at + k - s->distance]);
        at += s->length;
    }
    assert_int_equal(at - from, block->len);
}

/* Returns how many bytes are literals. */
static size_t check_text(struct work *work, const uint8_t *text, size_t len,
                         size_t window, struct weft_effort effort)
{
    size_t at = 0, literals = 0;

    weft_find_begin(&work->finder, text, len, window, effort);
    while (weft_find_block(&work->finder, &work->block)) {
        const struct weft_block *block = &work->block;

        assert_ptr_equal(block->text, text + at);
        assert_in_range(block->len, 1, 65535);
        assert_in_range(block->count, 1, WEFT_BLOCK_SEQUENCES);
        check_block(block, text, at, window);
        for (size_t i = 0; i < block->count; i++)
            literals += block->sequences[i].literals;
        at += block->len;
        assert_in_range(at, 1, len);
    }
    assert_int_equal(at, len);
    return literals;
}

static void test_texts(void **state)
{
    struct work *work = malloc(sizeof(*work));
    uint8_t *text = malloc(LEN);

    (void)state;
    assert_non_null(work);
    assert_non_null(text);
    for (enum peer_bytes kind = PEER_TEXT; kind <= PEER_REPEATED; kind++)
        for (int bits = 8; bits <= 15; bits++)
            for (size_t i = 0; i < COUNT(efforts); i++) {
                size_t window = (size_t)1 << bits;

                peer_fill(text, LEN, kind, window);
                check_text(work, text, LEN, window, efforts[i]);
            }
    free(text);
    free(work);
}

/* At every length, and with nothing readable behind it. */
static void test_lengths(void **state)
{
    struct work *work = malloc(sizeof(*work));
    uint8_t text[700];

    (void)state;
    assert_non_null(work);
    for (enum peer_bytes kind = PEER_TEXT; kind <= PEER_REPEATED; kind++)
        for (size_t len = 0; len < sizeof(text); len++) {
            peer_fill(text, len, kind, 7);
            check_text(work, at_page_end(text, len), len, 32768,
                       efforts[len % COUNT(efforts)]);
        }
    free(work);
}

/* What has been there is found, from the shortest on, and up to the end. */
static void test_found(void **state)
{
    static const struct {
        const char *text;
        size_t literals;
    } cases[] = {
        {"abcdabcd", 4},
        {"0abcd1abcd", 6},
        {"abcabc", 6},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1},
        {"one two three four five six seven, one two three four", 35},
        {"0123456789abcdefghij0123456789abcdefghij", 20},
    };
    struct work *work = malloc(sizeof(*work));

    (void)state;
    assert_non_null(work);
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = strlen(cases[i].text), literals;

        literals = check_text(work, (const uint8_t *)cases[i].text, len, 32768,
                              efforts[1]);
        CHECK(literals == cases[i].literals, "%s: %zu literals", cases[i].text,
              literals);
    }
    free(work);
}

/* "abcdefgh" is there, but what begins one byte later is longer. */
static void test_better_one(void **state)
{
    static const char text[] = "0abcdefgh1bcdefghijklmnop2abcdefghijklmnop3456"
                               "789 the rest is not looked at";
    struct work *work = malloc(sizeof(*work));
    const struct weft_sequence *s;

    (void)state;
    assert_non_null(work);
    check_text(work, (const uint8_t *)text, sizeof(text) - 1, 32768,
               efforts[1]);
    s = &work->block.sequences[1]; /* behind "bcdefgh" */
    assert_int_equal(s->literals, strlen("ijklmnop2a"));
    assert_int_equal(s->length, 15);
    assert_int_equal(s->distance, 17);
    free(work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_better_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
