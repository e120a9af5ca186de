/* SPDX-License-Identifier: MIT */
/*
 * From OPEN on: what the session tells becomes events, and what the owner asks
 * for becomes the session's work. While the owner is called it may do anything,
 * so whatever is looked at afterwards is looked at through the flags.
 */
#include "client/socket.h"

#include "base/list.h"
#include "base/mem.h"
#include "ws/utf8.h"

static struct weft_socket *socket_of(struct weft_session *session)
{
    return WEFT_OF(session, struct weft_socket, session);
}

/* ---- What the session tells ---------------------------------------------- */

static bool is_listening(const struct weft_socket *ws)
{
    return ws->state == WEFT_OPEN && !(ws->flags & WEFT_SOCKET_FREED);
}

static void on_message(struct weft_session *s, const struct weft_message *msg)
{
    struct weft_socket *ws = socket_of(s);

    if (is_listening(ws) && ws->events->message)
        ws->events->message(ws, msg);
}

static void on_control(struct weft_session *s, const struct weft_message *msg)
{
    struct weft_socket *ws = socket_of(s);

    if (is_listening(ws) && ws->events->control)
        ws->events->control(ws, msg);
}

static void on_drain(struct weft_session *s)
{
    struct weft_socket *ws = socket_of(s);

    if (is_listening(ws) && ws->events->drain)
        ws->events->drain(ws);
}

static void on_ended(struct weft_session *s, const struct weft_closed *how)
{
    weft_socket_end(socket_of(s), how);
}

static void on_closed(struct weft_session *s)
{
    struct weft_socket *ws = socket_of(s);

    weft_socket_enter(ws);
    weft_socket_stream_closed(ws);
    weft_socket_leave(ws);
}

static void on_held(struct weft_session *s, const uint8_t *p, size_t len)
{
    struct weft_socket *ws = socket_of(s);

    if (ws->flags & WEFT_SOCKET_FREED)
        return;
    if (ws->flags & WEFT_SOCKET_TAKING)
        ws->held_at = (size_t)(p - ws->held.data); /* it lies there already */
    else if (weft_buf_append(&ws->held, p, len) != 0)
        weft_session_abort(s, WEFT_ERR_NOMEM);
}

static void on_dirty(struct weft_session *s)
{
    struct weft_socket *ws = socket_of(s);

    ws->flags |= WEFT_SOCKET_DIRTY;
    weft_socket_wake(ws);
}

static const struct weft_session_ops session_ops = {
    .message = on_message,
    .control = on_control,
    .drain = on_drain,
    .ended = on_ended,
    .closed = on_closed,
    .held = on_held,
    .dirty = on_dirty,
};

/* ---- Frames -------------------------------------------------------------- */

uint64_t weft_socket_settle_ledger(struct weft_socket *ws)
{
    return weft_ledger_settle(&ws->ledger, weft_session_unsent(&ws->session));
}

static void write_down(struct weft_socket *ws, const struct weft_frame *frame)
{
    size_t head = weft_frame_header_len(frame->payload, frame->masked);

    if (weft_opcode_is_control(frame->opcode))
        weft_ledger_add_control(&ws->ledger, head + frame->payload);
    else
        weft_ledger_add_message(&ws->ledger, head, frame->payload, ws->sending);
}

static void on_frame(struct weft_endpoint *ep, const struct weft_frame *frame,
                     bool is_sent)
{
    struct weft_socket *ws = socket_of(WEFT_OF(ep, struct weft_session, ep));
    struct weft_frame_info info = {
        .is_sent = is_sent,
        .fin = frame->fin,
        .rsv = frame->rsv,
        .opcode = frame->opcode,
        .masked = frame->masked,
        .len = frame->payload,
    };

    if (is_sent)
        write_down(ws, frame);
    if (!ws->events->frame || (ws->flags & WEFT_SOCKET_FREED))
        return;
    if (frame->masked)
        memcpy(info.key, frame->key, sizeof(info.key));
    ws->events->frame(ws, &info);
}

/* ---- Beginning ----------------------------------------------------------- */

static char *copy(struct weft_socket *ws, struct weft_slice s)
{
    return weft_strndup(ws->mem, s.ptr, s.len);
}

