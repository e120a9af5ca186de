/* SPDX-License-Identifier: MIT */
/*
 * The URL's text is read into parts, over those of its base, and what is asked
 * for is written from them: there is no other way from the text to the strings.
 *
 * The text is bytes, and stands for what a UTF-8 decoder makes of them, U+FFFD
 * in place of what is not UTF-8. Length is bounded before and after, as three
 * bytes may come of one.
 */
#include "client/url.h"
#include "base/buf.h"
#include "base/mem.h"
#include "client/url_encode.h"
#include "client/url_parts.h"

static int read_text(struct weft_url_parts *parts, struct weft_slice text,
                     bool is_base)
{
    struct weft_buf clean;
    const char *hash = NULL;
    int err;

    if (text.len > WEFT_URL_MAX)
        return WEFT_ERR_LIMIT;
    weft_buf_init(&clean, parts->host.mem, WEFT_URL_MAX);
    err = weft_url_clean(&clean, text);
    if (err)
        goto out;

    if (clean.len > 0)
        hash = memchr(clean.data, '#', clean.len);
    if (hash && !is_base) {
        parts->reason = "the URL has a fragment, which a WebSocket cannot have";
        err = WEFT_ERR_INVALID;
        goto out;
    }
    if (hash)
        clean.len = (size_t)((const uint8_t *)hash - clean.data);
    err = weft_url_parts_read(parts, weft_url_bytes(&clean));
out:
    weft_buf_release(&clean);
    return err;
}

static int read_base(struct weft_url_parts *parts, const char *base)
{
    int err = read_text(parts, weft_slice(base), true);

    if (err != WEFT_ERR_INVALID && err != WEFT_ERR_LIMIT)
        return err;
    parts->reason =
        "the URL has a base that is not a ws, wss, http or https URL";
    return WEFT_ERR_INVALID;
}

/* Behind a base that cannot be one, of a page at about:blank for example, whose
 * reason is there: an absolute URL needs none. */
static int read_alone(struct weft_url_parts *parts, struct weft_slice text)
{
    const char *bad_base = parts->reason;
    const struct weft_mem *mem = parts->host.mem;
    int err;

    weft_url_parts_release(parts);
    weft_url_parts_init(parts, mem);
    err = read_text(parts, text, false);
    if (err == WEFT_ERR_INVALID && parts->lacks_base)
        parts->reason = bad_base;
    return err;
}

static int append_slice(struct weft_buf *buf, struct weft_slice s)
{
    return weft_buf_append(buf, s.ptr, s.len);
}

/* A copy of what buf holds; NULL: no memory. */
static char *copy_of(const struct weft_buf *buf)
{
    return weft_strndup(buf->mem, (const char *)buf->data, buf->len);
}

static int write_authority(struct weft_buf *out,
                           const struct weft_url_parts *parts)
{
    int err = append_slice(out, weft_url_bytes(&parts->host));

    if (err || parts->port == parts->scheme->port)
        return err;
    return weft_buf_printf(out, ":%u", parts->port);
}

static int write_resource(struct weft_buf *out,
                          const struct weft_url_parts *parts)
{
    int err = append_slice(out, weft_url_bytes(&parts->path));

    if (err || !parts->has_query)
        return err;
    err = weft_buf_append_text(out, "?");
    return err ? err : append_slice(out, weft_url_bytes(&parts->query));
}

static int write_href(struct weft_buf *out, const struct weft_url_parts *parts)
{
    int err = weft_buf_printf(out, "%s://", parts->scheme->as);

    if (!err && parts->userinfo.len > 0) {
        err = append_slice(out, weft_url_bytes(&parts->userinfo));
        if (!err)
            err = weft_buf_append_text(out, "@");
    }
    if (!err)
        err = write_authority(out, parts);
    return err ? err : write_resource(out, parts);
}

/* Writes one of the URL's strings, and copies it. */
static int make(char **text, const struct weft_url_parts *parts,
                int (*write)(struct weft_buf *out,
                             const struct weft_url_parts *parts))
{
    struct weft_buf out;
    int err;

    weft_buf_init(&out, parts->host.mem, WEFT_URL_MAX);
    err = write(&out, parts);
    if (!err) {
        *text = copy_of(&out);
        err = *text ? 0 : WEFT_ERR_NOMEM;
    }
    weft_buf_release(&out);
    return err;
}

/* Without the brackets of an IPv6 address. */
static int write_host(struct weft_buf *out, const struct weft_url_parts *parts)
{
    struct weft_slice host = weft_url_bytes(&parts->host);

    if (host.ptr[0] == '[') {
        host.ptr++;
        host.len -= 2;
    }
    return append_slice(out, host);
}

static int fill(struct weft_url *url, const struct weft_url_parts *parts)
{
    int err = make(&url->href, parts, write_href);

    if (!err)
        err = make(&url->host, parts, write_host);
    if (!err)
        err = make(&url->authority, parts, write_authority);
    if (!err)
        err = make(&url->resource, parts, write_resource);
    url->port = parts->port;
    url->is_secure = parts->scheme->is_secure;
    return err;
}

int weft_url_parse(struct weft_url *url, const struct weft_mem *mem,
                   struct weft_slice text, const char *base,
                   const char **reason)
{
    struct weft_url_parts parts;
    int err = 0;

    *url = (struct weft_url){.mem = mem};
    *reason = NULL;
    weft_url_parts_init(&parts, mem);
    if (base)
        err = read_base(&parts, base);
    if (!err)
        err = read_text(&parts, text, false);
    else if (err == WEFT_ERR_INVALID)
        err = read_alone(&parts, text);
    if (!err)
        err = fill(url, &parts);
    if (err == WEFT_ERR_LIMIT) {
        parts.reason = "the URL is longer than 64 KiB";
        err = WEFT_ERR_INVALID;
    }
    if (err == WEFT_ERR_INVALID)
        *reason = parts.reason;
    if (err)
        weft_url_release(url);
    weft_url_parts_release(&parts);
    return err;
}

void weft_url_release(struct weft_url *url)
{
    weft_strfree(url->mem, url->href);
    weft_strfree(url->mem, url->host);
    weft_strfree(url->mem, url->authority);
    weft_strfree(url->mem, url->resource);
    *url = (struct weft_url){0};
}
