/* SPDX-License-Identifier: MIT */
/*
 * From CONNECTING to OPEN, or not: what goes over the wire and in which order
 * it is told, answers of all kinds, servers that vanish or say nothing, and
 * proxies.
 */
#include "visit.h"

#define LOST "error close:1006"

static const char *visit_heads(struct visit *v)
{
    bytes_add(&v->heads, "", 1);
    v->heads.len--;
    return (const char *)v->heads.data;
}

/* ---- Opening ------------------------------------------------------------- */

static void test_heads_are_told(void **state)
{
    char request[4096];
    struct visit v;

    (void)state;
    visit_init(&v);
    visit_begin(&v);
    assert_int_equal(v.told[AT_REQUEST], 0);
    server_accepts(&v);
    snprintf(request, sizeof(request), "%s", server_request(&v));
    assert_true(!strncmp(request, "GET /chat HTTP/1.1\r\n", 20));
    assert_int_equal(v.told[AT_REQUEST], 1);
    assert_string_equal(visit_heads(&v), request);
    v.heads.len = 0;
    server_agrees(&v, "A: b\r\n", "8101 61");
    visit_expect(&v, "open text:a");
    assert_int_equal(v.told[AT_RESPONSE], 1);
    assert_string_equal(visit_heads(&v), agreeing(v.key, "A: b\r\n"));
    visit_close(&v);
}

/* The answer comes byte by byte, and frames behind it likewise. */
static void test_byte_by_byte(void **state)
{
    struct visit v;
    const char *answer;

    (void)state;
    visit_init(&v);
    visit_knocks(&v);
    answer = agreeing(v.key, "");
    for (size_t i = 0; answer[i]; i++) {
        assert_int_equal(visit_state(&v), WEFT_CONNECTING);
        server_puts(&v, answer + i, 1);
        turn(v.loop);
    }
    visit_expect(&v, "open");
    server_frames(&v, "81");
    turn(v.loop);
    server_frames(&v, "0161");
    visit_expect(&v, "open text:a");
    visit_close(&v);
}

/* Frames in the same segment as the answer (T14), cut anywhere. */
static void test_frames_behind_the_answer(void **state)
{
    static const char frames[] = "\x81\x01"
                                 "a\x01\x01"
                                 "b\x89\x00\x80\x01"
                                 "c\x88\x02\x03\xe8";
    size_t count = sizeof(frames) - 1;

    (void)state;
    for (size_t cut = 0; cut <= count; cut++) {
        struct visit v;
        struct bytes out = {0};
        const char *answer;

        visit_init(&v);
        visit_knocks(&v);
        answer = agreeing(v.key, "");
        bytes_add(&out, answer, strlen(answer));
        bytes_add(&out, frames, cut);
        server_puts(&v, out.data, out.len);
        TURN_UNTIL(v.loop, v.told[AT_OPEN]);
        if (cut < count)
            server_puts(&v, frames + cut, count - cut);
        server_expect(&v, "pong: close:1000");
        server_hangs_up(&v);
        visit_ends(&v);
        assert_string_equal(visit_words(&v),
                            "open text:a ping: text:bc close:1000");
        bytes_release(&out);
        visit_close(&v);
    }
}

