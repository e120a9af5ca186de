/* SPDX-License-Identifier: MIT */
/*
 * The URL of a WebSocket, by the WHATWG URL standard (its basic URL parser, for
 * the four schemes that count here, all of them "special") and by the first
 * steps of the WebSocket constructor: relative URLs against a base, http and
 * https taken as ws and wss, no fragment. What a browser repairs is repaired;
 * what it refuses is refused.
 */
#ifndef WEFT_CLIENT_URL_H
#define WEFT_CLIENT_URL_H

#include "base/slice.h"
#include <weft/error.h>

/* The strings are owned; a zeroed struct may be released. */
struct weft_url {
    const struct weft_mem *mem;
    char *href; /* the whole, serialized: the url attribute */
    char *host; /* to connect to: lower case ASCII, IPv6 without brackets */
    char *authority; /* for Host: the same with brackets, and the port unless
                      * it is the default */
    char *resource;  /* for the request line: path, "?" and query */
    uint16_t port;
    bool is_secure; /* wss */
};

/*
 * Reads a URL, of at most 64 KiB, as text is and as href becomes. Bytes that
 * are not UTF-8 are read as U+FFFD, as a browser's decoder would have it. base
 * may be NULL, and may have any of the four schemes; one that cannot be read
 * matters to a relative URL only. 0; NOMEM; or INVALID, with *reason, a static
 * sentence without full stop. Unless 0 is returned, there is nothing to
 * release.
 */
WEFT_CHECK int weft_url_parse(struct weft_url *url, const struct weft_mem *mem,
                              struct weft_slice text, const char *base,
                              const char **reason);
void weft_url_release(struct weft_url *url);

/* Whether the fetch standard blocks the port, lest a page talk to a service of
 * another kind (section 2.9, "port blocking"). */
bool weft_url_port_is_blocked(uint16_t port);

#endif
