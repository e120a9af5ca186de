/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 on real connections: requests one behind the other, whole and in
 * pieces, and that an answer arrives whatever else the peer does.
 */
#include "serve.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BIG ((size_t)3 << 20)

static char root[] = "/tmp/weft-http-XXXXXX";
static uint8_t *big; /* the content of /big.bin */

static void make_file(const char *name, const void *content, size_t len)
{
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", root, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, len), len);
    close(fd);
}

static int make_root(void **state)
{
    uint64_t seed = 1;
    char path[256];

    (void)state;
    assert_non_null(mkdtemp(root));
    big = malloc(BIG);
    assert_non_null(big);
    for (size_t i = 0; i < BIG; i++)
        big[i] = (uint8_t)test_random(&seed);
    make_file("index.html", "<p>home</p>", 11);
    make_file("a.txt", "0123456789", 10);
    make_file("big.bin", big, BIG);
    snprintf(path, sizeof(path), "%s/sub", root);
    assert_int_equal(mkdir(path, 0755), 0);
    return 0;
}

static int remove_root(void **state)
{
    static const char *const names[] = {"index.html", "a.txt", "big.bin",
                                        "shrinks.bin"};
    char path[256];

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", root, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/sub", root);
    rmdir(path);
    free(big);
    return rmdir(root);
}

static const struct weft_handler handler = {.size = sizeof(handler)};

static struct serve *serve_files(void)
{
    struct serve *s = serve_new();

    s->opts.document_root = root;
    return s;
}

static struct serve *start(void)
{
    struct serve *s = serve_files();

    serve_open_at(s, "/socket", &handler);
    serve_run(s);
    return s;
}

/* ---- One behind the other ------------------------------------------------ */

static const struct {
    const char *request;
    int status;
    const char *body;
    bool is_last; /* the connection ends with it */
} requests[] = {
    {"GET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, "0123456789",
     false},
    {"GET /%61.txt?query HTTP/1.1\r\nHost: localhost\r\n\r\n", 200,
     "0123456789", false},
    {"GET http://localhost/a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", 200,
     "0123456789", false},
    {"GET /x/../a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, "0123456789",
     false},
    {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, "<p>home</p>", false},
    {"GET /a.txt HTTP/1.1\r\nHost: localhost\r\nRange: bytes=3-5\r\n\r\n", 206,
     "345", false},
    {"GET /sub HTTP/1.1\r\nHost: localhost\r\n\r\n", 301,
     "301 Moved Permanently\n", false},
    {"GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "404 Not Found\n",
     false},
    {"POST /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", 405,
     "405 Method Not Allowed\n", false},
    {"GET /socket HTTP/1.1\r\nHost: localhost\r\n\r\n", 426,
     "this is a WebSocket endpoint: ask for an upgrade\n", false},
    {"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400,
     "the path is not valid\n", false},
    {"GET /a%2fb HTTP/1.1\r\nHost: localhost\r\n\r\n", 400,
     "the path is not valid\n", false},
    {"GET /../a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", 400,
     "the path is not valid\n", false},
    {"GET /%2e%2e/a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", 400,
     "the path is not valid\n", false},
    {"GET /a.txt HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403,
     "this Host is not known here; --host NAME allows it\n", false},
    {"GET /a.txt HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n"
     "\r\n",
     200, "0123456789", false},
    {"\r\nGET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, "0123456789",
     false},

    {"GET /a.txt HTTP/1.0\r\nHost: localhost\r\n\r\n", 200, "0123456789", true},
    {"GET /a.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200,
     "0123456789", true},
    {"GET /a.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
     200, "0123456789", true},
    {"POST /a.txt HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked"
     "\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
     405, "405 Method Not Allowed\n", true},
    {"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400,
     "the request target is not valid\n", true},
    {"GET / HTTP/1.1\r\n\r\n", 400, "400 Bad Request\n", true},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "400 Bad Request\n",
     true},
    {"GET / HTTP/2.0\r\n\r\n", 505, "505 HTTP Version Not Supported\n", true},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505,
     "505 HTTP Version Not Supported\n", true},
    {"GET / HTTP/1.1\nHost: localhost\n\n", 400, "400 Bad Request\n", true},
    {"\x16\x03\x01\x02", 400, "400 Bad Request\n", true}, /* TLS */
};

