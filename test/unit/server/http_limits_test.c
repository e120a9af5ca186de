/* SPDX-License-Identifier: MIT */
/*
 * How much of a request is taken, for how long it is waited for, and under
 * which names. There is nothing to be served here: a request that is taken is
 * answered with 404.
 */
#include "serve.h"

#include <sys/socket.h>

/* ---- Limits -------------------------------------------------------------- */

/* A request whose head has exactly this many bytes, at most 10,000. */
static const char *head_of(size_t len)
{
    static const char begin[] = "GET /none HTTP/1.1\r\nHost: localhost\r\nX: ";
    static char head[10001];

    memset(head, 'x', len);
    memcpy(head, begin, sizeof(begin) - 1);
    memcpy(head + len - 4, "\r\n\r\n", 5);
    return head;
}

static void test_header_limit(void **state)
{
    struct serve *s = serve_new();

    (void)state;
    s->opts.header_limit = 1000;
    serve_open(s);
    serve_run(s);
    for (size_t len = 997; len <= 1003; len++) {
        for (size_t cut = 0; cut < len; cut += 199) {
            const char *head = head_of(len);
            struct client c;

            client_open(&c, s);
            client_send(&c, head, cut);
            if (cut > 0)
                serve_turn(s);
            client_say(&c, head + cut);
            assert_int_equal(client_answer(&c), len <= 1000 ? 404 : 431);
            if (len > 1000)
                assert_true(client_ended(&c));
            client_close(&c);
        }
    }
    serve_close(s);
}

static void test_field_limit(void **state)
{
    struct serve *s = serve_new();

    (void)state;
    s->opts.field_limit = 5;
    serve_open(s);
    serve_run(s);
    for (int fields = 3; fields <= 7; fields++) {
        struct client c;

        client_open(&c, s);
        client_say(&c, "GET /none HTTP/1.1\r\nHost: localhost\r\n");
        for (int i = 1; i < fields; i++)
            client_say(&c, "X: y\r\n");
        client_say(&c, "\r\n");
        assert_int_equal(client_answer(&c), fields <= 5 ? 404 : 431);
        client_close(&c);
    }
    serve_close(s);
}

/* T6 of the list of known attacks: far more than is taken, and still the
 * answer is read, as nothing is reset while the peer sends. */
static void test_floods(void **state)
{
    static const struct {
        const char *begin, *piece;
        int status;
    } floods[] = {
        {"GET / HTTP/1.1\r\nHost: localhost\r\n", "X: y\r\n", 431},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", "yyyyyyyyyyyyyyyy", 431},
        {"GET / HTTP/1.1\r\nHost: localhost\r\n", "xxxxxxxxxxxxxxxx", 431},
        {"GET /", "xxxxxxxxxxxxxxxx", 414},
        {"", "GGGGGGGGGGGGGGGG", 501},
        {"", "\r\n\r\n\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: localhost\r\n", "\x01\x02\x03", 400},
    };
    struct serve *s = serve_new();

    (void)state;
    serve_open(s);
    serve_run(s);
    for (size_t i = 0; i < COUNT(floods); i++) {
        struct bytes out = {0};
        struct client c;

        bytes_add(&out, floods[i].begin, strlen(floods[i].begin));
        while (out.len < 300000)
            bytes_add(&out, floods[i].piece, strlen(floods[i].piece));
        client_open(&c, s);
        client_send(&c, out.data, out.len);
        CHECK(client_answer(&c) == floods[i].status, "%s: %s", floods[i].begin,
              text_of(&c.head));
        assert_true(client_ended(&c));
        client_close(&c);
        bytes_release(&out);
    }
    serve_close(s);
}

/* Only a server on loopback alone looks at Host, and only for names that are
 * not in its list. */
