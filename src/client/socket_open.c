/* SPDX-License-Identifier: MIT */
/*
 * From CONNECTING to OPEN: a dial to the server or its proxy, then requests out
 * and answers in, as the opening says, until the session can begin. TLS comes
 * after the proxy's answer and before the request to the server, which waits
 * for the handshake and is told when it has gone. Whatever goes wrong on the
 * way is told by weft_socket_fail, with what a person needs to know in order to
 * mend it.
 */
#include "client/socket.h"

#include "base/list.h"
#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)

static const struct weft_stream_ops opening_ops;

static struct weft_socket *socket_of(struct weft_stream *stream)
{
    return WEFT_OF(stream, struct weft_socket, session.stream);
}

/* ---- One at a time ------------------------------------------------------- */

void weft_socket_open_pass(struct weft_socket *ws)
{
    weft_gate_leave(&ws->address_pass);
    weft_gate_leave(&ws->name_pass);
}

static void admit_name(struct weft_gate_pass *pass)
{
    weft_socket_wake(WEFT_OF(pass, struct weft_socket, name_pass));
}

static void admit_address(struct weft_gate_pass *pass)
{
    weft_socket_wake(WEFT_OF(pass, struct weft_socket, address_pass));
}

static int enter_by_name(struct weft_socket *ws)
{
    struct weft_buf key;
    int err;

    weft_buf_init(&key, ws->mem, SIZE_MAX);
    err = weft_buf_printf(&key, "name %s %u", ws->opening->url.host,
                          ws->opening->url.port);
    if (!err)
        err = weft_buf_append(&key, "", 1);
    ws->name_pass.admit = admit_name;
    if (!err)
        err = weft_gate_enter(&ws->name_pass, ws->loop, (char *)key.data);
    weft_buf_release(&key);
    return err;
}

/* Even if it is known by another name; what a proxy connects to is its own
 * affair. */
static int enter_by_address(struct weft_socket *ws)
{
    struct weft_address peer;
    char text[WEFT_ADDRESS_TEXT];
    int err = weft_stream_peer(&ws->session.stream, &peer);

    if (err)
        return err;
    ws->address_pass.admit = admit_address;
    return weft_gate_enter(&ws->address_pass, ws->loop,
                           weft_address_text(&peer, text));
}

/* ---- Letting go ---------------------------------------------------------- */

void weft_socket_open_end(struct weft_socket *ws)
{
    weft_socket_open_pass(ws);
    weft_dial_cancel(ws->dial);
    ws->dial = NULL;
    /* A write in progress reads from the opening: it ends with the stream. */
    if ((ws->flags & (WEFT_SOCKET_STREAM | WEFT_SOCKET_JOINED)) ==
        WEFT_SOCKET_STREAM)
        weft_stream_close(&ws->session.stream, false);
    weft_opening_free(ws->opening);
    ws->opening = NULL;
}

/* ---- Requests ------------------------------------------------------------ */

static bool is_shaking_hands(const struct weft_socket *ws)
{
    return weft_tls_is_on(&ws->session.stream) &&
           !weft_tls_is_ready(&ws->session.stream);
}

static void tell_request(struct weft_socket *ws)
{
    const struct weft_buf *out = weft_opening_output(ws->opening);

    ws->flags &= ~(unsigned)WEFT_SOCKET_UNTOLD;
    if (ws->events->request)
        ws->events->request(ws, (const char *)out->data, out->len);
}

static void queue_request(struct weft_socket *ws, size_t from)
{
    const struct weft_buf *out = weft_opening_output(ws->opening);

    ws->tx_iov.iov_base = out->data + from;
    ws->tx_iov.iov_len = out->len - from;
    ws->tx = (struct weft_tx){.iov = &ws->tx_iov, .niov = 1};
    weft_stream_queue(&ws->session.stream, &ws->tx);
}

static void send_request(struct weft_socket *ws)
{
    const struct weft_buf *out = weft_opening_output(ws->opening);
    struct iovec iov = {.iov_base = out->data, .iov_len = out->len};
    int64_t n;

    ws->flags |= WEFT_SOCKET_ASKED;
    if (is_shaking_hands(ws)) {
        ws->flags |= WEFT_SOCKET_UNTOLD;
        queue_request(ws, 0);
        return;
    }
    tell_request(ws);
    if (ws->flags & (WEFT_SOCKET_FREED | WEFT_SOCKET_OVER))
        return;
    n = weft_stream_write(&ws->session.stream, &iov, 1);
    if (n < 0) {
        weft_socket_fail(ws, (int)n, "the connection was lost at once");
        return;
    }
    if ((size_t)n < iov.iov_len)
        queue_request(ws, (size_t)n);
}

