/* SPDX-License-Identifier: MIT */
/*
 * A stream of messages: /bench?size=1024&rate=1000&count=10000 sends 10,000
 * binary messages of 1,024 bytes, 1,000 in a second, and closes with 1000.
 *
 * What is due is told from the clock, so the rate does not depend on how exact
 * the timer is. A client that reads too slowly is not sent more than its queue
 * takes: weft_send says BUSY, and drain goes on where that stopped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <weft/handler.h>
#include <weft/loop.h>

enum { SIZE_MAX_BYTES = 1 << 20, TICK_MS = 10 };

/* All that is ever sent are bytes of this; nobody writes to it. */
static char payload[SIZE_MAX_BYTES];

struct stream {
    uint64_t size;  /* bytes of a message */
    uint64_t rate;  /* messages in a second */
    uint64_t count; /* messages in all */
    uint64_t sent;
    uint64_t begun_ns;
    bool is_full; /* the client's queue: drain will come */
};

/* Reads a number from the query, which must not be above most. */
static bool read_number(struct weft_request *req, const char *name,
                        uint64_t most, uint64_t *value)
{
    const char *text = weft_request_param(req, name);
    char *end;

    if (!text)
        return true; /* the value stays what it is */
    if (text[0] < '0' || text[0] > '9')
        return false;
    *value = strtoull(text, &end, 10); /* too large: ULLONG_MAX */
    return *end == '\0' && *value <= most;
}

static bool read_stream(struct weft_request *req, struct stream *stream)
{
    *stream = (struct stream){.size = 1024, .rate = 100, .count = 100};
    return read_number(req, "size", SIZE_MAX_BYTES, &stream->size) &&
           read_number(req, "rate", 1000000, &stream->rate) &&
           read_number(req, "count", 1000000000, &stream->count) &&
           stream->rate > 0;
}

static int on_request(struct weft_request *req)
{
    struct stream stream;

    if (read_stream(req, &stream))
        return 0;
    weft_request_body(req, "size: 0 to 1048576 bytes, rate: 1 to 1000000 "
                           "messages a second, count: 0 to 1000000000\n");
    return 400;
}

/* How many messages should have been sent by now. */
static uint64_t due(struct weft_conn *conn, const struct stream *stream)
{
    uint64_t ns = weft_loop_now(weft_conn_loop(conn)) - stream->begun_ns;
    uint64_t n = ns / 1000000 * stream->rate / 1000 + 1;

    return n < stream->count ? n : stream->count;
}

static void send_due(struct weft_conn *conn, struct stream *stream)
{
    uint64_t until = due(conn, stream);

    while (stream->sent < until) {
        int err = weft_send(conn, WEFT_BINARY, payload, stream->size);

        stream->is_full = err == WEFT_ERR_BUSY;
        if (err)
            return;
        stream->sent++;
    }
    if (stream->sent == stream->count)
        weft_close(conn, WEFT_CLOSE_NORMAL, "");
}

static void on_tick(struct weft_conn *conn, void *arg)
{
    struct stream *stream = arg;

    if (!stream->is_full)
        send_due(conn, stream);
}

static void on_drain(struct weft_conn *conn)
{
    send_due(conn, weft_conn_user(conn));
}

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    struct stream *stream = malloc(sizeof(*stream));

    weft_conn_set_user(conn, stream);
    if (!stream || !read_stream(req, stream)) {
        weft_close(conn, WEFT_CLOSE_INTERNAL, "");
        return;
    }
    stream->begun_ns = weft_loop_now(weft_conn_loop(conn));
    if (weft_conn_timer(conn, 0, TICK_MS, on_tick, stream, NULL))
        weft_close(conn, WEFT_CLOSE_INTERNAL, "");
}

/* The timer has ended before this. */
static void on_close(struct weft_conn *conn, const struct weft_closed *how)
{
    (void)how;
    free(weft_conn_user(conn));
}

WEFT_HANDLER(.request = on_request, .open = on_open, .drain = on_drain,
             .close = on_close, .slow = WEFT_SLOW_DRAIN)
