/* SPDX-License-Identifier: MIT */
/*
 * The head of an HTTP/1.1 request (RFC 9112), read strictly: what is not in
 * the grammar is refused, because what two programs read differently is how
 * requests are smuggled. A function of its bytes; nothing is kept or copied.
 */
#ifndef WEFT_HTTP_HTTP_REQUEST_H
#define WEFT_HTTP_HTTP_REQUEST_H

#include "base/slice.h"

struct weft_http_request {
    struct weft_slice method;
    struct weft_slice target; /* as it came; see uri.h */
    int minor;                /* HTTP/1.minor: 0 or 1 */
    struct weft_field *fields;
    size_t count;

    /* Derived from the fields. */
    struct weft_slice host;  /* of Host, or of the target in absolute form */
    uint64_t content_length; /* 0 also when there is none */
    bool is_chunked;         /* Transfer-Encoding: chunked */
    bool is_persistent;      /* RFC 9112 section 9.3 */
    bool expects_continue;   /* RFC 9110 section 10.1.1 */
};

/*
 * Reads a head into *req, with its fields into fields[max]. Returns its length
 * with the empty line; 0 when more bytes are needed; or a negative HTTP status
 * to answer with: -400 for bad syntax, a missing or repeated Host, both
 * Content-Length and Transfer-Encoding or any that are ambiguous, bare CR or
 * LF, a line that begins with white space, white space before a colon, NUL or
 * other controls, a form of target that does not go with the method; -414 for
 * a target over 8000 bytes; -431 for more than max fields or a field name over
 * 256 bytes; -501 for a transfer coding other than chunked or a method over 32
 * bytes; -505 for a version that is not 1.0 or 1.1. Bad bytes are refused as
 * soon as they are there, and bad fields when their line ends, before the head
 * is whole; the answer does not depend on how the head was cut. At most one
 * empty line before the request is passed over (section 2.2). Host may be
 * empty. *req holds nothing of use unless the result is positive.
 *
 * seen is how many of the bytes an earlier call, which returned 0, has had, so
 * that a head which comes byte by byte costs linear time for a given max; 0 is
 * always right. in may have moved in between.
 */
int weft_http_request_parse(struct weft_http_request *req,
                            struct weft_field *fields, size_t max,
                            const char *in, size_t len, size_t seen);

#endif
