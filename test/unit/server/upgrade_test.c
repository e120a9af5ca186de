/* SPDX-License-Identifier: MIT */
/*
 * From a request to a connection, on the wire: what is refused and how, that
 * nothing behind a refusal is ever looked at (T13 of the list of known
 * attacks), that frames in the segment of the request are not lost (T14), and
 * who may connect (T12).
 */
#include "serve.h"

#include <stdio.h>
#include <stdlib.h>

static struct gate opened = GATE, closed = GATE;

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    (void)conn;
    (void)req;
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
    return 0;
}

static struct serve *start(void)
{
    struct serve *s = serve_new();

    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    return s;
}

/* ---- Accepted ------------------------------------------------------------ */

static void test_response(void **state)
{
    struct serve *s = start();
    struct client c;

    (void)state;
    client_open(&c, s);
    assert_int_equal(
        client_upgrade(&c, "/%65cho?a=b",
                       "Sec-WebSocket-Protocol: chat\r\n"
                       "Sec-WebSocket-Extensions: permessage-bzip2\r\n"),
        101);
    assert_string_equal(client_field(&c, "Upgrade"), "websocket");
    assert_string_equal(client_field(&c, "Connection"), "Upgrade");
    /* What was offered and not chosen is not answered. */
    assert_null(client_field(&c, "Sec-WebSocket-Protocol"));
    assert_null(client_field(&c, "Sec-WebSocket-Extensions"));
    assert_null(client_field(&c, "Content-Length"));
    client_close(&c);
    serve_close(s);
}

/* Compression, without context takeover unless somebody wants it. */
static void test_extensions(void **state)
{
    static const struct {
        const char *offers, *answer;
    } cases[] = {
        {"permessage-deflate",
         "permessage-deflate; server_no_context_takeover; "
         "client_no_context_takeover"},
        {"x-y, permessage-deflate; bogus, permessage-deflate; "
         "client_max_window_bits; server_max_window_bits=10",
         "permessage-deflate; server_no_context_takeover; "
         "client_no_context_takeover; server_max_window_bits=10"},
        {"permessage-deflate; bogus", NULL},
    };
    struct serve *s = start();
    struct client c;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char field[256];
        const char *answer;

        snprintf(field, sizeof(field), "Sec-WebSocket-Extensions: %s\r\n",
                 cases[i].offers);
        client_open(&c, s);
        assert_int_equal(client_upgrade(&c, "/echo", field), 101);
        answer = client_field(&c, "Sec-WebSocket-Extensions");
        if (cases[i].answer)
            assert_string_equal(answer, cases[i].answer);
        else
            assert_null(answer);
        client_close(&c);
    }
    client_open(&c, s);
    assert_int_equal(
        client_upgrade(&c, "/echo", "Sec-WebSocket-Extensions: a;\r\n"), 400);
    client_close(&c);
    serve_close(s);
}

static const char *const accepted[] = {
    "GET /echo HTTP/1.1\r\nHost: localhost\r\nupgrade: WebSocket\r\n"
    "connection: keep-alive, UPGRADE\r\n"
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "sec-websocket-version: 13\r\n\r\n",
    "GET http://localhost/echo HTTP/1.1\r\nHost: other\r\n"
    "Upgrade: h2c\r\nUpgrade: websocket\r\n"
    "Connection: x\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key:    dGhlIHNhbXBsZSBub25jZQ==   \r\n"
    "Sec-WebSocket-Version: 13\r\n\r\n",
    "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade, close\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n\r\n",
};

static void test_accepted(void **state)
{
    struct serve *s = start();

    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        struct client c;

        client_open(&c, s);
        client_say(&c, accepted[i]);
        CHECK(client_answer(&c) == 101, "%s", accepted[i]);
        client_text(&c, "Hello");
        client_expect(&c, "text:Hello");
        client_close(&c);
    }
    serve_close(s);
}

/* Sends the bytes in two parts, or for cut 0 byte by byte; each part is read
 * before the next is sent. */
static void send_cut(struct client *c, struct serve *s, const struct bytes *out,
                     size_t cut)
{
    size_t step = cut ? cut : 1, at = 0;

    while (at < out->len) {
        client_send(c, out->data + at, step);
        serve_turn(s);
        at += step;
        if (cut)
            step = out->len - at;
    }
}

