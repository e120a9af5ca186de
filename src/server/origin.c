/* SPDX-License-Identifier: MIT */
/*
 * An origin is scheme, host and port (RFC 6454 section 6.2), or "null". What
 * does not parse as one is allowed by "any" alone.
 */
#include "server/origin.h"

#include "http/uri.h"

struct origin {
    struct weft_slice scheme, host;
    int port;
};

static int default_port(struct weft_slice scheme)
{
    if (weft_slice_eq_nocase(scheme, "http"))
        return 80;
    return weft_slice_eq_nocase(scheme, "https") ? 443 : -1;
}

/* "scheme://host[:port]" and nothing behind. */
static bool origin_parse(struct origin *origin, struct weft_slice text)
{
    const char *colon = memchr(text.ptr, ':', text.len);
    struct weft_slice rest;
    size_t n;

    if (!colon)
        return false;
    n = (size_t)(colon - text.ptr);
    rest = (struct weft_slice){colon, text.len - n};
    if (n == 0 || rest.len < 4 || memcmp(rest.ptr, "://", 3) != 0)
        return false;
    rest.ptr += 3;
    rest.len -= 3;
    origin->scheme = (struct weft_slice){text.ptr, n};
    if (!weft_authority_split(rest, &origin->host, &origin->port) ||
        origin->host.len == 0)
        return false;
    if (origin->port < 0)
        origin->port = default_port(origin->scheme);
    return true;
}

static bool origins_are_equal(const struct origin *a, const struct origin *b)
{
    return weft_slice_same_nocase(a->scheme, b->scheme) &&
           weft_slice_same_nocase(a->host, b->host) && a->port == b->port;
}

/* "null" can be allowed by name too: it stands for pages opened as files. */
static bool is_listed(struct weft_slice text, const struct origin *origin,
                      const char *const *allowed)
{
    struct origin entry;

    for (; allowed && *allowed; allowed++) {
        if (strcmp(*allowed, "any") == 0 || weft_slice_eq(text, *allowed))
            return true;
        if (origin && origin_parse(&entry, weft_slice(*allowed)) &&
            origins_are_equal(origin, &entry))
            return true;
    }
    return false;
}

bool weft_origin_is_allowed(struct weft_slice text, struct weft_slice host,
                            const char *const *allowed)
{
    struct origin origin;
    struct weft_slice name;
    int port;

    if (!origin_parse(&origin, text))
        return is_listed(text, NULL, allowed);
    if (is_listed(text, &origin, allowed))
        return true;
    if (default_port(origin.scheme) < 0)
        return false;
    return weft_authority_split(host, &name, &port) && name.len > 0 &&
           weft_slice_same_nocase(origin.host, name);
}

static bool ends_with_localhost(struct weft_slice name)
{
    const char tail[] = ".localhost";
    size_t n = sizeof(tail) - 1;

    if (name.len <= n)
        return false;
    name.ptr += name.len - n;
    name.len = n;
    return weft_slice_eq_nocase(name, tail);
}

/* 127.0.0.0/8: a number cannot be pointed elsewhere. */
static bool is_loopback_ipv4(struct weft_slice name)
{
    const char prefix[] = "127.";
    size_t n = sizeof(prefix) - 1;

    if (name.len <= n || memcmp(name.ptr, prefix, n) != 0)
        return false;
    for (size_t i = n; i < name.len; i++)
        if (name.ptr[i] != '.' && (name.ptr[i] < '0' || name.ptr[i] > '9'))
            return false;
    return true;
}

bool weft_host_is_local(struct weft_slice host, const char *const *allowed)
{
    struct weft_slice name;
    int port;

    for (; allowed && *allowed; allowed++) {
        if (strcmp(*allowed, "any") == 0)
            return true;
        if (weft_authority_split(host, &name, &port) &&
            (weft_slice_eq_nocase(name, *allowed) ||
             weft_slice_eq_nocase(host, *allowed)))
            return true;
    }
    if (!weft_authority_split(host, &name, &port))
        return false;
    return weft_slice_eq_nocase(name, "localhost") || is_loopback_ipv4(name) ||
           weft_slice_eq(name, "[::1]") || ends_with_localhost(name);
}
