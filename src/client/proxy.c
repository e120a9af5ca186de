/* SPDX-License-Identifier: MIT */
/*
 * Where a proxy is said, and what is said there. The host is read as that of a
 * URL. Whatever cannot be used is an error that names its place: to go around a
 * proxy that was asked for would be worse than not to go at all.
 */
#include "client/proxy.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/mem.h"
#include "client/url_encode.h"
#include "client/url_host.h"
#include "client/url_ip.h"
#include "client/url_parts.h"

#include <stdlib.h>

#define DEFAULT_PORT 1080 /* as in curl, since there was only SOCKS */

enum problem { SCHEME, LOGIN, HOST, PORT, REST, LENGTH, PROBLEMS };

#define SENTENCES(proxy)                                                       \
    {                                                                          \
        [SCHEME] = proxy " has a scheme other than http",                      \
        [LOGIN] = proxy " has a user name or password that cannot be sent",    \
        [HOST] = proxy " has no host, or one that is not valid",               \
        [PORT] = proxy " has a port that is not a number from 1 to 65535",     \
        [REST] = proxy " has something behind host and port",                  \
        [LENGTH] = proxy " is longer than 64 KiB",                             \
    }

struct place {
    const char *variable; /* NULL: the caller */
    bool for_ws, for_wss;
    const char *sentences[PROBLEMS];
};

/* In the order in which they are asked. */
static const struct place places[] = {
    {NULL, false, false, SENTENCES("the proxy")},
    {"http_proxy", true, false, SENTENCES("the proxy in http_proxy")},
    {"https_proxy", false, true, SENTENCES("the proxy in https_proxy")},
    {"HTTPS_PROXY", false, true, SENTENCES("the proxy in HTTPS_PROXY")},
    {"all_proxy", true, true, SENTENCES("the proxy in all_proxy")},
    {"ALL_PROXY", true, true, SENTENCES("the proxy in ALL_PROXY")},
};

struct reading {
    struct weft_proxy *proxy;
    enum problem problem; /* when INVALID is returned */
};

static int invalid(struct reading *r, enum problem problem)
{
    r->problem = problem;
    return WEFT_ERR_INVALID;
}

/* What is too long or not valid is this problem; other errors pass. */
static int or_invalid(struct reading *r, int err, enum problem problem)
{
    return err == WEFT_ERR_LIMIT || err == WEFT_ERR_INVALID
               ? invalid(r, problem)
               : err;
}

/* Takes "http://" off the front, or nothing. */
static int take_scheme(struct reading *r, struct weft_slice *text)
{
    const char *mark =
        text->len ? memmem(text->ptr, text->len, "://", 3) : NULL;

    if (!mark)
        return 0;
    if (!weft_slice_eq_nocase(weft_slice_take(text, (size_t)(mark - text->ptr)),
                              "http"))
        return invalid(r, SCHEME);
    weft_slice_take(text, 3);
    return 0;
}

/* Appends what is encoded in text. A user name with a colon would be cut at
 * it, and neither may have control characters (RFC 7617 section 2). */
static int append_login(struct reading *r, struct weft_buf *out,
                        struct weft_slice text, bool is_name)
{
    size_t from = out->len;
    int err = weft_url_decode(out, text);

    if (err)
        return or_invalid(r, err, LOGIN);
    for (; from < out->len; from++) {
        uint8_t c = out->data[from];

        if (c < ' ' || c == 0x7f || (c == ':' && is_name))
            return invalid(r, LOGIN);
    }
    return 0;
}

/* "user:password", decoded. */
static int decode_login(struct reading *r, struct weft_buf *out,
                        struct weft_slice text)
{
    const char *colon = memchr(text.ptr, ':', text.len);
    size_t name_len = colon ? (size_t)(colon - text.ptr) : text.len;
    int err = append_login(r, out, weft_slice_take(&text, name_len), true);

    if (!err)
        err = or_invalid(r, weft_buf_append_text(out, ":"), LOGIN);
    if (err || !colon)
        return err;
    weft_slice_take(&text, 1);
    return append_login(r, out, text, false);
}

static int set_authorization(struct reading *r, struct weft_slice login)
{
    static const char prefix[] = "Basic ";
    const struct weft_mem *mem = r->proxy->mem;
    size_t from = sizeof(prefix) - 1;
    struct weft_buf plain;
    char *value;
    int err;

    weft_buf_init(&plain, mem, WEFT_URL_MAX);
    err = decode_login(r, &plain, login);
    if (err)
        goto out;
    value = weft_alloc(mem, from + WEFT_BASE64_LEN(plain.len) + 1);
    if (!value) {
        err = WEFT_ERR_NOMEM;
        goto out;
    }
    memcpy(value, prefix, from);
    weft_base64_encode(value + from, plain.data, plain.len);
    value[from + WEFT_BASE64_LEN(plain.len)] = '\0';
    r->proxy->authorization = value;
out:
    weft_buf_release(&plain);
    return err;
}