/* T14: the request, a message in two fragments, a ping and a close. */
static void test_frames_behind_request(void **state)
{
    const char *request = handshake("/echo", "");
    struct serve *s = start();
    struct bytes out = {0};

    (void)state;
    bytes_add(&out, request, strlen(request));
    wire_add_frame(&out, WEFT_SERVER, 0x01, "Hel", 3);
    wire_add_frame(&out, WEFT_SERVER, 0x89, "p", 1);
    wire_add_frame(&out, WEFT_SERVER, 0x80, "lo", 2);
    wire_add_frame(&out, WEFT_SERVER, 0x88, "\x03\xe8", 2);
    for (size_t cut = 0; cut <= out.len; cut++) {
        struct client c;

        client_open(&c, s);
        send_cut(&c, s, &out, cut);
        assert_int_equal(client_answer(&c), 101);
        client_expect(&c, "pong:p");
        client_expect(&c, "text:Hello");
        client_expect(&c, "close:1000");
        assert_true(client_ended(&c));
        client_close(&c);
    }
    bytes_release(&out);
    serve_close(s);
}

/* A connection that has been used for other requests. */
static void test_behind_other_requests(void **state)
{
    struct serve *s = start();
    struct bytes out = {0};
    struct client c;

    (void)state;
    for (int i = 0; i < 3; i++)
        bytes_add(&out, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 35);
    bytes_add(&out, handshake("/echo", ""), strlen(handshake("/echo", "")));
    wire_add_frame(&out, WEFT_SERVER, 0x81, "Hello", 5);
    client_open(&c, s);
    client_send(&c, out.data, out.len);
    for (int i = 0; i < 3; i++)
        assert_int_equal(client_answer(&c), 404);
    assert_int_equal(client_answer(&c), 101);
    client_expect(&c, "text:Hello");
    client_close(&c);
    bytes_release(&out);
    serve_close(s);
}

/* ---- Refused ------------------------------------------------------------- */

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define BEGIN "GET /echo HTTP/1.1\r\nHost: localhost\r\n"
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define ASK BEGIN UPGRADE CONNECTION

