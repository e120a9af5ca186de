/* SPDX-License-Identifier: MIT */
/*
 * The WebSocket object by the interface of the WebSockets standard: its
 * arguments, attributes and methods in each state, and every arrow between
 * CONNECTING, OPEN, CLOSING and CLOSED.
 */
#include "visit.h"

/* ---- Arguments ----------------------------------------------------------- */

static void test_attributes(void **state)
{
    static const char *const protocols[] = {"chat", "super", NULL};
    struct visit v;
    int other;

    (void)state;
    visit_init(&v);
    v.opts.protocols = protocols;
    visit_knocks(&v);
    assert_string_equal(weft_socket_url(v.ws), v.url);
    assert_string_equal(weft_socket_protocol(v.ws), "");
    assert_string_equal(weft_socket_extensions(v.ws), "");
    assert_int_equal(weft_socket_status(v.ws), 0);
    assert_true(visit_buffered(&v) == 0);
    assert_ptr_equal(weft_socket_loop(v.ws), v.loop);
    assert_ptr_equal(weft_socket_user(v.ws), &v);
    server_agrees(&v, "Sec-WebSocket-Protocol: super\r\n", "");
    visit_expect(&v, "open");
    assert_string_equal(weft_socket_protocol(v.ws), "super");
    assert_string_equal(weft_socket_extensions(v.ws), "");
    assert_int_equal(weft_socket_status(v.ws), 101);
    server_hangs_up(&v);
    visit_ends(&v);
    assert_string_equal(weft_socket_url(v.ws), v.url);
    assert_string_equal(weft_socket_protocol(v.ws), "super");
    weft_socket_set_user(v.ws, &other);
    assert_ptr_equal(weft_socket_user(v.ws), &other);
    visit_close(&v);
}

/* The url attribute is the serialized URL. */
static void test_url(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    v.opts.base = "http://Example.COM:81/a/b";
    snprintf(v.url, sizeof(v.url), "../c d?e");
    visit_begin(&v);
    assert_string_equal(weft_socket_url(v.ws), "ws://example.com:81/c%20d?e");
    visit_close(&v);
}

/* new refuses what the standard has a SyntaxError for, and tells nobody. */
static void test_refused_arguments(void **state)
{
    static const char *const twice[] = {"a", "a", NULL};
    static const char *const split[] = {"A: b\r\nC: d", NULL};

    (void)state;
    for (int n = 0; n < 5; n++) {
        const char *why = NULL;
        struct visit v;
        int err;

        visit_init(&v);
        v.opts.why = &why;
        if (n == 0)
            snprintf(v.url, sizeof(v.url), "ftp://h/");
        v.opts.protocols = n == 1 ? twice : NULL;
        v.opts.headers = n == 2 ? split : NULL;
        v.opts.proxy = n == 3 ? "ftp://p:1" : "";
        err = visit_try(&v);
        CHECK(err == (n < 4 ? WEFT_ERR_INVALID : 0), "%d: %d", n, err);
        assert_non_null(why);
        CHECK((*why != '\0') == (n < 4), "%d: \"%s\"", n, why);
        if (err)
            v.ws = NULL;
        turn(v.loop);
        assert_int_equal(v.words.len, 0);
        visit_close(&v);
    }
}

static void test_options(void **state)
{
    struct {
        struct weft_socket_opts opts;
        char more[16];
    } newer;
    struct visit v;
    struct weft_socket *ws;

    (void)state;
    visit_init(&v);
    memset(&newer, 0, sizeof(newer));
    newer.opts.size = sizeof(newer); /* nothing is asked that is not known */
    assert_int_equal(weft_socket_new(&ws, v.loop, v.url, &newer.opts), 0);
    weft_socket_free(ws);
    newer.more[15] = 1;
    assert_int_equal(weft_socket_new(&ws, v.loop, v.url, &newer.opts),
                     WEFT_ERR_USAGE);
    newer.opts.size = 0;
    assert_int_equal(weft_socket_new(&ws, v.loop, v.url, &newer.opts),
                     WEFT_ERR_USAGE);
    /* An older program knows fewer of them. */
    newer.opts.size = offsetof(struct weft_socket_opts, connect_ms);
    newer.opts.connect_ms = 1;
    assert_int_equal(weft_socket_new(&ws, v.loop, v.url, &newer.opts), 0);
    weft_socket_free(ws);
    assert_int_equal(weft_socket_new(&ws, v.loop, v.url, NULL), 0);
    weft_socket_free(ws);
    weft_socket_free(NULL);
    visit_close(&v);
}

/* Nobody listens; all goes on as ever. */
static void test_no_events(void **state)
{
    static const struct weft_socket_events none;

    (void)state;
    for (int n = 0; n < 2; n++) {
        struct visit v;

        visit_init(&v);
        v.opts.events = n ? &none : NULL;
        visit_begin(&v);
        server_accepts(&v);
        (void)server_request(&v);
        server_agrees(&v, "", "8101 61 8900");
        TURN_UNTIL(v.loop, visit_state(&v) == WEFT_OPEN);
        server_expect(&v, "pong:");
        assert_int_equal(user_send(&v, "b"), 0);
        server_expect(&v, "text:b");
        server_frames(&v, "8800");
        server_expect(&v, "close:");
        server_hangs_up(&v);
        TURN_UNTIL(v.loop, visit_state(&v) == WEFT_CLOSED);
        visit_close(&v);
    }
}

