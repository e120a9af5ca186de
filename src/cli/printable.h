/* SPDX-License-Identifier: MIT */
/* Text from another machine, made safe to show on a terminal. */
#ifndef WEFT_CLI_PRINTABLE_H
#define WEFT_CLI_PRINTABLE_H

#include <stdio.h>
#include <weft/types.h>

/*
 * Prints UTF-8 as it is, but for what a terminal obeys: control characters
 * become \n, \t, \r or \xNN, bytes that are not UTF-8 \xNN, and characters that
 * change the direction of writing or break lines \u{NNNN}. has_color shows
 * these in reverse.
 */
void printable_put(FILE *out, const void *text, size_t len, bool has_color);

#endif