static const struct {
    const char *what, *request;
    int status;
} refused[] = {
    {"POST",
     "POST /echo HTTP/1.1\r\nHost: localhost\r\n" UPGRADE CONNECTION KEY VERSION
     "\r\n",
     400},
    {"HEAD, which has no body to read",
     "HEAD /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n" UPGRADE
         CONNECTION KEY VERSION "\r\n",
     400},
    {"a body", ASK KEY VERSION "Content-Length: 5\r\n\r\nGET /", 400},
    {"chunks", ASK KEY VERSION "Transfer-Encoding: chunked\r\n\r\n", 400},
    {"no Connection", BEGIN UPGRADE KEY VERSION "\r\n", 400},
    {"another Connection",
     BEGIN UPGRADE "Connection: keep-alive\r\n" KEY VERSION "\r\n", 400},
    {"no key", ASK VERSION "\r\n", 400},
    {"empty key", ASK VERSION "Sec-WebSocket-Key:\r\n\r\n", 400},
    {"short key", ASK VERSION "Sec-WebSocket-Key: Zm9v\r\n\r\n", 400},
    {"long key",
     ASK VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE=\r\n\r\n", 400},
    {"two keys", ASK KEY KEY VERSION "\r\n", 400},
    {"no version", ASK KEY "\r\n", 426},
    {"version 8", ASK KEY "Sec-WebSocket-Version: 8\r\n\r\n", 426},
    {"version 14", ASK KEY "Sec-WebSocket-Version: 14\r\n\r\n", 426},
    {"version 013", ASK KEY "Sec-WebSocket-Version: 013\r\n\r\n", 426},
    {"two versions", ASK KEY VERSION VERSION "\r\n", 426},
    {"empty protocol", ASK KEY VERSION "Sec-WebSocket-Protocol:\r\n\r\n", 400},
    {"bad protocol", ASK KEY VERSION "Sec-WebSocket-Protocol: a b\r\n\r\n",
     400},
    {"protocol twice", ASK KEY VERSION "Sec-WebSocket-Protocol: a, a\r\n\r\n",
     400},
    {"bad extension", ASK KEY VERSION "Sec-WebSocket-Extensions: ;\r\n\r\n",
     400},
    {"unknown path",
     "GET /none HTTP/1.1\r\nHost: localhost\r\n" UPGRADE CONNECTION KEY VERSION
     "\r\n",
     404},
    {"the path's case",
     "GET /Echo HTTP/1.1\r\nHost: localhost\r\n" UPGRADE CONNECTION KEY VERSION
     "\r\n",
     404},
    {"a path below",
     "GET /echo/ HTTP/1.1\r\nHost: localhost\r\n" UPGRADE CONNECTION KEY VERSION
     "\r\n",
     404},
    {"bad path",
     "GET /%00 HTTP/1.1\r\nHost: localhost\r\n" UPGRADE CONNECTION KEY VERSION
     "\r\n",
     400},
    {"bad target",
     "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n" UPGRADE CONNECTION KEY VERSION
     "\r\n",
     400},
    {"foreign Host",
     "GET /echo HTTP/1.1\r\nHost: evil.example\r\n" UPGRADE CONNECTION KEY
         VERSION "\r\n",
     403},
    {"two Hosts",
     "GET /echo HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n" UPGRADE
         CONNECTION KEY VERSION "\r\n",
     400},
    {"HTTP/1.0",
     "GET /echo HTTP/1.0\r\nHost: localhost\r\n" UPGRADE CONNECTION KEY VERSION
     "\r\n",
     426},
    {"HTTP/1.0, kept alive",
     "GET /echo HTTP/1.0\r\nHost: localhost\r\nConnection: "
     "keep-alive\r\n" UPGRADE CONNECTION KEY VERSION "\r\n",
     426},
    {"foreign Origin", ASK KEY VERSION "Origin: http://evil.example\r\n\r\n",
     403},
};

/* What may stand behind, and must not be taken for anything. */
static const char *const behind[] = {
    "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "\x81\x85\x00\x00\x00\x00Hello",
    ASK KEY VERSION "\r\n",
};

/* T13: one answer, and the end of the connection. */
static void test_refused(void **state)
{
    struct serve *s = start();
    int n = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(refused) * COUNT(behind); i++, n++) {
        const char *request = refused[i / COUNT(behind)].request;
        const char *what = refused[i / COUNT(behind)].what;
        const char *more = behind[i % COUNT(behind)];
        size_t at_once = strlen(more) < 11 ? strlen(more) : 11;
        bool is_head = strncmp(request, "HEAD", 4) == 0;
        struct client c;
        int status;

        client_open(&c, s);
        client_send(&c, request, strlen(request));
        (void)client_try(&c, more, at_once);
        status = is_head ? client_answer_head(&c) : client_answer(&c);
        CHECK(status == refused[i / COUNT(behind)].status, "%s: %d", what,
              status);
        CHECK(strstr(client_field(&c, "Connection"), "close"), "%s", what);
        if (status == 426)
            CHECK(!strcmp(client_field(&c, "Upgrade"), "websocket"), "%s",
                  what);
        /* More of it, after the answer. */
        (void)client_try(&c, more + at_once, strlen(more) - at_once);
        CHECK(client_ended(&c), "%s", what);
        client_close(&c);
    }
    SERVE_UNTIL(s, serve_connections(s) == 0);
    assert_int_equal(gate_count(&opened), 0);
    assert_false(serve_logged(s, "smuggled"));
    assert_true(serve_stats(s).requests <= (uint64_t)n);
    assert_int_equal(serve_stats(s).opened, 0);
    serve_close(s);
}

static void test_version_answer(void **state)
{
    struct serve *s = start();
    struct client c;

    (void)state;
    client_open(&c, s);
    client_say(&c, ASK KEY "Sec-WebSocket-Version: 12\r\n\r\n");
    assert_int_equal(client_answer(&c), 426);
    assert_string_equal(client_field(&c, "Sec-WebSocket-Version"), "13");
    assert_string_equal(client_field(&c, "Connection"), "Upgrade, close");
    client_close(&c);
    serve_close(s);
}

/* ---- Origins ------------------------------------------------------------- */

