/* SPDX-License-Identifier: MIT */
/* Timers of connections: once and again, stopped anywhere, gone with the
 * connection. */
#include "serve.h"

static struct gate rung = GATE, closed = GATE;

static int reset(void **state)
{
    (void)state;
    gate_reset(&rung);
    gate_reset(&closed);
    return 0;
}

static void on_close(struct weft_conn *conn, const struct weft_closed *how)
{
    (void)conn;
    (void)how;
    gate_pass(&closed);
}

static void (*on_go)(struct weft_conn *conn);

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    (void)msg;
    on_go(conn);
}

static const struct weft_handler handler = {
    .size = sizeof(handler), .message = on_message, .close = on_close};

/* Opens a connection and lets the function run on its thread. */
static struct serve *go(struct client *c, void (*fn)(struct weft_conn *conn))
{
    struct serve *s = serve_new();

    on_go = fn;
    s->opts.drain_ms = 50;
    serve_open_at(s, "/x", &handler);
    serve_run(s);
    client_join(c, s, "/x");
    client_text(c, "go");
    return s;
}

static void ring_text(struct weft_conn *conn, void *arg)
{
    weft_send_text(conn, arg);
    gate_pass(&rung);
}

static char one[] = "one", two[] = "two", three[] = "three", four[] = "four";

/* ---- In their order ------------------------------------------------------ */

static void set_several(struct weft_conn *conn)
{
    uint32_t id[4];

    EXPECT(weft_conn_timer(conn, 60, 0, ring_text, three, &id[0]) == 0);
    EXPECT(weft_conn_timer(conn, 1, 0, ring_text, one, &id[1]) == 0);
    EXPECT(weft_conn_timer(conn, 120, 0, ring_text, four, &id[2]) == 0);
    EXPECT(weft_conn_timer(conn, 30, 0, ring_text, two, &id[3]) == 0);
    EXPECT(weft_conn_timer(conn, 1, 0, NULL, NULL, NULL) == WEFT_ERR_USAGE);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++)
            EXPECT(id[i] != id[j]);
}

static void test_order(void **state)
{
    struct client c;
    struct serve *s = go(&c, set_several);

    (void)state;
    client_expect(&c, "text:one");
    client_expect(&c, "text:two");
    client_expect(&c, "text:three");
    client_expect(&c, "text:four");
    assert_int_equal(gate_count(&rung), 4);
    client_close(&c);
    serve_close(s);
}

/* ---- Repeating ----------------------------------------------------------- */

static uint32_t repeating;

static void ring_five_times(struct weft_conn *conn, void *arg)
{
    ring_text(conn, arg);
    if (gate_count(&rung) == 5)
        weft_conn_timer_stop(conn, repeating);
}

static void set_repeating(struct weft_conn *conn)
{
    EXPECT(weft_conn_timer(conn, 0, 1, ring_five_times, one, &repeating) == 0);
}

static void test_repeat(void **state)
{
    struct client c;
    struct serve *s = go(&c, set_repeating);

    (void)state;
    for (int i = 0; i < 5; i++)
        client_expect(&c, "text:one");
    gate_reset(&rung);
    client_text(&c, "go"); /* and again, with a new timer */
    for (int i = 0; i < 5; i++)
        client_expect(&c, "text:one");
    client_close(&c);
    serve_close(s);
}

/* ---- Stopping ------------------------------------------------------------ */

static uint32_t ids[3];

static void ring_and_stop_all(struct weft_conn *conn, void *arg)
{
    ring_text(conn, arg);
    for (int i = 0; i < 3; i++)
        weft_conn_timer_stop(conn, ids[i]);
    weft_conn_timer_stop(conn, ids[0]); /* twice is once */
    weft_conn_timer_stop(conn, 0);
    weft_conn_timer_stop(conn, 4711);
    EXPECT(weft_conn_timer(conn, 1, 0, ring_text, four, NULL) == 0);
}

/* All three are due in one turn; the first stops itself and the others. */
static void set_three(struct weft_conn *conn)
{
    weft_conn_timer_stop(conn, 1); /* there is none yet */
    for (int i = 0; i < 3; i++)
        EXPECT(weft_conn_timer(conn, 0, i == 0, ring_and_stop_all, one,
                               &ids[i]) == 0);
}

static void test_stop_in_callback(void **state)
{
    struct client c;
    struct serve *s = go(&c, set_three);

    (void)state;
    client_expect(&c, "text:one");
    client_expect(&c, "text:four");
    assert_int_equal(gate_count(&rung), 2);
    client_close(&c);
    serve_close(s);
}

