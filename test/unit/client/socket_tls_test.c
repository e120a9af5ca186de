/* SPDX-License-Identifier: MIT */
/*
 * Sockets over TLS, with the library's own server at the other end: when the
 * request is told, what fails and how, and that nothing is left behind.
 */
#include "caller.h"
#include "cert_files.h"
#include <stdio.h>

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_send(conn, msg->kind, msg->data, msg->len);
}

static const struct weft_handler echo = {.size = sizeof(echo),
                                         .message = on_message};

/* A server with the certificate of that name. */
static struct serve *serve_as(const char *certificate, const char *key)
{
    struct serve *s = serve_new();
    const struct weft_tls_identity identity = {cert_path(certificate),
                                               cert_path(key)};
    const struct weft_tls_opts tls = {
        .size = sizeof(tls), .identities = &identity, .identity_count = 1};

    serve_open_at(s, "/echo", &echo);
    serve_listen_tls(s, &tls);
    serve_spawn(s);
    return s;
}

static struct weft_socket_opts trusting(void)
{
    return (struct weft_socket_opts){.size = sizeof(struct weft_socket_opts),
                                     .ca_file = cert_path("ca.pem")};
}

static void test_good(void **state)
{
    struct serve *s = serve_as("server.pem", "server.key");
    struct weft_socket_opts opts = trusting();
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    const struct weft_loop_opts loop_opts = {.size = sizeof(loop_opts),
                                             .mem = &mem};
    struct weft_loop *loop;
    struct caller c;
    char text[128];

    (void)state;
    assert_int_equal(weft_loop_new(&loop, &loop_opts), 0);
    assert_int_equal(caller_begin(&c, loop, caller_url(s, 0, "/echo"), &opts),
                     0);
    assert_string_equal(weft_socket_tls(c.ws, text, sizeof(text)), "");
    caller_expect(&c, "request");
    assert_true(
        strncmp(weft_socket_tls(c.ws, text, sizeof(text)), "TLSv1.3 ", 8) == 0);
    assert_string_equal(weft_socket_peer_subject(c.ws, text, sizeof(text)),
                        "CN=server");
    assert_string_equal(weft_socket_peer_subject(c.ws, text, 4), "CN=");
    caller_expect(&c, "open");
    for (int i = 0; i < 3; i++) {
        caller_say(&c, "Hello");
        caller_expect(&c, "text:Hello");
    }
    assert_true(weft_socket_buffered_amount(c.ws) == 0);
    assert_int_equal(weft_socket_close(c.ws, 1000, ""), 0);
    caller_ends(&c);
    assert_true(c.how.clean);
    caller_release(&c);
    weft_loop_free(loop);
    assert_int_equal(fm.live, 0);
    serve_close(s);
}

static const struct {
    const char *name;
    bool is_insecure;
    const char *about; /* NULL: it opens */
} servers[] = {
    {"elsewhere", false, "is not for localhost"},
    {"expired", false, "has expired on"},
    {"self", false, "is self-signed"},
    {"unknown", false, "comes from \"another authority\""},
    {"elsewhere", true, NULL},
    {"expired", true, NULL},
    {"self", true, NULL},
    {"unknown", true, NULL},
};

static void test_certificates(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(servers); i++) {
        char pem[32], key[32];
        struct serve *s;
        struct weft_socket_opts opts = trusting();
        struct weft_loop *loop;
        struct caller c;

        snprintf(pem, sizeof(pem), "%s.pem", servers[i].name);
        snprintf(key, sizeof(key), "%s.key", servers[i].name);
        s = serve_as(pem, key);
        opts.is_insecure = servers[i].is_insecure;
        assert_int_equal(weft_loop_new(&loop, NULL), 0);
        assert_int_equal(
            caller_begin(&c, loop, caller_url(s, 0, "/echo"), &opts), 0);
        if (servers[i].about) {
            caller_ends(&c);
            assert_string_equal(text_of(&c.words), "error close:1006");
            assert_int_equal(c.err, WEFT_ERR_TLS);
            CHECK(strstr(c.why, "the server's certificate"), "%s", c.why);
            CHECK(strstr(c.why, servers[i].about), "%s", c.why);
        } else {
            caller_expect(&c, "request open");
        }
        caller_release(&c);
        weft_loop_free(loop);
        serve_close(s);
    }
}

