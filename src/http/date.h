/* SPDX-License-Identifier: MIT */
/* HTTP dates (RFC 9110 section 5.6.7), without the C library's locale or
 * static buffers. Seconds since 1970-01-01 00:00:00 UTC. */
#ifndef WEFT_HTTP_DATE_H
#define WEFT_HTTP_DATE_H

#include "base/slice.h"

#define WEFT_DATE_SIZE 30 /* "Sun, 06 Nov 1994 08:49:37 GMT" and NUL */

/* Years 1 to 9999; others are held to the nearest of these. */
void weft_date_format(char out[WEFT_DATE_SIZE], int64_t seconds);

/* All three forms; the two-digit year of RFC 850 dates counts within fifty
 * years of now (seconds). false when it is none of them. */
bool weft_date_parse(int64_t *seconds, struct weft_slice text, int64_t now);

#endif
