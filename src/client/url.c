/* SPDX-License-Identifier: MIT */
/*
 * A URL is first cut into parts that borrow from the text, each step checking
 * one of them and returning the reason why it is wrong, or NULL; then the
 * parts are copied. Bytes that could end a line or a field of the request are
 * refused before anything else is looked at.
 *
 * The grammar of hosts, ports and targets is that of http/uri.h, so that what
 * this client asks for is what our server would accept.
 */
#include "client/url.h"
#include "base/mem.h"
#include "http/uri.h"

#include <stdio.h>

/* RFC 1035 section 2.3.4: 255 bytes with their lengths, which leaves 253 to
 * write, and a dot that may end them. */
#define HOST_MAX 254

struct parts {
    struct weft_slice authority, host; /* host is a part of authority */
    struct weft_slice path, query;     /* query.ptr NULL: none */
    int port;
    bool is_secure;
};

static const char *check_bytes(struct weft_slice text)
{
    if (text.len == 0)
        return "is empty";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c < ' ' || c == 0x7f)
            return "has a control character";
        if (c == ' ')
            return "has a space";
        if (c > 0x7f)
            return "has a character outside ASCII that is not encoded";
        if (c == '#')
            return "has a fragment, which a WebSocket cannot have";
    }
    return NULL;
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The length of the scheme, without ":"; 0: the URL is relative (RFC 3986
 * section 3.1). */
static size_t scheme_length(struct weft_slice text)
{
    size_t len = 0;

    if (!is_alpha(text.ptr[0]))
        return 0;
    while (len < text.len && (is_alpha(text.ptr[len]) ||
                              is_digit(text.ptr[len]) || text.ptr[len] == '+' ||
                              text.ptr[len] == '-' || text.ptr[len] == '.'))
        len++;
    return len < text.len && text.ptr[len] == ':' ? len : 0;
}

/* Takes "ws://" or its like off the front. */
static const char *take_scheme(struct parts *parts, struct weft_slice *rest)
{
    struct weft_slice scheme = {rest->ptr, scheme_length(*rest)};

    if (scheme.len == 0)
        return "is relative, it must begin with ws:// or wss://";
    parts->is_secure = weft_slice_eq_nocase(scheme, "wss") ||
                       weft_slice_eq_nocase(scheme, "https");
    if (!parts->is_secure && !weft_slice_eq_nocase(scheme, "ws") &&
        !weft_slice_eq_nocase(scheme, "http"))
        return "has a scheme other than ws, wss, http and https";

    rest->ptr += scheme.len + 1;
    rest->len -= scheme.len + 1;
    if (rest->len < 2 || memcmp(rest->ptr, "//", 2) != 0)
        return "has no // behind the scheme";
    rest->ptr += 2;
    rest->len -= 2;
    return NULL;
}

/* Takes what stands before the path, the query or the end off the front. */
static const char *take_authority(struct parts *parts, struct weft_slice *rest)
{
    size_t len = 0;

    for (; len < rest->len; len++) {
        char c = rest->ptr[len];

        if (c == '/' || c == '?')
            break;
        if (c == '@')
            return "has a user name or password, which is not supported";
    }
    parts->authority = (struct weft_slice){rest->ptr, len};
    rest->ptr += len;
    rest->len -= len;
    return NULL;
}

/* The length of the authority's host, of which only the end is looked for. */
static size_t host_length(struct weft_slice authority)
{
    bool is_ipv6 = authority.len > 0 && authority.ptr[0] == '[';
    const char *end = NULL;

    if (authority.len > 0)
        end = memchr(authority.ptr, is_ipv6 ? ']' : ':', authority.len);
    if (!end)
        return authority.len;
    return (size_t)(end - authority.ptr) + is_ipv6;
}

static const char *check_host(struct parts *parts)
{
    struct weft_slice host = {parts->authority.ptr,
                              host_length(parts->authority)};
    struct weft_slice same;
    int port;

    if (host.len == 0)
        return "has no host";
    if (host.ptr[0] == '[') {
        if (!weft_authority_split(host, &same, &port))
            return "has an IPv6 address that is not valid";
    } else {
        if (memchr(host.ptr, '%', host.len))
            return "has a host with a percent sign";
        if (!weft_authority_split(host, &same, &port))
            return "has a host with a character that is not allowed";
        if (host.len >= HOST_MAX + (host.ptr[host.len - 1] == '.'))
            return "has a host that is too long";
    }
    parts->host = host;
    return NULL;
}

