/* SPDX-License-Identifier: MIT */
/* Text from peers, made safe for a log or a terminal. */
#ifndef WEFT_BASE_ESCAPE_H
#define WEFT_BASE_ESCAPE_H

#include <weft/types.h>

/*
 * Copies text to out, which holds size bytes (at least 5), and ends it with a
 * NUL. Control characters, DEL, backslash, bytes that are not UTF-8, the C1
 * controls, and what breaks lines or turns the direction of writing in Unicode
 * become \xNN; what does not fit is cut off and "..." says so. Returns the
 * length.
 */
size_t weft_escape(char *out, size_t size, const char *text, size_t len);

#endif
