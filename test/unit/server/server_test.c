/* SPDX-License-Identifier: MIT */
/* The server as its user sees it: made, listening, run, stopped, freed. */
#include "serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct gate closed = GATE;

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
    return 0;
}

/* ---- New and free -------------------------------------------------------- */

static void test_free_without_run(void **state)
{
    struct serve *s = serve_new();

    (void)state;
    weft_server_free(NULL);
    s->opts.threads = 3;
    serve_open_at(s, "/echo", &echo);
    assert_int_equal(weft_server_listen(s->srv, "127.0.0.1:0", NULL), 0);
    serve_close(s);
}

static void test_defaults(void **state)
{
    struct weft_server *srv = NULL;

    (void)state;
    assert_int_equal(weft_server_new(&srv, NULL), 0);
    assert_null(weft_server_address(srv, 0));
    weft_server_free(srv);
}

/* Every allocation of new, route and listen fails in turn. What was there
 * before the one that failed goes on to work. */
static void test_without_memory(void **state)
{
    static const char *const origins[] = {"http://a.example", "null", NULL};
    long n = 0;
    int err;

    (void)state;
    do {
        struct serve *s = serve_new();

        s->opts.threads = 2;
        s->opts.origins = origins;
        s->opts.hosts = origins;
        s->fm.left = n++;
        err = weft_server_new(&s->srv, &s->opts);
        if (!err)
            err = weft_server_route(s->srv, "/echo", &echo);
        if (!err)
            err = weft_server_listen(s->srv, "127.0.0.1:0", NULL);
        if (!err)
            err = weft_server_listen(s->srv, "127.0.0.1:0", NULL);
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%s", weft_strerror(err));
        if (s->srv && weft_server_address(s->srv, 0)) {
            struct client c;

            serve_allow(s, -1);
            serve_spawn(s);
            client_open(&c, s);
            assert_int_equal(client_get(&c, "/missing", ""), 404);
            client_close(&c);
        }
        serve_close(s);
    } while (err);
    assert_true(n > 10);
}

/* Running fails, and says so, when its first allocations do. */
static void test_run_without_memory(void **state)
{
    (void)state;
    for (long n = 0; n < 2; n++) {
        struct serve *s = serve_new();

        s->opts.threads = 2;
        serve_open(s);
        assert_int_equal(weft_server_listen(s->srv, "127.0.0.1:0", NULL), 0);
        serve_allow(s, n);
        assert_int_equal(weft_server_run(s->srv), WEFT_ERR_NOMEM);
        serve_allow(s, -1);
        serve_close(s);
    }
}

static void test_document_root(void **state)
{
    struct weft_server *srv = NULL;
    struct serve *s = serve_new();

    (void)state;
    s->opts.document_root = "/nowhere/at/all";
    assert_int_equal(weft_server_new(&srv, &s->opts), WEFT_ERR_MISSING);
    assert_null(srv);
    s->opts.document_root = "/etc/passwd";
    assert_int_equal(weft_server_new(&srv, &s->opts), WEFT_ERR_MISSING);
    serve_close(s);
}

/* ---- Listening ----------------------------------------------------------- */

static void test_listen(void **state)
{
    struct serve *s = serve_new(), *other = serve_new();
    char path[] = "/tmp/weft-serve-XXXXXX", text[128];
    struct client c;

    (void)state;
    assert_non_null(mkdtemp(path));
    snprintf(text, sizeof(text), "unix:%s/socket", path);
    s->opts.threads = 2;
    serve_open_at(s, "/echo", &echo);
    assert_int_equal(weft_server_listen(s->srv, "127.0.0.1:0", NULL), 0);
    assert_int_equal(weft_server_listen(s->srv, "127.0.0.1:0", NULL), 0);
    assert_int_equal(weft_server_listen(s->srv, text, NULL), 0);
    assert_int_equal(strncmp(weft_server_address(s->srv, 0), "127.0.0.1:", 10),
                     0);
    assert_string_not_equal(weft_server_address(s->srv, 0),
                            weft_server_address(s->srv, 1));
    assert_string_equal(weft_server_address(s->srv, 2), text);
    assert_null(weft_server_address(s->srv, 3));

    serve_open(other);
    for (size_t i = 0; i < 3; i++) {
        const char *taken = weft_server_address(s->srv, i);

        assert_int_equal(weft_server_listen(other->srv, taken, NULL),
                         WEFT_ERR_IN_USE);
        assert_int_equal(weft_server_listen(s->srv, taken, NULL),
                         WEFT_ERR_IN_USE);
    }
    assert_null(weft_server_address(other->srv, 0));
    assert_null(weft_server_address(s->srv, 3));

    serve_spawn(s);
    for (size_t i = 0; i < 3; i++) {
        client_open_at(&c, s, i);
        assert_int_equal(client_upgrade(&c, "/echo", ""), 101);
        client_text(&c, "Hello");
        client_expect(&c, "text:Hello");
        client_close(&c);
    }
    serve_close(s);
    serve_close(other);
    assert_int_not_equal(access(text + 5, F_OK), 0);
    assert_int_equal(rmdir(path), 0);
}

