/* SPDX-License-Identifier: MIT */
/* Strings are copied into the request's arena, so that they end with a NUL and
 * live as long as it; when there is no memory for one, it reads as absent. */
#include "server/request.h"

#include "base/mem.h"
#include "http/response.h"

#define SUBJECT_SIZE 1024 /* of a certificate's, which is cut there */

void weft_request_init(struct weft_request *req, const struct weft_conn *conn,
                       const struct weft_http_request *http,
                       const struct weft_target *target, const char *path)
{
    const struct weft_worker *worker = weft_conn_worker(conn);

    memset(req, 0, sizeof(*req));
    req->conn = conn;
    req->http = http;
    req->target = target;
    req->path = path;
    weft_arena_init(&req->arena, &worker->pool.mem);
    weft_buf_init(&req->fields, &worker->pool.mem, 65536);
    req->offer_count =
        weft_handshake_offers(http->fields, http->count, req->offers);
    weft_conn_peer(conn, req->peer, sizeof(req->peer));
}

void weft_request_release(struct weft_request *req)
{
    weft_arena_release(&req->arena);
    weft_buf_release(&req->fields);
}

static const char *text_of(struct weft_request *req, struct weft_slice s)
{
    return weft_arena_text(&req->arena, s.ptr, s.len);
}

const char *weft_request_path(const struct weft_request *req)
{
    return req->path;
}

const char *weft_request_query(struct weft_request *req)
{
    return req->target->query.ptr ? text_of(req, req->target->query) : NULL;
}

const char *weft_request_param(struct weft_request *req, const char *name)
{
    struct weft_slice query = req->target->query;
    char *out;

    if (!query.ptr)
        return NULL;
    out = weft_arena_alloc(&req->arena, query.len + 1);
    if (!out || weft_query_param(out, query.len + 1, query, name) < 0)
        return NULL;
    return out;
}

/* RFC 9110 section 5.3: fields of one name are one list. */
const char *weft_request_header(struct weft_request *req, const char *name)
{
    const struct weft_field *field;
    struct weft_buf joined;
    const char *text = NULL;
    size_t from = 0;
    int err = 0;

    weft_buf_init(&joined, req->arena.mem, 65536);
    while (!err && (field = weft_field_next(req->http->fields, req->http->count,
                                            name, &from))) {
        if (text)
            err = weft_buf_append_text(&joined, ", ");
        if (!err)
            err = weft_buf_append(&joined, field->value.ptr, field->value.len);
        text = "";
    }
    if (text && !err)
        text =
            weft_arena_text(&req->arena, (const char *)joined.data, joined.len);
    weft_buf_release(&joined);
    return err ? NULL : text;
}

bool weft_request_header_at(struct weft_request *req, size_t i,
                            const char **name, const char **value)
{
    if (i >= req->http->count)
        return false;
    if (name)
        *name = text_of(req, req->http->fields[i].name);
    if (value)
        *value = text_of(req, req->http->fields[i].value);
    return true;
}

/* Takes "name=value" off the front of "a=b; c=d". */
static bool next_cookie(struct weft_slice *rest, struct weft_slice *name,
                        struct weft_slice *value)
{
    while (rest->len > 0) {
        const char *end = memchr(rest->ptr, ';', rest->len);
        size_t n = end ? (size_t)(end - rest->ptr) : rest->len;
        struct weft_slice pair = {rest->ptr, n};
        const char *equals = n > 0 ? memchr(pair.ptr, '=', n) : NULL;

        n += end ? 1 : 0;
        rest->ptr += n;
        rest->len -= n;
        if (!equals)
            continue;
        n = (size_t)(equals - pair.ptr);
        *name = weft_slice_trim((struct weft_slice){pair.ptr, n});
        *value =
            weft_slice_trim((struct weft_slice){equals + 1, pair.len - n - 1});
        return true;
    }
    return false;
}

const char *weft_request_cookie(struct weft_request *req, const char *name)
{
    const struct weft_field *field;
    struct weft_slice rest, key, value;
    size_t from = 0;

    while ((field = weft_field_next(req->http->fields, req->http->count,
                                    "Cookie", &from))) {
        rest = field->value;
        while (next_cookie(&rest, &key, &value))
            if (weft_slice_eq(key, name))
                return text_of(req, value);
    }
    return NULL;
}

const char *weft_request_offer(struct weft_request *req, size_t i)
{
    return i < req->offer_count && i < WEFT_OFFERS_MAX
               ? text_of(req, req->offers[i])
               : NULL;
}

const char *weft_request_origin(struct weft_request *req)
{
    return weft_request_header(req, "Origin");
}

bool weft_request_is_secure(struct weft_request *req)
{
    return weft_tls_is_on(&req->conn->session.stream);
}

const char *weft_request_client_subject(struct weft_request *req)
{
    char subject[SUBJECT_SIZE];

    if (!weft_tls_peer_subject(&req->conn->session.stream, subject,
                               sizeof(subject)))
        return NULL;
    return text_of(req, weft_slice(subject));
}

const char *weft_request_peer(const struct weft_request *req)
{
    return req->peer;
}

int weft_request_protocol(struct weft_request *req, const char *protocol)
{
    if (req->is_open || !protocol)
        return WEFT_ERR_USAGE;
    for (size_t i = 0; i < req->offer_count; i++) {
        if (!weft_slice_eq(req->offers[i], protocol))
            continue;
        req->protocol = text_of(req, req->offers[i]);
        return req->protocol ? 0 : WEFT_ERR_NOMEM;
    }
    return WEFT_ERR_USAGE;
}

/* Fields that the server sets itself, and that a second time would break the
 * handshake or the framing of the response. */
static bool is_reserved(struct weft_slice name)
{
    static const char *const names[] = {
        "Connection",
        "Content-Length",
        "Date",
        "Sec-WebSocket-Accept",
        "Sec-WebSocket-Extensions",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Version",
        "Transfer-Encoding",
        "Upgrade",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (weft_slice_eq_nocase(name, names[i]))
            return true;
    return false;
}

int weft_request_add_header(struct weft_request *req, const char *name,
                            const char *value)
{
    int err;

    if (req->is_open || !name || !value || is_reserved(weft_slice(name)))
        return WEFT_ERR_USAGE;
    err = weft_http_field(&req->fields, weft_slice(name), weft_slice(value));
    if (!err && weft_slice_eq_nocase(weft_slice(name), "Content-Type"))
        req->has_type = true;
    return err;
}

int weft_request_body(struct weft_request *req, const char *text)
{
    if (req->is_open || !text)
        return WEFT_ERR_USAGE;
    req->body = text_of(req, weft_slice(text));
    return req->body ? 0 : WEFT_ERR_NOMEM;
}

void weft_request_set_user(struct weft_request *req, void *user)
{
    req->user = user;
}
