/* SPDX-License-Identifier: MIT */
/*
 * Threads of a server: that each serves, and how they come to their end. Where
 * all timeouts are off, nothing but the end itself can wake a thread, so a
 * server that waits for a deadline it does not need would never stop.
 */
#include "serve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct gate opened = GATE, closed = GATE;
static pthread_t threads_seen[2];
static int threads_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void note_thread(void)
{
    pthread_t self = pthread_self();
    int i = 0;

    pthread_mutex_lock(&lock);
    while (i < threads_count && !pthread_equal(threads_seen[i], self))
        i++;
    if (i == threads_count && i < 2)
        threads_seen[threads_count++] = self;
    pthread_mutex_unlock(&lock);
}

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    (void)conn;
    (void)req;
    note_thread();
    gate_pass(&opened);
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_send(conn, msg->kind, msg->data, msg->len);
}

static struct weft_closed last_close; /* under lock; read after the gate */

static void on_close(struct weft_conn *conn, const struct weft_closed *how)
{
    (void)conn;
    pthread_mutex_lock(&lock);
    last_close = *how;
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
    gate_reset(&closed);
    threads_count = 0;
    return 0;
}

/* A server on which no deadline ever comes, but those set after this. */
static struct serve *patient(unsigned threads)
{
    struct serve *s = serve_new();

    s->opts.threads = threads;
    s->opts.handshake_ms = s->opts.idle_http_ms = WEFT_UNLIMITED;
    s->opts.ping_ms = s->opts.pong_ms = WEFT_UNLIMITED;
    s->opts.close_ms = s->opts.drain_ms = WEFT_UNLIMITED;
    return s;
}

/* ---- Serving ------------------------------------------------------------- */

#define CLIENTS 64

/* The kernel spreads connections over the threads' sockets. */
static void test_each_thread_serves(void **state)
{
    static struct client c[CLIENTS];
    struct serve *s = serve_new();

    (void)state;
    s->opts.threads = 2;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    for (int i = 0; i < CLIENTS; i++)
        client_join(&c[i], s, "/echo");
    for (int i = 0; i < CLIENTS; i++)
        client_text(&c[i], "Hello");
    for (int i = 0; i < CLIENTS; i++) {
        client_expect(&c[i], "text:Hello");
        client_close(&c[i]);
    }
    gate_wait(&closed, CLIENTS);
    SERVE_UNTIL(s, serve_connections(s) == 0);
    serve_close(s);
    assert_int_equal(threads_count, 2);
}

/* When descriptors run out connections wait, and come in when there are some
 * again; what is open goes on. */