static void check_answer(struct client *c, size_t i)
{
    int status = client_answer(c);

    CHECK(status == requests[i].status, "%s: %d", requests[i].request, status);
    CHECK(!strcmp(client_body(c), requests[i].body), "%s: %s",
          requests[i].request, client_body(c));
    assert_int_equal(client_fields(c, "Date"), 1);
    if (requests[i].is_last)
        assert_true(client_ended(c));
}

static void test_each(void **state)
{
    struct serve *s = start();

    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++) {
        struct client c;

        client_open(&c, s);
        client_say(&c, requests[i].request);
        check_answer(&c, i);
        client_close(&c);
    }
    serve_close(s);
}

/* Pairs of requests, each behind each, on one connection; then together in
 * one segment. Nothing is answered behind a last one. */
static void test_pairs(void **state)
{
    struct serve *s = start();

    (void)state;
    for (size_t i = 0; i < COUNT(requests) * COUNT(requests); i++) {
        size_t first = i / COUNT(requests), second = i % COUNT(requests);
        struct client c;
        char both[1024];

        if (requests[first].is_last && second > 0)
            continue;
        client_open(&c, s);
        snprintf(both, sizeof(both), "%s%s", requests[first].request,
                 requests[second].request);
        client_say(&c, both);
        check_answer(&c, first);
        if (!requests[first].is_last)
            check_answer(&c, second);
        client_close(&c);
    }
    serve_close(s);
}

/* What one peer sends at once is not answered without end: after a bounded
 * number of answers the connection ends, and the peer is told so. */
static void test_many_in_one_segment(void **state)
{
    struct serve *s = start();
    struct bytes out = {0};
    const char *said;
    struct client c;
    int n = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        bytes_add(&out, requests[0].request, strlen(requests[0].request));
    client_open(&c, s);
    client_send(&c, out.data, out.len);
    do {
        check_answer(&c, 0);
        said = client_field(&c, "Connection");
        n++;
    } while (!said && n < 1000);
    assert_true(n >= 10);
    if (said)
        assert_true(client_ended(&c));
    assert_int_equal(serve_stats(s).requests, n);
    client_close(&c);
    bytes_release(&out);
    serve_close(s);
}

/* ---- In pieces ----------------------------------------------------------- */

static void test_cut_everywhere(void **state)
{
    static const char request[] = "GET /a.txt HTTP/1.1\r\nHost: localhost\r\n"
                                  "X: y\r\n\r\nGET / HTTP/1.1\r\n"
                                  "Host: localhost\r\n\r\n";
    struct serve *s = start();
    struct client c;

    (void)state;
    for (size_t cut = 1; cut < sizeof(request) - 1; cut++) {
        client_open(&c, s);
        client_send(&c, request, cut);
        serve_turn(s);
        client_say(&c, request + cut);
        assert_int_equal(client_answer(&c), 200);
        assert_string_equal(client_body(&c), "0123456789");
        assert_int_equal(client_answer(&c), 200);
        assert_string_equal(client_body(&c), "<p>home</p>");
        client_close(&c);
    }
    client_open(&c, s);
    for (size_t i = 0; i < sizeof(request) - 1; i++) {
        client_send(&c, request + i, 1);
        serve_turn(s);
    }
    assert_int_equal(client_answer(&c), 200);
    assert_int_equal(client_answer(&c), 200);
    client_close(&c);
    serve_close(s);
}

/* ---- Large files --------------------------------------------------------- */

