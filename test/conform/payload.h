/* SPDX-License-Identifier: MIT */
/* The pieces of a payload in the notation of script.h. */
#ifndef CONFORM_PAYLOAD_H
#define CONFORM_PAYLOAD_H

#include "bytes.h"

/* True when the word at p is a piece of a payload. */
bool payload_is_piece(const char *p);

/* Appends the piece at *p, which moves behind it. Returns NULL, or what is
 * wrong with it. */
const char *payload_piece(struct bytes *out, const char **p, bool text);

/* Appends n bytes that are not alike: printable, or of all values. */
void payload_pattern(struct bytes *out, size_t n, bool text);

/* What people write, more or less: n bytes, which differ with the seed and live
 * as long as the program. */
const uint8_t *payload_prose(uint32_t seed, size_t n);

#endif
