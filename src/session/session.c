/* SPDX-License-Identifier: MIT */
/*
 * Every call from the stream, the owner's clock or the owner's settle is a
 * turn: events are delivered, then the output leaves, then the end is looked
 * at. Owners send and close inside their callbacks; nothing is torn down there.
 *
 * The end, for a server (section 7.1.1): when the endpoint is over and its
 * output has gone, our half of the stream is shut, so that the close frame
 * arrives before anything else, and what still comes is thrown away until the
 * peer ends its half, close_ns at most. A client waits for the server to do
 * that.
 */
#include "session/session.h"

#include "base/hints.h"
#include "base/list.h"
#include "base/sizes.h"
#include "net/rest.h"

enum session_flags {
    IN_TURN = 1, /* settle comes at the end of this call */
    DIRTY = 2,   /* the owner was told */
    TOLD = 4,    /* ended was called */
    SHUT = 8,    /* our half of the stream is over */
    CLOSED = 16, /* the stream was closed */
    PAUSED = 32, /* not reading: too much waits for the peer */
    WANT_DRAIN = 64,
    STREAM_ENDED = 128, /* the peer's half is over */
    ABORTED = 256,      /* the owner gave it up; settle ends it */
    HELD = 512,         /* the owner wants no messages now */
    MUTE = 1024,        /* nothing can be sent any more; reading will tell */
};

static const struct weft_stream_ops stream_ops;

static struct weft_session *session_of(struct weft_stream *stream)
{
    return WEFT_OF(stream, struct weft_session, stream);
}

static const struct weft_session_ops *ops_of(const struct weft_session *s)
{
    return WEFT_OF(s->ep.conf, const struct weft_session_conf, ep)->ops;
}

void weft_session_start(struct weft_session *s,
                        const struct weft_session_conf *conf)
{
    weft_endpoint_init(&s->ep, &conf->ep);
    s->outgoing = NULL;
    s->flags = 0;
    s->abort_err = 0;
    s->acked = 0;
    s->stream.ops = &stream_ops;
    s->ep.now_ns = weft_loop_now(weft_stream_loop(&s->stream));
    s->ep.since_ns = s->ep.now_ns;
    s->ep.flags = WEFT_EP_TICKED;
}

void weft_session_extend(struct weft_session *s, struct weft_ext *ext)
{
    s->ep.ext = ext;
    if (ext)
        weft_io_read_short(&s->stream.io);
}

void weft_session_release(struct weft_session *s)
{
    weft_outgoing_end(&s->outgoing, s->ep.conf->mem);
    weft_endpoint_release(&s->ep);
}

/* ---- The end ------------------------------------------------------------- */

static void tell(struct weft_session *s, const struct weft_closed *how)
{
    if (s->flags & TOLD)
        return;
    s->flags |= TOLD;
    ops_of(s)->ended(s, how);
}

static void tell_failed(struct weft_session *s, int err)
{
    const struct weft_closed how = {
        .code = WEFT_CLOSE_ABNORMAL, .err = err, .reason = ""};

    tell(s, &how);
}

static void close_stream(struct weft_session *s, bool reset)
{
    if (s->flags & CLOSED)
        return;
    s->flags |= CLOSED;
    weft_rest_end(&s->stream);
    /* What a write under way has taken has gone, for weft_session_unsent. */
    if (s->outgoing && s->ep.out)
        weft_queue_sent(s->ep.out, weft_outgoing_taken(s->outgoing));
    weft_outgoing_end(&s->outgoing, s->ep.conf->mem);
    weft_stream_close(&s->stream, reset);
}

/* The stream failed, or the owner gave up, or waits no longer for a peer that
 * has said all it had to say and need only end its stream: that one has earned
 * a FIN. Not inside an owner's callback. */
static void end_now(struct weft_session *s, int err)
{
    bool is_done = err == WEFT_ERR_TIMEOUT && weft_endpoint_is_closed(&s->ep) &&
                   weft_endpoint_queued(&s->ep) == 0;

    tell_failed(s, err);
    close_stream(s, !is_done);
}

/* What TLS has taken and the socket has not would be lost with the stream: a
 * write of nothing, behind it, tells when it has gone. Whether that is under
 * way. */
static bool is_flushing(struct weft_session *s)
{
    struct weft_queue nothing = {.mem = s->ep.conf->mem};

    if (!weft_stream_is_flushing(&s->stream) || (s->flags & MUTE))
        return false;
    return s->outgoing || weft_outgoing_start(&s->outgoing, &s->stream,
                                              &nothing, s->ep.conf->mem) == 0;
}

