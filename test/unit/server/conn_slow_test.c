/* SPDX-License-Identifier: MIT */
/*
 * Each rule for peers that read too slowly. What waits is offered to the kernel
 * before a rule is asked, so the peer here has a small window, does not read,
 * and is sent more than the kernel keeps for it.
 */
#include "serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

static struct gate drained = GATE, closed = GATE;
static struct weft_handle handle;

static void keep_handle(struct weft_conn *conn, struct weft_request *req)
{
    (void)req;
    handle = weft_conn_handle(conn);
}

static void on_close(struct weft_conn *conn, const struct weft_closed *how)
{
    (void)conn;
    (void)how;
    gate_pass(&closed);
}

static int reset(void **state)
{
    (void)state;
    gate_reset(&drained);
    gate_reset(&closed);
    return 0;
}

/* ---- In one turn --------------------------------------------------------- */

#define FLOOD 20000 /* messages of 1,000 bytes: more than sockets hold */
#define LIMIT 10000 /* bytes of the queue */

/* Serves a handler at /x, and has it flood a client with a small buffer, which
 * has read nothing when this returns. */
static struct serve *flood_one(struct client *c,
                               const struct weft_handler *handler)
{
    struct serve *s = serve_new();

    serve_open_at(s, "/x", handler);
    serve_run(s);
    client_open_slow(c, s);
    assert_int_equal(client_upgrade(c, "/x", ""), 101);
    client_text(c, "go");
    SERVE_UNTIL(s, serve_stats(s).messages_in == 1);
    serve_turn(s);
    return s;
}

static int first_busy; /* the number of the message that was not taken */
static int next_number;

static int send_number(struct weft_conn *conn, int number)
{
    char text[1000];

    memset(text, '.', sizeof(text));
    snprintf(text, sizeof(text), "%d", number);
    return weft_send(conn, WEFT_TEXT, text, sizeof(text));
}

static void flood(struct weft_conn *conn, const struct weft_message *msg)
{
    (void)msg;
    first_busy = -1;
    for (int i = 0; i < FLOOD; i++) {
        int err = send_number(conn, i);

        if (err && first_busy < 0) {
            first_busy = i;
            /* The others: the peer has gone, which is not being slow. */
            EXPECT(err == WEFT_ERR_BUSY || err == WEFT_ERR_EOF ||
                   err == WEFT_ERR_USAGE);
        }
        EXPECT(weft_conn_queued(conn) < LIMIT + 1004);
    }
    if (first_busy >= 0 && weft_conn_queued(conn) >= LIMIT)
        (void)weft_send(conn, WEFT_PING, "", 0); /* is exempt */
}

/* The number of the next message, or -1 for something else. */
static int read_number(struct client *c)
{
    size_t len;
    uint8_t *p = client_payload(c, WEFT_TEXT, &len);
    int number = (int)strtol((char *)p, NULL, 10);

    assert_int_equal(len, 1000);
    free(p);
    return number;
}

static void test_drop_newest(void **state)
{
    const struct weft_handler handler = {
        .size = sizeof(handler),
        .message = flood,
        .slow = WEFT_SLOW_DROP_NEWEST,
        .queue_limit = LIMIT,
    };
    struct client c;
    struct serve *s = flood_one(&c, &handler);

    (void)state;
    assert_true(first_busy > LIMIT / 1000);
    for (int i = 0; i < first_busy; i++)
        assert_int_equal(read_number(&c), i);
    client_expect(&c, "ping:");
    serve_turn(s);
    assert_int_equal(serve_stats(s).dropped, FLOOD - first_busy);
    assert_int_equal(serve_stats(s).messages_out, first_busy + 1);
    client_close(&c);
    serve_close(s);
}

/* What the kernel has, or was promised, arrives; behind one gap the newest. */
static void test_drop_oldest(void **state)
{
    const struct weft_handler handler = {
        .size = sizeof(handler),
        .message = flood,
        .slow = WEFT_SLOW_DROP_OLDEST,
        .queue_limit = LIMIT,
    };
    struct client c;
    struct serve *s = flood_one(&c, &handler);
    int last = -1, got = 0, gaps = 0;

    (void)state;
    assert_int_equal(first_busy, -1);
    for (; last < FLOOD - 1; got++) {
        int number = read_number(&c);

        assert_true(number > last);
        gaps += number != last + 1;
        last = number;
    }
    assert_int_equal(gaps, 1);
    assert_int_equal(serve_stats(s).dropped, FLOOD - got);
    client_close(&c);
    serve_close(s);
}