static void test_interim_answers(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    visit_knocks(&v);
    server_says(&v, "HTTP/1.1 100 Continue\r\n\r\n"
                    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    TURN_UNTIL(v.loop, v.told[AT_RESPONSE] == 2);
    assert_int_equal(visit_state(&v), WEFT_CONNECTING);
    server_agrees(&v, "", "");
    visit_expect(&v, "open");
    assert_int_equal(v.told[AT_RESPONSE], 3);
    assert_int_equal(weft_socket_status(v.ws), 101);
    visit_close(&v);
}

/* A name with addresses of both families, of which one answers. */
static void test_localhost(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    snprintf(v.url, sizeof(v.url), "http://LOCALHOST:%u",
             ntohs(v.at_address.sin_port));
    visit_knocks(&v);
    server_agrees(&v, "", "");
    visit_expect(&v, "open");
    visit_close(&v);
}

/* ---- Answers that are none ----------------------------------------------- */

static const struct {
    const char *what, *answer;
    int err;
    const char *why;
    int status;
    int responses;
    bool hangs_up;
} wrongs[] = {
    {"404", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
     WEFT_ERR_REFUSED, "404", 404, 1},
    {"404 and frames (T13)",
     "HTTP/1.1 404 Not Found\r\n\r\n\x81\x01"
     "a",
     WEFT_ERR_REFUSED, "404", 404, 1},
    {"301", "HTTP/1.1 301 x\r\nLocation: ws://h/\r\n\r\n", WEFT_ERR_REFUSED,
     "301", 301, 1},
    {"401", "HTTP/1.1 401 x\r\n\r\n", WEFT_ERR_REFUSED, "401", 401, 1},
    {"101 without Upgrade", "HTTP/1.1 101 x\r\n\r\n", WEFT_ERR_PROTOCOL,
     "Upgrade", 101, 1},
    {"101 without Accept",
     "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
     WEFT_ERR_PROTOCOL, "Sec-WebSocket-Accept", 101, 1},
    {"no HTTP", "SSH-2.0-x\r\n", WEFT_ERR_PROTOCOL, "answer", 0, 1},
    {"a frame",
     "\x81\x01"
     "a",
     WEFT_ERR_PROTOCOL, "answer", 0, 1},
    {"over the limit",
     "HTTP/1.1 101 x\r\nA: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
     WEFT_ERR_LIMIT, "limit", 0, 1},
    {"nothing", "", WEFT_ERR_EOF, "closed", 0, 0, true},
    {"half an answer", "HTTP/1.1 101 Swi", WEFT_ERR_EOF, "closed", 0, 0, true},
    {"an interim one alone", "HTTP/1.1 100 Continue\r\n\r\n", WEFT_ERR_EOF,
     "closed", -1, 1, true},
};

static void test_wrong_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrongs); i++) {
        const char *what = wrongs[i].what;
        struct visit v;

        visit_init(&v);
        v.opts.header_limit = 180;
        visit_knocks(&v);
        server_says(&v, wrongs[i].answer);
        if (wrongs[i].hangs_up)
            assert_return_code(shutdown(v.fd, SHUT_WR), errno);
        visit_ends(&v);
        assert_string_equal(visit_words(&v), LOST);
        CHECK(v.err == wrongs[i].err, "%s: %d, %s", what, v.err, v.why);
        CHECK(strstr(v.why, wrongs[i].why), "%s: \"%s\"", what, v.why);
        CHECK(wrongs[i].status < 0 ||
                  weft_socket_status(v.ws) == wrongs[i].status,
              "%s: status %d", what, weft_socket_status(v.ws));
        CHECK(v.told[AT_RESPONSE] == wrongs[i].responses, "%s: %d", what,
              v.told[AT_RESPONSE]);
        CHECK(v.how.err == v.err && v.how.reason_len == 0, "%s", what);
        assert_string_equal(weft_socket_protocol(v.ws), "");
        server_sees_end(&v); /* and no close frame */
        visit_close(&v);
    }
}

static void test_reset_before_the_answer(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    visit_knocks(&v);
    reset_peer(v.fd);
    v.fd = -1;
    visit_ends(&v);
    assert_string_equal(visit_words(&v), LOST);
    assert_non_null(strstr(v.why, "reset"));
    visit_close(&v);
}

/* Control characters of a server do not reach the text for a person. */
static void test_text_is_printable(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    visit_knocks(&v);
    server_says(&v, "HTTP/1.1 404 \x1b[31mred\x9b\r\n\r\n");
    visit_ends(&v);
    for (const char *p = v.why; *p; p++)
        CHECK((unsigned char)*p >= ' ' && *p != 0x7f, "\"%s\"", v.why);
    visit_close(&v);
}

/* ---- No connection ------------------------------------------------------- */

static void test_refused(void **state)
{
    struct visit v;
    char address[32];

    (void)state;
    visit_init(&v);
    close(v.listener);
    v.listener = -1;
    snprintf(address, sizeof(address), "127.0.0.1:%u",
             ntohs(v.at_address.sin_port));
    visit_begin(&v);
    visit_ends(&v);
    assert_string_equal(visit_words(&v), LOST);
    assert_int_equal(v.err, WEFT_ERR_UNREACHABLE);
    CHECK(strstr(v.why, address), "\"%s\"", v.why);
    assert_int_equal(v.told[AT_REQUEST], 0);
    visit_close(&v);
}

/* Ports of other services, which the fetch standard blocks. */
static void test_blocked_ports(void **state)
{
    static const unsigned ports[] = {1, 22, 25, 6000, 6667, 10080};

    (void)state;
    for (size_t i = 0; i < COUNT(ports); i++) {
        struct visit v;
        char number[16];

        visit_init(&v);
        snprintf(v.url, sizeof(v.url), "ws://127.0.0.1:%u/", ports[i]);
        snprintf(number, sizeof(number), "%u", ports[i]);
        visit_begin(&v);
        visit_ends(&v);
        assert_string_equal(visit_words(&v), LOST);
        assert_int_equal(v.err, WEFT_ERR_DENIED);
        CHECK(strstr(v.why, number), "\"%s\"", v.why);
        visit_close(&v);
    }
}