static void test_bad_addresses(void **state)
{
    static const char *const bad[] = {
        "",
        "9998",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:65536",
        "[::1:80",
        "unix:",
        "unix:relative",
        "host.invalid:80",
        "unix:/nowhere/at/all/socket",
        "192.0.2.1:0", /* not ours */
    };
    const struct weft_listen_opts opts = {.size = 1};
    struct serve *s = serve_new();

    (void)state;
    serve_open(s);
    for (size_t i = 0; i < COUNT(bad); i++) {
        int err = weft_server_listen(s->srv, bad[i], NULL);

        CHECK(err == WEFT_ERR_ADDRESS, "%s: %d", bad[i], err);
    }
    assert_int_equal(weft_server_listen(s->srv, "127.0.0.1:0", &opts),
                     WEFT_ERR_USAGE);
    assert_null(weft_server_address(s->srv, 0));
    serve_close(s);
}

/* Every address of a name. */
static void test_localhost(void **state)
{
    const struct weft_listen_opts opts = {.size = sizeof(opts), .backlog = 5};
    struct serve *s = serve_new();
    size_t i;

    (void)state;
    serve_open_at(s, "/echo", &echo);
    assert_int_equal(weft_server_listen(s->srv, "localhost:0", &opts), 0);
    assert_non_null(weft_server_address(s->srv, 0));
    serve_spawn(s);
    for (i = 0; weft_server_address(s->srv, i); i++) {
        struct client c;

        client_open_at(&c, s, i);
        assert_int_equal(client_upgrade(&c, "/echo", ""), 101);
        client_close(&c);
    }
    serve_close(s);
}

/* ---- Stopping ------------------------------------------------------------ */

static void test_stop_before_run(void **state)
{
    struct serve *s = serve_new();

    (void)state;
    s->opts.threads = 2;
    serve_open(s);
    assert_int_equal(weft_server_listen(s->srv, "127.0.0.1:0", NULL), 0);
    weft_server_stop(s->srv);
    assert_int_equal(weft_server_run(s->srv), 0);
    serve_close(s);
}

/* Once, whether it still runs or has ended. */
static void test_run_again(void **state)
{
    struct serve *s = serve_new();

    (void)state;
    serve_open(s);
    serve_run(s);
    serve_turn(s);
    assert_int_equal(weft_server_run(s->srv), WEFT_ERR_USAGE);
    serve_turn(s); /* it runs as before */
    serve_stop(s);
    assert_int_equal(weft_server_run(s->srv), WEFT_ERR_USAGE);
    serve_close(s);
}

static void test_run_without_listeners(void **state)
{
    struct serve *s = serve_new();

    (void)state;
    s->opts.threads = 2;
    serve_open(s);
    serve_spawn(s);
    serve_turn(s);
    serve_close(s);
}

static struct weft_server *signalled; /* __atomic */

static void on_signal(int number)
{
    (void)number;
    weft_server_stop(__atomic_load_n(&signalled, __ATOMIC_ACQUIRE));
}

/* The signal interrupts the thread that runs the server, or this one. */
static void test_stop_from_signal(void **state)
{
    const struct sigaction action = {.sa_handler = on_signal};
    struct sigaction before;

    (void)state;
    sigaction(SIGUSR1, &action, &before);
    for (int to_server = 0; to_server < 2; to_server++) {
        struct serve *s = serve_new();
        struct client c;

        s->opts.threads = 2;
        serve_open_at(s, "/echo", &echo);
        serve_run(s);
        __atomic_store_n(&signalled, s->srv, __ATOMIC_RELEASE);
        client_join(&c, s, "/echo");
        if (to_server)
            pthread_kill(s->thread, SIGUSR1);
        else
            raise(SIGUSR1);
        client_expect(&c, "close:1001");
        client_close_frame(&c, 1001);
        assert_true(client_ended(&c));
        client_close(&c);
        serve_join(s);
        assert_int_equal(s->rc, 0);
        serve_close(s);
    }
    sigaction(SIGUSR1, &before, NULL);
}

