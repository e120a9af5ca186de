/* SPDX-License-Identifier: MIT */
/*
 * The components of a URL as they are serialized, and the parser that fills
 * them: that of the URL standard for the schemes that a WebSocket's URL may
 * have. A relative URL is read over the components of its base, of which it
 * replaces some.
 */
#ifndef WEFT_CLIENT_URL_PARTS_H
#define WEFT_CLIENT_URL_PARTS_H

#include "base/buf.h"
#include "base/slice.h"

/* Of the text, of each component and of the href, in bytes: eight times what
 * servers commonly take as a request line. */
#define WEFT_URL_MAX ((size_t)64 << 10)

struct weft_url_scheme {
    const char *name, *as; /* the latter is that of the WebSocket */
    uint16_t port;
    bool is_secure;
};

struct weft_url_parts {
    const struct weft_url_scheme *scheme; /* NULL: nothing was read yet */
    struct weft_buf userinfo; /* encoded, without "@"; empty: none */
    struct weft_buf host;     /* an IPv6 address has brackets */
    struct weft_buf path;     /* begins with "/" */
    struct weft_buf query;    /* without "?" */
    bool has_query;
    bool lacks_base; /* why INVALID was returned: it is relative to nothing */
    uint16_t port;
    const char *reason; /* when INVALID was returned; as in url.h */
};

/* Allocates nothing. */
void weft_url_parts_init(struct weft_url_parts *parts,
                         const struct weft_mem *mem);
void weft_url_parts_release(struct weft_url_parts *parts);

/*
 * Reads a URL that is clean in the sense of url_encode.h, without its fragment;
 * relative to what was read before. 0; LIMIT; NOMEM; or INVALID. Unless 0 is
 * returned, parts are good for nothing but release.
 */
WEFT_CHECK int weft_url_parts_read(struct weft_url_parts *parts,
                                   struct weft_slice text);

#endif
