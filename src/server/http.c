/* SPDX-License-Identifier: MIT */
/*
 * A request is parsed where it came, in the loop's buffer, and only kept when
 * it is cut. While an answer is on its way the connection is not read; what
 * had come behind the request waits in rest, at most as much as a head may
 * have, or the connection ends after the answer.
 *
 * After the last answer our half of the stream is shut and what still comes is
 * thrown away for a while: closing with unread bytes would make the kernel
 * reset the connection, and the peer might never see the answer. That also
 * means that nothing behind a refused upgrade is ever taken for a request.
 */
#include "server/http.h"

#include "base/mem.h"
#include "base/sizes.h"
#include "http/http_request.h"
#include "http/uri.h"
#include "server/access.h"
#include "server/answer.h"
#include "server/origin.h"
#include "server/upgrade.h"
#include "ws/handshake.h"
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)
#define TURN_REQUESTS                                                          \
    64                 /* answered of one read: then the connection ends, so   \
                        * that pipelining cannot hold up the others */
#define PATH_SIZE 8192 /* bytes of a decoded path: as long as a target */
#define PATH_SHOWN 512 /* of these in a line of the log */

enum phase {
    READING,   /* a request, or waiting for one */
    ANSWERING, /* its answer is on its way */
    LINGERING, /* the last answer has gone */
};

struct weft_http {
    struct weft_buf head; /* a request that has come in part */
    struct weft_buf rest; /* what came behind the request being answered */
    struct weft_field *fields;
    struct weft_queue out;
    struct weft_outgoing *outgoing;
    struct weft_file file;
    uint64_t deadline_ns;
    uint32_t acked; /* the mark of weft_stream_is_taking */
    enum phase phase;
    bool is_last;   /* the connection ends with this answer */
    bool is_paused; /* the stream */
    bool is_shut;   /* the stream was closed */
    bool was_used;  /* a request was answered before */
};

static const struct weft_stream_ops http_ops;

static const struct weft_server_opts *opts_of(const struct weft_conn *conn)
{
    return &weft_conn_worker(conn)->server->opts;
}

static const struct weft_mem *mem_of(const struct weft_conn *conn)
{
    return &weft_conn_worker(conn)->pool.mem;
}

static struct weft_log *log_of(const struct weft_conn *conn)
{
    return &weft_conn_worker(conn)->server->log;
}

static size_t fields_size(const struct weft_server_opts *opts)
{
    return (size_t)opts->field_limit * sizeof(struct weft_field);
}

static void set_deadline(struct weft_conn *conn, uint64_t in_ms)
{
    uint64_t now = weft_loop_now(conn->session.stream.io.loop);
    uint64_t in_ns =
        in_ms > UINT64_MAX / NS_PER_MS ? UINT64_MAX : in_ms * NS_PER_MS;

    conn->http->deadline_ns =
        in_ns > UINT64_MAX - now ? UINT64_MAX : now + in_ns;
    weft_conn_rearm(conn);
}

/* ---- Life ---------------------------------------------------------------- */

static void http_release(struct weft_http *http, const struct weft_mem *mem,
                         const struct weft_server_opts *opts)
{
    weft_outgoing_end(&http->outgoing, mem);
    weft_queue_release(&http->out);
    weft_file_close(&http->file);
    weft_buf_release(&http->head);
    weft_buf_release(&http->rest);
    weft_free(mem, http->fields, fields_size(opts));
    weft_free(mem, http, sizeof(*http));
}

static struct weft_http *http_new(const struct weft_mem *mem,
                                  const struct weft_server_opts *opts)
{
    struct weft_http *http = weft_zalloc(mem, sizeof(*http));

    if (!http)
        return NULL;
    weft_buf_init(&http->head, mem, (size_t)opts->header_limit);
    weft_buf_init(&http->rest, mem, (size_t)opts->header_limit);
    weft_queue_init(&http->out, mem);
    http->file.fd = -1;
    http->fields = weft_alloc(mem, fields_size(opts));
    if (!http->fields) {
        http_release(http, mem, opts);
        return NULL;
    }
    return http;
}

