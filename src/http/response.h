/* SPDX-License-Identifier: MIT */
/* Writing the head of an HTTP/1.1 response. */
#ifndef WEFT_HTTP_RESPONSE_H
#define WEFT_HTTP_RESPONSE_H

#include "base/buf.h"
#include "base/slice.h"

/* The reason phrase of RFC 9110 and others for a status; "Unknown". */
const char *weft_http_reason(int status);

/* "HTTP/1.1 200 OK" CR LF. 0, NOMEM or LIMIT, as all below, and nothing is
 * written then; USAGE when status has not three digits. */
WEFT_CHECK int weft_http_status(struct weft_buf *out, int status);

/* A field; USAGE when weft_http_field_is_valid says no. */
WEFT_CHECK int weft_http_field(struct weft_buf *out, struct weft_slice name,
                               struct weft_slice value);

/* The same with a format for the value. The arguments must not lie in out. */
WEFT_CHECK int weft_http_fieldf(struct weft_buf *out, const char *name,
                                const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The empty line. */
WEFT_CHECK int weft_http_end(struct weft_buf *out);

/* Whether name is a token and value has no controls but tab, and no white
 * space at its ends (RFC 9110 section 5.5). */
bool weft_http_field_is_valid(struct weft_slice name, struct weft_slice value);

#endif
