/* SPDX-License-Identifier: MIT */
/*
 * Closing and aborting inside each callback (T18 of the list of known
 * attacks): what has come behind is not delivered any more, close is told
 * once, and it is the last.
 */
#include "serve.h"

enum where { OPEN, MESSAGE, CONTROL, DRAIN, TIMER, CALL, PLACES };
enum action { CLOSE, ABORT, CLOSE_AND_ABORT, STOP_SERVER, ACTIONS };

/* One run. Written on the server's thread, read after the gate. */
static struct {
    enum where where;
    enum action action;
    bool has_acted;
    int after;  /* callbacks after the action that should not have come */
    int closes; /* and calls of close */
    int faults; /* results that were not as they should be */
    uint16_t code;
    int err;
} run;

static struct gate closed = GATE;
static struct gate filled = GATE;

static void want(int got, int wanted)
{
    run.faults += got != wanted;
}

static void act(struct weft_conn *conn)
{
    run.has_acted = true;
    if (run.action == CLOSE || run.action == CLOSE_AND_ABORT) {
        want(weft_send_text(conn, "bye"), 0);
        want(weft_close(conn, 4000, "enough"), 0);
        want(weft_close(conn, 4001, "again"), WEFT_ERR_USAGE);
    }
    if (run.action == ABORT || run.action == CLOSE_AND_ABORT) {
        weft_abort(conn);
        weft_abort(conn);
        want(weft_close(conn, 4001, "again"), WEFT_ERR_USAGE);
    }
    if (run.action == STOP_SERVER) {
        weft_server_stop(weft_conn_server(conn));
        weft_server_stop(weft_conn_server(conn));
        return;
    }
    want(weft_send_text(conn, "more"), WEFT_ERR_USAGE);
    want(weft_send(conn, WEFT_PING, "", 0), WEFT_ERR_USAGE);
}

/* A callback came: the action's turn, or one too many. */
static void came(struct weft_conn *conn, enum where where)
{
    bool is_over =
        run.closes > 0 || (run.has_acted && run.action != STOP_SERVER &&
                           (where == MESSAGE || where == OPEN));

    run.after += is_over;
    if (where == run.where && !run.has_acted)
        act(conn);
}

static void on_timer(struct weft_conn *conn, void *arg)
{
    (void)arg;
    came(conn, TIMER);
}

static void on_call(struct weft_conn *conn, void *arg)
{
    (void)arg;
    if (conn)
        came(conn, CALL);
}

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    (void)req;
    came(conn, OPEN);
    if (run.where == TIMER)
        want(weft_conn_timer(conn, 1, 1, on_timer, NULL, NULL), 0);
    if (run.where == CALL)
        want(weft_handle_call(weft_conn_handle(conn), on_call, NULL), 0);
}

/* Fills the queue, so that drain is called once it has gone. The peer does not
 * read before that. */
static void fill(struct weft_conn *conn)
{
    char text[1000];
    int err;

    memset(text, 'x', sizeof(text));
    do
        err = weft_send(conn, WEFT_TEXT, text, sizeof(text));
    while (err == 0);
    want(err, WEFT_ERR_BUSY);
    gate_pass(&filled);
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    (void)msg;
    came(conn, MESSAGE);
    if (run.where == DRAIN && gate_count(&filled) == 0)
        fill(conn);
}

static void on_control(struct weft_conn *conn, const struct weft_message *msg)
{
    (void)msg;
    came(conn, CONTROL);
}

static void on_drain(struct weft_conn *conn)
{
    came(conn, DRAIN);
}

/* Everything that a connection can be asked for is refused here. */
static void on_close(struct weft_conn *conn, const struct weft_closed *how)
{
    uint32_t id = 0;

    run.closes++;
    run.code = how->code;
    run.err = how->err;
    want(weft_send_text(conn, "late"), WEFT_ERR_USAGE);
    want(weft_close(conn, 1000, ""), WEFT_ERR_USAGE);
    want(weft_subscribe(conn, "topic"), WEFT_ERR_USAGE);
    want(weft_unsubscribe(conn, "topic"), 0);
    want(weft_conn_timer(conn, 0, 1, on_timer, NULL, &id), WEFT_ERR_USAGE);
    weft_conn_timer_stop(conn, id);
    want(weft_publish(conn, "topic", WEFT_TEXT, "x", 1, 0), 0);
    if (run.action != CLOSE)
        weft_abort(conn); /* it cuts what is left, the answer included */
    if (weft_handle_call(weft_conn_handle(conn), on_call, NULL) == 0)
        want(weft_handle_send(weft_conn_handle(conn), WEFT_TEXT, "x", 1), 0);
    gate_pass(&closed);
}

static const struct weft_handler handler = {
    .size = sizeof(handler),
    .open = on_open,
    .message = on_message,
    .control = on_control,
    .drain = on_drain,
    .close = on_close,
    .slow = WEFT_SLOW_DRAIN,
    .queue_limit = 5000,
};

/* A handshake and frames of every kind, in one segment. */
static void send_all(struct client *c)
{
    struct bytes out = {0};
    const char *request = handshake("/x", "");

    bytes_add(&out, request, strlen(request));
    for (int i = 0; i < 3; i++) {
        wire_add_frame(&out, WEFT_SERVER, 0x81, "one", 3);
        wire_add_frame(&out, WEFT_SERVER, 0x89, "ping", 4);
        wire_add_frame(&out, WEFT_SERVER, 0x01, "two", 3);
        wire_add_frame(&out, WEFT_SERVER, 0x80, "three", 5);
    }
    client_send(c, out.data, out.len);
    bytes_release(&out);
}