/* ---- Time ---------------------------------------------------------------- */

static void test_silent_server(void **state)
{
    (void)state;
    for (int n = 0; n < 3; n++) {
        struct visit v;

        visit_init(&v);
        v.opts.connect_ms = 20;
        visit_knocks(&v);
        if (n == 1)
            server_says(&v, "HTTP/1.1 101 Switching");
        if (n == 2)
            server_says(&v, "HTTP/1.1 100 Continue\r\n\r\n");
        visit_ends(&v);
        assert_string_equal(visit_words(&v), LOST);
        assert_int_equal(v.err, WEFT_ERR_TIMEOUT);
        CHECK(strstr(v.why, "server"), "\"%s\"", v.why);
        server_sees_end(&v);
        visit_close(&v);
    }
}

/* A listener whose queue is full does not answer a SYN. */
static void test_no_answer_to_a_syn(void **state)
{
    struct sockaddr_in *at;
    struct visit v;
    int fds[2];

    (void)state;
    visit_init(&v);
    at = &v.at_address;
    assert_return_code(listen(v.listener, 0), errno);
    for (size_t i = 0; i < COUNT(fds); i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(fds[i], (struct sockaddr *)at, sizeof(*at));
    }
    v.opts.connect_ms = 30;
    visit_begin(&v);
    visit_ends(&v);
    assert_string_equal(visit_words(&v), LOST);
    assert_int_equal(v.err, WEFT_ERR_TIMEOUT);
    CHECK(strstr(v.why, "127.0.0.1"), "\"%s\"", v.why);
    assert_int_equal(v.told[AT_REQUEST], 0);
    visit_close(&v);
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
}

/* Once it is open the bound is forgotten; without one there is none. */
static void test_bound_of_connecting(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    v.opts.connect_ms = 600000;
    visit_knocks(&v);
    turn_until_quiet(v.loop);
    assert_in_range(weft_loop_timeout_ms(v.loop), 500000, 600000);
    server_agrees(&v, "", "");
    visit_expect(&v, "open");
    turn_until_quiet(v.loop);
    assert_int_equal(weft_loop_timeout_ms(v.loop), -1);
    visit_close(&v);

    visit_init(&v);
    v.opts.connect_ms = WEFT_SOCKET_NEVER;
    visit_knocks(&v);
    turn_until_quiet(v.loop);
    assert_int_equal(weft_loop_timeout_ms(v.loop), -1);
    visit_close(&v);

    visit_init(&v);
    visit_knocks(&v);
    turn_until_quiet(v.loop);
    assert_in_range(weft_loop_timeout_ms(v.loop), 10000, 30000);
    visit_close(&v);
}

/* ---- close() before it is open ------------------------------------------- */

static void test_close_before_open(void **state)
{
    (void)state;
    for (int stage = 0; stage < 6; stage++) {
        struct visit v;

        visit_init(&v);
        visit_begin(&v);
        if (stage == 1)
            turn(v.loop);
        if (stage >= 2)
            server_accepts(&v);
        if (stage >= 3)
            (void)server_request(&v);
        if (stage == 4)
            server_says(&v, "HTTP/1.1 101 Switching");
        if (stage == 4)
            turn(v.loop);
        if (stage == 5) /* which nobody has read */
            server_agrees(&v, "", "8101 61");
        assert_int_equal(user_close(&v, 3000, "early"), 0);
        assert_int_equal(visit_state(&v), WEFT_CLOSING);
        visit_ends(&v);
        CHECK(!strcmp(visit_words(&v), LOST), "%d: \"%s\"", stage,
              visit_words(&v));
        assert_int_equal(v.err, WEFT_ERR_GONE);
        assert_int_equal(v.how.reason_len, 0);
        if (stage >= 3) {
            server_reads_to_end(&v);
            assert_int_equal(v.got.len, 0);
        }
        visit_close(&v);
    }
}

/* ---- Proxies ------------------------------------------------------------- */

/* The test's server is the proxy. */
static void visit_proxied(struct visit *v, char *proxy, size_t size)
{
    visit_init(v);
    snprintf(proxy, size, "http://user:pass@127.0.0.1:%u",
             ntohs(v->at_address.sin_port));
    snprintf(v->url, sizeof(v->url), "ws://far.example/x");
    v->opts.proxy = proxy;
    visit_begin(v);
    server_accepts(v);
}