int weft_http_open(struct weft_conn *conn, struct weft_worker *worker, int fd)
{
    const struct weft_server_opts *opts = &worker->server->opts;
    struct weft_http *http = http_new(&worker->pool.mem, opts);
    int err;

    if (!http)
        return WEFT_ERR_NOMEM;
    err =
        weft_stream_accept(&conn->session.stream, worker->loop, fd, &http_ops);
    if (err) {
        http_release(http, &worker->pool.mem, opts);
        return err;
    }
    conn->http = http;
    set_deadline(conn, opts->handshake_ms);
    return 0;
}

void weft_http_free(struct weft_conn *conn)
{
    http_release(conn->http, mem_of(conn), opts_of(conn));
    conn->http = NULL;
}

/* No more than this can be done with the connection. */
static void http_close(struct weft_conn *conn, bool reset)
{
    conn->http->is_shut = true;
    weft_outgoing_end(&conn->http->outgoing, mem_of(conn));
    weft_stream_close(&conn->session.stream, reset);
}

/* ---- Sending ------------------------------------------------------------- */

/* Reads the next piece of the file into the queue. 0 or an error. */
static int fill(struct weft_http *http)
{
    struct weft_file *file = &http->file;
    size_t want =
        file->left < WEFT_FILE_CHUNK ? (size_t)file->left : WEFT_FILE_CHUNK;
    uint8_t *p = weft_queue_reserve(&http->out, want);
    ssize_t n;

    if (!p)
        return WEFT_ERR_NOMEM;
    n = pread(file->fd, p, want, (off_t)file->at);
    if (n <= 0)
        return WEFT_ERR_SYSTEM; /* it shrank: the length cannot be kept */
    weft_queue_commit(&http->out, (size_t)n);
    file->at += (uint64_t)n;
    file->left -= (uint64_t)n;
    return 0;
}

static int start(struct weft_conn *conn)
{
    struct weft_http *http = conn->http;

    return weft_outgoing_start(&http->outgoing, &conn->session.stream,
                               &http->out, mem_of(conn));
}

/* Whether there is nothing left to give to the stream. */
static bool is_drained(const struct weft_http *http)
{
    return http->out.bytes == 0 && (http->file.fd < 0 || http->file.left == 0);
}

/* Sends what can be sent now. 1: all has gone; 0: sent is called later; or an
 * error. */
static int pump(struct weft_conn *conn)
{
    struct weft_http *http = conn->http;
    int chunks = 0, err = 0;

    while (!err && !http->outgoing) {
        int64_t n;

        if (is_drained(http)) {
            if (!weft_stream_is_flushing(&conn->session.stream))
                return 1;
            err = start(conn); /* of nothing, behind what TLS has */
            continue;
        }
        if (http->out.bytes == 0) {
            err = fill(http);
            chunks++;
            continue;
        }
        n = chunks < WEFT_FILE_BATCH
                ? weft_outgoing_try(&conn->session.stream, &http->out)
                : 0;
        if (n > 0)
            weft_queue_sent(&http->out, (size_t)n);
        else
            err = n < 0 ? (int)n : start(conn);
    }
    return err;
}

/* Whether a TLS handshake must come first. It is read, of course. */
static bool is_shaking_hands(const struct weft_conn *conn)
{
    return weft_tls_is_on(&conn->session.stream) &&
           !weft_tls_is_ready(&conn->session.stream);
}

static void pause_reading(struct weft_conn *conn, bool pause)
{
    struct weft_http *http = conn->http;

    if (http->is_paused == pause || (pause && is_shaking_hands(conn)))
        return;
    http->is_paused = pause;
    if (pause)
        weft_stream_pause(&conn->session.stream);
    else
        weft_stream_resume(&conn->session.stream);
}

static void linger(struct weft_conn *conn)
{
    conn->http->phase = LINGERING;
    set_deadline(conn, opts_of(conn)->close_ms);
    pause_reading(conn, false);
    weft_stream_shutdown(&conn->session.stream);
}

