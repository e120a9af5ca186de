/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share. A target is one function of its input; what it
 * finds wrong fails a CHECK, which ends the process under the fuzzer and fails
 * a case where replay.c runs the corpus.
 */
#ifndef WEFT_FUZZ_FUZZ_H
#define WEFT_FUZZ_FUZZ_H

#include "support.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The front of an input chooses how the rest is used. */
struct fuzz_input {
    const uint8_t *at;
    size_t left;
};

/* The next byte; 0 when there is none, so that every input means something. */
static inline unsigned fuzz_byte(struct fuzz_input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

/* How long the pieces are in which something arrives. */
struct fuzz_cuts {
    size_t first, step;
};

/* Takes them from the input; a step of 0 is all that is left. */
static inline struct fuzz_cuts fuzz_cuts(struct fuzz_input *in)
{
    struct fuzz_cuts cuts;

    cuts.first = fuzz_byte(in);
    cuts.step = fuzz_byte(in);
    return cuts;
}

/* The length of the piece that begins at at, of len bytes in all: at least 1
 * while there is any left. */
static inline size_t fuzz_piece(const struct fuzz_cuts *cuts, size_t at,
                                size_t len)
{
    size_t piece = at == 0 && cuts->first > 0 ? cuts->first : cuts->step;

    return piece == 0 || piece > len - at ? len - at : piece;
}

#endif
