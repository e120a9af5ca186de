/* SPDX-License-Identifier: MIT */
/* What the compiler cannot know: which code is seldom run. */
#ifndef WEFT_BASE_HINTS_H
#define WEFT_BASE_HINTS_H

#include <stddef.h>

/* Kept out of its callers, so that these stay small where they are hot. */
#define WEFT_COLD __attribute__((noinline, cold))

/* Has n bytes from p on fetched into the cache, if p is not NULL. */
static inline void weft_prefetch(const void *p, size_t n)
{
    for (size_t i = 0; p && i < n; i += 64)
        __builtin_prefetch((const char *)p + i);
}

#endif
