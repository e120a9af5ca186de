/* SPDX-License-Identifier: MIT */
/* Base64 of RFC 4648 section 4, strict: padding is required, nothing else than
 * the alphabet is allowed, and the unused bits of the last character are 0. */
#ifndef WEFT_BASE_BASE64_H
#define WEFT_BASE_BASE64_H

#include <weft/types.h>

#define WEFT_BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Writes WEFT_BASE64_LEN(len) characters, without a NUL. */
void weft_base64_encode(char *out, const void *data, size_t len);

/* The number of bytes, written to out of at most max; -1 when it is not valid
 * Base64 or does not fit. */
int weft_base64_decode(void *out, size_t max, const char *text, size_t len);

#endif
