/* SPDX-License-Identifier: MIT */
/*
 * The URL of a WebSocket, by the rules of the WHATWG WebSockets standard for
 * absolute URLs: ws and wss, or http and https, which stand for them; no
 * fragment. Stricter than a browser, it does not repair: what a browser would
 * encode, strip or normalize is refused or left as it is.
 */
#ifndef WEFT_CLIENT_URL_H
#define WEFT_CLIENT_URL_H

#include "base/slice.h"
#include <weft/error.h>

/* The strings are owned; a zeroed struct may be released. */
struct weft_url {
    const struct weft_mem *mem;
    char *host;      /* to connect to: lower case, IPv6 without brackets */
    char *authority; /* for Host: lower case, the port unless default */
    char *resource;  /* for the request line: path, "?" and query */
    uint16_t port;
    bool is_secure; /* wss */
};

/*
 * Reads an absolute URL. 0; NOMEM; or INVALID, with *reason, a static text
 * that says what is wrong with the URL as the rest of the sentence "the URL
 * ...". Unless 0 is returned, there is nothing to release.
 */
WEFT_CHECK int weft_url_parse(struct weft_url *url, const struct weft_mem *mem,
                              struct weft_slice text, const char **reason);
void weft_url_release(struct weft_url *url);

#endif
