/* SPDX-License-Identifier: MIT */
/*
 * The head of an HTTP/1.1 response (RFC 9112), read by a client. As strict as
 * http_request.h, but for what the RFC tells a user agent to put up with: a
 * folded line is unfolded (section 5.2), and the reason phrase is nobody's
 * concern (section 4), nor is the space before one that is missing. A function
 * of its bytes; nothing is kept or copied.
 */
#ifndef WEFT_HTTP_HTTP_RESPONSE_H
#define WEFT_HTTP_HTTP_RESPONSE_H

#include "base/slice.h"
#include <weft/error.h>

struct weft_http_response {
    int minor;  /* HTTP/1.minor: 0 or 1 */
    int status; /* 100 to 599 */
    struct weft_slice reason;
    struct weft_field *fields;
    size_t count;
    const char *why; /* static: what is wrong with it; NULL: nothing yet */
};

/*
 * Reads a head into *res, with its fields into fields[max]. Returns its length
 * with the empty line; 0 when more bytes are needed; PROTOCOL for what is not
 * HTTP/1; or LIMIT for more than max fields, of which each folded line counts
 * as one, a name of a field over 256 bytes or a reason over 8000. With an error
 * res->why is the rest of a sentence that begins with "the answer ". Bad bytes
 * are refused as soon as they are there; the answer does not depend on how the
 * head was cut, also where it has folded lines, which are unfolded where they
 * lie once the head is whole. *res holds nothing else of use unless the result
 * is positive.
 *
 * seen is how many of the bytes an earlier call, which returned 0, has had, so
 * that a head which comes byte by byte costs linear time for a given max; 0 is
 * always right. in may have moved in between.
 */
WEFT_CHECK int weft_http_response_parse(struct weft_http_response *res,
                                        struct weft_field *fields, size_t max,
                                        char *in, size_t len, size_t seen);

#endif
