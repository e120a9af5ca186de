/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 in pieces, in every instruction set, against a reader that takes one
 * byte at a time and knows nothing but RFC 3629: what the bits of a character
 * are (section 3), and which numbers are characters. A beginning is good as
 * long as a character exists that begins so; the validator must say no at the
 * same byte.
 *
 * Input: two bytes that say where the text is cut, then the text.
 */
#include "fuzz.h"

#include "ws/simd.h"
#include "ws/utf8.h"
#include <stdlib.h>

#define ALIGNMENTS 32

struct reader {
    uint32_t value; /* the bits of the character so far */
    uint32_t least; /* what this many bytes are for */
    unsigned left;  /* bytes still to come */
    bool is_bad;
};

static void begin(struct reader *r, uint8_t byte)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

    if (byte < 0x80)
        return;
    if (byte < 0xc0 || byte >= 0xf8) {
        r->is_bad = true;
        return;
    }
    r->left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    r->value = byte & (0x3fu >> r->left);
    r->least = least[r->left];
}

/* Whether one of the numbers that can still come of it is a character. */
static bool can_be_character(const struct reader *r)
{
    uint32_t low = r->value << 6 * r->left;
    uint32_t high = low | ((UINT32_C(1) << 6 * r->left) - 1);

    if (high < r->least || low > 0x10ffff)
        return false;
    return low < 0xd800 || high > 0xdfff; /* surrogates */
}

static void read_byte(struct reader *r, uint8_t byte)
{
    if (r->is_bad)
        return;
    if (r->left == 0) {
        begin(r, byte);
    } else if ((byte & 0xc0) == 0x80) {
        r->value = r->value << 6 | (byte & 0x3f);
        r->left--;
    } else {
        r->is_bad = true;
    }
    if (byte >= 0x80 && !r->is_bad)
        r->is_bad = !can_be_character(r);
}

/* Whether a text is valid cannot depend on where it lies. */
static bool is_valid_at(size_t offset, const uint8_t *text, size_t len)
{
    uint8_t *place = malloc(offset + len + 1);
    bool is_valid;

    CHECK(place, "no memory");
    memset(place, 0x80, offset + len + 1); /* a continuation, around it */
    if (len > 0)
        memcpy(place + offset, text, len);
    is_valid = weft_utf8_is_valid(place + offset, len);
    free(place);
    return is_valid;
}

/* The text in pieces and whole, by what serves now. */
static void check_text(struct fuzz_input in, const struct fuzz_cuts *cuts)
{
    enum weft_utf8 state = WEFT_UTF8_START;
    struct reader r = {0};
    const uint8_t *whole;
    size_t at = 0, piece;

    for (; at < in.left; at += piece) {
        piece = fuzz_piece(cuts, at, in.left);
        state = weft_utf8_check(state, at_page_end(in.at + at, piece), piece);
        for (size_t i = 0; i < piece; i++)
            read_byte(&r, in.at[at + i]);
        CHECK((state == WEFT_UTF8_BAD) == r.is_bad, "state %d at %zu",
              (int)state, at + piece);
        CHECK((state == WEFT_UTF8_START) == (r.left == 0 && !r.is_bad),
              "state %d at %zu", (int)state, at + piece);
    }
    whole = at_page_end(in.at, in.left);
    CHECK(weft_utf8_check(WEFT_UTF8_START, whole, in.left) == state,
          "whole and cut differ");
    CHECK(weft_utf8_is_valid(whole, in.left) == (state == WEFT_UTF8_START),
          "state %d", (int)state);
    CHECK(is_valid_at(cuts->first % ALIGNMENTS, in.at, in.left) ==
              (state == WEFT_UTF8_START),
          "at an offset of %zu bytes", cuts->first % ALIGNMENTS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct fuzz_cuts cuts = fuzz_cuts(&in);

    for (int kind = 0; kind < WEFT_SIMD_COUNT; kind++)
        if (weft_simd_use((enum weft_simd)kind))
            check_text(in, &cuts);
    return 0;
}
