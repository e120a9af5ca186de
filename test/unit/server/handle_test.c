/* SPDX-License-Identifier: MIT */
/*
 * Connections from other threads, also when they have gone or the server
 * stops; and T18 of the list of known attacks: calls from several threads
 * while peers vanish. Meant for the thread sanitizer too.
 */
#include "serve.h"

#include <sched.h>
#include <stdlib.h>

#define HANDLES 64

static struct gate opened = GATE, closed = GATE, called = GATE;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct weft_handle handles[HANDLES]; /* the last ones, under lock */
static int handle_count;

static void keep_handle(struct weft_conn *conn)
{
    pthread_mutex_lock(&lock);
    handles[handle_count++ % HANDLES] = weft_conn_handle(conn);
    pthread_mutex_unlock(&lock);
}

static struct weft_handle handle_at(int i)
{
    struct weft_handle handle;

    pthread_mutex_lock(&lock);
    handle = handles[i % HANDLES];
    pthread_mutex_unlock(&lock);
    return handle;
}

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    (void)req;
    keep_handle(conn);
    (void)weft_subscribe(conn, "all");
    gate_pass(&opened);
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    (void)weft_send(conn, msg->kind, msg->data, msg->len);
}

static void on_close(struct weft_conn *conn, const struct weft_closed *how)
{
    (void)conn;
    (void)how;
    gate_pass(&closed);
}

static const struct weft_handler handler = {
    .size = sizeof(handler),
    .open = on_open,
    .message = on_message,
    .close = on_close,
};

static int reset(void **state)
{
    (void)state;
    gate_reset(&opened);
    gate_reset(&closed);
    gate_reset(&called);
    handle_count = 0;
    return 0;
}

static struct serve *start(unsigned threads)
{
    struct serve *s = serve_new();

    s->opts.threads = threads;
    s->opts.drain_ms = 50;
    serve_open_at(s, "/x", &handler);
    serve_run(s);
    return s;
}

/* ---- While it is open ---------------------------------------------------- */

static void test_send_and_close(void **state)
{
    struct serve *s = start(2);
    char text[] = "copied";
    struct client c;

    (void)state;
    client_join(&c, s, "/x");
    gate_wait(&opened, 1);
    assert_int_equal(weft_handle_send(handle_at(0), WEFT_TEXT, text, 6), 0);
    memset(text, 'x', 6);
    assert_int_equal(weft_handle_send(handle_at(0), WEFT_BINARY, NULL, 0), 0);
    assert_int_equal(weft_handle_send(handle_at(0), WEFT_PING, "p", 1), 0);
    assert_int_equal(weft_handle_send(handle_at(0), WEFT_PONG, "q", 1), 0);
    assert_int_equal(weft_handle_close(handle_at(0), 3000, "bye"), 0);
    assert_int_equal(weft_handle_send(handle_at(0), WEFT_TEXT, "x", 1), 0);
    assert_int_equal(weft_handle_close(handle_at(0), 3001, ""), 0);
    client_expect(&c, "text:copied");
    client_expect(&c, "binary:");
    client_expect(&c, "ping:p");
    client_expect(&c, "pong:q");
    client_expect(&c, "close:3000");
    client_close_frame(&c, 3000);
    assert_true(client_ended(&c));
    client_close(&c);
    serve_close(s);
}

static struct gate released = GATE;

static void hold_up(struct weft_conn *conn, void *arg)
{
    (void)conn;
    (void)arg;
    gate_pass(&called);
    gate_wait(&released, 1);
}

