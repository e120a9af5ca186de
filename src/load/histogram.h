/* SPDX-License-Identifier: MIT */
/*
 * Times, counted in buckets whose width grows with them: 64 to each power of
 * two, so that what is read off is at most 1/64 above what was put in.
 */
#ifndef WEFT_LOAD_HISTOGRAM_H
#define WEFT_LOAD_HISTOGRAM_H

#include <weft/types.h>

#define LOAD_HISTOGRAM_SUB 64 /* buckets of a power of two */
#define LOAD_HISTOGRAM_TOP 40 /* 2^40 ns are 18 minutes; longer is cut */
#define LOAD_HISTOGRAM_BUCKETS ((LOAD_HISTOGRAM_TOP - 5) * LOAD_HISTOGRAM_SUB)

/* Empty when it is zeroed. */
struct load_histogram {
    uint64_t counts[LOAD_HISTOGRAM_BUCKETS];
    uint64_t count;
    uint64_t max;
    double sum;
};

/* The same time, n times over. */
void load_histogram_add(struct load_histogram *h, uint64_t ns, uint64_t n);

void load_histogram_merge(struct load_histogram *to,
                          const struct load_histogram *from);

/* What no more than the part q of all (0 to 1) lies above; 0 of none. */
uint64_t load_histogram_quantile(const struct load_histogram *h, double q);

double load_histogram_mean(const struct load_histogram *h);

#endif
