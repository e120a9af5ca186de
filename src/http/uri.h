/* SPDX-License-Identifier: MIT */
/* Request targets (RFC 9112 section 3.2) and percent-encoding (RFC 3986). */
#ifndef WEFT_HTTP_URI_H
#define WEFT_HTTP_URI_H

#include "base/slice.h"

struct weft_target {
    struct weft_slice scheme;    /* absolute form only */
    struct weft_slice authority; /* absolute form only: host[:port] */
    struct weft_slice path;      /* begins with "/"; not decoded */
    struct weft_slice query;     /* without the "?"; ptr NULL: none */
};

/* Origin form ("/a?b") or absolute form ("http://h/a?b", also https, ws and
 * wss, "/" for an empty path). 0, or -400: authority and asterisk form, a
 * fragment, user information, a "%" without two hex digits, characters outside
 * RFC 3986 other than those that browsers do not encode either ("|" and "^",
 * and in queries also "{", "}", "`" and "\"). */
int weft_target_parse(struct weft_target *target, struct weft_slice raw);

/*
 * Decodes a path into out[size] as a NUL-terminated string and returns its
 * length, or -1 when it does not fit (path.len + 1 is always enough), holds a
 * NUL, an encoded "/" or a "%" without two hex digits, does not begin with
 * "/", or climbs above the root; what is in out then means nothing. "." and
 * ".." segments are removed after decoding, so that "%2e%2e" is ".." too;
 * empty segments ("//") are kept, as paths are names. All other bytes are left
 * as they are, "\" and what is not UTF-8 among them.
 */
int weft_path_decode(char *out, size_t size, struct weft_slice path);

/* Decodes a form parameter (application/x-www-form-urlencoded: "+" is a space)
 * of this name, the first, into out[size]. Its length; -1: none, too long, or
 * it holds a NUL or a "%" without two hex digits. */
int weft_query_param(char *out, size_t size, struct weft_slice query,
                     const char *name);

/* Splits "host", "host:port", "[v6]" or "[v6]:port". *port is -1 where there
 * is none. false when the syntax is wrong, the host is empty, or the port is
 * over 65535. host keeps the brackets. */
bool weft_authority_split(struct weft_slice authority, struct weft_slice *host,
                          int *port);

#endif