static void test_slow_close(void **state)
{
    const struct weft_handler handler = {
        .size = sizeof(handler),
        .message = flood,
        .close = on_close,
        .queue_limit = LIMIT,
    };
    struct client c;
    struct serve *s = flood_one(&c, &handler);

    (void)state;
    for (int i = 0; i < first_busy; i++)
        assert_int_equal(read_number(&c), i);
    client_expect(&c, "close:1013");
    client_close_frame(&c, 1013);
    assert_true(client_ended(&c));
    gate_wait(&closed, 1);
    assert_true(first_busy > LIMIT / 1000);
    assert_int_equal(serve_stats(s).slow_closed, 1);
    assert_int_equal(serve_stats(s).dropped, 1);
    client_close(&c);
    serve_close(s);
}

/* A peer that reads is not slow, however much it is sent in one turn. */
static void test_fast_peer(void **state)
{
    const struct weft_handler handler = {
        .size = sizeof(handler),
        .message = flood,
        .queue_limit = 2000,
    };
    struct serve *s = serve_new();
    struct client c;
    int i = 0;

    (void)state;
    serve_open_at(s, "/x", &handler);
    serve_run(s);
    client_join(&c, s, "/x");
    client_text(&c, "go");
    while (i < 100) /* which fit a socket at once */
        assert_int_equal(read_number(&c), i++);
    client_reset(&c);
    serve_close(s);
    assert_true(first_busy < 0 || first_busy > 100);
}

static void send_until_busy(struct weft_conn *conn)
{
    while (next_number < FLOOD) {
        int err = send_number(conn, next_number);

        EXPECT(err == 0 || err == WEFT_ERR_BUSY);
        if (err)
            return;
        next_number++;
    }
}

static void begin_flood(struct weft_conn *conn, const struct weft_message *msg)
{
    (void)msg;
    next_number = 0;
    send_until_busy(conn);
    EXPECT(next_number < FLOOD);
}

static void go_on(struct weft_conn *conn)
{
    EXPECT(weft_conn_queued(conn) <= LIMIT / 2);
    gate_pass(&drained);
    send_until_busy(conn);
}

static void test_drain(void **state)
{
    const struct weft_handler handler = {
        .size = sizeof(handler),
        .message = begin_flood,
        .drain = go_on,
        .slow = WEFT_SLOW_DRAIN,
        .queue_limit = LIMIT,
    };
    struct client c;
    struct serve *s = flood_one(&c, &handler);

    (void)state;
    assert_int_equal(gate_count(&drained), 0);
    for (int i = 0; i < FLOOD; i++)
        assert_int_equal(read_number(&c), i);
    serve_turn(s);
    assert_true(gate_count(&drained) > 0);
    assert_int_equal(serve_stats(s).dropped, 0);
    client_close(&c);
    serve_close(s);
}

/* ---- Over many turns ----------------------------------------------------- */

#define STUCK 20000

/* A peer that does not read at all: messages come from outside until some are
 * dropped, and then it reads. Returns how many were sent. */
static int fill_stuck(struct client *c, struct serve *s)
{
    char text[1000];
    int n = 0;

    client_open_slow(c, s);
    assert_int_equal(client_upgrade(c, "/x", ""), 101);
    while (serve_stats(s).dropped < 50) {
        CHECK(n < STUCK, "nothing is dropped after %d messages", n);
        for (int i = 0; i < 50; i++) {
            memset(text, '.', sizeof(text));
            snprintf(text, sizeof(text), "%d", n++);
            assert_int_equal(
                weft_handle_send(handle, WEFT_TEXT, text, sizeof(text)), 0);
        }
        serve_turn(s);
    }
    return n;
}

