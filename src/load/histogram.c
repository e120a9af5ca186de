/* SPDX-License-Identifier: MIT */
/*
 * Below 64 every value has a bucket. From there on a power of two 2^e has 64 of
 * 2^(e-6) each: the number of a bucket is e in its upper part, and the six bits
 * behind the leading one of the value in its lower.
 */
#include "load/histogram.h"

static size_t bucket_of(uint64_t ns)
{
    unsigned exponent;

    if (ns < LOAD_HISTOGRAM_SUB)
        return (size_t)ns;
    exponent = 63 - (unsigned)__builtin_clzll(ns);
    return (size_t)(exponent - 5) * LOAD_HISTOGRAM_SUB +
           (size_t)(ns >> (exponent - 6)) % LOAD_HISTOGRAM_SUB;
}

/* The largest value that falls into it. */
static uint64_t top_of(size_t bucket)
{
    unsigned shift;
    uint64_t sub;

    if (bucket < LOAD_HISTOGRAM_SUB)
        return bucket;
    shift = (unsigned)(bucket / LOAD_HISTOGRAM_SUB) - 1;
    sub = LOAD_HISTOGRAM_SUB + bucket % LOAD_HISTOGRAM_SUB;
    return ((sub + 1) << shift) - 1;
}

void load_histogram_add(struct load_histogram *h, uint64_t ns, uint64_t n)
{
    const uint64_t most = (UINT64_C(1) << LOAD_HISTOGRAM_TOP) - 1;

    h->counts[bucket_of(ns < most ? ns : most)] += n;
    h->count += n;
    h->sum += (double)ns * (double)n;
    if (ns > h->max)
        h->max = ns;
}

void load_histogram_merge(struct load_histogram *to,
                          const struct load_histogram *from)
{
    for (size_t i = 0; i < LOAD_HISTOGRAM_BUCKETS; i++)
        to->counts[i] += from->counts[i];
    to->count += from->count;
    to->sum += from->sum;
    if (from->max > to->max)
        to->max = from->max;
}

uint64_t load_histogram_quantile(const struct load_histogram *h, double q)
{
    double want = q * (double)h->count;
    uint64_t seen = 0;

    if (h->count == 0)
        return 0;
    for (size_t i = 0; i < LOAD_HISTOGRAM_BUCKETS; i++) {
        seen += h->counts[i];
        /* The last bucket stands for all that is longer. */
        if (seen > 0 && (double)seen >= want)
            return i + 1 < LOAD_HISTOGRAM_BUCKETS && top_of(i) < h->max
                       ? top_of(i)
                       : h->max;
    }
    return h->max;
}

double load_histogram_mean(const struct load_histogram *h)
{
    return h->count > 0 ? h->sum / (double)h->count : 0;
}
