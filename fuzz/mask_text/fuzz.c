/* SPDX-License-Identifier: MIT */
/*
 * Text unmasked and checked in one pass, in pieces, in every instruction set:
 * in place and from one place to another, at every alignment, against doing one
 * after the other in the scalar form. Nothing around it may change.
 *
 * Input: the key, two bytes that say where the text is cut, one for where it
 * lies, then the text.
 */
#include "fuzz.h"

#include "ws/mask.h"
#include "ws/simd.h"
#include <stdlib.h>

#define ALIGNMENTS 64
#define MARGIN 0xee

struct job {
    struct fuzz_input text;
    struct fuzz_cuts cuts;
    uint32_t key;
    size_t offset;
};

/* Unmasks the pieces from in to out, which may be the same. */
static void take_pieces(uint8_t *out, const uint8_t *in, const struct job *job)
{
    enum weft_utf8 state = WEFT_UTF8_START, want = WEFT_UTF8_START;
    size_t len = job->text.left, at = 0, piece;
    uint32_t key = job->key;

    for (; at < len && want != WEFT_UTF8_BAD; at += piece) {
        piece = fuzz_piece(&job->cuts, at, len);
        key = weft_mask_text(out + at, in + at, piece, key, &state);
        want = weft_simd_scalar.check(want, job->text.at + at, piece);
        CHECK(state == want, "state %d, not %d, at %zu of %zu", (int)state,
              (int)want, at + piece, len);
        CHECK(key == weft_mask_key_after(job->key, at + piece), "key at %zu",
              at + piece);
        CHECK(want == WEFT_UTF8_BAD ||
                  !memcmp(out + at, job->text.at + at, piece),
              "%zu bytes at %zu", piece, at);
    }
}

/* A place with a margin on both sides. */
static uint8_t *new_place(const struct job *job)
{
    uint8_t *place = malloc(job->offset + job->text.left + ALIGNMENTS);

    CHECK(place, "no memory");
    memset(place, MARGIN, job->offset + job->text.left + ALIGNMENTS);
    return place;
}

static void check_margins(const uint8_t *place, const struct job *job)
{
    for (size_t i = 0; i < job->offset; i++)
        CHECK(place[i] == MARGIN, "%zu bytes before", job->offset - i);
    place += job->offset + job->text.left;
    for (size_t i = 0; i < ALIGNMENTS; i++)
        CHECK(place[i] == MARGIN, "%zu bytes behind", i);
}

static void check_job(const struct job *job)
{
    uint8_t *from = new_place(job), *to = new_place(job), *whole;
    size_t len = job->text.left;

    weft_simd_scalar.mask(from + job->offset, job->text.at, len, job->key);
    take_pieces(to + job->offset, from + job->offset, job);
    whole = at_page_end(from + job->offset, len);
    CHECK(weft_mask_whole_text(whole, whole, len, job->key) ==
              (weft_simd_scalar.check(WEFT_UTF8_START, job->text.at, len) ==
               WEFT_UTF8_START),
          "%zu bytes, whole", len);
    take_pieces(from + job->offset, from + job->offset, job);
    check_margins(from, job);
    check_margins(to, job);
    free(from);
    free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct job job = {.text = {data, size}};
    uint8_t key[4];

    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)fuzz_byte(&job.text);
    job.key = weft_mask_key(key);
    job.cuts = fuzz_cuts(&job.text);
    job.offset = fuzz_byte(&job.text) % ALIGNMENTS;
    for (int kind = 0; kind < WEFT_SIMD_COUNT; kind++)
        if (weft_simd_use((enum weft_simd)kind))
            check_job(&job);
    return 0;
}