/* The endpoint is over and all its output has gone. */
static void end_stream(struct weft_session *s)
{
    if (s->flags & STREAM_ENDED) {
        if (!is_flushing(s))
            close_stream(s, false);
        return;
    }
    if (s->ep.conf->is_client && !s->ep.err)
        return; /* the server's turn; close_ns bounds it */
    if (!(s->flags & SHUT)) {
        s->flags |= SHUT;
        weft_stream_shutdown(&s->stream);
    }
}

/* ---- Output -------------------------------------------------------------- */

/* Starts a write of what the kernel did not take. It will read the bytes later,
 * so none may be borrowed any more. 0 or NOMEM. */
static int flush_later(struct weft_session *s)
{
    int err = weft_endpoint_settle(&s->ep);

    if (err)
        return err;
    return weft_outgoing_start(&s->outgoing, &s->stream, s->ep.out,
                               s->ep.conf->mem);
}

/* Whether nothing is left to be sent, or can be. */
static bool is_sent(const struct weft_session *s)
{
    return weft_endpoint_queued(&s->ep) == 0 || (s->flags & MUTE);
}

/*
 * Sends what waits, as far as the kernel takes it now, and starts a write of
 * the rest. 0 or an error that ends the stream. That the peer has gone is no
 * such error: what it said before lies in the socket, and may be the close
 * frame that says why.
 */
static int flush(struct weft_session *s)
{
    while (!s->outgoing && !is_sent(s)) {
        int64_t n = weft_outgoing_try(&s->stream, s->ep.out);

        if (n == WEFT_ERR_EOF && !(s->flags & STREAM_ENDED)) {
            s->flags |= MUTE;
            return 0;
        }
        if (n < 0)
            return (int)n;
        if (n == 0)
            return flush_later(s);
        weft_endpoint_sent(&s->ep, (size_t)n);
    }
    return 0;
}

/* Half of the limit: below it a peer that was held up is read from again, and
 * an owner that was refused may go on. */
static bool is_low(const struct weft_session *s)
{
    return weft_endpoint_queued(&s->ep) <= s->ep.conf->out_limit / 2;
}

/* A client that sends without reading what it gets is not read from. Were a
 * client to treat its server so, the two could wait for each other for ever.
 * Nor is a peer read from whose messages the owner does not want now. What
 * comes after the end is read all the same, to see the end of the stream. */
static void regulate(struct weft_session *s)
{
    bool is_clogged = !s->ep.conf->is_client && !s->ep.conf->drops &&
                      !is_low(s) && !(s->flags & MUTE);
    bool hold =
        (is_clogged || (s->flags & HELD)) && !weft_endpoint_is_over(&s->ep);

    if (hold && !(s->flags & PAUSED)) {
        s->flags |= PAUSED;
        weft_stream_pause(&s->stream);
    } else if (!hold && (s->flags & PAUSED)) {
        s->flags &= (uint16_t)~PAUSED;
        weft_stream_resume(&s->stream);
    }
}

void weft_session_settle(struct weft_session *s)
{
    int err;

    s->flags &= (uint16_t) ~(IN_TURN | DIRTY);
    if (s->flags & CLOSED)
        return;
    if (weft_endpoint_is_over(&s->ep) && (!s->ep.conf->is_client || s->ep.err))
        weft_stream_ending(&s->stream); /* end_stream comes below */
    err = s->flags & ABORTED ? s->abort_err : flush(s);
    if (err) {
        end_now(s, err);
        return;
    }
    if (weft_endpoint_is_over(&s->ep) && is_sent(s))
        end_stream(s);
    if (s->flags & CLOSED)
        return;
    regulate(s);
    if ((s->flags & WANT_DRAIN) && is_low(s) && !(s->flags & TOLD)) {
        s->flags &= (uint16_t)~WANT_DRAIN;
        ops_of(s)->drain(s); /* what it sends makes the session dirty */
    }
}

static void mark_dirty(struct weft_session *s)
{
    if (s->flags & (DIRTY | CLOSED))
        return;
    s->flags |= DIRTY;
    ops_of(s)->dirty(s);
}

static void touch(struct weft_session *s)
{
    if (!(s->flags & IN_TURN))
        mark_dirty(s);
}

void weft_session_abort(struct weft_session *s, int err)
{
    if (s->flags & (ABORTED | CLOSED))
        return;
    s->flags |= ABORTED;
    s->abort_err = (int8_t)err;
    touch(s);
}

/* What was borrowed is offered to the kernel now; what it leaves is copied. */
static WEFT_COLD int send_now(struct weft_session *s)
{
    int err = flush(s);

    if (!err)
        err = weft_endpoint_settle(&s->ep);
    return err;
}