/* Files that cannot be used are the caller's mistake, and named. */
static void test_files(void **state)
{
    const struct {
        const char *ca_file, *certificate, *key, *about;
    } cases[] = {
        {"/none/such.pem", NULL, NULL, "/none/such.pem"},
        {cert_path("ca.key"), NULL, NULL, "ca.key"},
        {NULL, "/none/such.pem", NULL, "/none/such.pem"},
        {NULL, cert_path("alice.pem"), NULL, "alice.pem"},
        {NULL, cert_path("alice.pem"), cert_path("b.key"), "b.key"},
    };
    struct weft_loop *loop;

    (void)state;
    assert_int_equal(weft_loop_new(&loop, NULL), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *why = NULL;
        const struct weft_socket_opts opts = {
            .size = sizeof(opts),
            .ca_file = cases[i].ca_file,
            .certificate = cases[i].certificate,
            .key = cases[i].key,
            .why = &why,
        };
        struct caller c;
        int err = caller_begin(&c, loop, "wss://localhost/", &opts);

        CHECK(err == WEFT_ERR_INVALID, "%zu: %d", i, err);
        CHECK(why && strstr(why, cases[i].about), "%zu: %s", i, why);
        /* They are not looked at where there is no TLS. */
        assert_int_equal(caller_begin(&c, loop, "ws://localhost:1/", &opts), 0);
        assert_string_equal(why, "");
        caller_release(&c);
    }
    weft_loop_free(loop);
}

/* A server without TLS: its answer is none. */
static void test_plain_server(void **state)
{
    struct serve *s = serve_new();
    struct weft_socket_opts opts = trusting();
    struct weft_loop *loop;
    struct caller c;

    (void)state;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    assert_int_equal(weft_loop_new(&loop, NULL), 0);
    assert_int_equal(caller_begin(&c, loop, caller_url(s, 0, "/echo"), &opts),
                     0);
    caller_ends(&c);
    assert_string_equal(text_of(&c.words), "error close:1006");
    assert_int_equal(c.err, WEFT_ERR_TLS);
    caller_release(&c);
    weft_loop_free(loop);
    serve_close(s);
}

/* Given back at each of its stages, counted in turns of its loop. */
static void test_free_any_time(void **state)
{
    struct serve *s = serve_as("server.pem", "server.key");
    struct weft_socket_opts opts = trusting();
    bool is_open = false;

    (void)state;
    for (int turns = 0; !is_open; turns++) {
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {fail_realloc, &fm};
        const struct weft_loop_opts loop_opts = {.size = sizeof(loop_opts),
                                                 .mem = &mem};
        struct weft_loop *loop;
        struct caller c;

        assert_int_equal(weft_loop_new(&loop, &loop_opts), 0);
        assert_int_equal(
            caller_begin(&c, loop, caller_url(s, 0, "/echo"), &opts), 0);
        for (int i = 0; i < turns; i++)
            assert_int_equal(weft_loop_turn(loop, 1000), 0);
        is_open = weft_socket_ready_state(c.ws) == WEFT_OPEN;
        caller_release(&c);
        weft_loop_free(loop);
        CHECK(fm.live == 0, "%zu bytes left after %d turns", fm.live, turns);
    }
    serve_close(s);
}

/* Every allocation fails in turn: an error of new, or of the connection. */
static void test_without_memory(void **state)
{
    struct serve *s = serve_as("server.pem", "server.key");
    struct weft_socket_opts opts = trusting();
    const char *url = caller_url(s, 0, "/echo");
    bool is_open = false;
    long n = 0;

    (void)state;
    while (!is_open) {
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {fail_realloc, &fm};
        const struct weft_loop_opts loop_opts = {.size = sizeof(loop_opts),
                                                 .mem = &mem};
        struct weft_loop *loop;
        struct caller c;
        int err;

        assert_int_equal(weft_loop_new(&loop, &loop_opts), 0);
        fm.left = n++;
        err = caller_begin(&c, loop, url, &opts);
        assert_true(err == 0 || err == WEFT_ERR_NOMEM);
        for (int i = 0; c.ws && !is_open; i++) {
            CHECK(i < 100000, "at step %ld: %s", n, text_of(&c.words));
            (void)weft_loop_turn(loop, 10);
            is_open = c.ws && weft_socket_ready_state(c.ws) == WEFT_OPEN;
        }
        fm.left = -1;
        caller_release(&c);
        weft_loop_free(loop);
        CHECK(fm.live == 0, "%zu bytes left at step %ld", fm.live, n);
    }
    assert_true(n > 20);
    serve_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_plain_server),
        cmocka_unit_test(test_free_any_time),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