/* Reads up to the close frame, answers it, and reads the end. */
static void close_properly(struct client *c)
{
    const char *words;

    assert_int_equal(client_answer(c), 101);
    do
        words = client_words(c);
    while (strcmp(words, "close:4000") != 0);
    client_close_frame(c, 4000);
    assert_true(client_ended(c));
}

static void run_once(enum where where, enum action action)
{
    struct serve *s = serve_new();
    struct client c;

    memset(&run, 0, sizeof(run));
    run.where = where;
    run.action = action;
    gate_reset(&closed);
    gate_reset(&filled);
    serve_open_at(s, "/x", &handler);
    serve_run(s);
    client_open(&c, s);
    send_all(&c);
    if (where == DRAIN)
        gate_wait(&filled, 1);
    if (action == CLOSE)
        close_properly(&c);
    else
        client_await_end(&c);
    client_close(&c);
    gate_wait(&closed, 1);
    if (action == STOP_SERVER)
        serve_join(s);
    serve_close(s); /* what the end left waiting is called here */
    CHECK(run.closes == 1, "%d, %d: close %d times", where, action, run.closes);
    CHECK(run.faults == 0, "%d, %d: %d results", where, action, run.faults);
    CHECK(run.after == 0, "%d, %d: %d callbacks after", where, action,
          run.after);
    CHECK(run.code == (action == CLOSE ? 4000 : 1006), "%d, %d: code %u", where,
          action, run.code);
    CHECK(run.err == (action == CLOSE ? 0 : WEFT_ERR_GONE), "%d, %d: %d", where,
          action, run.err);
}

static void t18_close_inside_each_callback(void **state)
{
    (void)state;
    for (int where = OPEN; where < PLACES; where++)
        for (int action = CLOSE; action < ACTIONS; action++)
            run_once((enum where)where, (enum action)action);
}

/* ---- One connection closes another --------------------------------------- */

static struct weft_conn *both[2];
static int opened;

static void keep_both(struct weft_conn *conn, struct weft_request *req)
{
    (void)req;
    both[opened++ % 2] = conn;
}

static void end_the_other(struct weft_conn *conn,
                          const struct weft_message *msg)
{
    struct weft_conn *other = both[conn == both[0]];

    if (weft_message_equals(msg, "abort"))
        weft_abort(other);
    if (weft_message_equals(msg, "close"))
        weft_close(other, 4000, "");
    if (weft_message_equals(msg, "send"))
        weft_send_text(other, "Hello");
    weft_send_text(conn, "done");
}

static void count_close(struct weft_conn *conn, const struct weft_closed *how)
{
    (void)conn;
    (void)how;
    gate_pass(&closed);
}

/* On one thread connections may hold on to each other. */
static void test_the_other(void **state)
{
    const struct weft_handler pair = {
        .size = sizeof(pair),
        .open = keep_both,
        .message = end_the_other,
        .close = count_close,
    };
    struct serve *s = serve_new();
    struct client a, b;

    (void)state;
    gate_reset(&closed);
    opened = 0;
    serve_open_at(s, "/pair", &pair);
    serve_run(s);
    client_join(&a, s, "/pair");
    client_join(&b, s, "/pair");
    client_text(&a, "send");
    client_expect(&b, "text:Hello");
    client_expect(&a, "text:done");
    client_text(&a, "abort");
    client_expect(&a, "text:done");
    assert_false(client_ended(&b));
    gate_wait(&closed, 1);
    client_close(&b);

    client_reset(&a);
    gate_wait(&closed, 2);
    client_join(&a, s, "/pair");
    client_join(&b, s, "/pair");
    client_text(&b, "close");
    client_expect(&b, "text:done");
    client_expect(&a, "close:4000");
    client_close_frame(&a, 4000);
    assert_true(client_ended(&a));
    client_close(&a);
    client_close(&b);
    serve_close(s);
    assert_int_equal(gate_count(&closed), 4);
}

static void abort_later(struct weft_conn *conn, void *arg)
{
    (void)arg;
    weft_abort(conn);
}

static void begin_end(struct weft_conn *conn, const struct weft_message *msg)
{
    (void)msg;
    EXPECT(weft_conn_timer(conn, 0, 0, abort_later, NULL, NULL) == 0);
}

static void say_farewell(struct weft_conn *conn, const struct weft_closed *how)
{
    (void)how;
    if (conn == both[0])
        EXPECT(weft_send_text(both[1], "farewell") == 0);
    gate_pass(&closed);
}

/* What close sends to another leaves, though the turn is nearly over and
 * nothing else wakes the loop. */
static void test_farewell(void **state)
{
    const struct weft_handler pair = {
        .size = sizeof(pair),
        .open = keep_both,
        .message = begin_end,
        .close = say_farewell,
    };
    struct serve *s = serve_new();
    struct client a, b;

    (void)state;
    gate_reset(&closed);
    opened = 0;
    serve_open_at(s, "/pair", &pair);
    serve_run(s);
    client_join(&a, s, "/pair");
    client_join(&b, s, "/pair");
    client_text(&a, "go");
    client_expect(&b, "text:farewell");
    assert_false(client_ended(&a));
    client_close(&a);
    client_close(&b);
    serve_close(s);
    assert_int_equal(gate_count(&closed), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t18_close_inside_each_callback),
        cmocka_unit_test(test_the_other),
        cmocka_unit_test(test_farewell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