/* Goes on sending an answer. true: it has gone, and requests are read again. */
static bool go_on(struct weft_conn *conn)
{
    struct weft_http *http = conn->http;
    int rc = pump(conn);

    if (rc < 0) {
        http_close(conn, true);
        return false;
    }
    if (rc == 0) {
        set_deadline(conn, opts_of(conn)->idle_http_ms);
        pause_reading(conn, true);
        return false;
    }
    weft_file_close(&http->file);
    weft_queue_release(&http->out); /* an idle connection keeps none */
    if (http->is_last) {
        linger(conn);
        return false;
    }
    http->phase = READING;
    http->was_used = true;
    set_deadline(conn, opts_of(conn)->idle_http_ms);
    pause_reading(conn, false);
    return true;
}

/* Queues an answer and begins to send it. Takes over what it holds. */
static bool reply(struct weft_conn *conn, struct weft_answer *answer,
                  bool is_head)
{
    struct weft_http *http = conn->http;
    int err = weft_answer_write(&http->out, answer, http->is_last, is_head);

    http->file = answer->file;
    weft_answer_release(answer);
    http->phase = ANSWERING;
    if (err) {
        http_close(conn, true);
        return false;
    }
    return go_on(conn);
}

static bool refuse(struct weft_conn *conn, int status)
{
    struct weft_answer answer;

    weft_access_malformed(log_of(conn), &conn->peer, status);
    weft_answer_init(&answer, mem_of(conn), status);
    conn->http->is_last = true;
    return reply(conn, &answer, false);
}

void weft_http_refuse(struct weft_conn *conn, int status)
{
    refuse(conn, status);
}

/* ---- One request --------------------------------------------------------- */

/* A path that is WebSocket's, asked for as if it were a page. */
static void want_upgrade(struct weft_answer *answer)
{
    answer->status = 426;
    answer->text = "this is a WebSocket endpoint: ask for an upgrade";
    if (weft_buf_append_text(&answer->fields, "Upgrade: websocket\r\n") != 0)
        answer->status = 500;
}

static void answer_file(struct weft_conn *conn,
                        const struct weft_http_request *req, const char *path,
                        struct weft_answer *answer)
{
    struct weft_server *server = weft_conn_worker(conn)->server;

    if (!weft_slice_eq(req->method, "GET") &&
        !weft_slice_eq(req->method, "HEAD")) {
        answer->status = 405;
        if (weft_buf_append_text(&answer->fields, "Allow: GET, HEAD\r\n") != 0)
            answer->status = 500;
        return;
    }
    answer->status =
        weft_files_answer(&server->files, req, path, weft_wall_clock(),
                          &answer->fields, &answer->file);
    answer->has_length =
        answer->status == 200 || answer->status == 206 || answer->status == 304;
}

/* Whether the request may be answered at all. */
static bool is_decent(struct weft_conn *conn,
                      const struct weft_http_request *req,
                      const struct weft_target *target, char *path,
                      struct weft_answer *answer)
{
    struct weft_server *server = weft_conn_worker(conn)->server;

    if (server->is_local && !weft_host_is_unix(&conn->peer) &&
        !weft_host_is_local(req->host, (const char *const *)server->hosts)) {
        answer->status = 403;
        answer->text = "this Host is not known here; --host NAME allows it";
        return false;
    }
    if (__atomic_load_n(&server->stop, __ATOMIC_ACQUIRE) > 0) {
        answer->status = 503;
        answer->text = "the server is stopping";
        return false;
    }
    if (weft_path_decode(path, PATH_SIZE, target->path) < 0) {
        answer->status = 400;
        answer->text = "the path is not valid";
        return false;
    }
    return true;
}

/* Answers a request, or makes the connection a WebSocket: true. */
static bool dispatch(struct weft_conn *conn,
                     const struct weft_http_request *req,
                     const struct weft_target *target, char *path,
                     struct weft_answer *answer)
{
    struct weft_server *server = weft_conn_worker(conn)->server;
    bool is_asked =
        req->minor == 1 && weft_handshake_is_asked(req->fields, req->count);
    struct weft_route *route;

