/* SPDX-License-Identifier: MIT */
/*
 * Masking in two pieces, in place and from one place to another, at every
 * alignment of both, and where memory ends, in every instruction set, against
 * RFC 6455 section 5.3 read literally: byte i of the payload is combined with
 * byte i modulo 4 of the key. Nothing around it may change.
 *
 * Input: the key, where the payload is cut, one byte for the two alignments,
 * then the payload.
 */
#include "fuzz.h"

#include "ws/mask.h"
#include "ws/simd.h"
#include <stdlib.h>

#define ALIGNMENTS 16 /* of each place */
#define MARGIN 0xee

struct job {
    const uint8_t *payload;
    size_t len, cut; /* cut <= len */
    uint8_t key[4];
};

/* Masks in two pieces to a place behind offset bytes, and checks it. from holds
 * the payload; NULL to mask in place. */
static void mask_at(size_t offset, const uint8_t *from, const struct job *job)
{
    const uint8_t *key = job->key;
    size_t len = job->len;
    uint8_t *place = malloc(offset + len + ALIGNMENTS);
    uint8_t *out = place + offset;
    uint32_t word = weft_mask_key(key);

    CHECK(place, "no memory");
    memset(place, MARGIN, offset + len + ALIGNMENTS);
    if (!from)
        from = memcpy(out, job->payload, len);
    word = weft_mask(out, from, job->cut, word);
    word = weft_mask(out + job->cut, from + job->cut, len - job->cut, word);

    for (size_t i = 0; i < len; i++)
        CHECK(out[i] == (job->payload[i] ^ key[i % 4]), "byte %zu of %zu", i,
              len);
    for (size_t i = 0; i < 4; i++)
        CHECK(((uint8_t *)&word)[i] == key[(len + i) % 4],
              "the key for what follows %zu bytes", len);
    for (size_t i = 0; i < offset; i++)
        CHECK(place[i] == MARGIN, "%zu bytes before", offset - i);
    for (size_t i = 0; i < ALIGNMENTS; i++)
        CHECK(out[len + i] == MARGIN, "%zu bytes behind", i);
    free(place);
}

/* The same, from a place behind other bytes. */
static void mask_from(size_t from_offset, size_t offset, const struct job *job)
{
    uint8_t *place = malloc(from_offset + job->len + 1);

    CHECK(place, "no memory");
    if (job->len > 0)
        memcpy(place + from_offset, job->payload, job->len);
    mask_at(offset, place + from_offset, job);
    free(place);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct job job;
    unsigned alignments;

    for (size_t i = 0; i < sizeof(job.key); i++)
        job.key[i] = (uint8_t)fuzz_byte(&in);
    job.cut = fuzz_byte(&in);
    alignments = fuzz_byte(&in);
    job.payload = in.at;
    job.len = in.left;
    if (job.cut > job.len)
        job.cut = job.len;

    for (int kind = 0; kind < WEFT_SIMD_COUNT; kind++) {
        if (!weft_simd_use((enum weft_simd)kind))
            continue;
        mask_at(alignments % ALIGNMENTS, NULL, &job);
        mask_at(alignments / ALIGNMENTS, at_page_end(in.at, in.left), &job);
        mask_from(alignments % ALIGNMENTS, alignments / ALIGNMENTS, &job);
    }
    return 0;
}
