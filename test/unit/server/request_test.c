/* SPDX-License-Identifier: MIT */
/*
 * What a handler can ask of a request, and say about it. Each case is a
 * request on the wire and a function that looks at it on the server's thread.
 */
#include "serve.h"

#include <stdio.h>
#include <stdlib.h>

static int (*look)(struct weft_request *req);
static void (*look_open)(struct weft_conn *conn, struct weft_request *req);
static struct gate opened = GATE;

static int on_request(struct weft_request *req)
{
    return look(req);
}

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    if (look_open)
        look_open(conn, req);
    gate_pass(&opened);
}

static const struct weft_handler handler = {
    .size = sizeof(handler), .request = on_request, .open = on_open};

/* Sends a handshake at which these two look. The client stays open. */
static struct serve *ask(struct client *c, const char *path, const char *fields,
                         int (*request)(struct weft_request *req),
                         void (*open)(struct weft_conn *conn,
                                      struct weft_request *req))
{
    struct serve *s = serve_new();

    look = request;
    look_open = open;
    gate_reset(&opened);
    serve_open_at(s, "/a b/\xc3\xa9", &handler);
    serve_run(s);
    client_open(c, s);
    CHECK(client_upgrade(c, path, fields) == 101, "%s", text_of(&c->head));
    gate_wait(&opened, 1);
    return s;
}

static void end(struct client *c, struct serve *s)
{
    client_close(c);
    serve_close(s);
}

#define PATH "/a%20b/x/../%C3%A9"

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* ---- The target ---------------------------------------------------------- */

static int look_at_target(struct weft_request *req)
{
    static const struct {
        const char *name, *value;
    } params[] = {
        {"a", "1"},           {"b", "x y&z"}, {"c", ""},     {"d", ""},
        {"e", "caf\xc3\xa9"}, {"f", "first"}, {"g g", "="},  {"none", NULL},
        {"A", NULL},          {"", NULL},     {"bad", NULL}, {"nul", NULL},
    };

    EXPECT(same(weft_request_path(req), "/a b/\xc3\xa9"));
    EXPECT(same(weft_request_query(req),
                "a=1&b=x+y%26z&c=&d&&e=caf%C3%A9&f=first&f=second&g+g==&"
                "nul=%00"));
    for (size_t i = 0; i < COUNT(params); i++)
        EXPECT(same(weft_request_param(req, params[i].name), params[i].value));
    EXPECT(same(weft_request_peer(req), "127.0.0.1"));
    return 0;
}

static void test_target(void **state)
{
    struct client c;
    struct serve *s = ask(&c,
                          PATH "?a=1&b=x+y%26z&c=&d&&e=caf%C3%A9&f=first&"
                               "f=second&g+g==&nul=%00",
                          "", look_at_target, NULL);

    (void)state;
    end(&c, s);
}

static int look_at_no_query(struct weft_request *req)
{
    EXPECT(weft_request_query(req) == NULL);
    EXPECT(weft_request_param(req, "a") == NULL);
    EXPECT(weft_request_param(req, "") == NULL);
    EXPECT(weft_request_origin(req) == NULL);
    EXPECT(weft_request_cookie(req, "a") == NULL);
    EXPECT(weft_request_offer(req, 0) == NULL);
    EXPECT(weft_request_header(req, "None") == NULL);
    EXPECT(weft_request_header(req, "") == NULL);
    EXPECT(weft_request_protocol(req, "chat") == WEFT_ERR_USAGE);
    return 0;
}

static int look_at_empty_query(struct weft_request *req)
{
    EXPECT(same(weft_request_query(req), ""));
    EXPECT(weft_request_param(req, "a") == NULL);
    return 0;
}

static void test_no_query(void **state)
{
    struct client c;

    (void)state;
    end(&c, ask(&c, PATH, "", look_at_no_query, NULL));
}

static void test_empty_query(void **state)
{
    struct client c;

    (void)state;
    end(&c, ask(&c, PATH "?", "", look_at_empty_query, NULL));
}

/* ---- Fields -------------------------------------------------------------- */

#define FIELDS                                                                 \
    "X-One: 1\r\n"                                                             \
    "x-list: a, b\r\n"                                                         \
    "Cookie: a=1; b=two words ; empty=; noequals; =noname; a=2\r\n"            \
    "X-LIST:c\r\n"                                                             \
    "X-Empty:   \r\n"                                                          \
    "Cookie: late=\"quoted\";b=3\r\n"                                          \
    "Origin: http://LOCALHOST:80\r\n"                                          \
    "X-List:\td\t\r\n"                                                         \
    "Sec-WebSocket-Protocol: chat,  echo.v2\r\n"                               \
    "Sec-WebSocket-Protocol: ,mqtt,\r\n"

