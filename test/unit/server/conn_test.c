/* SPDX-License-Identifier: MIT */
/*
 * A connection's life: silence, vanishing at every stage, and its end, of which
 * the handler is told exactly once.
 */
#include "serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct gate opened = GATE, messages = GATE, closed = GATE;

/* How the last connection ended; read after the gate. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over last */
static struct {
    uint16_t code;
    bool clean;
    int err;
    char reason[124];
    char peer[64];
} last;

static void on_tick(struct weft_conn *conn, void *arg)
{
    (void)conn;
    (void)arg;
}

/* Takes all that a connection can hold, so that what is left behind shows. */
static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    (void)req;
    weft_subscribe(conn, "all");
    weft_subscribe(conn, "some");
    weft_conn_timer(conn, 1, 1, on_tick, NULL, NULL);
    weft_conn_timer(conn, 3600000, 0, on_tick, NULL, NULL);
    gate_pass(&opened);
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_send(conn, msg->kind, msg->data, msg->len);
    gate_pass(&messages);
}

static void on_close(struct weft_conn *conn, const struct weft_closed *how)
{
    pthread_mutex_lock(&lock);
    last.code = how->code;
    last.clean = how->clean;
    last.err = how->err;
    snprintf(last.reason, sizeof(last.reason), "%.*s", (int)how->reason_len,
             how->reason);
    weft_conn_peer(conn, last.peer, sizeof(last.peer));
    pthread_mutex_unlock(&lock);
    gate_pass(&closed);
}

static const struct weft_handler echo = {
    .size = sizeof(echo),
    .open = on_open,
    .message = on_message,
    .close = on_close,
};

static int reset(void **state)
{
    (void)state;
    gate_reset(&opened);
    gate_reset(&messages);
    gate_reset(&closed);
    return 0;
}

/* ---- Closing handshake --------------------------------------------------- */

static void test_closed_by_peer(void **state)
{
    static const struct {
        const char *hex, *answer;
        uint16_t code;
        const char *reason;
    } cases[] = {
        {"880203e8", "close:1000", 1000, ""},
        {"8805"
         "0bb8"
         "627965",
         "close:3000", 3000, "bye"},
        {"8800", "close:", 1005, ""},
    };
    struct serve *s = serve_new();

    (void)state;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bytes out = {0};
        uint8_t plain[64];
        struct client c;

        client_join(&c, s, "/echo");
        wire_add_plain(&out, WEFT_SERVER, plain, unhex(plain, cases[i].hex));
        client_send(&c, out.data, out.len);
        bytes_release(&out);
        client_expect(&c, cases[i].answer);
        assert_true(client_ended(&c));
        gate_wait(&closed, (int)i + 1);
        assert_int_equal(last.code, cases[i].code);
        assert_string_equal(last.reason, cases[i].reason);
        assert_string_equal(last.peer, "127.0.0.1");
        assert_true(last.clean);
        assert_int_equal(last.err, 0);
        client_close(&c);
    }
    serve_close(s);
}

/* The handshake is over, but the peer keeps its half open: close_ms bounds
 * that, though nothing else does. */
static void test_lingering_peer(void **state)
{
    struct serve *s = serve_new();
    struct client c;

    (void)state;
    s->opts.ping_ms = WEFT_UNLIMITED;
    s->opts.close_ms = 50;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    client_join(&c, s, "/echo");
    client_close_frame(&c, 1000);
    client_expect(&c, "close:1000");
    assert_true(client_ended(&c));
    SERVE_UNTIL(s, serve_connections(s) == 0);
    assert_int_equal(serve_stats(s).silent, 0); /* it said good-bye */
    client_close(&c);
    serve_close(s);
    assert_int_equal(gate_count(&closed), 1);
}

/* ---- Silence ------------------------------------------------------------- */

static void test_silent_peer(void **state)
{
    struct serve *s = serve_new();
    struct client c;

    (void)state;
    s->opts.ping_ms = 20;
    s->opts.pong_ms = 20;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    client_join(&c, s, "/echo");
    client_expect(&c, "ping:");
    assert_false(client_ended(&c));
    gate_wait(&closed, 1);
    assert_int_equal(last.code, 1006);
    assert_int_equal(last.err, WEFT_ERR_TIMEOUT);
    assert_false(last.clean);
    SERVE_UNTIL(s, serve_stats(s).silent == 1);
    assert_true(serve_logged(s, "ACCESS 127.0.0.1 /echo closed 1006 unclean "
                                "timeout"));
    client_close(&c);
    serve_close(s);
}

/* A ping that is answered, by a pong or anything else, is followed by another
 * one later. */
static void test_ping_answered(void **state)
{
    struct serve *s = serve_new();
    struct client c;

    (void)state;
    s->opts.ping_ms = 1;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    client_join(&c, s, "/echo");
    for (int i = 0; i < 3; i++) {
        client_expect(&c, "ping:");
        client_frame(&c, WEFT_PONG, "", 0);
    }
    client_expect(&c, "ping:");
    client_text(&c, "here");
    while (strcmp(client_words(&c), "text:here") != 0)
        assert_string_equal(client_body(&c), "ping:");
    client_close(&c);
    serve_close(s);
}

static struct gate blocked = GATE, let_go = GATE;

static void block(struct weft_conn *conn, void *arg)
{
    (void)conn;
    (void)arg;
    gate_pass(&blocked);
    gate_wait(&let_go, 1);
}

static uint64_t clock_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static struct weft_handle handle;

static void on_open_kept(struct weft_conn *conn, struct weft_request *req)
{
    handle = weft_conn_handle(conn);
    on_open(conn, req);
}