static void test_out_of_descriptors(void **state)
{
    struct serve *s = serve_new();
    struct rlimit before, now;
    struct client c, late;
    int highest;

    (void)state;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    client_join(&c, s, "/echo");
    /* The next client gets the last number, and the server none. */
    highest = dup(0);
    close(highest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = before;
    now.rlim_cur = (rlim_t)highest + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    client_open(&late, s);
    SERVE_UNTIL(s, serve_logged(s, "cannot accept connections for now"));
    client_text(&c, "Hello");
    client_expect(&c, "text:Hello");

    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(client_upgrade(&late, "/echo", ""), 101);
    client_close(&c);
    client_close(&late);
    serve_close(s);
}

/* Without memory a connection is dropped and the next one is served. */
static void test_accept_without_memory(void **state)
{
    struct serve *s = serve_new();
    struct client c;

    (void)state;
    s->opts.handshake_ms = 1; /* for the one that there is memory for */
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    for (long n = 0; serve_stats(s).refused == (uint64_t)n; n++) {
        serve_turn(s);
        serve_allow(s, n);
        client_open(&c, s);
        client_await_end(&c);
        client_close(&c);
        serve_allow(s, -1);
    }
    assert_true(serve_stats(s).refused > 1);
    assert_true(serve_logged(s, "ERROR a connection was dropped"));
    assert_int_equal(serve_stats(s).accepted, 1);
    serve_close(s);
}

/* ---- Stopping ------------------------------------------------------------ */

/* At each stage of a connection's life, and with none. */
static void test_stop_is_prompt(void **state)
{
    enum { NONE, NOTHING_SENT, BETWEEN_REQUESTS, ENDED, CLOSED, STAGES };

    (void)state;
    for (int stage = NONE; stage < STAGES; stage++) {
        struct serve *s = patient(2);
        struct client c;

        serve_open_at(s, "/echo", &echo);
        serve_run(s);
        if (stage != NONE)
            client_open(&c, s);
        if (stage == BETWEEN_REQUESTS)
            assert_int_equal(client_get(&c, "/", ""), 404);
        if (stage >= ENDED)
            assert_int_equal(client_upgrade(&c, "/echo", ""), 101);
        if (stage == ENDED)
            client_finish(&c);
        if (stage != NONE && stage != ENDED)
            SERVE_UNTIL(s, serve_connections(s) == 1);
        weft_server_stop(s->srv);
        if (stage == CLOSED) {
            client_expect(&c, "close:1001");
            client_close_frame(&c, 1001);
            assert_true(client_ended(&c));
            client_close(&c);
        }
        serve_join(s);
        if (stage != NONE && stage != CLOSED)
            client_close(&c);
        serve_close(s);
    }
}

static void test_drain(void **state)
{
    static struct client c[CLIENTS];
    struct serve *s = patient(2);

    (void)state;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    for (int i = 0; i < CLIENTS; i++)
        client_join(&c[i], s, "/echo");
    weft_server_stop(s->srv);
    for (int i = 0; i < CLIENTS; i++)
        client_expect(&c[i], "close:1001");
    assert_int_equal(gate_count(&closed), 0);
    assert_int_equal(serve_stats(s).open, CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        client_close_frame(&c[i], 1001);
    for (int i = 0; i < CLIENTS; i++) {
        assert_true(client_ended(&c[i]));
        client_close(&c[i]);
    }
    serve_join(s);
    assert_int_equal(gate_count(&closed), CLIENTS);
    assert_true(last_close.clean);
    assert_int_equal(last_close.code, 1001);
    serve_close(s);
}

/* Nobody new is let in meanwhile, and what was said before is still heard. */
static void test_while_draining(void **state)
{
    struct serve *s = patient(2);
    struct client c;

    (void)state;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    client_join(&c, s, "/echo");
    weft_server_stop(s->srv);
    client_expect(&c, "close:1001");
    for (int i = 0; client_can_connect(s); i++) /* both threads must hear */
        CHECK(i < 10000, "still listening after %d connections", i);
    client_frame(&c, WEFT_PING, "x", 1);
    client_close_frame(&c, 1001);
    assert_true(client_ended(&c));
    client_close(&c);
    serve_join(s);
    serve_close(s);
}

/* A peer that does not answer is cut when drain_ms is over, or close_ms. */
static void test_drain_is_bounded(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct serve *s = patient(1);
        struct client c;

        *(i ? &s->opts.drain_ms : &s->opts.close_ms) = 50;
        serve_open_at(s, "/echo", &echo);
        serve_run(s);
        client_join(&c, s, "/echo");
        weft_server_stop(s->srv);
        client_expect(&c, "close:1001");
        assert_false(client_ended(&c));
        serve_join(s);
        gate_wait(&closed, i + 1);
        assert_false(last_close.clean);
        assert_int_equal(last_close.code, 1006);
        client_close(&c);
        serve_close(s);
    }
}

static void test_second_stop(void **state)
{
    struct serve *s = patient(2);
    struct client c[3];

    (void)state;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    client_join(&c[0], s, "/echo");
    client_join(&c[1], s, "/echo");
    client_open(&c[2], s);
    client_say(&c[2], "GET / HTTP/1.1\r\n"); /* and no more */
    SERVE_UNTIL(s, serve_connections(s) == 3);
    serve_turn(s);
    weft_server_stop(s->srv);
    client_expect(&c[0], "close:1001");
    client_expect(&c[1], "close:1001");
    weft_server_stop(s->srv);
    weft_server_stop(s->srv); /* more than two are as two */
    serve_join(s);
    for (int i = 0; i < 3; i++) {
        client_await_end(&c[i]);
        client_close(&c[i]);
    }
    assert_int_equal(gate_count(&closed), 2);
    assert_int_equal(last_close.err, WEFT_ERR_GONE);
    serve_close(s);
}

/* A request that has come in part is not waited for. */
static void test_stop_inside_request(void **state)
{
    struct serve *s = patient(1);
    struct client c;

    (void)state;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    client_open(&c, s);
    client_send(&c, handshake("/echo", ""), 10);
    SERVE_UNTIL(s, serve_stats(s).bytes_in == 10);
    weft_server_stop(s->srv);
    assert_true(client_ended(&c));
    serve_join(s);
    client_close(&c);
    serve_close(s);
    assert_int_equal(gate_count(&opened), 0);
}

/* ---- Freeing ------------------------------------------------------------- */

static struct serve *freed;

static void publish_late(struct weft_conn *conn, void *arg)
{
    (void)arg;
    assert_null(conn);
    (void)weft_server_publish(freed->srv, "topic", WEFT_TEXT, "late", 4);
    gate_pass(&closed);
}

/* Calls that were handed over but not made are made in the end, so that what
 * they hold can be freed; one of them reaches for all threads. */
static void test_free_with_calls_waiting(void **state)
{
    struct weft_handle handles[2];

    (void)state;
    freed = serve_new();
    freed->opts.threads = 2;
    serve_open_at(freed, "/echo", &echo);
    serve_run(freed);
    serve_stop(freed);
    for (unsigned i = 0; i < 2; i++) {
        handles[i] = (struct weft_handle){freed->srv, (uint64_t)i << 24};
        assert_int_equal(weft_handle_call(handles[i], publish_late, NULL), 0);
        assert_int_equal(weft_handle_send(handles[i], WEFT_TEXT, "x", 1), 0);
    }
    serve_close(freed);
    assert_int_equal(gate_count(&closed), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_each_thread_serves, reset),
        cmocka_unit_test_setup(test_out_of_descriptors, reset),
        cmocka_unit_test_setup(test_accept_without_memory, reset),
        cmocka_unit_test_setup(test_stop_is_prompt, reset),
        cmocka_unit_test_setup(test_drain, reset),
        cmocka_unit_test_setup(test_while_draining, reset),
        cmocka_unit_test_setup(test_drain_is_bounded, reset),
        cmocka_unit_test_setup(test_second_stop, reset),
        cmocka_unit_test_setup(test_stop_inside_request, reset),
        cmocka_unit_test_setup(test_free_with_calls_waiting, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