static void test_hosts(void **state)
{
    static const char *const hosts[] = {"dev.example", NULL};
    static const char *const any[] = {"any", NULL};
    static const struct {
        const char *listen;
        const char *const *hosts;
        int dev, evil;
    } cases[] = {
        {"127.0.0.1:0", NULL, 403, 403},
        {"127.0.0.1:0", hosts, 404, 403},
        {"127.0.0.1:0", any, 404, 404},
        {"0.0.0.0:0", NULL, 404, 404},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct serve *s = serve_new();
        struct client c;

        s->opts.hosts = cases[i].hosts;
        serve_open(s);
        assert_int_equal(weft_server_listen(s->srv, cases[i].listen, NULL), 0);
        serve_spawn(s);
        client_open(&c, s);
        client_say(&c, "GET / HTTP/1.1\r\nHost: dev.example:80\r\n\r\n");
        assert_int_equal(client_answer(&c), cases[i].dev);
        client_say(&c, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        assert_int_equal(client_answer(&c), cases[i].evil);
        assert_int_equal(client_get(&c, "/", ""), 404);
        client_close(&c);
        serve_close(s);
    }
}

/* ---- How long ------------------------------------------------------------ */

static struct serve *impatient(void)
{
    struct serve *s = serve_new();

    s->opts.handshake_ms = 50;
    serve_open(s);
    serve_run(s);
    return s;
}

static void test_handshake_timeout(void **state)
{
    static const char *const parts[] = {"", "G", "GET / HTTP/1.1\r\n",
                                        "GET / HTTP/1.1\r\nHost: localhost\r\n",
                                        "\r"};
    struct serve *s = impatient();

    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct client c;

        client_open(&c, s);
        client_say(&c, parts[i]);
        assert_int_equal(client_answer(&c), 408);
        assert_string_equal(client_field(&c, "Connection"), "close");
        assert_true(client_ended(&c));
        client_close(&c);
    }
    assert_true(serve_logged(s, "ACCESS 127.0.0.1 - - 408\n"));
    serve_close(s);
}

/* T15: bytes that trickle in buy no time, for the first request or a later
 * one. */
static void test_trickle(void **state)
{
    (void)state;
    for (int later = 0; later < 2; later++) {
        struct serve *s = impatient();
        bool is_over = false;
        struct client c;
        long n = 0;

        client_open(&c, s);
        if (later)
            assert_int_equal(client_get(&c, "/", ""), 404);
        client_say(&c, "GET / HTTP/1.1\r\nHost: localhost\r\nX: ");
        while (!is_over) {
            uint8_t peek;

            CHECK(n++ < 8000, "it is still waiting");
            (void)client_try(&c, "x", 1);
            serve_turn(s);
            is_over = recv(c.fd, &peek, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
        }
        assert_int_equal(client_answer(&c), 408);
        client_close(&c);
        serve_close(s);
    }
}

/* Between requests it ends without a word, as soon as idle_http_ms says. */
static void test_idle_timeout(void **state)
{
    struct serve *s = serve_new();
    struct client c;

    (void)state;
    s->opts.idle_http_ms = 50;
    s->opts.handshake_ms = WEFT_UNLIMITED;
    serve_open(s);
    serve_run(s);
    client_open(&c, s);
    assert_int_equal(client_get(&c, "/", ""), 404);
    assert_true(client_ended(&c));
    client_close(&c);
    serve_close(s);
}

/* A peer that keeps its half open behind the last answer. */
static void test_lingering_peer(void **state)
{
    struct serve *s = serve_new();
    struct client c;

    (void)state;
    s->opts.close_ms = 50;
    serve_open(s);
    serve_run(s);
    client_open(&c, s);
    assert_int_equal(client_get(&c, "/", "Connection: close\r\n"), 404);
    assert_true(client_ended(&c));
    SERVE_UNTIL(s, serve_connections(s) == 0);
    client_close(&c);
    serve_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_limit),
        cmocka_unit_test(test_field_limit),
        cmocka_unit_test(test_floods),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_handshake_timeout),
        cmocka_unit_test(test_trickle),
        cmocka_unit_test(test_idle_timeout),
        cmocka_unit_test(test_lingering_peer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