/* ---- The end ------------------------------------------------------------- */

static void set_for_ever(struct weft_conn *conn)
{
    EXPECT(weft_conn_timer(conn, 3600000, 0, ring_text, one, NULL) == 0);
    EXPECT(weft_conn_timer(conn, UINT64_MAX, UINT64_MAX, ring_text, one,
                           NULL) == 0);
    EXPECT(weft_conn_timer(conn, UINT64_MAX / 1000000 + 1, 1, ring_text, one,
                           NULL) == 0);
    EXPECT(weft_conn_timer(conn, 1, 1, ring_text, two, NULL) == 0);
}

static void test_end_with_connection(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct client c;
        struct serve *s = go(&c, set_for_ever);
        int count;

        reset(NULL);
        client_expect(&c, "text:two");
        client_expect(&c, "text:two");
        if (how == 0)
            client_close(&c);
        if (how == 1)
            client_reset(&c);
        if (how == 2)
            serve_stop(s); /* the client answers nothing: see drain_ms */
        gate_wait(&closed, 1);
        count = gate_count(&rung);
        if (how < 2)
            serve_turn(s);
        assert_int_equal(gate_count(&rung), count);
        client_close(&c);
        serve_close(s);
    }
}

static void ring_and_close(struct weft_conn *conn, void *arg)
{
    ring_text(conn, arg);
    EXPECT(weft_close(conn, 1000, "") == 0);
    /* Until close it may still be used; nothing can be sent. */
    EXPECT(weft_conn_timer(conn, 0, 0, ring_text, two, NULL) == 0);
}

static void set_closing(struct weft_conn *conn)
{
    EXPECT(weft_conn_timer(conn, 0, 0, ring_and_close, one, NULL) == 0);
}

static void test_close_in_callback(void **state)
{
    struct client c;
    struct serve *s = go(&c, set_closing);

    (void)state;
    client_expect(&c, "text:one");
    client_expect(&c, "close:1000");
    gate_wait(&rung, 2);
    client_close_frame(&c, 1000);
    assert_true(client_ended(&c));
    gate_wait(&closed, 1);
    client_close(&c);
    serve_close(s);
}

/* ---- Without memory ------------------------------------------------------ */

/* The pool may have free blocks of the right size, so it is emptied by taking
 * timers until there is no memory for one. */
static void set_too_many(struct weft_conn *conn)
{
    uint32_t id = 4711;
    int n = 0, err;

    do
        err = weft_conn_timer(conn, 3600000, 0, ring_text, one, &id);
    while (err == 0 && ++n < 1000);
    EXPECT(err == WEFT_ERR_NOMEM);
    EXPECT(n == 0 || id != 4711);
    weft_send_text(conn, "full");
}

static void test_without_memory(void **state)
{
    struct serve *s = serve_new();
    struct client c;

    (void)state;
    on_go = set_too_many;
    serve_open_at(s, "/x", &handler);
    serve_run(s);
    client_join(&c, s, "/x");
    serve_turn(s);
    for (long n = 0; n < 3; n++) {
        serve_allow(s, n);
        client_text(&c, "go");
        /* The answer may fall to the want of memory too. */
        SERVE_UNTIL(s, serve_stats(s).messages_in == (uint64_t)n + 1);
        serve_allow(s, -1);
    }
    client_close(&c);
    serve_close(s);
}

/* ---- Many ---------------------------------------------------------------- */

#define MANY 1000

static void ring_one_of_many(struct weft_conn *conn, void *arg)
{
    (void)conn;
    (void)arg;
    gate_pass(&rung);
}

static void set_many(struct weft_conn *conn)
{
    for (int i = 0; i < MANY; i++)
        EXPECT(weft_conn_timer(conn, (uint64_t)(i * 7 % 40), 0,
                               ring_one_of_many, NULL, NULL) == 0);
}

static void test_many(void **state)
{
    struct client c;
    struct serve *s = go(&c, set_many);

    (void)state;
    gate_wait(&rung, MANY);
    serve_turn(s);
    assert_int_equal(gate_count(&rung), MANY);
    client_close(&c);
    serve_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_order, reset),
        cmocka_unit_test_setup(test_repeat, reset),
        cmocka_unit_test_setup(test_stop_in_callback, reset),
        cmocka_unit_test_setup(test_end_with_connection, reset),
        cmocka_unit_test_setup(test_close_in_callback, reset),
        cmocka_unit_test_setup(test_without_memory, reset),
        cmocka_unit_test_setup(test_many, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
