/* SPDX-License-Identifier: MIT */
/* Ranges and conditions of GET and HEAD (RFC 9110 sections 13 and 14). */
#ifndef WEFT_HTTP_RANGE_H
#define WEFT_HTTP_RANGE_H

#include "base/slice.h"

struct weft_range {
    uint64_t first, last; /* both included */
};

/*
 * Reads a Range field for a representation of size bytes. 206: *range is set,
 * within the size. 416: it cannot be satisfied. 200: no single byte range
 * (another unit, several ranges, bad syntax), which means the whole is sent.
 */
int weft_range_parse(struct weft_range *range, struct weft_slice value,
                     uint64_t size);

/* What a file is, for conditions. */
struct weft_validators {
    const char *etag;      /* with its quotes, strong */
    int64_t last_modified; /* seconds since 1970 */
};

/*
 * Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since
 * in the order of section 13.2.2: 200 go on, 304 not modified, 412 failed.
 */
int weft_conditions(const struct weft_field *fields, size_t count,
                    const struct weft_validators *file, int64_t now);

/* Whether If-Range, if there is one, allows a range to be sent. */
bool weft_if_range(const struct weft_field *fields, size_t count,
                   const struct weft_validators *file, int64_t now);

#endif
