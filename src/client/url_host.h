/* SPDX-License-Identifier: MIT */
/* The host parser of the URL standard (section 3.5), for special schemes. */
#ifndef WEFT_CLIENT_URL_HOST_H
#define WEFT_CLIENT_URL_HOST_H

#include "base/buf.h"
#include "base/slice.h"

/*
 * Appends the host that text, UTF-8 and not empty, stands for, as it is
 * serialized: a name in lower case ASCII, an IPv4 address, or an IPv6 address
 * in brackets. 0; LIMIT; NOMEM; or INVALID, with *reason as in url.h.
 */
WEFT_CHECK int weft_url_host(struct weft_buf *out, struct weft_slice text,
                             const char **reason);

#endif
