/* SPDX-License-Identifier: MIT */
/* What was meant by a word that is not known. */
#ifndef WEFT_CLI_SUGGEST_H
#define WEFT_CLI_SUGGEST_H

#include <stdbool.h>

/* How many characters must be added, left out, replaced or swapped with their
 * neighbour to make one word the other; words beyond 32 characters are as far
 * apart as they are long. */
unsigned suggest_distance(const char *a, const char *b);

/* Whether somebody who typed the one word probably meant the other. */
bool suggest_is_near(const char *typed, const char *known);

#endif