static void free_pool(void *state)
{
    weft_deflate_pool_free(state);
}

/* Of the loop's sockets together. NULL: no memory. */
static struct weft_deflate_pool *pool_of(struct weft_loop *loop)
{
    struct weft_loop_share *share = weft_loop_codecs(loop);

    if (!share->state)
        share->state = weft_deflate_pool_new(weft_loop_mem(loop), NULL);
    share->free = free_pool;
    return share->state;
}

/* *ext is what was agreed on, or NULL. 0 or NOMEM. */
static int make_extension(struct weft_socket *ws, struct weft_ext **ext)
{
    struct weft_opening *o = ws->opening;
    struct weft_deflate_pool *pool;

    *ext = NULL;
    if (!o->has_deflate)
        return 0;
    pool = pool_of(ws->loop);
    if (!pool)
        return WEFT_ERR_NOMEM;
    return weft_deflate_new(ext, pool, &o->deflate_opts, &o->deflate, true,
                            false);
}

static void begin(struct weft_socket *ws, struct weft_ext *ext)
{
    ws->conf.ep.seen = on_frame;
    ws->conf.ops = &session_ops;
    weft_session_start(&ws->session, &ws->conf);
    weft_session_extend(&ws->session, ext);
    ws->flags |= WEFT_SOCKET_JOINED;
    weft_socket_open_pass(ws);
    if (ws->flags & WEFT_SOCKET_PAUSED)
        weft_session_hold(&ws->session);
    ws->state = WEFT_OPEN;
    weft_socket_wake(ws); /* for its deadline */
    if (ws->events->open)
        ws->events->open(ws);
}

void weft_socket_join(struct weft_socket *ws, size_t head)
{
    const struct weft_agreed *agreed = &ws->opening->agreed;
    struct weft_ext *ext;
    struct weft_buf in;

    ws->protocol = copy(ws, agreed->protocol);
    ws->extensions = copy(ws, agreed->extensions);
    if (!ws->protocol || !ws->extensions || make_extension(ws, &ext) != 0) {
        weft_socket_fail(ws, WEFT_ERR_NOMEM, weft_strerror(WEFT_ERR_NOMEM));
        return;
    }
    in = ws->opening->in; /* what came behind the answer outlives it */
    weft_buf_init(&ws->opening->in, ws->mem, 0);
    weft_opening_free(ws->opening);
    ws->opening = NULL;

    begin(ws, ext);
    if (in.len > head)
        weft_session_take(&ws->session, in.data + head, in.len - head);
    weft_buf_release(&in);
}

/* ---- The ring ------------------------------------------------------------ */

/* What came while it was paused is delivered. A message may pause it again, and
 * each may: the rest then stays where it is, or small messages would cost a
 * copy of all that lies behind each. */
static void resume(struct weft_socket *ws)
{
    struct weft_buf *held = &ws->held;
    size_t from = ws->held_at;

    ws->flags &= ~(unsigned)WEFT_SOCKET_RESUMED;
    weft_session_unhold(&ws->session);
    if (held->len == 0)
        return;
    ws->held_at = held->len; /* on_held may say otherwise */
    ws->flags |= WEFT_SOCKET_TAKING;
    weft_session_take(&ws->session, held->data + from, held->len - from);
    ws->flags &= ~(unsigned)WEFT_SOCKET_TAKING;
    if (ws->held_at < held->len)
        return;
    weft_buf_release(held);
    weft_buf_init(held, ws->mem, SIZE_MAX);
    ws->held_at = 0;
}

void weft_socket_session_ring(struct weft_socket *ws)
{
    uint64_t now = weft_loop_now(ws->loop);

    if (ws->flags & WEFT_SOCKET_RESUMED)
        resume(ws);
    ws->flags &= ~(unsigned)WEFT_SOCKET_DIRTY;
    if (weft_session_deadline(&ws->session) <= now)
        weft_session_tick(&ws->session, now);
    else
        weft_session_settle(&ws->session);
}

/* ---- What the owner asks for --------------------------------------------- */