static void test_proxy(void **state)
{
    char proxy[64];
    const char *head;
    struct visit v;

    (void)state;
    visit_proxied(&v, proxy, sizeof(proxy));
    head = server_request(&v);
    assert_true(!strncmp(head, "CONNECT far.example:80 HTTP/1.1\r\n", 33));
    assert_string_equal(request_field(head, "Proxy-Authorization"),
                        "Basic dXNlcjpwYXNz");
    server_says(&v, "HTTP/1.1 200 Connection established\r\n\r\n");
    head = server_request(&v);
    assert_true(!strncmp(head, "GET /x HTTP/1.1\r\n", 17));
    assert_string_equal(request_field(head, "Host"), "far.example");
    assert_null(request_field(head, "Proxy-Authorization"));
    assert_int_equal(v.told[AT_REQUEST], 2);
    assert_int_equal(v.told[AT_RESPONSE], 1);
    server_agrees(&v, "", "8101 61");
    visit_expect(&v, "open text:a");
    assert_int_equal(v.told[AT_RESPONSE], 2);
    assert_int_equal(weft_socket_status(v.ws), 101);
    assert_int_equal(user_send(&v, "b"), 0);
    server_expect(&v, "text:b");
    visit_close(&v);
}

static const struct {
    const char *what, *answer;
    int err, status;
    bool hangs_up;
} refusals[] = {
    {"407", "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\n\r\n",
     WEFT_ERR_REFUSED, 407},
    {"502", "HTTP/1.1 502 Bad Gateway\r\n\r\n", WEFT_ERR_REFUSED, 502},
    {"no HTTP", "\x05\x00garbage\r\n\r\n", WEFT_ERR_PROTOCOL, 0},
    {"nothing", "", WEFT_ERR_EOF, 0, true},
    {"frames at once",
     "\x81\x01"
     "a",
     WEFT_ERR_PROTOCOL, 0},
};

static void test_proxy_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        char proxy[64];
        struct visit v;

        visit_proxied(&v, proxy, sizeof(proxy));
        (void)server_request(&v);
        server_puts(&v, refusals[i].answer,
                    i == 2 ? 13 : strlen(refusals[i].answer));
        if (refusals[i].hangs_up)
            assert_return_code(shutdown(v.fd, SHUT_WR), errno);
        visit_ends(&v);
        assert_string_equal(visit_words(&v), LOST);
        CHECK(v.err == refusals[i].err, "%s: %d, %s", refusals[i].what, v.err,
              v.why);
        CHECK(strstr(v.why, "proxy"), "%s: \"%s\"", refusals[i].what, v.why);
        CHECK(weft_socket_status(v.ws) == refusals[i].status, "%s: %d",
              refusals[i].what, weft_socket_status(v.ws));
        assert_int_equal(v.told[AT_REQUEST], 1);
        server_sees_end(&v);
        visit_close(&v);
    }
}

static void test_silent_proxy(void **state)
{
    char proxy[64];
    struct visit v;

    (void)state;
    visit_init(&v);
    snprintf(proxy, sizeof(proxy), "127.0.0.1:%u",
             ntohs(v.at_address.sin_port));
    v.opts.proxy = proxy;
    v.opts.connect_ms = 20;
    visit_knocks(&v);
    visit_ends(&v);
    assert_string_equal(visit_words(&v), LOST);
    assert_int_equal(v.err, WEFT_ERR_TIMEOUT);
    CHECK(strstr(v.why, "proxy"), "\"%s\"", v.why);
    visit_close(&v);
}

/* A browser blocks the port also where a proxy would connect to it. */
static void test_blocked_port_behind_a_proxy(void **state)
{
    char proxy[64];
    struct visit v;

    (void)state;
    visit_init(&v);
    snprintf(proxy, sizeof(proxy), "127.0.0.1:%u",
             ntohs(v.at_address.sin_port));
    snprintf(v.url, sizeof(v.url), "ws://far.example:25/");
    v.opts.proxy = proxy;
    visit_begin(&v);
    visit_ends(&v);
    assert_string_equal(visit_words(&v), LOST);
    assert_false(is_readable(v.listener));
    visit_close(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads_are_told),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_frames_behind_the_answer),
        cmocka_unit_test(test_interim_answers),
        cmocka_unit_test(test_localhost),
        cmocka_unit_test(test_wrong_answers),
        cmocka_unit_test(test_reset_before_the_answer),
        cmocka_unit_test(test_text_is_printable),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_blocked_ports),
        cmocka_unit_test(test_silent_server),
        cmocka_unit_test(test_no_answer_to_a_syn),
        cmocka_unit_test(test_bound_of_connecting),
        cmocka_unit_test(test_close_before_open),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_proxy_refuses),
        cmocka_unit_test(test_silent_proxy),
        cmocka_unit_test(test_blocked_port_behind_a_proxy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