/* A thread that does not get to what is posted to it is sent no more. */
static void test_bound(void **state)
{
    enum { MIB = 1 << 20 };
    struct serve *s = start(1);
    char *text = calloc(1, MIB);
    struct client c;
    int n = 0, err;

    (void)state;
    gate_reset(&released);
    client_join(&c, s, "/x");
    gate_wait(&opened, 1);
    assert_int_equal(weft_handle_call(handle_at(0), hold_up, NULL), 0);
    gate_wait(&called, 1);
    while (!(err = weft_handle_send(handle_at(0), WEFT_BINARY, text, MIB)))
        n++;
    assert_int_equal(err, WEFT_ERR_BUSY);
    assert_int_equal(n, 63); /* of 64, each with a little around it */
    assert_int_equal(weft_server_publish(s->srv, "all", WEFT_BINARY, text, MIB),
                     WEFT_ERR_BUSY);
    gate_pass(&released);
    serve_turn(s);
    assert_int_equal(weft_server_publish(s->srv, "all", WEFT_BINARY, text, MIB),
                     0);
    client_reset(&c);
    serve_close(s);
    free(text);
}

static void test_bad_arguments(void **state)
{
    struct serve *s = start(1);
    char text[200];
    struct weft_handle h;
    struct client c;

    (void)state;
    client_join(&c, s, "/x");
    h = handle_at(0);
    memset(text, 'x', sizeof(text));
    assert_int_equal(weft_handle_send(h, (enum weft_kind)0, "x", 1),
                     WEFT_ERR_USAGE);
    assert_int_equal(weft_handle_send(h, (enum weft_kind)8, "x", 1),
                     WEFT_ERR_USAGE);
    assert_int_equal(weft_handle_send(h, WEFT_TEXT, "\xff", 1), WEFT_ERR_USAGE);
    assert_int_equal(weft_handle_send(h, WEFT_PING, text, 126), WEFT_ERR_USAGE);
    assert_int_equal(weft_handle_send(h, WEFT_PONG, text, 126), WEFT_ERR_USAGE);
    assert_int_equal(weft_handle_send(h, WEFT_BINARY, text, SIZE_MAX),
                     WEFT_ERR_NOMEM);
    assert_int_equal(weft_handle_close(h, 1005, ""), WEFT_ERR_USAGE);
    assert_int_equal(weft_handle_close(h, 1000, "\xff"), WEFT_ERR_USAGE);
    text[124] = '\0';
    assert_int_equal(weft_handle_close(h, 1000, text), WEFT_ERR_USAGE);
    text[123] = '\0';
    assert_int_equal(weft_handle_close(h, 1000, text), 0);
    assert_string_equal(client_words(&c), "close:1000");
    client_close(&c);
    serve_close(s);
}

static void check_call(struct weft_conn *conn, void *arg)
{
    EXPECT(conn);
    EXPECT(arg == &called);
    if (conn)
        EXPECT(weft_conn_handle(conn).id == handle_at(0).id);
    gate_pass(&called);
}

static void test_call(void **state)
{
    struct serve *s = start(2);
    struct client c;

    (void)state;
    client_join(&c, s, "/x");
    for (int i = 1; i <= 100; i++) {
        assert_int_equal(weft_handle_call(handle_at(0), check_call, &called),
                         0);
        if (i % 10 == 0)
            gate_wait(&called, i);
    }
    client_close(&c);
    serve_close(s);
}

/* ---- When it has gone ---------------------------------------------------- */

static void has_gone(struct weft_conn *conn, void *arg)
{
    EXPECT(!conn);
    gate_pass(arg);
}

/* A slot is used again and again; an old name never means the new tenant. */
static void test_gone(void **state)
{
    struct serve *s = start(1);
    struct client c;

    (void)state;
    for (int i = 0; i < 20; i++) {
        client_join(&c, s, "/x");
        client_reset(&c);
        gate_wait(&closed, i + 1);
    }
    client_join(&c, s, "/x");
    gate_wait(&opened, 21);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(weft_handle_send(handle_at(i), WEFT_TEXT, "ghost", 5),
                         0);
        assert_int_equal(weft_handle_close(handle_at(i), 1000, ""), 0);
        assert_int_equal(weft_handle_call(handle_at(i), has_gone, &called), 0);
    }
    gate_wait(&called, 20);
    client_text(&c, "alive");
    client_expect(&c, "text:alive");
    client_close(&c);
    serve_close(s);
}