static void stop_on_message(struct weft_conn *conn,
                            const struct weft_message *msg)
{
    weft_server_stop(weft_conn_server(conn));
    weft_send(conn, msg->kind, msg->data, msg->len);
}

static void test_stop_from_handler(void **state)
{
    const struct weft_handler handler = {.size = sizeof(handler),
                                         .message = stop_on_message};
    struct serve *s = serve_new();
    struct client c;

    (void)state;
    serve_open_at(s, "/stop", &handler);
    serve_run(s);
    client_join(&c, s, "/stop");
    client_text(&c, "last words");
    client_expect(&c, "text:last\\x20words");
    client_expect(&c, "close:1001");
    client_close_frame(&c, 1001);
    client_close(&c);
    serve_join(s);
    serve_close(s);
}

/* ---- Figures ------------------------------------------------------------- */

static void test_stats(void **state)
{
    struct serve *s = serve_new();
    struct weft_server_stats stats;
    struct client a, b;
    uint8_t part[sizeof(stats) + 8];

    (void)state;
    s->opts.threads = 2;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    client_join(&a, s, "/echo");
    client_open(&b, s);
    assert_int_equal(client_get(&b, "/", ""), 404);
    assert_int_equal(client_get(&b, "/", ""), 404);
    for (int i = 0; i < 3; i++) {
        client_text(&a, "Hello");
        client_expect(&a, "text:Hello");
    }
    serve_turn(s);
    stats = serve_stats(s);
    assert_int_equal(stats.accepted, 2);
    assert_int_equal(stats.requests, 3);
    assert_int_equal(stats.opened, 1);
    assert_int_equal(stats.open, 1);
    assert_int_equal(stats.messages_in, 3);
    assert_int_equal(stats.messages_out, 3);
    assert_int_equal(stats.dropped, 0);
    assert_int_equal(stats.silent, 0);
    assert_int_equal(stats.refused, 0);
    assert_int_equal(stats.slow_closed, 0);
    assert_true(stats.bytes_in > 3 * 11 && stats.bytes_in < 2000);
    assert_true(stats.bytes_out > 3 * 7 && stats.bytes_out < 2000);

    client_close(&a);
    client_close(&b);
    gate_wait(&closed, 1);
    SERVE_UNTIL(s, serve_stats(s).open == 0);
    assert_int_equal(serve_stats(s).opened, 1);

    /* A caller with an older header gets what it knows. */
    memset(part, 0xee, sizeof(part));
    weft_server_stats(s->srv, (void *)part, 16);
    assert_int_equal(part[0], 2);
    assert_int_equal(part[8], 3);
    for (size_t i = 16; i < sizeof(part); i++)
        assert_int_equal(part[i], 0xee);
    /* And one with a newer header zero for what it alone knows. */
    weft_server_stats(s->srv, (void *)part, sizeof(part));
    for (size_t i = sizeof(stats); i < sizeof(part); i++)
        assert_int_equal(part[i], 0);
    serve_close(s);
}

static void test_log(void **state)
{
    struct serve *s = serve_new();

    (void)state;
    serve_open(s);
    weft_server_log(s->srv, WEFT_LOG_INFO, "%d\n%s", 42, "forged");
    assert_true(serve_logged(s, "INFO 42\\x0aforged\n"));
    serve_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_free_without_run),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_run_without_memory),
        cmocka_unit_test(test_document_root),
        cmocka_unit_test(test_listen),
        cmocka_unit_test(test_bad_addresses),
        cmocka_unit_test(test_localhost),
        cmocka_unit_test(test_stop_before_run),
        cmocka_unit_test(test_run_again),
        cmocka_unit_test(test_run_without_listeners),
        cmocka_unit_test(test_stop_from_signal),
        cmocka_unit_test(test_stop_from_handler),
        cmocka_unit_test_setup(test_stats, reset_gates),
        cmocka_unit_test(test_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