static void check_big(struct client *c)
{
    assert_int_equal(client_answer(c), 200);
    assert_int_equal(c->body.len, BIG);
    assert_memory_equal(c->body.data, big, BIG);
}

static void test_large_file(void **state)
{
    static const char get[] =
        "GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct serve *s = start();
    struct client c;

    (void)state;
    client_open_slow(&c, s);
    client_say(&c, get);
    check_big(&c);
    /* Requests wait behind an answer that does not fit the socket. */
    client_say(&c, get);
    client_say(&c, requests[0].request);
    client_say(&c, get);
    serve_turn(s);
    check_big(&c);
    check_answer(&c, 0);
    check_big(&c);
    /* A range of it, and the head alone. */
    assert_int_equal(
        client_get(&c, "/big.bin", "Range: bytes=1000000-1000099\r\n"), 206);
    assert_memory_equal(c.body.data, big + 1000000, 100);
    client_say(&c, "HEAD /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(client_answer_head(&c), 200);
    assert_string_equal(client_field(&c, "Content-Length"), "3145728");
    client_say(&c, requests[0].request);
    check_answer(&c, 0);
    client_close(&c);
    serve_close(s);
}

/* The peer ends its half at once: it still gets its answers. */
static void test_half_closed(void **state)
{
    struct serve *s = start();
    struct client c;

    (void)state;
    client_open_slow(&c, s);
    client_say(&c, "GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client_say(&c, requests[0].request);
    client_finish(&c);
    check_big(&c);
    check_answer(&c, 0);
    assert_true(client_ended(&c));
    client_close(&c);
    serve_close(s);
}

/* More behind an answer than may wait: the connection ends with the answer,
 * which is whole, and what came is not answered in part. */
static void test_too_much_behind(void **state)
{
    struct serve *s = start();
    struct bytes out = {0};
    struct client c;

    (void)state;
    bytes_add(&out, "GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n", 42);
    while (out.len < 20000)
        bytes_add(&out, requests[0].request, strlen(requests[0].request));
    client_open_slow(&c, s);
    client_send(&c, out.data, out.len);
    check_big(&c);
    assert_true(client_ended(&c));
    client_close(&c);
    bytes_release(&out);
    serve_close(s);
}

/* A file that becomes shorter cannot be sent as announced: the connection is
 * cut, so that the peer sees it. */
static void test_shrinking_file(void **state)
{
    struct serve *s = start();
    struct client c;
    char path[256];

    (void)state;
    make_file("shrinks.bin", "", 0);
    snprintf(path, sizeof(path), "%s/shrinks.bin", root);
    assert_int_equal(truncate(path, 256 << 20), 0);
    client_open_slow(&c, s);
    client_say(&c, "GET /shrinks.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(client_answer_head(&c), 200);
    assert_int_equal(truncate(path, 0), 0);
    client_await_end(&c);
    client_close(&c);
    serve_close(s);
}

/* A peer that asks and does not read is cut. */
static void test_stuck_reader(void **state)
{
    struct serve *s = serve_files();
    struct client c;

    (void)state;
    s->opts.idle_http_ms = 50;
    s->opts.handshake_ms = WEFT_UNLIMITED;
    serve_open(s);
    serve_run(s);
    client_open_slow(&c, s);
    client_say(&c, "GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
    SERVE_UNTIL(s, serve_connections(s) == 1);
    SERVE_UNTIL(s, serve_connections(s) == 0);
    client_close(&c);
    serve_close(s);
}

/* An answer that has begun is finished, though the server stops. */
static void test_stop_while_sending(void **state)
{
    struct serve *s = start();
    struct client c;

    (void)state;
    client_open_slow(&c, s);
    client_say(&c, "GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client_say(&c, requests[0].request);
    serve_turn(s);
    weft_server_stop(s->srv);
    check_big(&c);
    assert_true(client_ended(&c));
    client_close(&c);
    serve_join(s);
    serve_close(s);
}

/* Unless the server is told twice. */
static void test_stop_twice_while_sending(void **state)
{
    struct serve *s = serve_files();
    struct client c;

    (void)state;
    s->opts.drain_ms = WEFT_UNLIMITED;
    serve_open(s);
    serve_run(s);
    client_open_slow(&c, s);
    client_say(&c, "GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
    SERVE_UNTIL(s, serve_stats(s).requests == 1);
    weft_server_stop(s->srv);
    serve_turn(s); /* it goes on */
    weft_server_stop(s->srv);
    serve_join(s);
    client_await_end(&c);
    client_close(&c);
    serve_close(s);
}

/* ---- The log ------------------------------------------------------------- */

/* T22: a line for each request, and no secret in any. */
static void test_log(void **state)
{
    struct serve *s = start();
    struct client c;
    char path[3000];

    (void)state;
    client_open(&c, s);
    assert_int_equal(client_get(&c, "/a.txt?token=secret1",
                                "Cookie: id=secret2\r\n"
                                "Authorization: Bearer secret3\r\n"
                                "Sec-WebSocket-Protocol: secret4\r\n"
                                "Referer: http://a/?secret5\r\n"),
                     200);
    assert_int_equal(client_get(&c, "/no%0anew%20line", ""), 404);
    client_say(&c,
               "GET /socket?secret6 HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert_int_equal(client_answer(&c), 403);
    /* A long path is cut, and the status is still there. */
    memset(path, 'a', sizeof(path) - 1);
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(client_get(&c, path, ""), 404);
    client_say(&c, "nonsense\r\n");
    assert_int_equal(client_answer(&c), 400);
    client_close(&c);
    SERVE_UNTIL(s, serve_connections(s) == 0);
    assert_true(serve_logged(s, "ACCESS 127.0.0.1 GET /a.txt 200\n"));
    assert_true(serve_logged(s, "GET /no%0anew%20line 404\n"));
    assert_true(serve_logged(s, "--host NAME allows it"));
    assert_true(serve_logged(s, "aaaa 404\n"));
    assert_true(serve_logged(s, "ACCESS 127.0.0.1 - - 400\n"));
    assert_false(serve_logged(s, "secret"));
    serve_close(s);
}

/* ---- Out of memory ------------------------------------------------------- */

/* Files and errors, kept alive and in pieces, with the n-th allocation
 * failing. */
static bool run_with(long n, bool alone)
{
    struct serve *s = start();
    struct client c;
    bool has_failed;

    serve_turn(s);
    if (alone)
        serve_fail(s, n);
    else
        serve_allow(s, n);
    client_open(&c, s);
    if (client_try(&c, requests[0].request, 20)) {
        serve_turn(s);
        for (size_t i = 0; i < 10; i++) {
            const char *request = requests[i].request + (i == 0 ? 20 : 0);

            (void)client_try(&c, request, strlen(request));
        }
        (void)client_try(&c, "GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n",
                         42);
    }
    client_finish(&c);
    client_await_end(&c);
    client_close(&c);
    has_failed = serve_has_failed(s);
    serve_fail(s, -1);
    serve_allow(s, -1);

    client_open(&c, s);
    assert_int_equal(client_get(&c, "/a.txt", ""), 200);
    client_close(&c);
    serve_close(s);
    return has_failed;
}

static void test_without_memory(void **state)
{
    (void)state;
    for (int alone = 0; alone < 2; alone++) {
        long n = 0;

        while (run_with(n, alone))
            n++;
        assert_true(n > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_many_in_one_segment),
        cmocka_unit_test(test_cut_everywhere),
        cmocka_unit_test(test_large_file),
        cmocka_unit_test(test_half_closed),
        cmocka_unit_test(test_too_much_behind),
        cmocka_unit_test(test_shrinking_file),
        cmocka_unit_test(test_stop_while_sending),
        cmocka_unit_test(test_stop_twice_while_sending),
        cmocka_unit_test(test_stuck_reader),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, make_root, remove_root);
}