static int look_at_fields(struct weft_request *req)
{
    static const struct {
        const char *name, *value;
    } fields[] = {
        {"X-One", "1"},           {"x-one", "1"},
        {"X-List", "a, b, c, d"}, {"X-Empty", ""},
        {"X-On", NULL},           {"X-One ", NULL},
        {"Host", "localhost"},    {"upgrade", "websocket"},
    };

    for (size_t i = 0; i < COUNT(fields); i++)
        EXPECT(same(weft_request_header(req, fields[i].name), fields[i].value));
    EXPECT(same(weft_request_origin(req), "http://LOCALHOST:80"));
    return 0;
}

static int look_at_each_field(struct weft_request *req)
{
    static const char *const names[] = {"Host",
                                        "Upgrade",
                                        "Connection",
                                        "Sec-WebSocket-Key",
                                        "Sec-WebSocket-Version",
                                        "X-One",
                                        "x-list",
                                        "Cookie",
                                        "X-LIST",
                                        "X-Empty"};
    const char *name = NULL, *value = NULL;
    size_t i;

    for (i = 0; i < COUNT(names); i++) {
        EXPECT(weft_request_header_at(req, i, &name, &value));
        EXPECT(same(name, names[i]));
    }
    EXPECT(same(value, ""));
    EXPECT(weft_request_header_at(req, 8, NULL, &value) && same(value, "c"));
    EXPECT(weft_request_header_at(req, 8, &name, NULL) && same(name, "X-LIST"));
    EXPECT(weft_request_header_at(req, 8, NULL, NULL));
    EXPECT(weft_request_header_at(req, 14, NULL, NULL));
    EXPECT(!weft_request_header_at(req, 15, &name, &value));
    EXPECT(!weft_request_header_at(req, SIZE_MAX, &name, &value));
    EXPECT(same(name, "X-LIST")); /* what was there is left alone */
    return 0;
}

static int look_at_cookies(struct weft_request *req)
{
    static const struct {
        const char *name, *value;
    } cookies[] = {
        {"a", "1"},         {"b", "two words"},
        {"empty", ""},      {"late", "\"quoted\""},
        {"noequals", NULL}, {"A", NULL},
        {"a=1; b", NULL},   {"none", NULL},
    };

    for (size_t i = 0; i < COUNT(cookies); i++)
        EXPECT(
            same(weft_request_cookie(req, cookies[i].name), cookies[i].value));
    return 0;
}

static int look_at_offers(struct weft_request *req)
{
    EXPECT(same(weft_request_offer(req, 0), "chat"));
    EXPECT(same(weft_request_offer(req, 1), "echo.v2"));
    EXPECT(same(weft_request_offer(req, 2), "mqtt"));
    EXPECT(weft_request_offer(req, 3) == NULL);
    EXPECT(weft_request_offer(req, SIZE_MAX) == NULL);
    return 0;
}

static void test_fields(void **state)
{
    static int (*const looks[])(struct weft_request *) = {
        look_at_fields, look_at_each_field, look_at_cookies, look_at_offers};

    (void)state;
    for (size_t i = 0; i < COUNT(looks); i++) {
        struct client c;

        end(&c, ask(&c, PATH, FIELDS, looks[i], NULL));
    }
}

/* ---- Choosing a subprotocol ---------------------------------------------- */

static int choose(struct weft_request *req)
{
    EXPECT(weft_request_protocol(req, "none") == WEFT_ERR_USAGE);
    EXPECT(weft_request_protocol(req, "Chat") == WEFT_ERR_USAGE);
    EXPECT(weft_request_protocol(req, "cha") == WEFT_ERR_USAGE);
    EXPECT(weft_request_protocol(req, "") == WEFT_ERR_USAGE);
    EXPECT(weft_request_protocol(req, NULL) == WEFT_ERR_USAGE);
    EXPECT(weft_request_protocol(req, "chat") == 0);
    EXPECT(weft_request_protocol(req, "mqtt") == 0); /* the last one counts */
    EXPECT(weft_request_protocol(req, "none") == WEFT_ERR_USAGE);
    return 0;
}

static void see_choice(struct weft_conn *conn, struct weft_request *req)
{
    EXPECT(same(weft_conn_protocol(conn), "mqtt"));
    EXPECT(weft_request_protocol(req, "chat") == WEFT_ERR_USAGE);
    EXPECT(same(weft_conn_protocol(conn), "mqtt"));
}

static void test_protocol(void **state)
{
    struct client c;
    struct serve *s = ask(&c, PATH, FIELDS, choose, see_choice);

    (void)state;
    assert_string_equal(client_field(&c, "Sec-WebSocket-Protocol"), "mqtt");
    assert_int_equal(client_fields(&c, "Sec-WebSocket-Protocol"), 1);
    end(&c, s);
}

/* ---- Fields of the answer ------------------------------------------------ */