/* The time for a pong is over, but the loop was busy, and bytes are there:
 * whoever sends is not silent. */
static bool hears_late_bytes(struct serve *s)
{
    struct bytes out = {0};
    struct client c;
    uint64_t until;
    bool heard;

    gate_reset(&blocked);
    gate_reset(&let_go);
    client_join(&c, s, "/echo");
    client_expect(&c, "ping:");
    if (weft_handle_call(handle, block, NULL) != 0)
        return false;
    gate_wait(&blocked, 1);
    wire_add_frame(&out, WEFT_SERVER, 0x81, "late", 4);
    heard = client_try(&c, out.data, out.len);
    bytes_release(&out);
    until = clock_ms() + 5;
    while (clock_ms() < until)
        ;
    gate_pass(&let_go);
    heard = heard && gate_count(&closed) == 0;
    if (heard)
        SERVE_UNTIL(s, gate_count(&messages) > 0 || gate_count(&closed) > 0);
    heard = gate_count(&messages) > 0;
    client_reset(&c);
    SERVE_UNTIL(s, serve_connections(s) == 0);
    return heard;
}

static void test_late_but_not_silent(void **state)
{
    const struct weft_handler handler = {
        .size = sizeof(handler),
        .open = on_open_kept,
        .message = on_message,
        .close = on_close,
    };
    struct serve *s = serve_new();
    int tries = 0;

    (void)state;
    s->opts.ping_ms = s->opts.pong_ms = 1;
    serve_open_at(s, "/echo", &handler);
    serve_run(s);
    /* On a busy machine the time may be over before the loop is held up. */
    do {
        reset(NULL);
        CHECK(tries++ < 50, "not heard once");
    } while (!hears_late_bytes(s));
    gate_wait(&closed, 1);
    serve_close(s);
}

/* ---- Vanishing ----------------------------------------------------------- */

enum stage {
    CONNECTED,
    IN_REQUEST,
    OPEN,
    IN_HEADER,
    IN_MESSAGE,
    IN_FRAGMENTS,
    IN_PING,
    CLOSE_SENT,
    CLOSE_DONE,
    STAGES,
};

/* Brings a client to a stage and returns whether the handler saw it. */
static bool reach(struct client *c, struct serve *s, enum stage stage)
{
    client_open(c, s);
    if (stage == IN_REQUEST)
        client_say(c, "GET /echo HTTP/1.1\r\nHost: loc");
    if (stage <= IN_REQUEST)
        return false;
    assert_int_equal(client_upgrade(c, "/echo", ""), 101);
    if (stage == IN_HEADER)
        client_send(c, "\x81\xfe\x01", 3);
    if (stage == IN_MESSAGE)
        client_send(c, "\x81\x8a\x01\x02\x03\x04\x01\x01", 8);
    if (stage == IN_FRAGMENTS)
        client_send(c, "\x01\x81\x00\x00\x00\x00x\x00\x80\x00\x00\x00\x00", 13);
    if (stage == IN_PING)
        client_send(c, "\x89\x85\x00\x00\x00\x00xx", 8);
    if (stage >= CLOSE_SENT)
        client_close_frame(c, 1000);
    if (stage == CLOSE_DONE) {
        client_expect(c, "close:1000");
        assert_true(client_ended(c));
    }
    return true;
}

static void test_vanishing(void **state)
{
    struct serve *s = serve_new();
    int opens = 0;

    (void)state;
    s->opts.threads = 2;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    for (int stage = CONNECTED; stage < STAGES; stage++) {
        for (int how = 0; how < 3; how++) {
            struct client c;

            opens += reach(&c, s, (enum stage)stage);
            if (how == 2)
                client_finish(&c);
            if (how == 2)
                client_await_end(&c);
            if (how == 1)
                client_reset(&c);
            else
                client_close(&c);
            gate_wait(&closed, opens);
            SERVE_UNTIL(s, serve_connections(s) == 0);
        }
    }
    assert_int_equal(gate_count(&opened), opens);
    assert_int_equal(gate_count(&closed), opens);
    assert_int_equal(serve_stats(s).open, 0);
    /* Nobody who has gone is still subscribed. */
    assert_int_equal(weft_server_publish(s->srv, "all", WEFT_TEXT, "x", 1), 0);
    serve_turn(s);
    assert_int_equal(serve_stats(s).messages_out, 0);
    serve_close(s);
}

#define MANY 1000

static void test_many(void **state)
{
    struct client *c = calloc(MANY, sizeof(*c));
    struct serve *s = serve_new();

    (void)state;
    assert_non_null(c);
    s->opts.threads = 2;
    s->opts.connection_limit = WEFT_UNLIMITED;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    for (int i = 0; i < MANY; i++)
        client_join(&c[i], s, "/echo");
    assert_int_equal(serve_stats(s).open, MANY);
    for (int i = 0; i < MANY; i++)
        client_text(&c[i], "Hello");
    for (int i = 0; i < MANY; i++) {
        client_expect(&c[i], "text:Hello");
        if (i % 2)
            client_reset(&c[i]);
        else
            client_close(&c[i]);
    }
    gate_wait(&closed, MANY);
    serve_close(s);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_closed_by_peer, reset),
        cmocka_unit_test_setup(test_lingering_peer, reset),
        cmocka_unit_test_setup(test_silent_peer, reset),
        cmocka_unit_test_setup(test_ping_answered, reset),
        cmocka_unit_test_setup(test_late_but_not_silent, reset),
        cmocka_unit_test_setup(test_vanishing, reset),
        cmocka_unit_test_setup(test_many, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
