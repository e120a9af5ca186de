/* SPDX-License-Identifier: MIT */
/*
 * The states of the basic URL parser (URL standard, section 4.4) as functions,
 * each of which takes what is its own off the front of the text. A component
 * ends at "/", "\", "?" or the end.
 *
 * Everything that is appended is encoded, written anew or checked: what comes
 * out is printable ASCII without blanks. A path is shortened by cutting off its
 * end, so the work is linear in the text also when that is nothing but "..".
 */
#include "client/url_parts.h"
#include "client/url_encode.h"
#include "client/url_host.h"
#include "client/url_ip.h"

static const struct weft_url_scheme schemes[] = {
    {"ws", "ws", 80, false},
    {"wss", "wss", 443, true},
    {"http", "ws", 80, false},
    {"https", "wss", 443, true},
};

void weft_url_parts_init(struct weft_url_parts *parts,
                         const struct weft_mem *mem)
{
    *parts = (struct weft_url_parts){0};
    weft_buf_init(&parts->userinfo, mem, WEFT_URL_MAX);
    weft_buf_init(&parts->host, mem, WEFT_URL_MAX);
    weft_buf_init(&parts->path, mem, WEFT_URL_MAX);
    weft_buf_init(&parts->query, mem, WEFT_URL_MAX);
}

void weft_url_parts_release(struct weft_url_parts *parts)
{
    weft_buf_release(&parts->userinfo);
    weft_buf_release(&parts->host);
    weft_buf_release(&parts->path);
    weft_buf_release(&parts->query);
}

static int invalid(struct weft_url_parts *parts, const char *reason)
{
    parts->reason = reason;
    return WEFT_ERR_INVALID;
}

/* "\" is a slash in URLs of these schemes. */
static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

static bool begins_with_slash(struct weft_slice text)
{
    return text.len > 0 && is_slash(text.ptr[0]);
}

#define RELATIVE "the URL is relative, it must begin with ws:// or wss://"

/* The length of what is not "?" nor, if that is asked for, a slash. */
static size_t component_length(struct weft_slice text, bool ends_at_slash)
{
    size_t len = 0;

    while (len < text.len && text.ptr[len] != '?' &&
           !(ends_at_slash && is_slash(text.ptr[len])))
        len++;
    return len;
}

/* Whether the segment is count dots, each of which may be written "%2e". */
static bool is_dots(struct weft_slice segment, int count)
{
    for (; count > 0; count--) {
        struct weft_slice front = {segment.ptr, 3};

        if (segment.len > 0 && segment.ptr[0] == '.')
            weft_slice_take(&segment, 1);
        else if (segment.len >= 3 && weft_slice_eq_nocase(front, "%2e"))
            weft_slice_take(&segment, 3);
        else
            return false;
    }
    return segment.len == 0;
}

/* The standard's "shorten a path": drops the last segment. */
static void shorten(struct weft_buf *path)
{
    while (path->len > 0 && path->data[--path->len] != '/')
        continue;
}

static int append_segment(struct weft_buf *path, struct weft_slice segment,
                          bool is_last)
{
    bool is_up = is_dots(segment, 2);
    int err;

    if (is_up)
        shorten(path);
    if (is_up || is_dots(segment, 1))
        return is_last ? weft_buf_append_text(path, "/") : 0;
    err = weft_buf_append_text(path, "/");
    return err ? err : weft_url_encode(path, WEFT_URL_PATH, segment);
}

/* Goes on with the path that is there. */
static int read_path(struct weft_url_parts *parts, struct weft_slice text)
{
    bool is_last;
    int err;

    if (begins_with_slash(text))
        weft_slice_take(&text, 1);
    do {
        struct weft_slice segment =
            weft_slice_take(&text, component_length(text, true));

        is_last = text.len == 0;
        if (!is_last)
            weft_slice_take(&text, 1);
        err = append_segment(&parts->path, segment, is_last);
    } while (!is_last && !err);
    return err;
}

/* Nothing, or "?" and all that is left. */
static int read_query(struct weft_url_parts *parts, struct weft_slice text)
{
    weft_buf_clear(&parts->query);
    parts->has_query = text.len > 0;
    if (!parts->has_query)
        return 0;
    weft_slice_take(&text, 1);
    return weft_url_encode(&parts->query, WEFT_URL_QUERY, text);
}

static int read_path_and_query(struct weft_url_parts *parts,
                               struct weft_slice text)
{
    struct weft_slice path =
        weft_slice_take(&text, component_length(text, false));
    int err = read_path(parts, path);

    return err ? err : read_query(parts, text);
}