static int add_fields(struct weft_request *req)
{
    static const struct {
        const char *name, *value;
        int want;
    } fields[] = {
        {"X-A", "1", 0},
        {"X-A", "2", 0},
        {"Set-Cookie", "a=b; Path=/", 0},
        {"X-Empty", "", 0},
        {"X-Text", "caf\xc3\xa9\ttab", 0},
        /* T11: what would end the field or the head. */
        {"X-B", "a\r\nX-Evil: 1", WEFT_ERR_USAGE},
        {"X-B", "a\nb", WEFT_ERR_USAGE},
        {"X-B", "a\rb", WEFT_ERR_USAGE},
        {"X-B", "a\x01", WEFT_ERR_USAGE},
        {"X-B", "a\x7f", WEFT_ERR_USAGE},
        {"X-B", " a", WEFT_ERR_USAGE},
        {"X-B", "a ", WEFT_ERR_USAGE},
        {"X-B\r\nX-Evil", "1", WEFT_ERR_USAGE},
        {"X B", "1", WEFT_ERR_USAGE},
        {"X-B:", "1", WEFT_ERR_USAGE},
        {"", "1", WEFT_ERR_USAGE},
        {"caf\xc3\xa9", "1", WEFT_ERR_USAGE},
        {NULL, "1", WEFT_ERR_USAGE},
        {"X-B", NULL, WEFT_ERR_USAGE},
        /* What the server says itself. */
        {"Sec-WebSocket-Accept", "x", WEFT_ERR_USAGE},
        {"sec-websocket-accept", "x", WEFT_ERR_USAGE},
        {"Sec-WebSocket-Protocol", "x", WEFT_ERR_USAGE},
        {"Sec-WebSocket-Extensions", "x", WEFT_ERR_USAGE},
        {"Sec-WebSocket-Version", "8", WEFT_ERR_USAGE},
        {"Upgrade", "x", WEFT_ERR_USAGE},
        {"Connection", "close", WEFT_ERR_USAGE},
        {"Content-Length", "5", WEFT_ERR_USAGE},
        {"Transfer-Encoding", "chunked", WEFT_ERR_USAGE},
        {"Date", "now", WEFT_ERR_USAGE},
    };

    for (size_t i = 0; i < COUNT(fields); i++)
        EXPECT(weft_request_add_header(req, fields[i].name, fields[i].value) ==
               fields[i].want);
    return 0;
}

static void add_late(struct weft_conn *conn, struct weft_request *req)
{
    (void)conn;
    EXPECT(weft_request_add_header(req, "X-Late", "1") == WEFT_ERR_USAGE);
    EXPECT(weft_request_body(req, "late") == WEFT_ERR_USAGE);
    /* It can still be read. */
    EXPECT(same(weft_request_path(req), "/a b/\xc3\xa9"));
    EXPECT(same(weft_request_query(req), "q"));
    EXPECT(same(weft_request_header(req, "Host"), "localhost"));
}

static void test_answer_fields(void **state)
{
    struct client c;
    struct serve *s = ask(&c, PATH "?q", "", add_fields, add_late);

    (void)state;
    assert_int_equal(client_fields(&c, "X-A"), 2);
    assert_string_equal(client_field(&c, "Set-Cookie"), "a=b; Path=/");
    assert_string_equal(client_field(&c, "X-Empty"), "");
    assert_string_equal(client_field(&c, "X-Text"), "caf\xc3\xa9\ttab");
    assert_int_equal(client_fields(&c, "X-B"), 0);
    assert_int_equal(client_fields(&c, "X-Evil"), 0);
    assert_int_equal(client_fields(&c, "X-Late"), 0);
    assert_int_equal(client_fields(&c, "Upgrade"), 1);
    assert_int_equal(client_fields(&c, "Connection"), 1);
    assert_int_equal(client_fields(&c, "Sec-WebSocket-Accept"), 1);
    end(&c, s);
}

/* ---- The pointer --------------------------------------------------------- */

static int mark;

static int set_user(struct weft_request *req)
{
    weft_request_set_user(req, &opened);
    weft_request_set_user(req, &mark);
    return 0;
}

static void see_user(struct weft_conn *conn, struct weft_request *req)
{
    (void)req;
    EXPECT(weft_conn_user(conn) == &mark);
}

static void test_user(void **state)
{
    struct client c;

    (void)state;
    end(&c, ask(&c, PATH, "", set_user, see_user));
}

/* ---- A Unix socket ------------------------------------------------------- */

static int look_at_unix_peer(struct weft_request *req)
{
    EXPECT(same(weft_request_peer(req), "unix"));
    return 0;
}

static void test_unix_peer(void **state)
{
    char folder[] = "/tmp/weft-request-XXXXXX", address[64];
    struct serve *s = serve_new();
    struct client c;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(address, sizeof(address), "unix:%s/s", folder);
    look = look_at_unix_peer;
    look_open = NULL;
    serve_open_at(s, "/x", &handler);
    assert_int_equal(weft_server_listen(s->srv, address, NULL), 0);
    serve_spawn(s);
    client_open(&c, s);
    assert_int_equal(client_upgrade(&c, "/x", ""), 101);
    end(&c, s);
    assert_int_equal(remove(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target),
        cmocka_unit_test(test_no_query),
        cmocka_unit_test(test_empty_query),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_protocol),
        cmocka_unit_test(test_answer_fields),
        cmocka_unit_test(test_user),
        cmocka_unit_test(test_unix_peer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