    if (!is_decent(conn, req, target, path, answer))
        return false;
    route = weft_routes_find(&server->routes, path);
    if (route && is_asked)
        return weft_upgrade(conn, route, req, target, path, answer);
    if (route)
        want_upgrade(answer);
    else if (is_asked)
        answer->status = 404;
    else
        answer_file(conn, req, path, answer);
    weft_route_unref(route);
    return false;
}

/* true: the connection is a WebSocket now, and http has been freed. */
static bool handle(struct weft_conn *conn, const struct weft_http_request *req)
{
    struct weft_http *http = conn->http;
    struct weft_answer answer;
    struct weft_target target;
    struct weft_slice shown = {"-", 1};
    char path[PATH_SIZE];
    bool is_head = weft_slice_eq(req->method, "HEAD");

    weft_count(&weft_conn_worker(conn)->stats.requests, 1);
    weft_answer_init(&answer, mem_of(conn), 400);
    /* Bodies are not read, and nothing may follow a refused upgrade. */
    http->is_last |= !req->is_persistent || req->content_length > 0 ||
                     req->is_chunked ||
                     weft_handshake_is_asked(req->fields, req->count);
    if (weft_target_parse(&target, req->target) != 0) {
        answer.text = "the request target is not valid";
    } else {
        shown = target.path;
        if (shown.len > PATH_SHOWN)
            shown.len = PATH_SHOWN;
        if (dispatch(conn, req, &target, path, &answer)) {
            weft_access_request(log_of(conn), &conn->peer, req, shown, 101);
            weft_answer_release(&answer);
            http_release(http, mem_of(conn), opts_of(conn));
            return true;
        }
    }
    weft_access_request(log_of(conn), &conn->peer, req, shown, answer.status);
    weft_access_refusal(log_of(conn), &conn->peer, shown, &answer);
    reply(conn, &answer, is_head);
    return false;
}

/* ---- Reading ------------------------------------------------------------- */

/*
 * Reads a head from p, behind what had come before. *used is how much of p
 * belongs to it. Results as weft_http_request_parse; on 0 all of p was kept.
 */
static int read_head(struct weft_conn *conn, struct weft_http_request *req,
                     const char *p, size_t len, size_t *used)
{
    struct weft_http *http = conn->http;
    const struct weft_server_opts *opts = opts_of(conn);
    size_t had = http->head.len, room = (size_t)opts->header_limit - had;
    size_t n = len < room ? len : room, max = (size_t)opts->field_limit;
    int rc;

    if (had == 0)
        rc = weft_http_request_parse(req, http->fields, max, p, n, 0);
    else
        rc = weft_buf_append(&http->head, p, n) != 0
                 ? -500
                 : weft_http_request_parse(req, http->fields, max,
                                           (const char *)http->head.data,
                                           http->head.len, had);
    *used = rc > 0 ? (size_t)rc - had : n;
    if (rc == 0 && had + n >= opts->header_limit)
        return -431;
    if (rc == 0 && had == 0 && weft_buf_append(&http->head, p, n) != 0)
        return -500;
    return rc;
}

/* What came behind the request being answered waits, if it is not too much. */
static void keep_rest(struct weft_conn *conn, const uint8_t *p, size_t len)
{
    if (len > 0 && weft_buf_append(&conn->http->rest, p, len) != 0)
        conn->http->is_last = true;
}

/* The beginning of a request after another: from now on it must come within
 * the time for it. */
static void note_beginning(struct weft_conn *conn)
{
    if (conn->http->head.len > 0 || !conn->http->was_used)
        return;
    set_deadline(conn, opts_of(conn)->handshake_ms);
}