/* There is a way to the server or its proxy. */
static void begin_talk(struct weft_socket *ws)
{
    const struct weft_url *url = &ws->opening->url;
    int err = 0;

    if (url->is_secure && !ws->opening->is_tunnelling)
        err = weft_tls_connect(&ws->session.stream, ws->tls, url->host,
                               url->port);
    if (err)
        weft_socket_fail(ws, err, weft_strerror(err));
    else
        send_request(ws);
}

/* The proxy has connected. Where TLS begins with us, nobody else may have
 * spoken before. */
static void enter_tunnel(struct weft_socket *ws)
{
    if (ws->opening->url.is_secure && ws->opening->in.len > 0)
        weft_socket_fail(ws, WEFT_ERR_PROTOCOL,
                         "the proxy sent more than its answer");
    else
        begin_talk(ws);
}

/* ---- Answers ------------------------------------------------------------- */

/* Another answer, or the first bytes of a message, may lie behind the head. */
static void take_step(struct weft_socket *ws, int step, size_t head)
{
    if (step < 0) {
        weft_socket_fail(ws, step, ws->opening->why);
        return;
    }
    if (weft_stream_is_queued(&ws->session.stream) &&
        step != WEFT_OPENING_WAIT) {
        weft_socket_fail(ws, WEFT_ERR_PROTOCOL,
                         "the answer came before the request was sent");
        return;
    }
    if (step == WEFT_OPENING_OPEN) {
        weft_socket_join(ws, head);
        return;
    }
    weft_opening_next(ws->opening, head);
    if (step == WEFT_OPENING_TUNNEL)
        enter_tunnel(ws);
}

/* Takes one answer: true if there may be another. */
static bool take_answer(struct weft_socket *ws)
{
    struct weft_opening *o = ws->opening;
    int head = weft_opening_head(o), step;
    size_t len = head > 0 ? (size_t)head : o->in.len;

    if (head == 0)
        return false;
    if (ws->events->response)
        ws->events->response(ws, (const char *)o->in.data, len);
    if (ws->flags & (WEFT_SOCKET_FREED | WEFT_SOCKET_OVER))
        return false;
    step = head < 0 ? head : weft_opening_judge(o, len);
    ws->status = o->status;
    take_step(ws, step, len);
    return !(ws->flags &
             (WEFT_SOCKET_FREED | WEFT_SOCKET_OVER | WEFT_SOCKET_JOINED));
}

static void on_data(struct weft_stream *stream, uint8_t *p, size_t len)
{
    struct weft_socket *ws = socket_of(stream);

    if (ws->flags & WEFT_SOCKET_OVER)
        return;
    weft_socket_enter(ws);
    if (ws->flags & WEFT_SOCKET_UNTOLD)
        tell_request(ws);
    if (ws->flags & (WEFT_SOCKET_FREED | WEFT_SOCKET_OVER))
        ;
    else if (!(ws->flags & WEFT_SOCKET_ASKED))
        weft_socket_fail(ws, WEFT_ERR_PROTOCOL,
                         "the server spoke before it was asked");
    else if (weft_opening_feed(ws->opening, p, len) != 0)
        weft_socket_fail(ws, WEFT_ERR_NOMEM, weft_strerror(WEFT_ERR_NOMEM));
    else
        while (take_answer(ws))
            ;
    weft_socket_leave(ws);
}

static void on_end(struct weft_stream *stream, int err)
{
    struct weft_socket *ws = socket_of(stream);
    bool is_proxy = ws->opening && ws->opening->is_tunnelling;
    char why[WEFT_WHY_SIZE];

    if (err == WEFT_ERR_TLS) {
        weft_socket_fail(ws, err, weft_tls_why(stream));
        return;
    }
    snprintf(why, sizeof(why), "%s %s the connection %s",
             is_proxy ? "the proxy" : "the server", err ? "reset" : "closed",
             is_shaking_hands(ws) ? "during the TLS handshake"
                                  : "before its answer was there");
    weft_socket_fail(ws, err ? err : WEFT_ERR_EOF, why);
}

/* The answer is waited for already. */
static void on_sent(struct weft_stream *stream)
{
    struct weft_socket *ws = socket_of(stream);

    weft_socket_enter(ws);
    if ((ws->flags & (WEFT_SOCKET_UNTOLD | WEFT_SOCKET_OVER |
                      WEFT_SOCKET_FREED)) == WEFT_SOCKET_UNTOLD)
        tell_request(ws);
    weft_socket_leave(ws);
}