int weft_session_send(struct weft_session *s, enum weft_kind kind,
                      const void *data, size_t len)
{
    int err;

    if (s->flags & (TOLD | CLOSED | ABORTED))
        return WEFT_ERR_USAGE;
    if (s->flags & MUTE)
        return WEFT_ERR_EOF;
    err = weft_endpoint_send_borrowed(&s->ep, kind, data, len);
    if (err)
        return err;
    if (weft_endpoint_borrows(&s->ep))
        err = send_now(s);
    if (err)
        weft_session_abort(s, err); /* half a frame may have gone */
    else
        touch(s);
    return err;
}

int weft_session_broadcast(struct weft_session *s,
                           struct weft_broadcast *message)
{
    int err;

    if (s->flags & (TOLD | CLOSED | ABORTED))
        return WEFT_ERR_USAGE;
    if (s->flags & MUTE)
        return WEFT_ERR_EOF;
    err = weft_endpoint_broadcast(&s->ep, message);
    if (!err)
        mark_dirty(s);
    return err;
}

bool weft_session_flush(struct weft_session *s)
{
    size_t before = weft_endpoint_queued(&s->ep);
    int err;

    if (s->flags & (CLOSED | ABORTED))
        return false;
    err = flush(s);
    if (err)
        weft_session_abort(s, err);
    return err || (s->flags & MUTE) || weft_endpoint_queued(&s->ep) < before;
}

size_t weft_session_unsent(const struct weft_session *s)
{
    return weft_endpoint_queued(&s->ep) - weft_outgoing_taken(s->outgoing);
}

void weft_session_want_drain(struct weft_session *s)
{
    s->flags |= WANT_DRAIN;
}

void weft_session_hold(struct weft_session *s)
{
    if (s->flags & CLOSED)
        return;
    s->flags |= HELD;
    regulate(s);
}

void weft_session_unhold(struct weft_session *s)
{
    if (!(s->flags & HELD) || (s->flags & CLOSED))
        return;
    s->flags &= (uint16_t)~HELD;
    s->ep.now_ns = weft_loop_now(weft_stream_loop(&s->stream));
    weft_endpoint_heard(&s->ep);
    regulate(s);
}

void weft_session_cut(struct weft_session *s)
{
    s->flags |= TOLD;
    if (!(s->flags & CLOSED))
        weft_stream_discard(&s->stream);
    close_stream(s, false);
}

int weft_session_close(struct weft_session *s, uint16_t code,
                       const char *reason, size_t reason_len)
{
    int err;

    if (s->flags & (TOLD | CLOSED | ABORTED))
        return WEFT_ERR_USAGE;
    err = weft_endpoint_close(&s->ep, code, reason, reason_len);
    if (!err)
        touch(s);
    return err;
}

/* ---- Input --------------------------------------------------------------- */

static void deliver_close(struct weft_session *s,
                          const struct weft_event *event)
{
    const struct weft_closed how = {
        .code = event->code,
        .clean = event->clean,
        .err = event->clean ? 0 : WEFT_ERR_EOF,
        .reason = event->reason,
        .reason_len = event->reason_len,
    };

    tell(s, &how);
}

/* An owner does not write to a message, so a text that it sends back from where
 * it lies is known to be one. */
static void deliver_message(struct weft_session *s,
                            const struct weft_message *msg)
{
    if (msg->kind == WEFT_TEXT) {
        s->ep.text = (struct weft_slice){msg->data, msg->len};
        s->ep.flags |= WEFT_EP_TEXT;
    }
    ops_of(s)->message(s, msg);
    s->ep.flags &= (uint16_t)~WEFT_EP_TEXT;
}

static void deliver(struct weft_session *s, const struct weft_event *event)
{
    switch (event->type) {
    case WEFT_EVENT_MESSAGE:
        deliver_message(s, &event->msg);
        break;
    case WEFT_EVENT_PING:
    case WEFT_EVENT_PONG:
        ops_of(s)->control(s, &event->msg);
        break;
    case WEFT_EVENT_CLOSE:
        deliver_close(s, event);
        break;
    }
}

/* The owner keeps what has come until it wants it. */
static void put_aside(struct weft_session *s)
{
    uint8_t *p;
    size_t len = weft_endpoint_unfeed(&s->ep, &p);

    if (len > 0)
        ops_of(s)->held(s, p, len);
}

/* Delivers what has come, and says so when it ended the connection. */
static void pull(struct weft_session *s)
{
    struct weft_event event;
    int rc;

    while ((rc = weft_endpoint_next(&s->ep, &event)) > 0) {
        deliver(s, &event);
        if (s->flags & (CLOSED | ABORTED))
            return;
        if ((s->flags & (HELD | TOLD)) == HELD) {
            put_aside(s);
            return;
        }
    }
    if (rc < 0)
        tell_failed(s, rc);
}

