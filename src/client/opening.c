/* SPDX-License-Identifier: MIT */
/*
 * Reading the answers. An answer that is not what was asked for ends the
 * handshake, with a text for a person that says which field was wrong.
 *
 * The head is parsed twice, once to find its end and once to judge it: between
 * the two the caller shows it to whoever wants to see it, also when it is going
 * to be refused.
 */
#include "client/opening.h"

#include "base/escape.h"
#include "base/mem.h"
#include "http/http_response.h"
#include "http/response.h"
#include "tls/crypto.h"

#include <stdio.h>

#define FIELDS_MAX 256 /* of an answer; browsers stop at about as many */

void weft_opening_free(struct weft_opening *o)
{
    if (!o)
        return;
    for (size_t i = 0; o->protocols && i < o->protocol_count; i++)
        weft_strfree(o->mem, o->protocols[i]);
    weft_free(o->mem, o->protocols,
              (o->protocol_count + 1) * sizeof(*o->protocols));
    weft_buf_release(&o->connect);
    weft_buf_release(&o->request);
    weft_buf_release(&o->in);
    weft_proxy_release(&o->proxy);
    weft_url_release(&o->url);
    weft_free(o->mem, o, sizeof(*o));
}

const struct weft_buf *weft_opening_output(const struct weft_opening *o)
{
    return o->is_tunnelling ? &o->connect : &o->request;
}

int weft_opening_feed(struct weft_opening *o, const void *p, size_t len)
{
    return weft_buf_append(&o->in, p, len);
}

/* Who speaks at present, for the texts. */
static const char *speaker(const struct weft_opening *o)
{
    return o->is_tunnelling ? "the proxy's" : "the server's";
}

static int fault(struct weft_opening *o, int err, const char *text)
{
    snprintf(o->why, sizeof(o->why), "%s answer %s", speaker(o), text);
    return err;
}

static int parse(struct weft_opening *o, struct weft_http_response *res,
                 struct weft_field fields[FIELDS_MAX], size_t seen)
{
    int n = weft_http_response_parse(res, fields, FIELDS_MAX,
                                     (char *)o->in.data, o->in.len, seen);

    return n < 0 ? fault(o, n, res->why) : n;
}

int weft_opening_head(struct weft_opening *o)
{
    struct weft_field fields[FIELDS_MAX];
    struct weft_http_response res;
    int n;

    if (o->in.len == 0)
        return 0;
    n = parse(o, &res, fields, o->seen);
    o->seen = o->in.len;
    if (n >= 0 && (n > 0 ? (size_t)n : o->in.len) > o->header_limit - o->passed)
        return fault(o, WEFT_ERR_LIMIT,
                     o->passed > 0 ? "is behind too many interim ones"
                                   : "has a head over the limit");
    return n;
}

void weft_opening_next(struct weft_opening *o, size_t head)
{
    weft_buf_consume(&o->in, head);
    o->seen = 0;
}

/* ---- What an answer means ------------------------------------------------ */

/* An answer that says no, in its own words as far as they can be shown. */
static int refuse(struct weft_opening *o, const struct weft_http_response *res)
{
    const char *who = o->is_tunnelling ? "the proxy" : "the server";
    char reason[100];
    struct weft_slice said = res->reason;

    if (said.len == 0)
        said = weft_slice(weft_http_reason(res->status));
    weft_escape(reason, sizeof(reason), said.ptr, said.len);
    snprintf(o->why, sizeof(o->why), "%s answered %d %s%s", who, res->status,
             reason,
             res->status == 407 ? ": give it a user name and password as "
                                  "http://user:password@host:port"
                                : "");
    return WEFT_ERR_REFUSED;
}

/* RFC 9110 section 9.3.6: whatever else a 2xx says is not for us. */
static int judge_proxy(struct weft_opening *o,
                       const struct weft_http_response *res)
{
    if (res->status >= 200 && res->status < 300) {
        o->is_tunnelling = false;
        return WEFT_OPENING_TUNNEL;
    }
    if (res->status < 200 && res->status != 101)
        return WEFT_OPENING_WAIT;
    return refuse(o, res);
}

/* Beyond RFC 6455, the WebSockets standard wants an answer to what was asked
 * (section "Opening handshake"). */
static const char *agreement_fault(struct weft_opening *o)
{
    const char *why = NULL;
    int rc;

    if (o->protocol_count > 0 && o->agreed.protocol.len == 0)
        return "Sec-WebSocket-Protocol is missing, though some were offered";
    rc = weft_deflate_verify(&o->deflate, o->agreed.extensions,
                             &o->deflate_opts, &why);
    o->has_deflate = rc > 0;
    return rc < 0 ? why : NULL;
}

static int judge_server(struct weft_opening *o,
                        const struct weft_http_response *res)
{
    const struct weft_asked asked = {
        .key = o->key,
        .protocols = (const char *const *)o->protocols,
        .protocol_count = o->protocol_count,
    };
    struct weft_refusal why;

    if (res->status != 101)
        return res->status < 200 ? WEFT_OPENING_WAIT : refuse(o, res);
    if (res->minor == 0)
        return fault(o, WEFT_ERR_PROTOCOL, "is of HTTP/1.0");
    if (weft_handshake_verify(res->fields, res->count, &asked, weft_sha1,
                              &o->agreed, &why))
        why.text = agreement_fault(o);
    if (!why.text)
        return WEFT_OPENING_OPEN;
    snprintf(o->why, sizeof(o->why), "the server's handshake is wrong: %s",
             why.text);
    return WEFT_ERR_PROTOCOL;
}

int weft_opening_judge(struct weft_opening *o, size_t head)
{
    struct weft_field fields[FIELDS_MAX];
    struct weft_http_response res;
    int n = parse(o, &res, fields, 0), step;

    if (n < 0)
        return n;
    if ((size_t)n != head)
        return fault(o, WEFT_ERR_PROTOCOL, "is not the one it was");
    o->status = res.status;
    step = o->is_tunnelling ? judge_proxy(o, &res) : judge_server(o, &res);
    o->passed = step == WEFT_OPENING_WAIT ? o->passed + head : 0;
    return step;
}