/* Takes "user:password@" off the front, or nothing. */
static int take_login(struct reading *r, struct weft_slice *authority)
{
    const char *at =
        authority->len ? memrchr(authority->ptr, '@', authority->len) : NULL;
    struct weft_slice login;

    if (!at)
        return 0;
    login = weft_slice_take(authority, (size_t)(at - authority->ptr));
    weft_slice_take(authority, 1);
    return login.len > 0 ? set_authorization(r, login) : 0;
}

/* Takes ":port" off the end, or nothing. */
static int take_port(struct reading *r, struct weft_slice *authority)
{
    size_t at = authority->len;
    struct weft_slice text;
    int port;

    r->proxy->port = DEFAULT_PORT;
    while (at > 0 && authority->ptr[at - 1] != ':' &&
           authority->ptr[at - 1] != ']')
        at--;
    if (at == 0 || authority->ptr[at - 1] == ']')
        return 0;

    text = (struct weft_slice){authority->ptr + at, authority->len - at};
    authority->len = at - 1;
    if (text.len == 0)
        return 0;
    port = weft_url_number(text, UINT16_MAX);
    if (port < 1 || port > UINT16_MAX)
        return invalid(r, PORT);
    r->proxy->port = (uint16_t)port;
    return 0;
}

static int set_host(struct reading *r, struct weft_slice text)
{
    const struct weft_mem *mem = r->proxy->mem;
    struct weft_slice host;
    struct weft_buf written;
    const char *reason;
    int err;

    if (text.len == 0)
        return invalid(r, HOST);
    weft_buf_init(&written, mem, WEFT_URL_MAX);
    err = or_invalid(r, weft_url_host(&written, text, &reason), HOST);
    if (err)
        goto out;
    host = weft_url_bytes(&written);
    if (host.ptr[0] == '[') {
        host.ptr++;
        host.len -= 2;
    }
    r->proxy->host = weft_strndup(mem, host.ptr, host.len);
    err = r->proxy->host ? 0 : WEFT_ERR_NOMEM;
out:
    weft_buf_release(&written);
    return err;
}

static int read_proxy(struct reading *r, struct weft_slice text)
{
    struct weft_slice authority;
    size_t len = 0;
    int err = take_scheme(r, &text);

    if (err)
        return err;
    while (len < text.len && !memchr("/?#", text.ptr[len], 3))
        len++;
    authority = weft_slice_take(&text, len);
    if (text.len > 0 && !weft_slice_eq(text, "/"))
        return invalid(r, REST);

    err = take_login(r, &authority);
    if (!err)
        err = take_port(r, &authority);
    return err ? err : set_host(r, authority);
}

static int read_text(struct reading *r, const char *text)
{
    struct weft_slice bytes = weft_slice(text);
    struct weft_buf clean;
    int err;

    if (bytes.len > WEFT_URL_MAX)
        return invalid(r, LENGTH);
    weft_buf_init(&clean, r->proxy->mem, WEFT_URL_MAX);
    err = or_invalid(r, weft_url_clean(&clean, bytes), LENGTH);
    if (!err)
        err = read_proxy(r, weft_url_bytes(&clean));
    weft_buf_release(&clean);
    return err;
}

/* The value of an environment variable; NULL when it is empty, too. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value && value[0] != '\0' ? value : NULL;
}

static const char *value_of(const struct place *place, bool is_secure)
{
    if (is_secure ? !place->for_wss : !place->for_ws)
        return NULL;
    return variable(place->variable);
}

/* What the environment says, or NULL. */
static const char *look_around(const struct weft_url *url,
                               const struct place **place)
{
    const char *except = variable("no_proxy"), *text = NULL;

    if (!except)
        except = variable("NO_PROXY");
    if (except && weft_proxy_is_excepted(except, url->host, url->port))
        return NULL;
    for (size_t i = 1; i < sizeof(places) / sizeof(places[0]) && !text; i++) {
        *place = &places[i];
        text = value_of(*place, url->is_secure);
    }
    return text;
}

int weft_proxy_choose(struct weft_proxy *proxy, const struct weft_mem *mem,
                      const char *given, const struct weft_url *url,
                      const char **reason)
{
    const struct place *place = &places[0];
    const char *text = given ? given : look_around(url, &place);
    struct reading r = {.proxy = proxy};
    int err;

    *proxy = (struct weft_proxy){.mem = mem};
    *reason = NULL;
    if (!text || text[0] == '\0')
        return 0;
    err = read_text(&r, text);
    if (!err)
        return 1;
    if (err == WEFT_ERR_INVALID)
        *reason = place->sentences[r.problem];
    weft_proxy_release(proxy);
    return err;
}

void weft_proxy_release(struct weft_proxy *proxy)
{
    weft_strfree(proxy->mem, proxy->host);
    weft_strfree(proxy->mem, proxy->authorization);
    *proxy = (struct weft_proxy){0};
}
