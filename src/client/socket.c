/* SPDX-License-Identifier: MIT */
/*
 * The WebSocket object: its making, its end, and its attributes. What happens
 * while it opens is in socket_open.c, and while it is open in socket_session.c.
 */
#include "client/socket.h"

#include "base/list.h"
#include "base/mem.h"
#include "base/opts.h"
#include "tls/crypto.h"
#include "ws/utf8.h"

#include <stdio.h>

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define NS_PER_MS UINT64_C(1000000)

/* ---- Its life ------------------------------------------------------------ */

void weft_socket_enter(struct weft_socket *ws)
{
    ws->busy++;
}

static void destroy(struct weft_socket *ws)
{
    weft_alarm_stop(ws->loop, &ws->alarm);
    weft_socket_open_end(ws);
    weft_tls_unref(ws->tls);
    weft_ledger_release(&ws->ledger);
    weft_buf_release(&ws->held);
    weft_strfree(ws->mem, ws->url);
    weft_strfree(ws->mem, ws->protocol);
    weft_strfree(ws->mem, ws->extensions);
    weft_free(ws->mem, ws, sizeof(*ws));
}

void weft_socket_leave(struct weft_socket *ws)
{
    ws->busy--;
    if (ws->busy == 0 && (ws->flags & WEFT_SOCKET_FREED) &&
        !(ws->flags & WEFT_SOCKET_STREAM))
        destroy(ws);
}

void weft_socket_wake(struct weft_socket *ws)
{
    if (!(ws->flags & WEFT_SOCKET_FREED))
        weft_alarm_set(ws->loop, &ws->alarm, 0);
}

void weft_socket_free(struct weft_socket *ws)
{
    if (!ws)
        return;
    weft_socket_enter(ws);
    weft_alarm_stop(ws->loop, &ws->alarm);
    ws->flags |= WEFT_SOCKET_FREED;
    weft_socket_open_end(ws);
    if (ws->flags & WEFT_SOCKET_JOINED) {
        /* "Make disappear": an open connection is left with 1001. */
        (void)weft_session_close(&ws->session, WEFT_CLOSE_GOING_AWAY, "", 0);
        (void)weft_session_flush(&ws->session);
        weft_session_cut(&ws->session);
    } else if (ws->flags & WEFT_SOCKET_STREAM) {
        weft_stream_close(&ws->session.stream, false);
    }
    weft_socket_leave(ws);
}

void weft_socket_stream_closed(struct weft_socket *ws)
{
    ws->flags &= ~(unsigned)WEFT_SOCKET_STREAM;
    if (ws->flags & WEFT_SOCKET_JOINED) {
        ws->buffered += weft_socket_settle_ledger(ws);
        weft_ledger_release(&ws->ledger);
        weft_session_release(&ws->session);
        ws->flags &= ~(unsigned)WEFT_SOCKET_JOINED;
    }
    if (!(ws->flags & WEFT_SOCKET_TOLD))
        ws->flags |= WEFT_SOCKET_DUE;
    weft_socket_wake(ws);
}

/* ---- Its end ------------------------------------------------------------- */

void weft_socket_fail(struct weft_socket *ws, int err, const char *why)
{
    if (ws->flags & WEFT_SOCKET_OVER)
        return;
    ws->flags |= WEFT_SOCKET_OVER | WEFT_SOCKET_FAILED | WEFT_SOCKET_DUE;
    ws->state = WEFT_CLOSING;
    ws->code = WEFT_CLOSE_ABNORMAL;
    ws->err = err;
    snprintf(ws->why, sizeof(ws->why), "%s", why);
    weft_dial_cancel(ws->dial);
    ws->dial = NULL;
    weft_socket_open_pass(ws);
    if (!(ws->flags & WEFT_SOCKET_JOINED) && (ws->flags & WEFT_SOCKET_STREAM))
        weft_stream_close(&ws->session.stream, false);
    weft_socket_wake(ws);
}

/* RFC 6455 section 7.2.1: a connection that is lost is a failed one. Patience
 * that ends while closing is not: we chose to wait no longer. */
static bool is_failure(const struct weft_socket *ws,
                       const struct weft_closed *how)
{
    if (how->clean)
        return false;
    return how->err != WEFT_ERR_TIMEOUT || ws->state != WEFT_CLOSING;
}

static void explain(struct weft_socket *ws, int err)
{
    const char *detail = weft_endpoint_why(&ws->session.ep);

    if (err == WEFT_ERR_BUSY)
        detail = "more was sent than the buffer holds";
    if (err == WEFT_ERR_TIMEOUT)
        detail = "";
    if (err == WEFT_ERR_TLS)
        snprintf(ws->why, sizeof(ws->why), "%s",
                 weft_tls_why(&ws->session.stream));
    else if (err == WEFT_ERR_UTF8)
        snprintf(ws->why, sizeof(ws->why), "the server sent %s", detail);
    else
        snprintf(ws->why, sizeof(ws->why), "%s%s%s", weft_strerror(err),
                 *detail ? ": " : "", detail);
}