static struct serve *open_stuck(enum weft_slow slow)
{
    const struct weft_handler handler = {
        .size = sizeof(handler),
        .open = keep_handle,
        .close = on_close,
        .slow = slow,
        .queue_limit = LIMIT,
    };
    struct serve *s = serve_new();

    s->opts.close_ms = 200;
    serve_open_at(s, "/x", &handler);
    serve_run(s);
    return s;
}

/* What arrives are whole messages in their order, as many as were not dropped,
 * the last one among them where older ones make room. */
static void test_stuck(void **state)
{
    (void)state;
    for (int oldest = 0; oldest < 2; oldest++) {
        struct serve *s =
            open_stuck(oldest ? WEFT_SLOW_DROP_OLDEST : WEFT_SLOW_DROP_NEWEST);
        int got = 0, last = -1, sent;
        struct weft_server_stats stats;
        struct client c;

        sent = fill_stuck(&c, s);
        stats = serve_stats(s);
        while (got < sent - (int)stats.dropped) {
            int number = read_number(&c);

            assert_true(number > last);
            last = number;
            got++;
        }
        if (oldest)
            assert_int_equal(last, sent - 1);
        client_close(&c);
        serve_close(s);
    }
}

/* It does not read the close frame either, and is cut. */
static void test_stuck_is_cut(void **state)
{
    struct serve *s = open_stuck(WEFT_SLOW_CLOSE);
    char text[1000] = "";
    struct client c;

    (void)state;
    client_open_slow(&c, s);
    assert_int_equal(client_upgrade(&c, "/x", ""), 101);
    for (int i = 0; serve_stats(s).slow_closed == 0; i++) {
        CHECK(i < STUCK, "not closed after %d messages", i);
        for (int j = 0; j < 50; j++)
            assert_int_equal(
                weft_handle_send(handle, WEFT_BINARY, text, sizeof(text)), 0);
        serve_turn(s);
    }
    gate_wait(&closed, 1);
    SERVE_UNTIL(s, serve_connections(s) == 0);
    assert_int_equal(serve_stats(s).slow_closed, 1);
    client_close(&c);
    serve_close(s);
}

/* A peer that sends and does not read is not read from either; what it sent
 * is answered once it reads. */
static void echo_ten(struct weft_conn *conn, const struct weft_message *msg)
{
    for (int i = 0; i < 10; i++)
        EXPECT(weft_send(conn, msg->kind, msg->data, msg->len) == 0);
}

static void test_held_up(void **state)
{
    const struct weft_handler handler = {
        .size = sizeof(handler),
        .message = echo_ten,
        .queue_limit = 16 << 20,
    };
    const struct timeval soon = {.tv_usec = 20000};
    struct serve *s = serve_new();
    struct bytes out = {0};
    size_t sent = 0, expected = 0;
    static char text[20000];
    struct client c;

    (void)state;
    serve_open_at(s, "/x", &handler);
    serve_run(s);
    client_open_slow(&c, s);
    assert_int_equal(client_upgrade(&c, "/x", ""), 101);
    wire_add_frame(&out, WEFT_SERVER, 0x82, text, sizeof(text));
    setsockopt(c.fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon));
    /* Sends frame after frame until one is not taken whole. */
    for (;;) {
        ssize_t n = send(c.fd, out.data + sent, out.len - sent, MSG_NOSIGNAL);

        if (n <= 0)
            break;
        sent += (size_t)n;
        if (sent == out.len) {
            sent = 0;
            expected++;
        }
        CHECK(expected < 1000, "everything is taken");
    }
    /* Now reads; what is left of the last frame fits then. */
    for (size_t i = 0; i < expected * 10; i++) {
        size_t len;
        uint8_t *p = client_payload(&c, WEFT_BINARY, &len);

        assert_int_equal(len, sizeof(text));
        free(p);
    }
    bytes_release(&out);
    client_reset(&c);
    serve_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drop_newest),
        cmocka_unit_test(test_drop_oldest),
        cmocka_unit_test_setup(test_slow_close, reset),
        cmocka_unit_test(test_fast_peer),
        cmocka_unit_test_setup(test_drain, reset),
        cmocka_unit_test(test_stuck),
        cmocka_unit_test_setup(test_stuck_is_cut, reset),
        cmocka_unit_test(test_held_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