static const struct {
    const char *origin;             /* the field's line, or two */
    int none, listed, any, handler; /* status with each rule */
} origins[] = {
    {"", 101, 101, 101, 101},
    {"Origin: http://localhost\r\n", 101, 101, 101, 101},
    {"Origin: https://localhost:3000\r\n", 101, 101, 101, 101},
    {"Origin: http://LOCALHOST\r\n", 101, 101, 101, 101},
    {"Origin: https://a.example\r\n", 403, 101, 101, 403},
    {"Origin: https://A.EXAMPLE:443\r\n", 403, 101, 101, 403},
    {"Origin: http://a.example\r\n", 403, 403, 101, 403},
    {"Origin: https://b.example\r\n", 403, 403, 101, 101},
    {"Origin: https://evil-a.example\r\n", 403, 403, 101, 403},
    {"Origin: https://a.example.evil\r\n", 403, 403, 101, 403},
    {"Origin: https://a.example@evil\r\n", 403, 403, 101, 403},
    {"Origin: http://localhost.evil\r\n", 403, 403, 101, 403},
    {"Origin: http://localhost.\r\n", 403, 403, 101, 403},
    {"Origin: http://127.0.0.1\r\n", 403, 403, 101, 403},
    {"Origin: http://[::1]\r\n", 403, 403, 101, 403},
    {"Origin: null\r\n", 403, 403, 101, 403},
    {"Origin:\r\n", 403, 403, 101, 403},
    {"Origin: file://\r\n", 403, 403, 101, 403},
    {"Origin: http://localhost http://localhost\r\n", 403, 403, 101, 403},
    /* Two are a trick, whatever they are. */
    {"Origin: http://localhost\r\nOrigin: http://localhost\r\n", 403, 403, 403,
     403},
    {"Origin: https://a.example\r\norigin: http://evil\r\n", 403, 403, 403,
     403},
};

static void try_origins(const char *const *allowed, const char *path, int rule)
{
    static const char *const own[] = {"https://b.example", NULL};
    struct weft_handler strict = echo;
    struct serve *s = serve_new();

    strict.origins = own;
    s->opts.origins = allowed;
    serve_open_at(s, "/echo", &echo);
    assert_int_equal(weft_server_route(s->srv, "/strict", &strict), 0);
    serve_run(s);
    for (size_t i = 0; i < COUNT(origins); i++) {
        const int want[] = {origins[i].none, origins[i].listed, origins[i].any,
                            origins[i].handler};
        struct client c;
        int status;

        client_open(&c, s);
        status = client_upgrade(&c, path, origins[i].origin);
        CHECK(status == want[rule], "%s, rule %d: %d", origins[i].origin, rule,
              status);
        client_close(&c);
    }
    if (rule != 2)
        assert_true(serve_logged(s, "403 for origin "));
    serve_close(s);
}

static void test_origins(void **state)
{
    static const char *const listed[] = {"https://c.example",
                                         "https://a.example", NULL};
    static const char *const any[] = {"any", NULL};

    (void)state;
    try_origins(NULL, "/echo", 0);
    try_origins(listed, "/echo", 1);
    try_origins(any, "/echo", 2);
    /* A handler's own list goes before the server's. */
    try_origins(any, "/strict", 3);
}

/* The names given to the server are its own copies. */
static void test_origins_are_copied(void **state)
{
    char name[] = "https://a.example";
    const char *allowed[] = {name, NULL};
    struct serve *s = serve_new();
    struct client c;

    (void)state;
    s->opts.origins = allowed;
    serve_open_at(s, "/echo", &echo);
    memset(name, 'x', sizeof(name) - 1);
    allowed[0] = NULL;
    serve_run(s);
    client_open(&c, s);
    assert_int_equal(
        client_upgrade(&c, "/echo", "Origin: https://a.example\r\n"), 101);
    client_close(&c);
    serve_close(s);
}

/* ---- What the handler says ----------------------------------------------- */

static int verdict;
static const char *verdict_text;

static int judge(struct weft_request *req)
{
    EXPECT(weft_request_add_header(req, "X-Judge", "Dredd") == 0);
    if (verdict == 302)
        EXPECT(weft_request_add_header(req, "Location", "/other") == 0);
    if (verdict == 422)
        EXPECT(weft_request_add_header(req, "content-type",
                                       "application/json") == 0);
    if (verdict_text)
        EXPECT(weft_request_body(req, verdict_text) == 0);
    return verdict;
}