static void take(struct weft_conn *conn, uint8_t *p, size_t len)
{
    int requests = 0;

    while (len > 0 && conn->http->phase == READING && !conn->http->is_shut) {
        struct weft_http_request req;
        size_t used;
        int rc;

        note_beginning(conn);
        rc = read_head(conn, &req, (const char *)p, len, &used);
        p += used;
        len -= used;
        if (rc == 0)
            continue;
        if (rc < 0) {
            refuse(conn, -rc);
            return;
        }
        if (++requests == TURN_REQUESTS)
            conn->http->is_last = true;
        if (handle(conn, &req)) {
            weft_session_take(&conn->session, p, len);
            return;
        }
        weft_buf_clear(&conn->http->head);
    }
    if (conn->http->phase == ANSWERING)
        keep_rest(conn, p, len);
}

static void on_data(struct weft_stream *stream, uint8_t *p, size_t len)
{
    take(weft_conn_of_stream(stream), p, len);
}

/* TLS has come to nothing. What it has said last, perhaps in plain text,
 * arrives if nothing that is unread makes the kernel reset the connection. */
static void end_tls(struct weft_conn *conn, const char *why)
{
    weft_access_tls(log_of(conn), &conn->peer, why);
    weft_stream_discard(&conn->session.stream);
    http_close(conn, false);
}

/* It may have failed for another reason, of which the client was told. */
static const char *late_text(const char *why)
{
    return *why ? why : "TLS handshake failed: it took too long";
}

static void on_end(struct weft_stream *stream, int err)
{
    struct weft_conn *conn = weft_conn_of_stream(stream);

    /* A peer may end its half and still wait for its answer. */
    if (!err && conn->http->phase == ANSWERING) {
        conn->http->is_last = true;
        return;
    }
    if (err == WEFT_ERR_TLS)
        end_tls(conn, weft_tls_why(stream));
    else
        http_close(conn, err != 0);
}

/* An answer has gone, and with it perhaps what held up the next request. */
static void on_sent(struct weft_stream *stream)
{
    struct weft_conn *conn = weft_conn_of_stream(stream);
    struct weft_http *http = conn->http;
    struct weft_buf rest;

    weft_queue_sent(&http->out,
                    weft_outgoing_end(&http->outgoing, mem_of(conn)));
    if (!go_on(conn))
        return;
    rest = http->rest;
    weft_buf_init(&http->rest, rest.mem, rest.max);
    take(conn, rest.data, rest.len);
    weft_buf_release(&rest);
}

static void on_closed(struct weft_stream *stream)
{
    weft_conn_closed(weft_conn_of_stream(stream));
}

static const struct weft_stream_ops http_ops = {
    .data = on_data,
    .end = on_end,
    .sent = on_sent,
    .closed = on_closed,
};

/* ---- Time ---------------------------------------------------------------- */

/* Slow, but not stuck: the kernel, which asks for more only when a third of its
 * buffer is free, may live on what it has for long. */
static bool is_moving(struct weft_conn *conn)
{
    struct weft_http *http = conn->http;
    bool is_taking = weft_stream_is_taking(&conn->session.stream, &http->acked);

    return weft_outgoing_moves(http->outgoing) || is_taking;
}

uint64_t weft_http_deadline(const struct weft_conn *conn)
{
    return conn->http->deadline_ns;
}

/* Whether nothing of a next request has come. */
static bool is_idle(const struct weft_http *http)
{
    return http->phase == READING && http->was_used && http->head.len == 0;
}

void weft_http_tick(struct weft_conn *conn, uint64_t now_ns)
{
    struct weft_http *http = conn->http;

    if (http->is_shut || now_ns < http->deadline_ns)
        return;
    if (is_shaking_hands(conn))
        end_tls(conn, late_text(weft_tls_why(&conn->session.stream)));
    else if (http->phase == READING && !is_idle(http))
        refuse(conn, 408);
    else if (http->phase == ANSWERING && is_moving(conn))
        set_deadline(conn, opts_of(conn)->idle_http_ms);
    else
        http_close(conn, http->phase == ANSWERING);
}

void weft_http_stop(struct weft_conn *conn)
{
    struct weft_http *http = conn->http;

    if (http->is_shut)
        return;
    if (http->phase == READING)
        http_close(conn, false); /* what has come in part is not waited for */
    else
        http->is_last = true;
}
