/* SPDX-License-Identifier: MIT */
/*
 * What the files of our own compressor share: deflate_find.c makes sequences of
 * text, deflate_code.c prefix codes, deflate_block.c writes blocks of DEFLATE
 * (RFC 1951) with both, and deflate_quick.c makes messages of them. Nobody else
 * includes this.
 */
#ifndef WEFT_WS_DEFLATE_QUICK_H
#define WEFT_WS_DEFLATE_QUICK_H

#include "base/buf.h"
#include "base/sizes.h"

#include <stdbool.h>
#include <string.h>

/* Of the format (RFC 1951 section 3.2.5). */
#define WEFT_MATCH_MIN 3
#define WEFT_MATCH_MAX 258
#define WEFT_SYMBOLS 286
#define WEFT_DISTANCES 30
#define WEFT_END_OF_BLOCK 256
#define WEFT_CODEWORD_MAX 15

/* The memory of a match is at most so long, in bits: 32 KiB. */
#define WEFT_TABLE_BITS_MAX 14

/* Literals, and then a match: length bytes that lie distance back. */
struct weft_sequence {
    uint16_t literals;
    uint16_t length; /* 0: there is none */
    uint32_t distance;
};

/* Text that becomes one block, of at most 65535 bytes. */
struct weft_block {
    const uint8_t *text;
    size_t len;
    size_t count;
    struct weft_sequence sequences[WEFT_BLOCK_SEQUENCES];
};

/* How hard to look. */
struct weft_effort {
    uint16_t enough; /* a match of that length is taken at once */
    bool enters_all; /* what a match covers can be found later on */
    size_t all_from; /* bytes of a text that is worth all three tables */
};

/*
 * Where in the text bytes that look like those at hand were seen last: the
 * place's lower 16 bits, by a hash of four, eight and fourteen bytes. What it
 * says is only a guess, to be compared.
 */
struct weft_finder {
    const uint8_t *text;
    size_t len;
    size_t at;     /* where the next block begins */
    size_t window; /* the greatest distance */
    struct weft_effort effort;
    unsigned bits; /* so many of a hash are used */
    uint16_t four[1 << WEFT_TABLE_BITS_MAX];
    uint16_t eight[1 << WEFT_TABLE_BITS_MAX];
    uint16_t fourteen[1 << WEFT_TABLE_BITS_MAX];
};

/* ---- deflate_find.c ------------------------------------------------------ */

/* Begins a text; what was seen in others is forgotten. */
void weft_find_begin(struct weft_finder *finder, const uint8_t *text,
                     size_t len, size_t window, struct weft_effort effort);

/* Makes the next block, which is not empty; false: the text is over. */
bool weft_find_block(struct weft_finder *finder, struct weft_block *block);

/* ---- deflate_code.c ------------------------------------------------------ */

/* As it is written: the first bit is the lowest. */
struct weft_codeword {
    uint16_t bits, len; /* len 0: the symbol has none */
};

/* A complete prefix code, without codewords longer than longest, of the symbols
 * that are used, at most 65535 times each, and of at least two. */
void weft_code_make(struct weft_codeword *code, const uint32_t *uses,
                    unsigned count, unsigned longest);

/* Gives codewords whose lengths are set their bits (section 3.2.2). */
void weft_code_number(struct weft_codeword *code, unsigned count);

/* ---- deflate_block.c ----------------------------------------------------- */

/* A stream of bits: out, and behind it fewer than eight. */
struct weft_bits {
    struct weft_buf *out;
    uint64_t held;
    unsigned count;
};

/* Appends the block: 1; 0: the bytes would be more than most; or NOMEM. */
int weft_block_write(struct weft_bits *bits, const struct weft_block *block,
                     size_t most);

/* Appends the head of the empty stored block that section 7.2.1 of RFC 7692
 * ends a message with, up to the border of a byte. Results likewise. */
int weft_block_end(struct weft_bits *bits, size_t most);

#endif