/* Names that were never given out. */
static void test_never_was(void **state)
{
    struct serve *s = start(2);
    static const uint64_t ids[] = {
        0, 1, 0xffffff, UINT64_C(1) << 24, UINT64_C(1) << 32, UINT64_MAX >> 40,
    };
    const struct weft_handle wrong[] = {
        {NULL, 0},
        {NULL, UINT64_MAX},
        {s->srv, UINT64_C(2) << 24},
        {s->srv, UINT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct weft_handle h = {s->srv, ids[i]};

        assert_int_equal(weft_handle_call(h, has_gone, &called), 0);
        gate_wait(&called, (int)i + 1);
    }
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(weft_handle_call(wrong[i], has_gone, &called),
                         WEFT_ERR_USAGE);
        assert_int_equal(weft_handle_send(wrong[i], WEFT_TEXT, "x", 1),
                         WEFT_ERR_USAGE);
        assert_int_equal(weft_handle_close(wrong[i], 1000, ""), WEFT_ERR_USAGE);
    }
    serve_close(s);
}

/* ---- When the server stops ----------------------------------------------- */

static void test_stopped(void **state)
{
    struct serve *s = start(2);
    struct weft_handle h;
    struct client c;

    (void)state;
    client_join(&c, s, "/x");
    h = handle_at(0);
    client_close_frame(&c, 1000);
    client_expect(&c, "close:1000");
    client_close(&c);
    serve_stop(s);
    /* What is handed over now is called when the server is freed. */
    assert_int_equal(weft_handle_call(h, has_gone, &called), 0);
    assert_int_equal(weft_handle_send(h, WEFT_TEXT, "x", 1), 0);
    assert_int_equal(weft_handle_close(h, 1000, ""), 0);
    weft_server_stop(s->srv);
    assert_int_equal(weft_handle_call(h, has_gone, &called), WEFT_ERR_GONE);
    assert_int_equal(weft_handle_send(h, WEFT_TEXT, "x", 1), WEFT_ERR_GONE);
    assert_int_equal(weft_handle_close(h, 1000, ""), WEFT_ERR_GONE);
    serve_close(s);
    assert_int_equal(gate_count(&called), 1);
}

static void test_without_memory(void **state)
{
    struct serve *s = start(1);
    struct client c;
    int err;

    (void)state;
    client_join(&c, s, "/x");
    for (long n = 0; n < 3; n++) {
        serve_turn(s);
        serve_allow(s, n);
        err = weft_handle_send(handle_at(0), WEFT_TEXT, "x", 1);
        serve_allow(s, -1);
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        assert_true(n > 0 || err == WEFT_ERR_NOMEM);
    }
    assert_int_equal(weft_handle_send(handle_at(0), WEFT_TEXT, "y", 1), 0);
    while (strcmp(client_words(&c), "text:y") != 0)
        assert_string_equal(client_body(&c), "text:x");
    client_close(&c);
    serve_close(s);
}

/* ---- T18 ----------------------------------------------------------------- */

#define CALLERS 4
#define ACTIONS 2000 /* of each */
#define PER_ROUND 8  /* clients */

static struct gate done = GATE; /* callers that have */

static void any_call(struct weft_conn *conn, void *arg)
{
    if (conn)
        (void)weft_publish(conn, "all", WEFT_TEXT, "called", 6,
                           WEFT_PUBLISH_OTHERS);
    gate_pass(arg);
}

/* Does one thing to a connection; what becomes of it is nobody's business
 * here. Whether it made a call. */
static bool do_any(struct serve *s, struct weft_handle h, uint64_t *seed)
{
    switch (test_random(seed) % 16) {
    case 0:
        (void)weft_handle_close(h, 1000, "enough");
        return false;
    case 1:
        return weft_handle_call(h, any_call, &called) == 0;
    case 2:
        (void)weft_server_publish(s->srv, "all", WEFT_BINARY, &h, sizeof(h));
        return false;
    case 3:
        (void)serve_stats(s);
        return false;
    default:
        (void)weft_handle_send(h, WEFT_TEXT, "Hello", 5);
        return false;
    }
}

