/* SPDX-License-Identifier: MIT */
/*
 * What a client sends: the requests, made as a whole when the socket is, so
 * that whatever a caller can have wrong is the caller's to hear. No byte that
 * could end a line or a field gets into a request unseen: the URL is encoded,
 * and each field goes through weft_http_field, which checks it.
 */
#include "client/opening.h"

#include "base/mem.h"
#include "http/response.h"
#include "tls/crypto.h"
#include <weft/version.h>

#define REQUEST_MAX 1048576 /* bytes; servers take far less */

#define USER_AGENT "Weft/" WEFT_VERSION

/* ---- Subprotocols -------------------------------------------------------- */

static size_t count_of(const char *const *list)
{
    size_t n = 0;

    while (list && list[n])
        n++;
    return n;
}

/* The constructor's step "if any of the values in protocols occur more than
 * once or otherwise fail to match". Case counts. */
static const char *protocols_fault(const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!weft_slice_is_token(weft_slice(list[i])))
            return "a subprotocol is not a token";
        for (size_t j = 0; j < i; j++)
            if (strcmp(list[i], list[j]) == 0)
                return "a subprotocol is there twice";
    }
    return NULL;
}

static int copy_protocols(struct weft_opening *o, const char *const *list)
{
    o->protocol_count = count_of(list);
    o->protocols =
        weft_zalloc(o->mem, (o->protocol_count + 1) * sizeof(*o->protocols));
    if (!o->protocols)
        return WEFT_ERR_NOMEM;
    for (size_t i = 0; i < o->protocol_count; i++) {
        o->protocols[i] = weft_strdup(o->mem, list[i]);
        if (!o->protocols[i])
            return WEFT_ERR_NOMEM;
    }
    return 0;
}

/* ---- Fields of the caller's ---------------------------------------------- */

/* What the handshake consists of, and what frames a message of HTTP. */
static const char *const reserved[] = {
    "Connection", "Content-Length",    "Expect",  "Keep-Alive",
    "TE",         "Proxy-Connection",  "Trailer", "Proxy-Authorization",
    "Upgrade",    "Transfer-Encoding",
};

static bool is_reserved(struct weft_slice name)
{
    static const char prefix[] = "Sec-WebSocket-";
    struct weft_slice front = {name.ptr, sizeof(prefix) - 1};

    if (name.len >= front.len && weft_slice_eq_nocase(front, prefix))
        return true;
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        if (weft_slice_eq_nocase(name, reserved[i]))
            return true;
    return false;
}

static bool split_field(const char *text, struct weft_field *field)
{
    const char *colon = strchr(text, ':');

    if (!colon)
        return false;
    field->name = (struct weft_slice){text, (size_t)(colon - text)};
    field->value = weft_slice_trim(weft_slice(colon + 1));
    return true;
}

/* The first of the caller's fields with that name, or false. */
static bool find_field(const char *const *list, const char *name,
                       struct weft_slice *value)
{
    struct weft_field field;

    for (; list && *list; list++) {
        if (split_field(*list, &field) &&
            weft_slice_eq_nocase(field.name, name)) {
            *value = field.value;
            return true;
        }
    }
    return false;
}

static size_t count_fields(const char *const *list, const char *name)
{
    struct weft_field field;
    size_t n = 0;

    for (; list && *list; list++)
        n += split_field(*list, &field) &&
             weft_slice_eq_nocase(field.name, name);
    return n;
}

/* Those of which a request has one, from whichever option it comes. */
static const char *single_fault(const struct weft_socket_opts *opts)
{
    if (count_fields(opts->headers, "Host") > 1)
        return "Host is there twice";
    if (count_fields(opts->headers, "User-Agent") > 1)
        return "User-Agent is there twice";
    if (count_fields(opts->headers, "Origin") + !!opts->origin > 1)
        return "Origin is there twice";
    if (count_fields(opts->headers, "Cookie") + !!opts->cookie > 1)
        return "Cookie is there twice"; /* RFC 6265 section 5.4 */
    return NULL;
}

static const char *headers_fault(const struct weft_socket_opts *opts)
{
    struct weft_field field;

    for (const char *const *p = opts->headers; p && *p; p++) {
        if (!split_field(*p, &field))
            return "a header has no colon";
        if (!weft_http_field_is_valid(field.name, field.value))
            return "a header has a character that is not allowed";
        if (is_reserved(field.name))
            return "a header is one that the handshake sets by itself";
    }
    return single_fault(opts);
}

static const char *value_fault(const char *name, const char *value)
{
    return !value ||
                   weft_http_field_is_valid(weft_slice(name), weft_slice(value))
               ? NULL
               : "the origin or the cookie has a character that is not allowed";
}

/* ---- The requests -------------------------------------------------------- */

static int put(struct weft_buf *out, const char *name, struct weft_slice value)
{
    return weft_http_field(out, weft_slice(name), value);
}

/* The caller's field instead of ours, if there is one. */
static int put_own(struct weft_buf *out, const struct weft_socket_opts *opts,
                   const char *name, const char *ours)
{
    struct weft_slice value = weft_slice(ours);

    find_field(opts->headers, name, &value);
    return put(out, name, value);
}

static int put_protocols(struct weft_buf *out, const struct weft_opening *o)
{
    int err = weft_buf_append_text(out, "Sec-WebSocket-Protocol: ");

    for (size_t i = 0; !err && i < o->protocol_count; i++) {
        if (i > 0)
            err = weft_buf_append_text(out, ", ");
        if (!err)
            err = weft_buf_append_text(out, o->protocols[i]);
    }
    return err ? err : weft_buf_append_text(out, "\r\n");
}

