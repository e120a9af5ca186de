/* SPDX-License-Identifier: MIT */
/* The monotonic clock, for bounds on waiting. */
#ifndef WEFT_HANDLER_CLOCK_H
#define WEFT_HANDLER_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t weft_clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

#endif