/* Returns how many calls it made. */
static void *call_all(void *arg)
{
    struct serve *s = arg;
    uint64_t seed = (uint64_t)pthread_self();
    uintptr_t calls = 0;

    for (int i = 0; i < ACTIONS; i++) {
        struct weft_handle h = handle_at((int)(test_random(&seed) % HANDLES));

        if (h.server)
            calls += do_any(s, h, &seed);
        sched_yield();
    }
    gate_pass(&done);
    return (void *)calls;
}

/* Clients come, say something, and vanish in three ways. */
static void come_and_vanish(struct serve *s, uint64_t *seed)
{
    struct client c[PER_ROUND];

    for (int i = 0; i < PER_ROUND; i++)
        client_open(&c[i], s);
    for (int i = 0; i < PER_ROUND; i++)
        client_say(&c[i], handshake("/x", ""));
    for (int i = 0; i < PER_ROUND; i++) {
        (void)client_try(&c[i], "\x81\x81\x00\x00\x00\x00x", 7);
        switch (test_random(seed) % 3) {
        case 0:
            client_reset(&c[i]);
            break;
        case 1:
            client_finish(&c[i]);
            client_await_end(&c[i]);
            client_close(&c[i]);
            break;
        default:
            client_close(&c[i]);
        }
    }
}

static void callers_start(pthread_t callers[CALLERS], struct serve *s)
{
    gate_reset(&done);
    for (int i = 0; i < CALLERS; i++)
        pthread_create(&callers[i], NULL, call_all, s);
}

static int callers_join(pthread_t callers[CALLERS])
{
    int calls = 0;

    for (int i = 0; i < CALLERS; i++) {
        void *made;

        pthread_join(callers[i], &made);
        calls += (int)(intptr_t)made;
    }
    return calls;
}

static void t18_calls_while_peers_vanish(void **state)
{
    struct serve *s = start(2);
    pthread_t callers[CALLERS];
    uint64_t seed = 18;
    int calls;

    (void)state;
    memset(handles, 0, sizeof(handles));
    callers_start(callers, s);
    while (gate_count(&done) < CALLERS)
        come_and_vanish(s, &seed);
    calls = callers_join(callers);
    SERVE_UNTIL(s, serve_connections(s) == 0);
    assert_true(gate_count(&opened) > 0);
    assert_int_equal(gate_count(&closed), gate_count(&opened));
    assert_int_equal(serve_stats(s).open, 0);
    serve_close(s);
    assert_int_equal(gate_count(&called), calls); /* each was made, once */
}

/* The same while the server itself stops, and is told so twice. */
static void t18_calls_while_the_server_stops(void **state)
{
    int calls = 0;

    (void)state;
    for (int round = 0; round < 10; round++) {
        struct serve *s = start(2);
        struct client c[PER_ROUND];
        pthread_t callers[CALLERS];

        memset(handles, 0, sizeof(handles));
        for (int i = 0; i < PER_ROUND; i++)
            client_join(&c[i], s, "/x");
        callers_start(callers, s);
        gate_wait(&called, calls + 10); /* they are at it */
        weft_server_stop(s->srv);
        if (round % 2)
            weft_server_stop(s->srv);
        serve_join(s);
        calls += callers_join(callers);
        for (int i = 0; i < PER_ROUND; i++)
            client_close(&c[i]);
        serve_close(s);
        assert_int_equal(gate_count(&called), calls);
    }
    assert_int_equal(gate_count(&closed), gate_count(&opened));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_send_and_close, reset),
        cmocka_unit_test_setup(test_bound, reset),
        cmocka_unit_test_setup(test_bad_arguments, reset),
        cmocka_unit_test_setup(test_call, reset),
        cmocka_unit_test_setup(test_gone, reset),
        cmocka_unit_test_setup(test_never_was, reset),
        cmocka_unit_test_setup(test_stopped, reset),
        cmocka_unit_test_setup(test_without_memory, reset),
        cmocka_unit_test_setup(t18_calls_while_peers_vanish, reset),
        cmocka_unit_test_setup(t18_calls_while_the_server_stops, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