static int put_extensions(struct weft_buf *out, const struct weft_opening *o)
{
    int err = weft_buf_append_text(out, "Sec-WebSocket-Extensions: ");

    if (!err)
        err = weft_deflate_offer(out, &o->deflate_opts);
    return err ? err : weft_buf_append_text(out, "\r\n");
}

static int put_headers(struct weft_buf *out, const char *const *list)
{
    int err = 0;

    for (; !err && list && *list; list++) {
        struct weft_field field;

        if (split_field(*list, &field) &&
            !weft_slice_eq_nocase(field.name, "Host") &&
            !weft_slice_eq_nocase(field.name, "User-Agent"))
            err = weft_http_field(out, field.name, field.value);
    }
    return err;
}

/* Section 4.1, items 5 to 12. */
static int put_handshake(struct weft_buf *out, const struct weft_opening *o,
                         const struct weft_socket_opts *opts)
{
    int err = put_own(out, opts, "Host", o->url.authority);

    if (!err)
        err = put(out, "Upgrade", weft_slice("websocket"));
    if (!err)
        err = put(out, "Connection", weft_slice("Upgrade"));
    if (!err)
        err = put(out, "Sec-WebSocket-Key", weft_slice(o->key));
    if (!err)
        err = put(out, "Sec-WebSocket-Version", weft_slice("13"));
    if (!err && o->protocol_count > 0)
        err = put_protocols(out, o);
    if (!err && !o->deflate_opts.is_off)
        err = put_extensions(out, o);
    return err;
}

static int make_request(struct weft_opening *o,
                        const struct weft_socket_opts *opts)
{
    struct weft_buf *out = &o->request;
    int err = weft_buf_printf(out, "GET %s HTTP/1.1\r\n", o->url.resource);

    if (!err)
        err = put_handshake(out, o, opts);
    if (!err && opts->origin)
        err = put(out, "Origin", weft_slice(opts->origin));
    if (!err && opts->cookie)
        err = put(out, "Cookie", weft_slice(opts->cookie));
    if (!err)
        err = put_own(out, opts, "User-Agent", USER_AGENT);
    if (!err)
        err = put_headers(out, opts->headers);
    return err ? err : weft_http_end(out);
}

/* RFC 9110 section 9.3.6: the port is there in every case. */
static int put_target(struct weft_buf *out, const struct weft_url *url)
{
    bool is_ipv6 = strchr(url->host, ':');

    return weft_buf_printf(out, is_ipv6 ? "[%s]:%u" : "%s:%u", url->host,
                           url->port);
}

static int make_connect(struct weft_opening *o)
{
    struct weft_buf *out = &o->connect;
    int err = weft_buf_append_text(out, "CONNECT ");

    if (!err)
        err = put_target(out, &o->url);
    if (!err)
        err = weft_buf_append_text(out, " HTTP/1.1\r\nHost: ");
    if (!err)
        err = put_target(out, &o->url);
    if (!err)
        err = weft_buf_append_text(out, "\r\n");
    if (!err)
        err = put(out, "User-Agent", weft_slice(USER_AGENT));
    if (!err && o->proxy.authorization)
        err =
            put(out, "Proxy-Authorization", weft_slice(o->proxy.authorization));
    return err ? err : weft_http_end(out);
}

/* ---- Making -------------------------------------------------------------- */

static const char *options_fault(const struct weft_socket_opts *opts)
{
    const char *text =
        protocols_fault(opts->protocols, count_of(opts->protocols));

    if (!text)
        text = headers_fault(opts);
    if (!text)
        text = value_fault("Origin", opts->origin);
    if (!text)
        text = value_fault("Cookie", opts->cookie);
    return text;
}

static int fill(struct weft_opening *o, const char *url,
                const struct weft_socket_opts *opts, const char **why)
{
    uint8_t nonce[16];
    int err;

    err = weft_url_parse(&o->url, o->mem, weft_slice(url), opts->base, why);
    if (err)
        return err;
    *why = options_fault(opts);
    if (*why)
        return WEFT_ERR_INVALID;
    err = weft_deflate_opts_fill(&o->deflate_opts, opts->deflate);
    if (err)
        return err;
    err = weft_proxy_choose(&o->proxy, o->mem, opts->proxy, &o->url, why);
    if (err < 0)
        return err;
    o->has_proxy = o->is_tunnelling = err > 0;
    err = weft_random(NULL, nonce, sizeof(nonce));
    if (err)
        return err;
    weft_handshake_key(nonce, o->key);
    err = copy_protocols(o, opts->protocols);
    if (!err && o->has_proxy)
        err = make_connect(o);
    return err ? err : make_request(o, opts);
}

int weft_opening_new(struct weft_opening **out, const struct weft_mem *mem,
                     const char *url, const struct weft_socket_opts *opts,
                     const char **why)
{
    struct weft_opening *o = weft_zalloc(mem, sizeof(*o));
    int err;

    if (!o)
        return WEFT_ERR_NOMEM;
    o->mem = mem;
    o->header_limit =
        opts->header_limit < SIZE_MAX ? (size_t)opts->header_limit : SIZE_MAX;
    weft_buf_init(&o->connect, mem, REQUEST_MAX);
    weft_buf_init(&o->request, mem, REQUEST_MAX);
    weft_buf_init(&o->in, mem, SIZE_MAX);
    err = fill(o, url, opts, why);
    if (err == WEFT_ERR_LIMIT) {
        *why = "the request would have more than a megabyte";
        err = WEFT_ERR_INVALID;
    }
    if (err) {
        weft_opening_free(o);
        return err;
    }
    *out = o;
    return 0;
}