void weft_socket_end(struct weft_socket *ws, const struct weft_closed *how)
{
    if (ws->flags & WEFT_SOCKET_OVER)
        return;
    ws->flags |= WEFT_SOCKET_OVER;
    if (is_failure(ws, how))
        ws->flags |= WEFT_SOCKET_FAILED;
    if (!how->clean)
        ws->flags |= WEFT_SOCKET_DUE; /* else when the stream is closed */
    ws->state = WEFT_CLOSING;
    ws->clean = how->clean;
    ws->code = how->code;
    ws->err = how->err;
    ws->reason_len = (uint8_t)how->reason_len;
    if (how->reason_len > 0)
        memcpy(ws->reason, how->reason, how->reason_len);
    explain(ws, how->err);
    weft_socket_wake(ws);
}

/* "When the WebSocket connection is closed": the state, the error, the event,
 * in this order. */
static void tell_end(struct weft_socket *ws)
{
    const struct weft_socket_events *events = ws->events;
    const struct weft_closed how = {
        .code = ws->code,
        .clean = ws->clean,
        .err = ws->err,
        .reason = ws->reason,
        .reason_len = ws->reason_len,
    };

    ws->flags &= ~(unsigned)WEFT_SOCKET_DUE;
    ws->flags |= WEFT_SOCKET_TOLD;
    ws->state = WEFT_CLOSED;
    weft_socket_open_end(ws);
    if ((ws->flags & WEFT_SOCKET_FAILED) && events->error)
        events->error(ws, ws->err, ws->why);
    if (!(ws->flags & WEFT_SOCKET_FREED) && events->close)
        events->close(ws, &how);
}

/* ---- The ring ------------------------------------------------------------ */

static uint64_t next_ring(const struct weft_socket *ws)
{
    if (ws->flags & WEFT_SOCKET_DUE)
        return 0;
    if (ws->flags & WEFT_SOCKET_JOINED)
        return ws->flags & (WEFT_SOCKET_DIRTY | WEFT_SOCKET_RESUMED)
                   ? 0
                   : weft_session_deadline(&ws->session);
    return ws->opening ? ws->deadline_ns : UINT64_MAX;
}

static void on_ring(struct weft_alarm *alarm)
{
    struct weft_socket *ws = WEFT_OF(alarm, struct weft_socket, alarm);
    uint64_t next;

    weft_socket_enter(ws);
    if (ws->flags & WEFT_SOCKET_JOINED)
        weft_socket_session_ring(ws);
    else if (ws->flags & WEFT_SOCKET_OVER)
        ;
    else if (!(ws->flags & WEFT_SOCKET_BEGUN))
        weft_socket_open_begin(ws);
    else
        weft_socket_open_ring(ws);

    if ((ws->flags & (WEFT_SOCKET_DUE | WEFT_SOCKET_FREED)) == WEFT_SOCKET_DUE)
        tell_end(ws);
    next = next_ring(ws);
    if (!(ws->flags & WEFT_SOCKET_FREED) && next != UINT64_MAX)
        weft_alarm_set(ws->loop, &ws->alarm, next);
    weft_socket_leave(ws);
}

/* ---- Making -------------------------------------------------------------- */

static uint64_t or_default(uint64_t given, uint64_t value)
{
    return given > 0 ? given : value;
}

static size_t size_of(uint64_t limit)
{
    return limit < SIZE_MAX ? (size_t)limit : SIZE_MAX;
}

static uint64_t ns_of(uint64_t ms)
{
    return ms > UINT64_MAX / NS_PER_MS ? 0 : ms * NS_PER_MS;
}

static const struct weft_socket_events no_events;

static int fill_opts(struct weft_socket_opts *out,
                     const struct weft_socket_opts *opts)
{
    int err = weft_opts_copy(out, sizeof(*out), opts);

    if (err)
        return err;
    if (!out->events)
        out->events = &no_events;
    out->connect_ms = or_default(out->connect_ms, 30000);
    out->close_ms = or_default(out->close_ms, 5000);
    out->ping_ms = or_default(out->ping_ms, WEFT_SOCKET_NEVER);
    out->pong_ms = or_default(out->pong_ms, 15000);
    out->message_limit = or_default(out->message_limit, 16 * MIB);
    out->fragment_limit = or_default(out->fragment_limit, 131072);
    out->buffer_limit = or_default(out->buffer_limit, 16 * MIB);
    out->header_limit = or_default(out->header_limit, 64 * KIB);
    return 0;
}