/* After check_host. */
static const char *check_port(struct parts *parts)
{
    struct weft_slice host;
    size_t i = parts->host.len;
    int port;

    if (i < parts->authority.len && parts->authority.ptr[i] != ':')
        return "has no colon between the IPv6 address and the port";
    for (i++; i < parts->authority.len; i++) {
        if (!is_digit(parts->authority.ptr[i]))
            return "has a port that is not a number";
    }
    if (!weft_authority_split(parts->authority, &host, &port))
        return "has a port above 65535";
    if (port < 0)
        port = parts->is_secure ? 443 : 80;
    parts->port = port;
    return NULL;
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool has_bad_escape(struct weft_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '%')
            continue;
        if (s.len - i < 3 || !is_hex(s.ptr[i + 1]) || !is_hex(s.ptr[i + 2]))
            return true;
    }
    return false;
}

/* What stands before rest, which begins behind the authority, has been
 * checked. */
static const char *check_target(struct parts *parts, struct weft_slice text,
                                struct weft_slice rest)
{
    struct weft_target target;

    if (has_bad_escape(rest))
        return "has a percent sign without two hex digits";
    if (weft_target_parse(&target, text) != 0)
        return "has a path or query with a character that must be encoded";
    parts->path = target.path;
    parts->query = target.query;
    return NULL;
}

/* Cuts the text into parts; NULL, or what is wrong with it. */
static const char *split(struct parts *parts, struct weft_slice text)
{
    struct weft_slice rest = text;
    const char *reason = check_bytes(text);

    if (!reason)
        reason = take_scheme(parts, &rest);
    if (!reason)
        reason = take_authority(parts, &rest);
    if (!reason)
        reason = check_host(parts);
    if (!reason)
        reason = check_port(parts);
    if (!reason)
        reason = check_target(parts, text, rest);
    return reason;
}

static char *copy_lower(const struct weft_mem *mem, struct weft_slice s)
{
    char *copy = weft_strndup(mem, s.ptr, s.len);

    if (!copy)
        return NULL;
    for (char *p = copy; *p; p++) {
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    }
    return copy;
}

static char *copy_host(const struct weft_mem *mem, const struct parts *parts)
{
    struct weft_slice host = parts->host;

    if (host.ptr[0] == '[') {
        host.ptr++;
        host.len -= 2;
    }
    return copy_lower(mem, host);
}

/* The port as it was written may have zeros in front, so it is written anew:
 * equal addresses shall have equal names. */
static char *copy_authority(const struct weft_mem *mem,
                            const struct parts *parts)
{
    struct weft_slice host = parts->host;
    char text[HOST_MAX + sizeof(":65535")];

    if (parts->port == (parts->is_secure ? 443 : 80))
        return copy_lower(mem, host);
    snprintf(text, sizeof(text), "%.*s:%d", (int)host.len, host.ptr,
             parts->port);
    return copy_lower(mem, weft_slice(text));
}

/* Path, "?" and query lie side by side in the text, except that an empty path
 * is a "/" from elsewhere. */
static char *copy_resource(const struct weft_mem *mem,
                           const struct parts *parts)
{
    size_t query_len = parts->query.ptr ? parts->query.len + 1 : 0;
    size_t size = parts->path.len + query_len + 1;
    char *copy = weft_alloc(mem, size);

    if (!copy)
        return NULL;
    memcpy(copy, parts->path.ptr, parts->path.len);
    if (query_len > 0) {
        copy[parts->path.len] = '?';
        memcpy(copy + parts->path.len + 1, parts->query.ptr, parts->query.len);
    }
    copy[size - 1] = '\0';
    return copy;
}

int weft_url_parse(struct weft_url *url, const struct weft_mem *mem,
                   struct weft_slice text, const char **reason)
{
    struct parts parts = {0};

    *url = (struct weft_url){.mem = mem};
    *reason = split(&parts, text);
    if (*reason)
        return WEFT_ERR_INVALID;

    url->port = (uint16_t)parts.port;
    url->is_secure = parts.is_secure;
    url->host = copy_host(mem, &parts);
    url->authority = copy_authority(mem, &parts);
    url->resource = copy_resource(mem, &parts);
    if (!url->host || !url->authority || !url->resource) {
        weft_url_release(url);
        return WEFT_ERR_NOMEM;
    }
    return 0;
}

void weft_url_release(struct weft_url *url)
{
    weft_strfree(url->mem, url->host);
    weft_strfree(url->mem, url->authority);
    weft_strfree(url->mem, url->resource);
    *url = (struct weft_url){0};
}