static const struct {
    int verdict;
    const char *text;
    int status;
    const char *body;
} verdicts[] = {
    {0, "not sent", 101, ""},
    {302, NULL, 302, "302 Found\n"},
    {401, "who are you?", 401, "who are you?"},
    {403, "caf\xc3\xa9\r\n\r\nHTTP/1.1 200 OK", 403,
     "caf\xc3\xa9\r\n\r\nHTTP/1.1 200 OK"},
    {404, "", 404, ""},
    {422, "{}", 422, "{}"},
    {429, NULL, 429, "429 Too Many Requests\n"},
    {503, NULL, 503, "503 Service Unavailable\n"},
    {599, NULL, 599, "599 Unknown\n"},
    {304, "not sent", 304, ""},
    /* No status for a refusal. */
    {200, "nonsense", 500, NULL},
    {101, NULL, 500, NULL},
    {299, NULL, 500, NULL},
    {600, NULL, 500, NULL},
    {-1, NULL, 500, NULL},
};

static void test_verdicts(void **state)
{
    struct weft_handler handler = echo;
    struct serve *s = serve_new();

    (void)state;
    handler.request = judge;
    serve_open_at(s, "/judge", &handler);
    serve_run(s);
    for (size_t i = 0; i < COUNT(verdicts); i++) {
        struct client c;
        int status;

        verdict = verdicts[i].verdict;
        verdict_text = verdicts[i].text;
        client_open(&c, s);
        status = client_upgrade(&c, "/judge", "");
        CHECK(status == verdicts[i].status, "%d: %d", verdict, status);
        assert_string_equal(client_field(&c, "X-Judge"), "Dredd");
        if (verdicts[i].body)
            CHECK(!strcmp(client_body(&c), verdicts[i].body), "%d: %s", verdict,
                  client_body(&c));
        if (verdict == 302)
            assert_string_equal(client_field(&c, "Location"), "/other");
        if (verdict == 422)
            assert_string_equal(client_field(&c, "Content-Type"),
                                "application/json");
        if (status != 101)
            assert_true(client_ended(&c));
        client_close(&c);
    }
    gate_wait(&closed, 1);
    serve_close(s);
    assert_int_equal(gate_count(&opened), 1);
}

/* A body is the handler's own, of any size. */
static void test_large_body(void **state)
{
    struct weft_handler handler = echo;
    size_t len = 300000;
    struct serve *s = serve_new();
    char *text = malloc(len + 1);
    struct client c;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', len);
    text[len] = '\0';
    verdict = 403;
    verdict_text = text;
    handler.request = judge;
    serve_open_at(s, "/judge", &handler);
    serve_run(s);
    client_open(&c, s);
    assert_int_equal(client_upgrade(&c, "/judge", ""), 403);
    assert_int_equal(c.body.len, len);
    client_close(&c);
    serve_close(s);
    free(text);
}

/* T22: what is said about an upgrade holds no secret. */
static void test_log(void **state)
{
    struct serve *s = start();
    struct client c;

    (void)state;
    client_open(&c, s);
    assert_int_equal(
        client_upgrade(&c, "/echo?token=secret1",
                       "Cookie: secret2\r\nAuthorization: Bearer secret3\r\n"
                       "Sec-WebSocket-Protocol: secret4\r\n"),
        101);
    client_close_frame(&c, 1000);
    client_expect(&c, "close:1000");
    client_close(&c);
    client_open(&c, s);
    assert_int_equal(client_upgrade(&c, "/echo?secret5",
                                    "Origin: http://evil/\r\n"
                                    "Sec-WebSocket-Protocol: secret6\r\n"),
                     403);
    client_close(&c);
    gate_wait(&closed, 1);
    assert_true(serve_logged(s, "ACCESS 127.0.0.1 GET /echo 101\n"));
    assert_true(serve_logged(s, "ACCESS 127.0.0.1 GET /echo 403\n"));
    assert_true(serve_logged(s, "ACCESS 127.0.0.1 /echo closed 1000\n"));
    assert_false(serve_logged(s, "secret"));
    serve_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_frames_behind_request),
        cmocka_unit_test(test_behind_other_requests),
        cmocka_unit_test_setup(test_refused, reset),
        cmocka_unit_test(test_version_answer),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_origins_are_copied),
        cmocka_unit_test_setup(test_verdicts, reset),
        cmocka_unit_test(test_large_body),
        cmocka_unit_test_setup(test_log, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