static void fill_conf(struct weft_endpoint_conf *conf,
                      const struct weft_mem *mem,
                      const struct weft_socket_opts *opts)
{
    *conf = (struct weft_endpoint_conf){
        .mem = mem,
        .random = weft_random,
        .message_limit = size_of(opts->message_limit),
        .out_limit = size_of(opts->buffer_limit),
        .ping_ns = ns_of(opts->ping_ms),
        .pong_ns = ns_of(opts->pong_ms),
        .close_ns = ns_of(opts->close_ms),
        .fragment_limit = opts->fragment_limit < UINT32_MAX
                              ? (uint32_t)opts->fragment_limit
                              : UINT32_MAX,
        .is_client = true,
    };
}

/* Files that cannot be read are the caller's mistake. Their names are in *why,
 * which this thread keeps until it comes here again. */
static int prepare_tls(struct weft_socket *ws,
                       const struct weft_socket_opts *opts, const char **why)
{
    static _Thread_local char text[WEFT_TLS_WHY];
    const struct weft_tls_client_opts tls = {
        .ca_file = opts->ca_file,
        .certificate = opts->certificate,
        .key = opts->key,
        .is_insecure = opts->is_insecure,
    };
    int err;

    if (!ws->opening->url.is_secure)
        return 0;
    text[0] = '\0';
    err = weft_tls_new_client(&ws->tls, ws->loop, &tls, text);
    if (!err || err == WEFT_ERR_NOMEM || err == WEFT_ERR_SYSTEM)
        return err;
    *why = *text ? text : weft_strerror(err);
    return WEFT_ERR_INVALID;
}

/* On failure weft_socket_free takes back what there is. */
static int fill(struct weft_socket *ws, const char *url,
                const struct weft_socket_opts *opts, const char **why)
{
    int err;

    ws->events = opts->events;
    ws->user = opts->user;
    ws->connect_ns = ns_of(opts->connect_ms);
    ws->is_parallel = opts->parallel;
    fill_conf(&ws->conf.ep, ws->mem, opts);
    weft_ledger_init(&ws->ledger, ws->mem);
    weft_buf_init(&ws->held, ws->mem, SIZE_MAX);
    err = weft_opening_new(&ws->opening, ws->mem, url, opts, why);
    if (err)
        return err;
    err = prepare_tls(ws, opts, why);
    if (err)
        return err;
    ws->url = weft_strdup(ws->mem, ws->opening->url.href);
    if (!ws->url)
        return WEFT_ERR_NOMEM;
    weft_socket_wake(ws);
    return 0;
}

int weft_socket_new(struct weft_socket **out, struct weft_loop *loop,
                    const char *url, const struct weft_socket_opts *opts)
{
    static const struct weft_socket_opts none = {.size = sizeof(none)};
    const struct weft_mem *mem = weft_loop_mem(loop);
    struct weft_socket_opts given;
    const char *why = "";
    struct weft_socket *ws;
    int err = fill_opts(&given, opts ? opts : &none);

    if (err)
        return err;
    if (given.why)
        *given.why = "";
    ws = weft_zalloc(mem, sizeof(*ws));
    if (!ws)
        return WEFT_ERR_NOMEM;
    ws->mem = mem;
    ws->loop = loop;
    ws->alarm.ring = on_ring;
    err = fill(ws, url, &given, &why);
    if (given.why && err == WEFT_ERR_INVALID)
        *given.why = why;
    if (err) {
        weft_socket_free(ws);
        return err;
    }
    *out = ws;
    return 0;
}

/* ---- Attributes ---------------------------------------------------------- */

enum weft_ready_state weft_socket_ready_state(const struct weft_socket *ws)
{
    return (enum weft_ready_state)ws->state;
}

const char *weft_socket_url(const struct weft_socket *ws)
{
    return ws->url;
}

const char *weft_socket_protocol(const struct weft_socket *ws)
{
    return ws->protocol ? ws->protocol : "";
}

const char *weft_socket_extensions(const struct weft_socket *ws)
{
    return ws->extensions ? ws->extensions : "";
}

int weft_socket_status(const struct weft_socket *ws)
{
    return ws->status;
}

const char *weft_socket_tls(const struct weft_socket *ws, char *text,
                            size_t size)
{
    if (ws->flags & WEFT_SOCKET_STREAM)
        return weft_tls_describe(&ws->session.stream, text, size);
    if (size > 0)
        text[0] = '\0';
    return text;
}

const char *weft_socket_peer_subject(const struct weft_socket *ws, char *text,
                                     size_t size)
{
    if (size > 0)
        text[0] = '\0';
    if (ws->flags & WEFT_SOCKET_STREAM)
        (void)weft_tls_peer_subject(&ws->session.stream, text, size);
    return text;
}

void *weft_socket_user(const struct weft_socket *ws)
{
    return ws->user;
}

void weft_socket_set_user(struct weft_socket *ws, void *user)
{
    ws->user = user;
}

struct weft_loop *weft_socket_loop(const struct weft_socket *ws)
{
    return ws->loop;
}
