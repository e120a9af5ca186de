/* SPDX-License-Identifier: MIT */
/* What the compiler cannot know: which code is seldom run. */
#ifndef WEFT_BASE_HINTS_H
#define WEFT_BASE_HINTS_H

/* Kept out of its callers, so that these stay small where they are hot. */
#define WEFT_COLD __attribute__((noinline, cold))

#endif
