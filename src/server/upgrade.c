/* SPDX-License-Identifier: MIT */
/*
 * The order of the checks: what HTTP says, what RFC 6455 section 4.2.1 says,
 * who asks (Origin), and what the handler wants. The response is queued before
 * the handler's first message, so that both leave together.
 */
#include "server/upgrade.h"

#include "base/mem.h"
#include "http/response.h"
#include "server/origin.h"
#include "server/request.h"
#include "tls/crypto.h"

#define RESPONSE_MAX 131072

/* A GET without a body (section 4.2.1 item 1). */
static const char *request_fault(const struct weft_http_request *req)
{
    if (!weft_slice_eq(req->method, "GET"))
        return "a WebSocket handshake is a GET";
    if (req->content_length > 0 || req->is_chunked)
        return "a WebSocket handshake has no body";
    return NULL;
}

/* No Origin means no browser; two mean that somebody plays a trick. */
static const char *origin_fault(const struct weft_server *server,
                                const struct weft_handler *handler,
                                const struct weft_http_request *req)
{
    size_t from = 0;
    const struct weft_field *origin =
        weft_field_next(req->fields, req->count, "Origin", &from);
    const char *const *allowed = handler->origins;

    if (!origin)
        return NULL;
    if (weft_field_next(req->fields, req->count, "Origin", &from))
        return "Origin is there twice";
    if (!allowed)
        allowed = (const char *const *)server->origins;
    return weft_origin_is_allowed(origin->value, req->host, allowed)
               ? NULL
               : "this Origin may not connect";
}

/* What is agreed on beside the protocol, before the connection has it. */
struct agreement {
    struct weft_slice key; /* Sec-WebSocket-Key */
    bool has_deflate;
    struct weft_deflate_params deflate; /* if has_deflate */
    struct weft_ext *ext;               /* NULL until it is made */
};

static bool say(struct weft_answer *answer, int status, const char *text)
{
    answer->status = status;
    answer->text = text;
    return false;
}

/* Everything but the handler's own opinion. */
static bool check(const struct weft_server *server,
                  const struct weft_route *route,
                  const struct weft_http_request *req, struct agreement *agreed,
                  struct weft_answer *answer)
{
    const char *fault = request_fault(req);
    struct weft_refusal why;
    int rc;

    if (fault)
        return say(answer, 400, fault);
    if (!weft_handshake_check(req->fields, req->count, &agreed->key, &why)) {
        if (why.status == 426 &&
            weft_buf_append_text(&answer->fields,
                                 "Upgrade: websocket\r\n"
                                 "Sec-WebSocket-Version: 13\r\n") != 0)
            return say(answer, 500, NULL);
        return say(answer, why.status, why.text);
    }
    rc = weft_deflate_accept(&agreed->deflate, req->fields, req->count,
                             &route->deflate);
    if (rc < 0)
        return say(answer, 400, "Sec-WebSocket-Extensions is malformed");
    agreed->has_deflate = rc > 0;
    fault = origin_fault(server, &route->handler, req);
    return fault ? say(answer, 403, fault) : true;
}

/* The body tells the peer that it was refused, the log what would allow it. */
static void log_origin(const struct weft_conn *conn,
                       const struct weft_route *route,
                       const struct weft_http_request *req)
{
    struct weft_server *server = weft_conn_worker(conn)->server;
    char peer[WEFT_ADDRESS_TEXT];
    size_t from = 0;
    const struct weft_field *origin =
        weft_field_next(req->fields, req->count, "Origin", &from);
    int len = origin->value.len < 256 ? (int)origin->value.len : 256;

    if (route->handler.origins)
        weft_log_line(&server->log, WEFT_LOG_WARN,
                      "%s %s: 403 for origin %.*s, by the handler's list",
                      weft_conn_peer(conn, peer, sizeof(peer)), route->path,
                      len, origin->value.ptr);
    else
        weft_log_line(&server->log, WEFT_LOG_WARN,
                      "%s %s: 403 for origin %.*s; --origin %.*s allows it",
                      weft_conn_peer(conn, peer, sizeof(peer)), route->path,
                      len, origin->value.ptr, len, origin->value.ptr);
}

/* What the handler says: 0 to go on, or a status. */
static int ask_handler(const struct weft_route *route,
                       struct weft_request *request)
{
    int status;

    if (!route->handler.request)
        return 0;
    status = route->handler.request(request);
    if (status == 0 || (status >= 300 && status <= 599))
        return status;
    weft_log_line(&weft_conn_worker(request->conn)->server->log, WEFT_LOG_ERROR,
                  "%s: the handler answered %d to a request; 0 or a status "
                  "from 300 to 599 is allowed",
                  route->path, status);
    return 500;
}

