/* SPDX-License-Identifier: MIT */
/* What a handler can do with an open connection: send, close, ask. */
#include "serve.h"

#include <stdlib.h>

static struct weft_handle handle;

static void keep_handle(struct weft_conn *conn, struct weft_request *req)
{
    (void)req;
    handle = weft_conn_handle(conn);
}

/* Serves a message function at /x, opens, sends "go", and leaves the client to
 * the test. */
static struct serve *go(struct client *c, const struct weft_handler *handler)
{
    struct serve *s = serve_new();

    serve_open_at(s, "/x", handler);
    serve_run(s);
    client_join(c, s, "/x");
    client_text(c, "go");
    return s;
}

/* ---- Sending ------------------------------------------------------------- */

static void send_each_kind(struct weft_conn *conn,
                           const struct weft_message *msg)
{
    char long_text[200];

    (void)msg;
    memset(long_text, 'x', sizeof(long_text));
    EXPECT(weft_conn_queued(conn) == 0);
    EXPECT(weft_send(conn, WEFT_TEXT, "caf\xc3\xa9", 5) == 0);
    EXPECT(weft_conn_queued(conn) == 7);
    EXPECT(weft_send(conn, WEFT_BINARY, "\x00\xff", 2) == 0);
    EXPECT(weft_send(conn, WEFT_BINARY, NULL, 0) == 0);
    EXPECT(weft_send(conn, WEFT_TEXT, "", 0) == 0);
    EXPECT(weft_send_text(conn, "text") == 0);
    EXPECT(weft_send(conn, WEFT_PING, "p", 1) == 0);
    EXPECT(weft_send(conn, WEFT_PONG, long_text, 125) == 0);

    EXPECT(weft_send(conn, WEFT_PING, long_text, 126) == WEFT_ERR_USAGE);
    EXPECT(weft_send(conn, WEFT_PONG, long_text, 126) == WEFT_ERR_USAGE);
    EXPECT(weft_send(conn, WEFT_TEXT, "caf\xc3", 4) == WEFT_ERR_USAGE);
    EXPECT(weft_send_text(conn, "\xff") == WEFT_ERR_USAGE);
    EXPECT(weft_send(conn, (enum weft_kind)0, "x", 1) == WEFT_ERR_USAGE);
    EXPECT(weft_send(conn, (enum weft_kind)8, "x", 1) == WEFT_ERR_USAGE);
    EXPECT(weft_send(conn, (enum weft_kind)3, "x", 1) == WEFT_ERR_USAGE);
    EXPECT(weft_send_text(conn, "end") == 0);
}

static void test_send(void **state)
{
    const struct weft_handler handler = {.size = sizeof(handler),
                                         .message = send_each_kind};
    struct client c;
    struct serve *s = go(&c, &handler);
    uint8_t *pong;
    size_t len;

    (void)state;
    client_expect(&c, "text:caf\\xc3\\xa9");
    client_expect(&c, "binary:\\x00\\xff");
    client_expect(&c, "binary:");
    client_expect(&c, "text:");
    client_expect(&c, "text:text");
    client_expect(&c, "ping:p");
    pong = client_payload(&c, WEFT_PONG, &len);
    assert_int_equal(len, 125);
    free(pong);
    client_expect(&c, "text:end");
    client_close(&c);
    serve_close(s);
}

static const size_t sizes[] = {125,   126,   16383,  16384,  65535,
                               65536, 65537, 300000, 3000000};

/* Each size once, from memory that is written over at once: a large message
 * is not copied unless the kernel leaves some of it. */
static void send_sizes(struct weft_conn *conn, const struct weft_message *msg)
{
    uint8_t *payload = malloc(3000000);

    (void)msg;
    EXPECT(payload);
    for (size_t i = 0; payload && i < COUNT(sizes); i++) {
        for (size_t j = 0; j < sizes[i]; j++)
            payload[j] = (uint8_t)(j * 7 + i);
        EXPECT(weft_send(conn, WEFT_BINARY, payload, sizes[i]) == 0);
        memset(payload, 0xee, sizes[i]);
    }
    free(payload);
}

static void test_sizes(void **state)
{
    const struct weft_handler handler = {
        .size = sizeof(handler),
        .message = send_sizes,
        .queue_limit = 10000000,
    };

    (void)state;
    for (int slow = WEFT_SLOW_CLOSE; slow <= WEFT_SLOW_DRAIN; slow++) {
        struct weft_handler copy = handler;
        struct serve *s;
        struct client c;

        copy.slow = (enum weft_slow)slow;
        s = go(&c, &copy);
        for (size_t i = 0; i < COUNT(sizes); i++) {
            size_t len, j = 0;
            uint8_t *p = client_payload(&c, WEFT_BINARY, &len);

            assert_int_equal(len, sizes[i]);
            while (j < len && p[j] == (uint8_t)(j * 7 + i))
                j++;
            CHECK(j == len, "byte %zu of %zu", j, len);
            free(p);
        }
        client_close(&c);
        serve_close(s);
    }
}

