/* SPDX-License-Identifier: MIT */
/*
 * What goes over an open connection. Messages that are owed are written from
 * the shared batch, as many as it has in one call; nothing is copied and
 * nothing allocated. A write that the kernel takes in part is queued to its
 * end, so that the next one always begins with a whole frame, and a pong or
 * close fits between.
 */
#include "load/load_conn.h"

#include "base/escape.h"
#include "load/load_thread.h"
#include "load/work.h"
#include "loop/poller.h"
#include "tls/tls.h"
#include <stdio.h>

/* How long a server that has sent its close frame may take to end the stream,
 * which is its part (RFC 6455 section 7.1.1), before we do. */
#define LAST_NS (UINT64_C(50) * 1000000)

#define CONTROL_MAX 1024 /* bytes of control frames that wait */

static struct load_conn *conn_of(struct weft_stream *stream)
{
    return WEFT_OF(stream, struct load_conn, stream);
}

static bool is_open(const struct load_conn *conn)
{
    return conn->state == LOAD_CONN_OPEN || conn->state == LOAD_CONN_LEAVING;
}

/* ---- Coming and going ---------------------------------------------------- */

static void on_alarm(struct weft_alarm *alarm)
{
    struct load_conn *conn = WEFT_OF(alarm, struct load_conn, alarm);

    if (conn->state == LOAD_CONN_LEFT)
        load_conn_drop(conn);
    else
        weft_stream_resume(&conn->stream);
}

void load_conn_init(struct load_conn *conn)
{
    const struct weft_mem *mem = conn->thread->plan->mem;

    load_answers_init(&conn->answers, mem);
    weft_buf_init(&conn->head, mem, LOAD_HEAD_SIZE);
    weft_buf_init(&conn->control, mem, CONTROL_MAX);
    weft_list_init(&conn->node);
    conn->alarm.ring = on_alarm;
    conn->fd = -1;
}

void load_conn_release(struct load_conn *conn)
{
    load_answers_release(&conn->answers);
    weft_buf_release(&conn->head);
    weft_buf_release(&conn->control);
    load_batch_release(&conn->own);
}

void load_conn_open(struct load_conn *conn)
{
    load_answers_release(&conn->answers);
    load_answers_init(&conn->answers, conn->thread->plan->mem);
    load_payload_tag(conn->answers.tag, conn->index);
    conn->answers.which = conn->next;
    weft_buf_clear(&conn->control);
    conn->seen = conn->owed = conn->sent = conn->heard = 0;
    conn->is_controlling = false;
    conn->state = LOAD_CONN_KNOCKING;
    conn->begun_ns = weft_clock();
    load_knock_start(conn);
}

void load_conn_begin(struct load_conn *conn, uint8_t *p, size_t len)
{
    conn->state = LOAD_CONN_OPEN;
    load_thread_opened(conn);
    if (len > 0 && is_open(conn))
        load_conn_ops.data(&conn->stream, p, len);
}

void load_conn_drop(struct load_conn *conn)
{
    if (conn->state == LOAD_CONN_NONE || conn->state == LOAD_CONN_GOING)
        return;
    conn->state = LOAD_CONN_GOING;
    weft_stream_close(&conn->stream, true);
}

void load_conn_closed(struct load_conn *conn)
{
    weft_alarm_stop(conn->thread->loop, &conn->alarm);
    weft_buf_release(&conn->head);
    conn->state = LOAD_CONN_NONE;
    load_thread_closed(conn);
}

void load_conn_fail(struct load_conn *conn, const char *format, ...)
{
    static const char *const kinds[] = {"connection", "bulk connection",
                                        "slow connection"};
    char text[LOAD_WHY], what[LOAD_WHY - 64];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    snprintf(text, sizeof(text), "%s %u: %s", kinds[conn->kind],
             conn->index + 1, what);
    load_thread_failed(conn, text);
}

/* ---- Writing ------------------------------------------------------------- */

/* Offers the bytes of conn->iov to the kernel, and queues the rest. Whether all
 * have gone. */
static bool write_iov(struct load_conn *conn)
{
    int64_t n = weft_stream_write(&conn->stream, &conn->iov, 1);

    /* What has failed will be told by reading, behind a last word. */
    if (n < 0)
        return false;
    if ((size_t)n == conn->iov.iov_len)
        return true;
    conn->iov.iov_base = (uint8_t *)conn->iov.iov_base + n;
    conn->iov.iov_len -= (size_t)n;
    conn->tx = (struct weft_tx){.iov = &conn->iov, .niov = 1};
    weft_stream_queue(&conn->stream, &conn->tx);
    return false;
}

static bool write_control(struct load_conn *conn)
{
    conn->iov = (struct iovec){conn->control.data, conn->control.len};
    if (!write_iov(conn)) {
        conn->is_controlling = true;
        return false;
    }
    weft_buf_clear(&conn->control);
    return true;
}

static bool write_messages(struct load_conn *conn)
{
    conn->owed -=
        load_batch_take(conn->batch, &conn->next, conn->owed, &conn->iov);
    return write_iov(conn);
}

static void pump(struct load_conn *conn)
{
    bool may_go_on = is_open(conn) && !weft_stream_is_queued(&conn->stream);

    while (may_go_on && (conn->owed > 0 || conn->control.len > 0))
        may_go_on = conn->control.len > 0 &&
                            (conn->owed == 0 || conn->state == LOAD_CONN_OPEN)
                        ? write_control(conn)
                        : write_messages(conn);
}

void load_conn_send(struct load_conn *conn, uint64_t n)
{
    if (conn->state != LOAD_CONN_OPEN)
        return;
    conn->owed += n;
    pump(conn);
}