/* All that stands before the last "@". */
static int read_userinfo(struct weft_url_parts *parts, struct weft_slice text)
{
    struct weft_slice name = text, password = {NULL, 0};
    const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
    int err;

    if (colon) {
        name.len = (size_t)(colon - text.ptr);
        password.ptr = colon + 1;
        password.len = text.len - name.len - 1;
    }
    err = weft_url_encode(&parts->userinfo, WEFT_URL_USERINFO, name);
    if (err || password.len == 0)
        return err;
    err = weft_buf_append_text(&parts->userinfo, ":");
    if (err)
        return err;
    return weft_url_encode(&parts->userinfo, WEFT_URL_USERINFO, password);
}

/* What is behind the colon, which may be nothing. */
static int read_port(struct weft_url_parts *parts, struct weft_slice text)
{
    int port = weft_url_number(text, UINT16_MAX);

    if (text.len == 0)
        return 0;
    if (port < 0)
        return invalid(parts, "the URL has a port that is not a number");
    if (port > UINT16_MAX)
        return invalid(parts, "the URL has a port above 65535");
    parts->port = (uint16_t)port;
    return 0;
}

/* The length of what stands before the first colon outside brackets. */
static size_t host_length(struct weft_slice text)
{
    bool is_inside = false;
    size_t len = 0;

    while (len < text.len && (is_inside || text.ptr[len] != ':')) {
        if (text.ptr[len] == '[')
            is_inside = true;
        else if (text.ptr[len] == ']')
            is_inside = false;
        len++;
    }
    return len;
}

static int read_host(struct weft_url_parts *parts, struct weft_slice text)
{
    struct weft_slice host = weft_slice_take(&text, host_length(text));
    int err;

    if (host.len == 0)
        return invalid(parts, "the URL has no host");
    err = weft_url_host(&parts->host, host, &parts->reason);
    if (err || text.len == 0)
        return err;
    weft_slice_take(&text, 1);
    return read_port(parts, text);
}

/* Everything behind the scheme; more slashes than two do no harm. */
static int read_authority(struct weft_url_parts *parts, struct weft_slice text)
{
    struct weft_slice authority;
    const char *at;
    int err = 0;

    while (begins_with_slash(text))
        weft_slice_take(&text, 1);
    weft_buf_clear(&parts->userinfo);
    weft_buf_clear(&parts->host);
    weft_buf_clear(&parts->path);
    parts->port = parts->scheme->port;

    authority = weft_slice_take(&text, component_length(text, true));
    at = authority.len ? memrchr(authority.ptr, '@', authority.len) : NULL;
    if (at) {
        err = read_userinfo(
            parts, weft_slice_take(&authority, (size_t)(at - authority.ptr)));
        weft_slice_take(&authority, 1);
    }
    if (!err)
        err = read_host(parts, authority);
    return err ? err : read_path_and_query(parts, text);
}

/* A URL without scheme, or with that of its base, which is in parts. */
static int read_relative(struct weft_url_parts *parts, struct weft_slice text)
{
    if (text.len == 0)
        return 0;
    if (text.ptr[0] == '?')
        return read_query(parts, text);
    if (!is_slash(text.ptr[0]))
        shorten(&parts->path);
    else if (text.len > 1 && is_slash(text.ptr[1]))
        return read_authority(parts, text);
    else
        weft_buf_clear(&parts->path);
    return read_path_and_query(parts, text);
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The length of the scheme, without ":"; 0: the URL is relative. */
static size_t scheme_length(struct weft_slice text)
{
    size_t len = 0;

    if (text.len == 0 || !is_alpha(text.ptr[0]))
        return 0;
    while (len < text.len && (is_alpha(text.ptr[len]) ||
                              (text.ptr[len] >= '0' && text.ptr[len] <= '9') ||
                              memchr("+-.", text.ptr[len], 3)))
        len++;
    return len < text.len && text.ptr[len] == ':' ? len : 0;
}

static const struct weft_url_scheme *find_scheme(struct weft_slice name)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (weft_slice_eq_nocase(name, schemes[i].name))
            return &schemes[i];
    }
    return NULL;
}

int weft_url_parts_read(struct weft_url_parts *parts, struct weft_slice text)
{
    const struct weft_url_scheme *base = parts->scheme;
    size_t len = scheme_length(text);

    parts->lacks_base = len == 0 && !base;
    if (parts->lacks_base)
        return invalid(parts, text.len == 0 ? "the URL is empty" : RELATIVE);
    if (len == 0)
        return read_relative(parts, text);

    parts->scheme = find_scheme(weft_slice_take(&text, len));
    if (!parts->scheme)
        return invalid(
            parts, "the URL has a scheme other than ws, wss, http and https");
    weft_slice_take(&text, 1);
    if (parts->scheme == base)
        return read_relative(parts, text);
    return read_authority(parts, text);
}
