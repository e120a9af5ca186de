/* SPDX-License-Identifier: MIT */
/*
 * Whether masking keys are drawn afresh, for each frame, from all there are.
 * Nobody can tell from outside that they cannot be foretold, but what is wrong
 * in practice shows: one key for all, a counter, a generator of few bits, some
 * bits that never change. Bounds are so far from what chance does that a right
 * client fails less than once in a million runs.
 */
#include "fresh.h"

#include <stdlib.h>
#include <string.h>

static void add_word(struct bytes *b, uint32_t word)
{
    bytes_add(b, &word, sizeof(word));
}

static uint32_t word_at(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

void fresh_add_masks(struct fresh *f, const uint8_t *p, size_t len)
{
    pthread_mutex_lock(&f->lock);
    for (size_t at = 0; at + 4 <= len; at += 4) {
        add_word(&f->masks, word_at(p + at));
        if (at)
            add_word(&f->steps, word_at(p + at) - word_at(p + at - 4));
    }
    pthread_mutex_unlock(&f->lock);
}

void fresh_add_nonce(struct fresh *f, const uint8_t nonce[16])
{
    pthread_mutex_lock(&f->lock);
    bytes_add(&f->nonces, nonce, 16);
    pthread_mutex_unlock(&f->lock);
}

static int compare_words(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(uint32_t));
}

static int compare_nonces(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

/* Sorts, and counts what is equal to the one before it. */
static size_t repeats(struct bytes *b, size_t size,
                      int (*compare)(const void *, const void *))
{
    size_t n = 0;

    if (!b->len)
        return 0;
    qsort(b->p, b->len / size, size, compare);
    for (size_t at = size; at < b->len; at += size)
        n += memcmp(b->p + at, b->p + at - size, size) == 0;
    return n;
}

/* Of n words of 32 bits, n^2 / 2^33 pairs are equal by chance. Four more than
 * eight times that is beyond one in a million wherever n is up to 10^5. */
static bool too_many(size_t repeated, size_t n)
{
    double chance = (double)n * (double)n / 8589934592.0;

    return (double)repeated > 4 + 8 * chance;
}

/* A bit that is 1 too rarely or too often, or -1: more than seven standard
 * deviations, which are the root of n / 4 each, from the half. */
static int skewed_bit(const struct bytes *b)
{
    size_t n = b->len / sizeof(uint32_t), ones;
    double off;

    for (int bit = 0; bit < 32; bit++) {
        ones = 0;
        for (size_t i = 0; i < n; i++) {
            uint32_t word;

            memcpy(&word, b->p + i * sizeof(word), sizeof(word));
            ones += word >> bit & 1;
        }
        off = 2 * (double)ones - (double)n;
        if (off * off > 49 * (double)n)
            return bit;
    }
    return -1;
}

void fresh_judge_masks(struct fresh *f, struct verdict *v)
{
    size_t n = f->masks.len / sizeof(uint32_t);
    size_t same = repeats(&f->masks, sizeof(uint32_t), compare_words);
    size_t steps = repeats(&f->steps, sizeof(uint32_t), compare_words);
    int bit = skewed_bit(&f->masks);

    if (too_many(same, n))
        verdict_say(v, GRADE_FAIL, "%zu of %zu masking keys were used before",
                    same, n);
    if (too_many(steps, n))
        verdict_say(v, GRADE_FAIL,
                    "%zu of %zu masking keys follow the one before by a step "
                    "that was seen before",
                    steps, n);
    if (n >= 64 && bit >= 0)
        verdict_say(v, GRADE_FAIL,
                    "bit %d of %zu masking keys is not 0 and 1 equally often",
                    bit, n);
    verdict_say(v, GRADE_NOTE, "%zu keys, %zu repeated", n, same);
}

void fresh_judge_nonces(struct fresh *f, struct verdict *v)
{
    size_t n = f->nonces.len / 16;
    size_t same = repeats(&f->nonces, 16, compare_nonces);

    if (same)
        verdict_say(v, GRADE_FAIL,
                    "%zu of %zu Sec-WebSocket-Keys were used before", same, n);
    verdict_say(v, GRADE_NOTE, "%zu keys", n);
}

void fresh_release(struct fresh *f)
{
    bytes_release(&f->masks);
    bytes_release(&f->steps);
    bytes_release(&f->nonces);
}
