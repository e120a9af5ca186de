/* SPDX-License-Identifier: MIT */
/* Opening through a proxy: its answers, and those of the server behind it. */
#include "opening_fixture.h"

#define URL "ws://h.example/chat"

static void open_proxied(struct ask *ask)
{
    ask_init(ask, URL);
    ask->opts.proxy = "http://proxy:3128";
    ask_open(ask);
    assert_true(!strncmp(ask_output(ask), "CONNECT ", 8));
}

static const struct {
    const char *what, *answer;
    int result;
    const char *names;
} proxied[] = {
    {"connected", "HTTP/1.1 200 Connection established\r\n\r\n",
     WEFT_OPENING_TUNNEL, NULL},
    {"by HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n", WEFT_OPENING_TUNNEL, NULL},
    /* RFC 9110 section 9.3.6: any 2xx, and a length means nothing. */
    {"another 2xx", "HTTP/1.1 299 x\r\n\r\n", WEFT_OPENING_TUNNEL, NULL},
    {"a length", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
     WEFT_OPENING_TUNNEL, NULL},
    {"interim", "HTTP/1.1 100 Continue\r\n\r\n", WEFT_OPENING_WAIT, NULL},
    {"407", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
     WEFT_ERR_REFUSED, "407"},
    {"403", "HTTP/1.1 403 Forbidden\r\n\r\n", WEFT_ERR_REFUSED, "403"},
    {"502", "HTTP/1.1 502 Bad Gateway\r\n\r\n", WEFT_ERR_REFUSED, "502"},
    {"301", "HTTP/1.1 301 x\r\n\r\n", WEFT_ERR_REFUSED, "301"},
    {"no HTTP", "220 smtp.example\r\n\r\n", WEFT_ERR_PROTOCOL, "proxy"},
    {"a frame", "\x88\x02\x03\xe8", WEFT_ERR_PROTOCOL, "proxy"},
};

static void test_proxy_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(proxied); i++) {
        struct ask ask;
        size_t head;
        int result;

        open_proxied(&ask);
        ask_feed_text(&ask, proxied[i].answer);
        result = ask_look(&ask, &head);
        CHECK(result == proxied[i].result, "%s: %d, %s", proxied[i].what,
              result, ask.o->why);
        if (result < 0) {
            CHECK(strstr(ask.o->why, "proxy"), "%s: \"%s\"", proxied[i].what,
                  ask.o->why);
            CHECK(strstr(ask.o->why, proxied[i].names), "%s: \"%s\"",
                  proxied[i].what, ask.o->why);
        }
        ask_close(&ask);
    }
}

/* 101 is an answer to an Upgrade; a proxy was not asked for one. */
static void test_proxy_that_upgrades(void **state)
{
    struct ask ask;
    size_t head;

    (void)state;
    open_proxied(&ask);
    ask_feed_text(&ask, agreeing(ask.o->key, ""));
    assert_true(ask_look(&ask, &head) < 0);
    ask_close(&ask);
}

/* The whole way, and from then on what is wrong is the server's. */
static void test_through_a_proxy(void **state)
{
    struct ask ask;
    size_t head;

    (void)state;
    open_proxied(&ask);
    ask_feed_text(&ask, "HTTP/1.1 200 OK\r\nVia: x\r\n\r\n");
    ask_expect(&ask, WEFT_OPENING_TUNNEL);
    assert_int_equal(ask.o->status, 200);
    assert_true(!strncmp(ask_output(&ask), "GET /chat ", 10));
    assert_string_equal(request_field(ask_output(&ask), "Sec-WebSocket-Key"),
                        ask.o->key);
    ask_feed_text(&ask, agreeing(ask.o->key, ""));
    ask_expect(&ask, WEFT_OPENING_OPEN);
    ask_close(&ask);

    open_proxied(&ask);
    ask_feed_text(&ask, "HTTP/1.1 200 OK\r\n\r\n");
    ask_expect(&ask, WEFT_OPENING_TUNNEL);
    ask_feed_text(&ask, "HTTP/1.1 404 Not Found\r\n\r\n");
    assert_int_equal(ask_look(&ask, &head), WEFT_ERR_REFUSED);
    assert_int_equal(ask.o->status, 404);
    assert_non_null(strstr(ask.o->why, "server"));
    assert_null(strstr(ask.o->why, "proxy"));
    ask_close(&ask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proxy_answers),
        cmocka_unit_test(test_proxy_that_upgrades),
        cmocka_unit_test(test_through_a_proxy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
