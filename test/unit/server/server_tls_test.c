/* SPDX-License-Identifier: MIT */
/*
 * Listeners with TLS: what a handler learns of them, what is refused, and what
 * is logged. The client is the library's own.
 */
#include "caller.h"
#include "cert_files.h"
#include <stdio.h>

static struct weft_tls_identity identity;

/* How the last request came; under the gate. */
static struct gate opened = GATE;
static bool was_secure;
static char subject[128];

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    const char *who = weft_request_client_subject(req);

    (void)conn;
    was_secure = weft_request_is_secure(req);
    snprintf(subject, sizeof(subject), "%s", who ? who : "nobody");
    gate_pass(&opened);
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_send(conn, msg->kind, msg->data, msg->len);
}

static const struct weft_handler echo = {
    .size = sizeof(echo), .open = on_open, .message = on_message};

static struct weft_tls_opts server_tls(void)
{
    identity = (struct weft_tls_identity){cert_path("server.pem"),
                                          cert_path("server.key")};
    return (struct weft_tls_opts){.size = sizeof(struct weft_tls_opts),
                                  .identities = &identity,
                                  .identity_count = 1};
}

static struct weft_socket_opts trusting(void)
{
    return (struct weft_socket_opts){.size = sizeof(struct weft_socket_opts),
                                     .ca_file = cert_path("ca.pem")};
}

static struct serve *serve_tls(void)
{
    struct serve *s = serve_new();
    struct weft_tls_opts tls = server_tls();

    gate_reset(&opened);
    serve_open_at(s, "/echo", &echo);
    serve_listen_tls(s, &tls);
    return s;
}

static struct weft_loop *new_loop(void)
{
    struct weft_loop *loop;

    assert_int_equal(weft_loop_new(&loop, NULL), 0);
    return loop;
}

/* ---- Listening ----------------------------------------------------------- */

static void test_addresses(void **state)
{
    struct serve *s = serve_new();
    struct weft_tls_opts tls = server_tls();

    (void)state;
    serve_open(s);
    assert_int_equal(weft_server_listen(s->srv, "127.0.0.1:0", NULL), 0);
    serve_listen_tls(s, &tls);
    assert_false(weft_server_address_is_secure(s->srv, 0));
    assert_true(weft_server_address_is_secure(s->srv, 1));
    assert_false(weft_server_address_is_secure(s->srv, 2));
    assert_true(strncmp(weft_server_address(s->srv, 1), "127.0.0.1:", 10) == 0);
    serve_spawn(s);
    serve_turn(s);
    assert_true(serve_logged(s, "INFO listening on 127.0.0.1:"));
    assert_true(serve_logged(s, " with TLS\n"));
    serve_close(s);
}

static void test_listen_fails(void **state)
{
    struct serve *s = serve_new();
    struct weft_tls_opts tls = server_tls();
    char why[512] = "x";
    struct weft_listen_opts opts = {
        .size = sizeof(opts), .tls = &tls, .why = why, .why_size = 512};

    (void)state;
    serve_open(s);
    identity.key = cert_path("b.key");
    assert_int_equal(weft_server_listen(s->srv, "127.0.0.1:0", &opts),
                     WEFT_ERR_INVALID);
    assert_non_null(strstr(why, "b.key"));
    tls.identity_count = 0;
    assert_int_equal(weft_server_listen(s->srv, "127.0.0.1:0", &opts),
                     WEFT_ERR_USAGE);
    assert_true(why[0]);
    opts.why_size = 4;
    assert_int_equal(weft_server_listen(s->srv, "127.0.0.1:0", &opts),
                     WEFT_ERR_USAGE);
    assert_int_equal(strlen(why), 3);
    opts.why = NULL;
    assert_int_equal(weft_server_listen(s->srv, "127.0.0.1:0", &opts),
                     WEFT_ERR_USAGE);
    assert_null(weft_server_address(s->srv, 0));
    /* What is wrong with the address is told by the error alone. */
    tls = server_tls();
    opts.why = why;
    opts.why_size = 512;
    assert_int_equal(weft_server_listen(s->srv, "192.0.2.1:0", &opts),
                     WEFT_ERR_ADDRESS);
    assert_string_equal(why, "");
    serve_close(s);
}

/* ---- Talking ------------------------------------------------------------- */

static void test_echo(void **state)
{
    struct serve *s = serve_tls();
    struct weft_socket_opts opts = trusting();
    struct weft_loop *loop = new_loop();
    struct caller c;

    (void)state;
    serve_spawn(s);
    assert_int_equal(caller_begin(&c, loop, caller_url(s, 0, "/echo"), &opts),
                     0);
    caller_expect(&c, "request open");
    gate_wait(&opened, 1);
    assert_true(was_secure);
    assert_string_equal(subject, "nobody");
    caller_say(&c, "Hello");
    caller_expect(&c, "text:Hello");
    assert_int_equal(weft_socket_close(c.ws, 4000, "bye"), 0);
    caller_expect(&c, "close:4000");
    SERVE_UNTIL(s, serve_connections(s) == 0);
    caller_release(&c);
    weft_loop_free(loop);
    serve_close(s);
}