static void test_new_without_memory(void **state)
{
    long n = 0;
    int err;

    (void)state;
    do {
        const char *why = NULL;
        struct visit v;

        visit_init(&v);
        v.opts.why = &why;
        v.fx.fm.left = n++;
        err = visit_try(&v);
        v.fx.fm.left = -1;
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        assert_string_equal(why, "");
        if (err)
            v.ws = NULL;
        visit_close(&v);
    } while (err);
    CHECK(n > 5, "only %ld allocations", n);
}

/* ---- States -------------------------------------------------------------- */

enum state_of_visit { CONNECTING, OPENED, CLOSING_HERE, CLOSING_EARLY, GONE };

/* Brings a visit into a state. */
static void visit_into(struct visit *v, enum state_of_visit where)
{
    visit_init(v);
    visit_knocks(v);
    if (where == CONNECTING)
        return;
    if (where == CLOSING_EARLY) {
        assert_int_equal(user_close(v, 0, NULL), 0);
        return;
    }
    server_agrees(v, "", "");
    visit_expect(v, "open");
    if (where == CLOSING_HERE)
        assert_int_equal(user_close(v, 0, NULL), 0);
    if (where == GONE) {
        server_hangs_up(v);
        visit_ends(v);
    }
}

static const struct {
    enum state_of_visit where;
    enum weft_ready_state state;
    int err;
    bool counts; /* in bufferedAmount, and for good */
} sends[] = {
    {CONNECTING, WEFT_CONNECTING, WEFT_ERR_USAGE, false},
    {OPENED, WEFT_OPEN, 0, false},
    {CLOSING_HERE, WEFT_CLOSING, 0, true},
    {CLOSING_EARLY, WEFT_CLOSING, 0, true},
    {GONE, WEFT_CLOSED, 0, true},
};

static void test_send_in_each_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sends); i++) {
        struct visit v;

        visit_into(&v, sends[i].where);
        assert_int_equal(visit_state(&v), sends[i].state);
        assert_int_equal(user_send(&v, "\xc3\xa9!"), sends[i].err);
        assert_int_equal(visit_state(&v), sends[i].state);
        if (sends[i].counts) {
            assert_true(visit_buffered(&v) == 3);
            assert_int_equal(user_send_bytes(&v, WEFT_BINARY, "1234", 4), 0);
            assert_true(visit_buffered(&v) == 7);
            turn(v.loop);
            assert_true(visit_buffered(&v) == 7);
        }
        if (sends[i].where == OPENED)
            server_expect(&v, "text:\\xc3\\xa9!");
        visit_close(&v);
    }
}

/* In every state; and nothing is counted for it. */
static void test_send_of_what_cannot_be_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sends); i++) {
        struct visit v;
        int connecting = sends[i].where == CONNECTING;

        visit_into(&v, sends[i].where);
        assert_int_equal(user_send_bytes(&v, WEFT_PING, "a", 1),
                         WEFT_ERR_USAGE);
        assert_int_equal(user_send_bytes(&v, (enum weft_kind)0, "a", 1),
                         WEFT_ERR_USAGE);
        assert_int_equal(user_send(&v, "\xc3"),
                         connecting ? WEFT_ERR_USAGE : WEFT_ERR_INVALID);
        assert_int_equal(user_send(&v, "a\xed\xa0\x80"),
                         connecting ? WEFT_ERR_USAGE : WEFT_ERR_INVALID);
        assert_true(visit_buffered(&v) == 0);
        assert_int_equal(visit_state(&v), sends[i].state);
        visit_close(&v);
    }
}

static void test_ping_in_each_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sends); i++) {
        struct visit v;
        char large[127];

        memset(large, 'x', 126);
        large[126] = '\0';
        visit_into(&v, sends[i].where);
        assert_int_equal(user_ping(&v, large), WEFT_ERR_USAGE);
        assert_int_equal(user_ping(&v, large + 1),
                         sends[i].where == OPENED ? 0 : WEFT_ERR_USAGE);
        assert_true(visit_buffered(&v) == 0); /* no message */
        visit_close(&v);
    }
}

/* In each state, close() leads to the right one, and once is enough. */
static void test_close_in_each_state(void **state)
{
    static const char *const words[] = {
        "error close:1006", "open close:1000",       "open close:1000",
        "error close:1006", "open error close:1006",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(sends); i++) {
        enum state_of_visit where = sends[i].where;
        struct visit v;

        visit_into(&v, where);
        for (int n = 0; n < 3; n++)
            assert_int_equal(user_close(&v, 1000, "x"), 0);
        if (where == OPENED || where == CLOSING_HERE) {
            server_expect(&v, where == OPENED ? "close:1000" : "close:");
            server_frames(&v, "8802 03e8");
            server_hangs_up(&v);
        }
        visit_ends(&v);
        assert_string_equal(visit_words(&v), words[where]);
        visit_close(&v);
    }
}