/* A few bytes can be made into many, for which all others have to wait: a peer
 * that has had much of that is not read from until they have had their turn. */
static void rest(struct weft_session *s)
{
    size_t work;

    if (!s->ep.ext)
        return;
    work = s->ep.ext->work;
    s->ep.ext->work = 0;
    if (work > WEFT_REST_FREE && !(s->flags & CLOSED))
        weft_rest_begin(&s->stream, work);
}

/* Patience is judged by weft_session_tick alone: after a loop that stood still
 * what the peer said meanwhile is heard first. */
void weft_session_take(struct weft_session *s, uint8_t *p, size_t len)
{
    if (weft_endpoint_is_over(&s->ep) || (s->flags & (CLOSED | ABORTED)))
        return; /* thrown away until the peer ends its half */
    if (s->flags & HELD) {
        ops_of(s)->held(s, p, len);
        return;
    }
    s->flags |= IN_TURN;
    s->ep.now_ns = weft_loop_now(weft_stream_loop(&s->stream));
    if (weft_endpoint_feed(&s->ep, p, len) == 0)
        pull(s);
    /* One that is settled at the end of the loop's turn may be sent more by
     * then, and a call to the kernel costs more than all of that. */
    if (s->flags & DIRTY)
        s->flags &= (uint16_t)~IN_TURN;
    else
        weft_session_settle(s);
    rest(s);
    if (s->ep.part) /* more of a message may be on its way */
        weft_stream_read_into(&s->stream);
}

static void on_data(struct weft_stream *stream, uint8_t *p, size_t len)
{
    weft_session_take(session_of(stream), p, len);
}

static uint8_t *on_room(struct weft_stream *stream, size_t *len)
{
    struct weft_session *s = session_of(stream);

    if (s->flags & (CLOSED | ABORTED | HELD))
        return NULL;
    return weft_endpoint_room(&s->ep, len);
}

static void on_end(struct weft_stream *stream, int err)
{
    struct weft_session *s = session_of(stream);

    s->flags |= STREAM_ENDED;
    if (err && !(s->flags & ABORTED)) {
        end_now(s, err);
        return;
    }
    s->flags |= IN_TURN;
    if (!s->ep.err && !(s->flags & ABORTED)) {
        weft_endpoint_feed_end(&s->ep);
        pull(s);
    }
    weft_session_settle(s);
}

static void on_sent(struct weft_stream *stream)
{
    struct weft_session *s = session_of(stream);

    s->flags |= IN_TURN;
    weft_endpoint_sent(&s->ep,
                       weft_outgoing_end(&s->outgoing, s->ep.conf->mem));
    weft_endpoint_taking(&s->ep);
    weft_session_settle(s);
}

static void on_broken(struct weft_stream *stream)
{
    struct weft_session *s = session_of(stream);
    size_t taken = weft_outgoing_taken(s->outgoing);

    s->flags |= IN_TURN | MUTE;
    (void)weft_outgoing_end(&s->outgoing, s->ep.conf->mem);
    weft_endpoint_sent(&s->ep, taken);
    weft_session_settle(s);
}

static void on_closed(struct weft_stream *stream)
{
    struct weft_session *s = session_of(stream);

    ops_of(s)->closed(s);
}

static const struct weft_stream_ops stream_ops = {
    .data = on_data,
    .room = on_room,
    .end = on_end,
    .sent = on_sent,
    .broken = on_broken,
    .closed = on_closed,
};

/* ---- Time ---------------------------------------------------------------- */

/* While a ping waits for its answer the deadline is that of the answer; when it
 * comes, the next ping may be due before that, and nobody is told. */
uint64_t weft_session_deadline(const struct weft_session *s)
{
    uint64_t at = weft_endpoint_deadline(&s->ep);
    uint64_t now = s->ep.now_ns, ping = s->ep.conf->ping_ns;

    return ping > 0 && at > now && ping < at - now ? now + ping : at;
}

void weft_session_tick(struct weft_session *s, uint64_t now_ns)
{
    if (s->flags & CLOSED)
        return;
    s->flags |= IN_TURN;
    if (s->flags & HELD) {
        s->ep.now_ns = now_ns;
        weft_endpoint_heard(&s->ep);
    }
    /* A ping or close frame waits behind a long message. */
    if (weft_outgoing_moves(s->outgoing) ||
        weft_stream_is_taking(&s->stream, &s->acked))
        weft_endpoint_taking(&s->ep);
    if (weft_endpoint_tick(&s->ep, now_ns) != 0)
        end_now(s, WEFT_ERR_TIMEOUT);
    weft_session_settle(s);
}