/* A control frame behind those that wait; dropped where it cannot be had: a
 * peer that pings faster than it reads gets fewer pongs. */
static void control(struct load_conn *conn, uint8_t opcode, const void *p,
                    size_t len)
{
    const struct load_frame frame = {
        .opcode = opcode, .payload = p, .len = len};
    uint8_t bytes[WEFT_CONTROL_MAX + WEFT_FRAME_HEADER_MAX];
    size_t size = load_batch_frame(bytes, &frame);

    if (!conn->is_controlling &&
        weft_buf_append(&conn->control, bytes, size) == 0)
        pump(conn);
}

void load_conn_leave(struct load_conn *conn)
{
    static const uint8_t normal[] = {1000 >> 8, 1000 & 255};

    if (conn->state != LOAD_CONN_OPEN)
        return;
    conn->state = LOAD_CONN_LEAVING;
    control(conn, WEFT_OP_CLOSE, normal, sizeof(normal));
}

/* ---- Reading ------------------------------------------------------------- */

/* Who reads slowly has earned no better, and is no fault of the load. */
static void ended_by_server(struct load_conn *conn, const char *how)
{
    if (conn->kind == LOAD_CONN_SLOW) {
        load_thread_given_up(conn);
        load_conn_drop(conn);
    } else {
        load_conn_fail(conn, "%s", how);
    }
}

/* Whether the end of the stream has come with the close frame, as it mostly
 * does: then there is no need to be told of it. */
static bool has_ended(const struct load_conn *conn)
{
    uint8_t byte;

    return !conn->stream.filter && conn->stream.io.fd >= 0 &&
           recv(conn->stream.io.fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

static void take_close(struct load_conn *conn, const uint8_t *p, size_t len)
{
    char reason[WEFT_CONTROL_MAX], text[256];

    if (conn->state == LOAD_CONN_LEAVING) {
        conn->state = LOAD_CONN_LEFT;
        load_work_left(conn);
        if (has_ended(conn))
            weft_stream_close(&conn->stream, false);
        else
            weft_alarm_set(conn->thread->loop, &conn->alarm,
                           conn->thread->now + LAST_NS);
        return;
    }
    weft_escape(reason, sizeof(reason), (const char *)p + 2,
                len > 2 ? len - 2 : 0);
    snprintf(text, sizeof(text), "the server closed it with %d%s%s",
             len >= 2 ? p[0] << 8 | p[1] : 1005, *reason ? ": " : "", reason);
    ended_by_server(conn, text);
}

static void take_event(struct load_conn *conn, const struct load_event *event)
{
    switch (event->kind) {
    case LOAD_EVENT_ANSWERS:
        load_work_heard(conn, event->count, event->own);
        break;
    case LOAD_EVENT_PING:
        control(conn, WEFT_OP_PONG, event->payload, event->len);
        break;
    case LOAD_EVENT_CLOSE:
        take_close(conn, event->payload, event->len);
        break;
    }
}

static void take_frames(struct load_conn *conn, uint8_t *p, size_t len)
{
    struct iovec in = {.iov_base = p, .iov_len = len};
    struct load_event event;
    int rc = 1;

    while (is_open(conn) && rc > 0) {
        rc = load_answers_next(&conn->answers, conn->want, &in, &event);
        if (rc > 0)
            take_event(conn, &event);
        else if (rc < 0)
            load_conn_fail(conn, "%s",
                           rc == WEFT_ERR_PROTOCOL ? event.why
                                                   : weft_strerror(rc));
    }
}

/* Reads on when its rate allows. */
static void slow_down(struct load_conn *conn, size_t len)
{
    double ns = (double)len * 1e9 / (double)conn->thread->plan->opts->slow_rate;

    weft_stream_pause(&conn->stream);
    weft_alarm_set(conn->thread->loop, &conn->alarm,
                   conn->thread->now + (uint64_t)ns);
}

static void on_data(struct weft_stream *stream, uint8_t *p, size_t len)
{
    struct load_conn *conn = conn_of(stream);

    conn->thread->now = weft_clock();
    if (conn->state == LOAD_CONN_KNOCKING)
        load_knock_data(conn, p, len);
    else
        take_frames(conn, p, len);
    if (conn->kind == LOAD_CONN_SLOW && conn->state == LOAD_CONN_OPEN)
        slow_down(conn, len);
}

static void on_end(struct weft_stream *stream, int err)
{
    struct load_conn *conn = conn_of(stream);

    if (conn->state == LOAD_CONN_LEFT)
        weft_stream_close(stream, false);
    else if (conn->state == LOAD_CONN_LEAVING && load_thread_is_ending(conn))
        load_conn_drop(conn);
    else if (err == WEFT_ERR_TLS)
        load_conn_fail(conn, "%s", weft_tls_why(stream));
    else if (conn->state == LOAD_CONN_KNOCKING)
        load_conn_fail(conn,
                       "the server %s the connection before its answer "
                       "was there",
                       err ? "reset" : "closed");
    else
        ended_by_server(conn, err ? "the server reset it"
                                  : "the server ended it without a close "
                                    "frame");
}

static void on_sent(struct weft_stream *stream)
{
    struct load_conn *conn = conn_of(stream);

    if (conn->is_controlling)
        weft_buf_clear(&conn->control);
    conn->is_controlling = false;
    pump(conn);
}

static void on_closed(struct weft_stream *stream)
{
    load_conn_closed(conn_of(stream));
}

const struct weft_stream_ops load_conn_ops = {
    .data = on_data,
    .end = on_end,
    .sent = on_sent,
    .closed = on_closed,
};