/* ---- Closing ------------------------------------------------------------- */

static void close_badly(struct weft_conn *conn, const struct weft_message *msg)
{
    static const uint16_t codes[] = {1,    999,  1004, 1005, 1006,
                                     1015, 1016, 2999, 5000, 65535};
    char reason[125];

    (void)msg;
    for (size_t i = 0; i < COUNT(codes); i++)
        EXPECT(weft_close(conn, codes[i], "") == WEFT_ERR_USAGE);
    memset(reason, 'x', sizeof(reason));
    reason[124] = '\0';
    EXPECT(weft_close(conn, 1000, reason) == WEFT_ERR_USAGE);
    EXPECT(weft_close(conn, 1000, "\xff") == WEFT_ERR_USAGE);
    EXPECT(weft_close(conn, 0, "no code, but a reason") == WEFT_ERR_USAGE);
    EXPECT(weft_send_text(conn, "still open") == 0);
    reason[123] = '\0';
    EXPECT(weft_close(conn, 4999, reason) == 0);
}

static void test_bad_closes(void **state)
{
    const struct weft_handler handler = {.size = sizeof(handler),
                                         .message = close_badly};
    struct client c;
    struct serve *s = go(&c, &handler);
    uint8_t *payload;
    size_t len;

    (void)state;
    client_expect(&c, "text:still\\x20open");
    payload = client_payload(&c, 8, &len);
    assert_int_equal(len, 125);
    assert_memory_equal(payload, "\x13\x87xxx", 5);
    free(payload);
    client_close(&c);
    serve_close(s);
}

static const struct {
    uint16_t code;
    const char *reason, *words;
} closes[] = {
    {1000, "", "close:1000"},    {1000, NULL, "close:1000"},
    {3000, "why", "close:3000"}, {0, "", "close:"},
    {0, NULL, "close:"},         {1013, "", "close:1013"},
};

static size_t next_close;

static void close_next(struct weft_conn *conn, const struct weft_message *msg)
{
    (void)msg;
    EXPECT(weft_close(conn, closes[next_close].code,
                      closes[next_close].reason) == 0);
}

static void test_closes(void **state)
{
    const struct weft_handler handler = {.size = sizeof(handler),
                                         .message = close_next};

    (void)state;
    for (next_close = 0; next_close < COUNT(closes); next_close++) {
        struct client c;
        struct serve *s = go(&c, &handler);

        client_expect(&c, closes[next_close].words);
        client_close_frame(&c, 1000);
        assert_true(client_ended(&c));
        client_close(&c);
        serve_close(s);
    }
}

/* ---- Asking -------------------------------------------------------------- */

static void ask(struct weft_conn *conn, const struct weft_message *msg)
{
    char text[64] = "untouched";

    (void)msg;
    EXPECT(weft_conn_user(conn) == NULL);
    weft_conn_set_user(conn, text);
    EXPECT(weft_conn_user(conn) == text);
    weft_conn_set_user(conn, NULL);
    EXPECT(strcmp(weft_conn_path(conn), "/x") == 0);
    EXPECT(strcmp(weft_conn_protocol(conn), "") == 0);
    EXPECT(weft_conn_server(conn) == handle.server);
    EXPECT(weft_conn_loop(conn) != NULL);

    EXPECT(strcmp(weft_conn_peer(conn, text, 0), "untouched") == 0);
    EXPECT(strcmp(weft_conn_peer(conn, text, 1), "") == 0);
    EXPECT(strcmp(weft_conn_peer(conn, text, 4), "127") == 0);
    EXPECT(strcmp(weft_conn_peer(conn, text, 9), "127.0.0.") == 0);
    EXPECT(strcmp(weft_conn_peer(conn, text, 10), "127.0.0.1") == 0);
    EXPECT(weft_conn_peer(conn, text, sizeof(text)) == text);
    weft_send_text(conn, "asked");
}

static void test_ask(void **state)
{
    const struct weft_handler handler = {
        .size = sizeof(handler), .open = keep_handle, .message = ask};
    struct client c;
    struct serve *s = go(&c, &handler);

    (void)state;
    client_expect(&c, "text:asked");
    client_close(&c);
    serve_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send),       cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_bad_closes), cmocka_unit_test(test_closes),
        cmocka_unit_test(test_ask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
