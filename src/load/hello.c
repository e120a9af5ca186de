/* SPDX-License-Identifier: MIT */
/*
 * All connections have the same key: a key keeps caches on the way from
 * answering (RFC 6455 section 1.3), and what is measured has none.
 */
#include "load/hello.h"

#include "base/escape.h"
#include "http/http_response.h"
#include "http/response.h"
#include "tls/crypto.h"
#include "ws/deflate_params.h"
#include <stdio.h>

#define FIELDS_MAX 128
#define REQUEST_MAX 65536

/* ---- The request --------------------------------------------------------- */

static int refuse(char why[LOAD_WHY], const char *header, const char *what)
{
    snprintf(why, LOAD_WHY, "the header '%.200s' %s", header, what);
    return WEFT_ERR_USAGE;
}

static int put_header(struct weft_buf *out, const char *text,
                      char why[LOAD_WHY])
{
    const char *colon = strchr(text, ':');
    struct weft_slice name, value;

    if (!colon)
        return refuse(why, text, "has no colon");
    name = (struct weft_slice){text, (size_t)(colon - text)};
    value = weft_slice_trim(weft_slice(colon + 1));
    if (!weft_http_field_is_valid(name, value))
        return refuse(why, text, "has a character that is not allowed");
    return weft_http_field(out, name, value);
}

static int put_headers(struct weft_buf *out, const struct load_opts *opts,
                       char why[LOAD_WHY])
{
    int err = 0;

    for (const char *const *p = opts->headers; !err && p && *p; p++)
        err = put_header(out, *p, why);
    if (err || !opts->origin)
        return err;
    if (!weft_http_field_is_valid(weft_slice("Origin"),
                                  weft_slice(opts->origin)))
        return refuse(why, opts->origin, "is no origin");
    return weft_http_field(out, weft_slice("Origin"), weft_slice(opts->origin));
}

static int put_own(struct weft_buf *out, const struct load_hello *hello,
                   const struct load_target *target)
{
    const char *offer =
        hello->has_takeover
            ? "Sec-WebSocket-Extensions: permessage-deflate\r\n"
            : "Sec-WebSocket-Extensions: permessage-deflate; "
              "client_no_context_takeover; server_no_context_takeover\r\n";

    return weft_buf_printf(out,
                           "GET %s HTTP/1.1\r\n"
                           "Host: %s\r\n"
                           "Upgrade: websocket\r\n"
                           "Connection: Upgrade\r\n"
                           "Sec-WebSocket-Key: %s\r\n"
                           "Sec-WebSocket-Version: 13\r\n%s",
                           target->resource, target->authority, hello->key,
                           hello->has_deflate ? offer : "");
}

int load_hello_init(struct load_hello *hello, const struct weft_mem *mem,
                    const struct load_opts *opts,
                    const struct load_target *target, char why[LOAD_WHY])
{
    uint8_t nonce[16];
    int err = weft_random(NULL, nonce, sizeof(nonce));

    *hello = (struct load_hello){.has_deflate = opts->has_deflate,
                                 .has_takeover = opts->has_takeover};
    weft_buf_init(&hello->request, mem, REQUEST_MAX);
    *why = '\0';
    if (err)
        return err;
    weft_handshake_key(nonce, hello->key);
    err = put_own(&hello->request, hello, target);
    if (!err)
        err = put_headers(&hello->request, opts, why);
    if (!err)
        err = weft_http_end(&hello->request);
    if (err)
        load_hello_release(hello);
    return err;
}

void load_hello_release(struct load_hello *hello)
{
    if (hello->request.mem)
        weft_buf_release(&hello->request);
    *hello = (struct load_hello){0};
}

/* ---- The answer ---------------------------------------------------------- */

static int fault(char why[LOAD_WHY], const char *what)
{
    snprintf(why, LOAD_WHY, "the server's handshake is wrong: %s", what);
    return WEFT_ERR_PROTOCOL;
}

static int refused(char why[LOAD_WHY], const struct weft_http_response *res)
{
    char reason[100];

    weft_escape(reason, sizeof(reason), res->reason.ptr, res->reason.len);
    snprintf(why, LOAD_WHY, "the server answered %d %s", res->status, reason);
    return WEFT_ERR_REFUSED;
}

/* RFC 7692 section 5.1. */
static int judge_extensions(const struct load_hello *hello,
                            struct weft_slice extensions, bool *has_takeover,
                            char why[LOAD_WHY])
{
    struct weft_deflate_params params;
    int rc = weft_deflate_params_read(&params, extensions);

    *has_takeover = false;
    if (rc < 0 || (rc > 0 && !hello->has_deflate))
        return fault(why, "an extension that was not asked for");
    if (rc == 0)
        return hello->has_deflate
                   ? fault(why, "it does without permessage-deflate")
                   : 0;
    if (!params.server_no_context_takeover && !hello->has_takeover)
        return fault(why, "server_no_context_takeover is not granted");
    if (params.client_max_window_bits < 15)
        return fault(why, "client_max_window_bits was not offered");
    *has_takeover = !params.server_no_context_takeover;
    return 0;
}

static int judge(const struct load_hello *hello,
                 const struct weft_http_response *res, bool *has_takeover,
                 char why[LOAD_WHY])
{
    const struct weft_asked asked = {.key = hello->key};
    struct weft_agreed agreed;
    struct weft_refusal refusal;

    if (res->status != 101)
        return refused(why, res);
    if (!weft_handshake_verify(res->fields, res->count, &asked, weft_sha1,
                               &agreed, &refusal))
        return fault(why, refusal.text);
    return judge_extensions(hello, agreed.extensions, has_takeover, why);
}

int load_hello_check(const struct load_hello *hello, char *in, size_t len,
                     size_t seen, bool *has_takeover, char why[LOAD_WHY])
{
    struct weft_field fields[FIELDS_MAX];
    struct weft_http_response res;
    int n = weft_http_response_parse(
        &res, fields, FIELDS_MAX, in,
        len < LOAD_HEAD_SIZE ? len : LOAD_HEAD_SIZE, seen);
    int err;

    if (n < 0) {
        snprintf(why, LOAD_WHY, "the server's answer %s", res.why);
        return n;
    }
    if (n == 0 && len >= LOAD_HEAD_SIZE) {
        snprintf(why, LOAD_WHY, "the server's answer has a head over %d bytes",
                 LOAD_HEAD_SIZE);
        return WEFT_ERR_LIMIT;
    }
    if (n == 0)
        return 0;
    err = judge(hello, &res, has_takeover, why);
    return err ? err : n;
}