static int write_extensions(struct weft_buf *out,
                            const struct agreement *agreed)
{
    int err = weft_buf_append_text(out, "Sec-WebSocket-Extensions: ");

    if (!err)
        err = weft_deflate_answer(out, &agreed->deflate);
    return err ? err : weft_buf_append_text(out, "\r\n");
}

/* The status line and fields of section 4.2.2 step 5. */
static int write_response(struct weft_buf *out, const struct agreement *agreed,
                          const struct weft_request *request)
{
    char accept[WEFT_ACCEPT_LEN + 1];
    int err = weft_handshake_accept(weft_sha1, agreed->key, accept);

    if (!err)
        err = weft_buf_append_text(out, "HTTP/1.1 101 Switching Protocols\r\n"
                                        "Upgrade: websocket\r\n"
                                        "Connection: Upgrade\r\n");
    if (!err)
        err = weft_http_field(out, weft_slice("Sec-WebSocket-Accept"),
                              (struct weft_slice){accept, WEFT_ACCEPT_LEN});
    if (!err && request->protocol)
        err = weft_http_field(out, weft_slice("Sec-WebSocket-Protocol"),
                              weft_slice(request->protocol));
    if (!err && agreed->ext)
        err = write_extensions(out, agreed);
    if (!err)
        err = weft_buf_append(out, request->fields.data, request->fields.len);
    return err ? err : weft_http_end(out);
}

static int keep_protocol(struct weft_conn *conn,
                         const struct weft_request *request)
{
    struct weft_extras *extras;

    if (!request->protocol)
        return 0;
    extras = weft_conn_extras(conn);
    if (!extras)
        return WEFT_ERR_NOMEM;
    extras->protocol =
        weft_strdup(&weft_conn_worker(conn)->pool.mem, request->protocol);
    return extras->protocol ? 0 : WEFT_ERR_NOMEM;
}

/* The connection opens. */
static void open_conn(struct weft_conn *conn, struct weft_route *route,
                      struct weft_request *request, struct agreement *agreed,
                      const struct weft_buf *response)
{
    request->is_open = true;
    weft_conn_upgrade(conn, route);
    weft_session_extend(&conn->session, agreed->ext);
    agreed->ext = NULL;
    conn->user = request->user;
    if (weft_endpoint_preface(&conn->session.ep, response->data,
                              response->len) != 0)
        weft_session_abort(&conn->session, WEFT_ERR_NOMEM);
    if (route->handler.open) /* in any case, as close will be called */
        route->handler.open(conn, request);
}

/* The handler's refusal: its status, body and fields. */
static bool refuse(struct weft_request *request, int status,
                   struct weft_answer *answer)
{
    answer->status = status;
    if (weft_buf_append(&answer->fields, request->fields.data,
                        request->fields.len) != 0)
        answer->status = 500;
    answer->has_type = request->has_type;
    if (request->body)
        weft_answer_set_text(answer, request->body);
    return false;
}

static int make_extension(struct agreement *agreed,
                          const struct weft_conn *conn,
                          const struct weft_route *route)
{
    if (!agreed->has_deflate)
        return 0;
    return weft_deflate_new(&agreed->ext, weft_conn_worker(conn)->deflate,
                            &route->deflate, &agreed->deflate, false, false);
}

/* Asks the handler and opens, with a response that was written first: once the
 * connection is open nothing can fail but the connection itself. */
static bool accept_request(struct weft_conn *conn, struct weft_route *route,
                           struct agreement *agreed,
                           struct weft_request *request,
                           struct weft_answer *answer)
{
    const struct weft_mem *mem = &weft_conn_worker(conn)->pool.mem;
    int status = ask_handler(route, request);
    struct weft_buf response;
    int err;

    if (status)
        return refuse(request, status, answer);
    weft_buf_init(&response, mem, RESPONSE_MAX);
    err = make_extension(agreed, conn, route);
    if (!err)
        err = write_response(&response, agreed, request);
    if (!err)
        err = keep_protocol(conn, request);
    if (!err)
        open_conn(conn, route, request, agreed, &response);
    if (agreed->ext)
        agreed->ext->ops->free(agreed->ext);
    weft_buf_release(&response);
    return err ? say(answer, 500, NULL) : true;
}

bool weft_upgrade(struct weft_conn *conn, struct weft_route *route,
                  const struct weft_http_request *req,
                  const struct weft_target *target, const char *path,
                  struct weft_answer *answer)
{
    const struct weft_server *server = weft_conn_worker(conn)->server;
    struct weft_request request;
    struct agreement agreed = {0};
    bool is_open = false;

    if (!check(server, route, req, &agreed, answer)) {
        answer->is_logged = answer->status == 403;
        if (answer->is_logged)
            log_origin(conn, route, req);
    } else {
        weft_request_init(&request, conn, req, target, path);
        is_open = accept_request(conn, route, &agreed, &request, answer);
        weft_request_release(&request);
    }
    if (!is_open)
        weft_route_unref(route);
    return is_open;
}