static void test_client_certificate(void **state)
{
    struct serve *s = serve_new();
    struct weft_tls_opts tls = server_tls();
    struct weft_socket_opts opts = trusting();
    struct weft_loop *loop = new_loop();
    struct caller c;

    (void)state;
    gate_reset(&opened);
    tls.client_auth = WEFT_TLS_CLIENT_REQUIRED;
    tls.client_ca = cert_path("ca.pem");
    serve_open_at(s, "/echo", &echo);
    serve_listen_tls(s, &tls);
    serve_spawn(s);
    opts.certificate = cert_path("alice.pem");
    opts.key = cert_path("alice.key");
    assert_int_equal(caller_begin(&c, loop, caller_url(s, 0, "/echo"), &opts),
                     0);
    caller_expect(&c, "open");
    gate_wait(&opened, 1);
    assert_string_equal(subject, "CN=alice,O=Example");
    caller_release(&c);

    opts.certificate = opts.key = NULL;
    assert_int_equal(caller_begin(&c, loop, caller_url(s, 0, "/echo"), &opts),
                     0);
    caller_ends(&c);
    assert_int_equal(c.err, WEFT_ERR_TLS);
    SERVE_UNTIL(s, serve_logged(s, "WARN 127.0.0.1: TLS handshake failed: "));
    assert_int_equal(gate_count(&opened), 1);
    caller_release(&c);
    weft_loop_free(loop);
    serve_close(s);
}

/* One connection too many is told so, once TLS is there to say it in. */
static void test_connection_limit(void **state)
{
    struct serve *s = serve_new();
    struct weft_tls_opts tls = server_tls();
    struct weft_socket_opts opts = trusting();
    struct weft_loop *loop = new_loop();
    struct caller a, b;

    (void)state;
    s->opts.connection_limit = 1;
    serve_open_at(s, "/echo", &echo);
    serve_listen_tls(s, &tls);
    serve_spawn(s);
    assert_int_equal(caller_begin(&a, loop, caller_url(s, 0, "/echo"), &opts),
                     0);
    caller_expect(&a, "open");
    assert_int_equal(caller_begin(&b, loop, caller_url(s, 0, "/echo"), &opts),
                     0);
    caller_ends(&b);
    assert_int_equal(b.err, WEFT_ERR_REFUSED);
    assert_non_null(strstr(b.why, "503"));
    caller_say(&a, "Hello");
    caller_expect(&a, "text:Hello");
    caller_release(&a);
    caller_release(&b);
    weft_loop_free(loop);
    serve_close(s);
}

/* ---- Clients that are none ----------------------------------------------- */

static void test_plain_client(void **state)
{
    struct serve *s = serve_tls();
    struct client c;

    (void)state;
    serve_spawn(s);
    client_open(&c, s);
    client_say(&c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(client_answer(&c), 400);
    assert_true(client_ended(&c));
    client_close(&c);
    SERVE_UNTIL(s, serve_connections(s) == 0);
    assert_true(serve_logged(s, "WARN 127.0.0.1: TLS handshake failed: "));
    serve_close(s);
}

/* Without TLS there is nothing to answer in. */
static void test_silent_client(void **state)
{
    struct serve *s = serve_new();
    struct weft_tls_opts tls = server_tls();
    struct client c;

    (void)state;
    s->opts.handshake_ms = 20;
    serve_open_at(s, "/echo", &echo);
    serve_listen_tls(s, &tls);
    serve_spawn(s);
    client_open(&c, s);
    client_await_end(&c);
    assert_int_equal(c.in.len, 0);
    client_close(&c);
    SERVE_UNTIL(s, serve_logged(s, "TLS handshake failed: it took too long"));
    assert_false(serve_logged(s, "408"));
    serve_close(s);
}

/* ---- Reading certificates again ------------------------------------------ */

static void test_reload(void **state)
{
    struct serve *s = serve_new();
    struct weft_tls_opts tls = server_tls();
    struct weft_socket_opts opts = trusting();
    /* A loop of its own, for a session that is resumed keeps what it was. */
    struct weft_loop *loop = new_loop(), *other = new_loop();
    struct caller old, new;
    char subject_of[128];

    (void)state;
    identity.certificate = cert_copy("server.pem", "mine.pem");
    identity.key = cert_copy("server.key", "mine.key");
    s->opts.threads = 2;
    serve_open_at(s, "/echo", &echo);
    serve_listen_tls(s, &tls);
    serve_spawn(s);
    assert_int_equal(caller_begin(&old, loop, caller_url(s, 0, "/echo"), &opts),
                     0);
    caller_expect(&old, "open");

    cert_copy("soon.pem", "mine.pem");
    cert_copy("soon.key", "mine.key");
    weft_server_reload_tls(s->srv);
    SERVE_UNTIL(s, serve_logged(s, "INFO certificates read again"));
    SERVE_UNTIL(s, serve_logged(s, "WARN the certificate in "));
    assert_int_equal(
        caller_begin(&new, other, caller_url(s, 0, "/echo"), &opts), 0);
    caller_expect(&new, "open");
    weft_socket_peer_subject(new.ws, subject_of, sizeof(subject_of));
    assert_string_equal(subject_of, "CN=soon");
    weft_socket_peer_subject(old.ws, subject_of, sizeof(subject_of));
    assert_string_equal(subject_of, "CN=server");
    caller_say(&old, "Hello");
    caller_expect(&old, "text:Hello");
    caller_release(&old);
    caller_release(&new);
    weft_loop_free(loop);
    weft_loop_free(other);
    serve_close(s);
}

static void test_reload_without_tls(void **state)
{
    struct serve *s = serve_new();

    (void)state;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    weft_server_reload_tls(s->srv);
    serve_turn(s);
    assert_false(serve_logged(s, "certificates"));
    serve_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_listen_fails),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_client_certificate),
        cmocka_unit_test(test_connection_limit),
        cmocka_unit_test(test_plain_client),
        cmocka_unit_test(test_silent_client),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_reload_without_tls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