uint64_t weft_socket_buffered_amount(const struct weft_socket *ws)
{
    /* What has gone out is struck off now: nobody can tell. */
    struct weft_socket *own = (struct weft_socket *)(uintptr_t)ws;

    if (ws->flags & WEFT_SOCKET_JOINED)
        return ws->buffered + weft_socket_settle_ledger(own);
    return ws->buffered;
}

/* "Flag the WebSocket as full and then close the WebSocket connection." */
static int overflow(struct weft_socket *ws, size_t len)
{
    if (ws->events->drain) {
        weft_session_want_drain(&ws->session);
        return WEFT_ERR_BUSY;
    }
    ws->buffered += len;
    ws->state = WEFT_CLOSING;
    weft_session_abort(&ws->session, WEFT_ERR_BUSY);
    return WEFT_ERR_BUSY;
}

int weft_socket_send(struct weft_socket *ws, enum weft_kind kind,
                     const void *data, size_t len)
{
    int err;

    if ((kind != WEFT_TEXT && kind != WEFT_BINARY) ||
        ws->state == WEFT_CONNECTING)
        return WEFT_ERR_USAGE;
    if (ws->state == WEFT_OPEN) {
        (void)weft_socket_settle_ledger(ws);
        err = weft_ledger_reserve(&ws->ledger);
        ws->sending = len;
        if (!err)
            err = weft_session_send(&ws->session, kind, data, len);
        if (err == WEFT_ERR_BUSY)
            return overflow(ws, len);
        if (err != WEFT_ERR_USAGE && err != WEFT_ERR_EOF)
            return err;
    }
    /* Not open any more, or nobody there, or the session refuses the text. */
    if (kind == WEFT_TEXT && !weft_utf8_is_valid(data, len))
        return WEFT_ERR_INVALID;
    ws->buffered += len;
    return 0;
}

int weft_socket_ping(struct weft_socket *ws, const void *data, size_t len)
{
    int err;

    if (ws->state != WEFT_OPEN)
        return WEFT_ERR_USAGE;
    err = weft_session_send(&ws->session, WEFT_PING, data, len);
    return err == WEFT_ERR_EOF ? 0 : err; /* as for a message */
}

/* close() cannot fail: without the memory for a close frame the connection is
 * given up. USAGE: the session is ahead of us, it closes already. */
static void start_closing(struct weft_socket *ws, uint16_t code,
                          const char *reason, size_t len)
{
    int err = weft_session_close(&ws->session, code, reason, len);

    ws->state = WEFT_CLOSING;
    if (err && err != WEFT_ERR_USAGE)
        weft_session_abort(&ws->session, err);
    weft_socket_resume(ws); /* to hear the answer */
}

int weft_socket_close(struct weft_socket *ws, uint16_t code, const char *reason)
{
    size_t len = reason ? strlen(reason) : 0;

    if (code != 0 && code != WEFT_CLOSE_NORMAL && (code < 3000 || code > 4999))
        return WEFT_ERR_INVALID;
    if (len > WEFT_REASON_MAX || !weft_utf8_is_valid(reason, len))
        return WEFT_ERR_INVALID;
    if (code == 0 && len > 0)
        code = WEFT_CLOSE_NORMAL;
    if (ws->state == WEFT_OPEN)
        start_closing(ws, code, reason, len);
    else if (ws->state == WEFT_CONNECTING)
        weft_socket_fail(ws, WEFT_ERR_GONE,
                         "it was closed before the connection was open");
    return 0;
}

void weft_socket_pause(struct weft_socket *ws)
{
    if (ws->state >= WEFT_CLOSING)
        return;
    ws->flags |= WEFT_SOCKET_PAUSED;
    ws->flags &= ~(unsigned)WEFT_SOCKET_RESUMED;
    if (ws->flags & WEFT_SOCKET_JOINED)
        weft_session_hold(&ws->session);
}

void weft_socket_resume(struct weft_socket *ws)
{
    if (!(ws->flags & WEFT_SOCKET_PAUSED))
        return;
    ws->flags &= ~(unsigned)WEFT_SOCKET_PAUSED;
    if (!(ws->flags & WEFT_SOCKET_JOINED))
        return;
    ws->flags |= WEFT_SOCKET_RESUMED;
    weft_socket_wake(ws);
}