static void on_closed(struct weft_stream *stream)
{
    struct weft_socket *ws = socket_of(stream);

    weft_socket_enter(ws);
    weft_socket_stream_closed(ws);
    weft_socket_leave(ws);
}

static const struct weft_stream_ops opening_ops = {
    .data = on_data,
    .end = on_end,
    .sent = on_sent,
    .closed = on_closed,
};

/* ---- Connecting ---------------------------------------------------------- */

static void on_dialed(void *arg, const struct weft_dialed *how)
{
    struct weft_socket *ws = arg;
    char why[WEFT_WHY_SIZE];
    int err;

    ws->dial = NULL;
    if (how->fd < 0) {
        snprintf(why, sizeof(why), "%s%s",
                 ws->opening->has_proxy ? "the proxy: " : "", how->why);
        weft_socket_fail(ws, how->err, why);
        return;
    }
    err =
        weft_stream_open(&ws->session.stream, ws->loop, how->fd, &opening_ops);
    if (err) {
        close(how->fd);
        weft_socket_fail(ws, err, weft_strerror(err));
        return;
    }
    weft_socket_enter(ws);
    ws->flags |= WEFT_SOCKET_STREAM;
    if (!ws->is_parallel && !ws->opening->has_proxy)
        err = enter_by_address(ws);
    if (err)
        weft_socket_fail(ws, err, weft_strerror(err));
    else if (!weft_gate_is_waiting(&ws->address_pass))
        begin_talk(ws);
    weft_socket_leave(ws);
}

static void dial(struct weft_socket *ws)
{
    const struct weft_opening *o = ws->opening;
    int err;

    if (o->has_proxy)
        err = weft_dial_start(&ws->dial, ws->loop, o->proxy.host, o->proxy.port,
                              on_dialed, ws);
    else
        err = weft_dial_start(&ws->dial, ws->loop, o->url.host, o->url.port,
                              on_dialed, ws);
    if (err)
        weft_socket_fail(ws, err, weft_strerror(err));
}

/* "Establish a WebSocket connection", up to where the network comes in. */
void weft_socket_open_begin(struct weft_socket *ws)
{
    const struct weft_url *url = &ws->opening->url;
    uint64_t now = weft_loop_now(ws->loop);
    char why[WEFT_WHY_SIZE];
    int err = 0;

    ws->flags |= WEFT_SOCKET_BEGUN;
    ws->deadline_ns = ws->connect_ns > 0 && ws->connect_ns < UINT64_MAX - now
                          ? now + ws->connect_ns
                          : UINT64_MAX;
    if (weft_url_port_is_blocked(url->port)) {
        snprintf(
            why, sizeof(why),
            "port %u is one that browsers block, as another service has it",
            url->port);
        weft_socket_fail(ws, WEFT_ERR_DENIED, why);
        return;
    }
    if (!ws->is_parallel)
        err = enter_by_name(ws);
    if (err)
        weft_socket_fail(ws, err, weft_strerror(err));
    else if (!weft_gate_is_waiting(&ws->name_pass))
        dial(ws);
}

static void give_up(struct weft_socket *ws)
{
    char doing[WEFT_WHY_SIZE / 2] = "waiting for the server's answer";
    char why[WEFT_WHY_SIZE];

    if (weft_gate_is_waiting(&ws->name_pass) ||
        weft_gate_is_waiting(&ws->address_pass))
        snprintf(doing, sizeof(doing),
                 "waiting for another connection to the same host");
    else if (ws->dial)
        weft_dial_describe(ws->dial, doing, sizeof(doing));
    else if (ws->opening->is_tunnelling)
        snprintf(doing, sizeof(doing), "waiting for the proxy's answer");
    else if (is_shaking_hands(ws))
        snprintf(doing, sizeof(doing), "in the TLS handshake");
    snprintf(why, sizeof(why), "not open after %g s: still %s",
             (double)ws->connect_ns / 1e9, doing);
    weft_socket_fail(ws, WEFT_ERR_TIMEOUT, why);
}

void weft_socket_open_ring(struct weft_socket *ws)
{
    bool is_dialled = ws->dial || (ws->flags & WEFT_SOCKET_STREAM);

    if (weft_loop_now(ws->loop) >= ws->deadline_ns)
        give_up(ws);
    else if (weft_gate_is_inside(&ws->name_pass) && !is_dialled)
        dial(ws);
    else if (weft_gate_is_inside(&ws->address_pass) &&
             !(ws->flags & WEFT_SOCKET_ASKED))
        begin_talk(ws);
}
