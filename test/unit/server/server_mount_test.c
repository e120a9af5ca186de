/* SPDX-License-Identifier: MIT */
/* Routes of a running server: put in the place of others and taken away while
 * connections use them, and told once when they are not needed any more. */
#include "serve.h"

static struct gate closed = GATE, gone = GATE;

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_send(conn, msg->kind, msg->data, msg->len);
}

static void on_close(struct weft_conn *conn, const struct weft_closed *how)
{
    (void)conn;
    (void)how;
    gate_pass(&closed);
}

static const struct weft_handler echo = {
    .size = sizeof(echo),
    .message = on_message,
    .close = on_close,
};

static int reset_gates(void **state)
{
    (void)state;
    gate_reset(&closed);
    gate_reset(&gone);
    return 0;
}

static void test_bad_routes(void **state)
{
    const struct weft_handler slow = {.size = sizeof(slow), .slow = 99};
    const struct weft_handler none = {.size = 0};
    const struct weft_route_opts bad = {.size = 1};
    struct {
        struct weft_handler handler;
        long unknown;
    } unknown = {{.size = sizeof(unknown)}, 1};
    struct serve *s = serve_new();

    (void)state;
    serve_open(s);
    assert_int_equal(weft_server_route(s->srv, "echo", &echo), WEFT_ERR_USAGE);
    assert_int_equal(weft_server_route(s->srv, "", &echo), WEFT_ERR_USAGE);
    assert_int_equal(weft_server_route(s->srv, NULL, &echo), WEFT_ERR_USAGE);
    assert_int_equal(weft_server_route(s->srv, "/a", NULL), WEFT_ERR_USAGE);
    assert_int_equal(weft_server_route(s->srv, "/a", &slow), WEFT_ERR_USAGE);
    assert_int_equal(weft_server_route(s->srv, "/a", &none), WEFT_ERR_USAGE);
    assert_int_equal(weft_server_route(s->srv, "/a", &unknown.handler),
                     WEFT_ERR_USAGE);
    assert_int_equal(weft_server_mount(s->srv, "/a", &echo, &bad),
                     WEFT_ERR_USAGE);
    assert_int_equal(weft_server_unroute(s->srv, "/a"), WEFT_ERR_MISSING);
    serve_close(s);
}

static void on_gone(void *arg)
{
    gate_pass(arg);
}

static const struct weft_route_opts tell_gone = {
    .size = sizeof(tell_gone),
    .gone = on_gone,
    .gone_arg = &gone,
};

static void shout(struct weft_conn *conn, const struct weft_message *msg)
{
    (void)msg;
    weft_send_text(conn, "NEW");
}

/* The old handler goes on serving what it has begun, and is told once that it
 * is not needed any more. */
static void test_replaced_while_open(void **state)
{
    const struct weft_handler other = {.size = sizeof(other), .message = shout};
    struct serve *s = serve_new();
    struct client old, new;

    (void)state;
    s->opts.threads = 2;
    serve_open(s);
    assert_int_equal(weft_server_mount(s->srv, "/echo", &echo, &tell_gone), 0);
    serve_run(s);
    client_join(&old, s, "/echo");
    assert_int_equal(weft_server_route(s->srv, "/echo", &other), 0);
    client_join(&new, s, "/echo");
    client_text(&old, "old");
    client_text(&new, "new");
    client_expect(&old, "text:old");
    client_expect(&new, "text:NEW");
    assert_int_equal(gate_count(&gone), 0);

    client_close_frame(&old, 1000);
    client_expect(&old, "close:1000");
    client_close(&old);
    gate_wait(&gone, 1);
    assert_int_equal(gate_count(&closed), 1); /* close came before gone */

    client_text(&new, "new");
    client_expect(&new, "text:NEW");
    client_close(&new);
    serve_close(s);
    assert_int_equal(gate_count(&gone), 1);
}

static void test_unroute_while_open(void **state)
{
    struct serve *s = serve_new();
    struct client c, late;

    (void)state;
    serve_open(s);
    assert_int_equal(weft_server_mount(s->srv, "/echo", &echo, &tell_gone), 0);
    serve_run(s);
    client_join(&c, s, "/echo");
    assert_int_equal(weft_server_unroute(s->srv, "/echo"), 0);
    assert_int_equal(weft_server_unroute(s->srv, "/echo"), WEFT_ERR_MISSING);
    client_open(&late, s);
    assert_int_equal(client_upgrade(&late, "/echo", ""), 404);
    client_close(&late);
    client_text(&c, "still here");
    client_expect(&c, "text:still\\x20here");
    assert_int_equal(gate_count(&gone), 0);
    client_reset(&c);
    gate_wait(&gone, 1);
    serve_close(s);
}

/* A route that is still there when the server is freed goes with it. */
static void test_gone_with_server(void **state)
{
    struct serve *s = serve_new();

    (void)state;
    serve_open(s);
    assert_int_equal(weft_server_mount(s->srv, "/a", &echo, &tell_gone), 0);
    assert_int_equal(weft_server_mount(s->srv, "/a", &echo, &tell_gone), 0);
    assert_int_equal(gate_count(&gone), 1);
    serve_close(s);
    assert_int_equal(gate_count(&gone), 2);
}

#define MOUNTS 2000

static void *mount_again(void *arg)
{
    struct serve *s = arg;

    for (int i = 0; i < MOUNTS; i++)
        if (weft_server_mount(s->srv, "/echo", &echo, &tell_gone) != 0)
            return arg;
    return NULL;
}

/* The same path from three threads at once: gone for each of them. */
static void test_mount_from_threads(void **state)
{
    struct serve *s = serve_new();
    pthread_t threads[3];

    (void)state;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, mount_again, s);
    for (int i = 0; i < 20; i++) {
        struct client c;

        client_join(&c, s, "/echo");
        client_close(&c);
    }
    for (int i = 0; i < 3; i++) {
        void *failed;

        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    serve_close(s);
    assert_int_equal(gate_count(&gone), 3 * MOUNTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_routes),
        cmocka_unit_test_setup(test_replaced_while_open, reset_gates),
        cmocka_unit_test_setup(test_unroute_while_open, reset_gates),
        cmocka_unit_test_setup(test_gone_with_server, reset_gates),
        cmocka_unit_test_setup(test_mount_from_threads, reset_gates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