/* ---- The arguments of close ---------------------------------------------- */

static char long_reason[125];

static const struct {
    const char *what;
    uint16_t code;
    const char *reason;
    const char *frame; /* NULL: INVALID */
    const char *sent;  /* the reason; NULL: none */
} closes[] = {
    {"nothing", 0, NULL, "close:"},
    {"an empty reason", 0, "", "close:"},
    {"a reason alone", 0, "bye", "close:1000", "bye"},
    {"1000", 1000, NULL, "close:1000"},
    {"1000 and an empty reason", 1000, "", "close:1000"},
    {"3000", 3000, "a", "close:3000", "a"},
    {"3999", 3999, NULL, "close:3999"},
    {"4999", 4999, "\xc3\xa9", "close:4999", "\xc3\xa9"},
    {"1", 1, NULL, NULL},
    {"999", 999, NULL, NULL},
    {"1001", 1001, NULL, NULL},
    {"1002", 1002, NULL, NULL},
    {"1005", 1005, NULL, NULL},
    {"1006", 1006, "a", NULL},
    {"1011", 1011, NULL, NULL},
    {"2999", 2999, NULL, NULL},
    {"5000", 5000, NULL, NULL},
    {"65535", 65535, NULL, NULL},
    {"124 bytes", 1000, long_reason, NULL},
    {"124 bytes alone", 0, long_reason, NULL},
    {"not UTF-8", 1000, "a\xff", NULL},
    {"UTF-8 that is cut", 1000, "a\xe2\x82", NULL},
    {"a surrogate", 4000, "\xed\xa0\x80", NULL},
};

static void test_arguments_of_close(void **state)
{
    (void)state;
    memset(long_reason, 'x', 124);
    for (size_t i = 0; i < COUNT(closes); i++) {
        struct visit v;
        int err;

        visit_open(&v);
        err = user_close(&v, closes[i].code, closes[i].reason);
        CHECK(err == (closes[i].frame ? 0 : WEFT_ERR_INVALID), "%s: %d",
              closes[i].what, err);
        if (err == 0) {
            server_expect(&v, closes[i].frame);
            assert_string_equal(v.got_reason,
                                closes[i].sent ? closes[i].sent : "");
        } else { /* nothing has changed */
            assert_int_equal(user_send(&v, "on"), 0);
            server_expect(&v, "text:on");
        }
        visit_close(&v);
    }
}

/* 123 bytes are allowed; what is checked is bytes, not characters. */
static void test_longest_reason(void **state)
{
    char reason[126] = "", want[256];
    struct wire_frame frame;
    struct visit v;

    (void)state;
    for (size_t i = 0; i < 123; i++)
        reason[i] = "\xe2\x82\xac"[i % 3];
    visit_open(&v);
    reason[123] = 'x';
    assert_int_equal(user_close(&v, 1000, reason), WEFT_ERR_INVALID);
    reason[123] = '\0';
    assert_int_equal(user_close(&v, 1000, reason), 0);
    TURN_UNTIL(v.loop, (server_takes(&v, 200), v.got.len == 6 + 125));
    assert_int_equal(wire_read(&frame, v.got.data, v.got.len), 131);
    assert_int_equal(frame.len, 125);
    assert_memory_equal(frame.payload + 2, reason, 123);
    free(frame.payload);
    /* The same comes back. */
    v.got.len = 0;
    snprintf(want, sizeof(want), "\x88\x7d\x03\xe8%s", reason);
    server_puts(&v, want, 127);
    server_hangs_up(&v);
    visit_ends(&v);
    assert_string_equal(v.reason, reason);
    assert_true(v.how.clean);
    visit_close(&v);
}

/* INVALID also where close() would do nothing: the standard checks first. */
static void test_arguments_are_checked_in_each_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sends); i++) {
        struct visit v;

        visit_into(&v, sends[i].where);
        assert_int_equal(user_close(&v, 1001, NULL), WEFT_ERR_INVALID);
        assert_int_equal(user_close(&v, 0, "\xff"), WEFT_ERR_INVALID);
        assert_int_equal(visit_state(&v), sends[i].state);
        visit_close(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_url),
        cmocka_unit_test(test_refused_arguments),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_no_events),
        cmocka_unit_test(test_new_without_memory),
        cmocka_unit_test(test_send_in_each_state),
        cmocka_unit_test(test_send_of_what_cannot_be_sent),
        cmocka_unit_test(test_ping_in_each_state),
        cmocka_unit_test(test_close_in_each_state),
        cmocka_unit_test(test_arguments_of_close),
        cmocka_unit_test(test_longest_reason),
        cmocka_unit_test(test_arguments_are_checked_in_each_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
