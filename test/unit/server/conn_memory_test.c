/* SPDX-License-Identifier: MIT */
/*
 * Out of memory at every step of a conversation. The server may end that
 * connection in any way; it goes on, serves the next one, and leaks nothing.
 * close is called where open was, and nowhere else.
 */
#include "serve.h"

#include <stdlib.h>

static struct gate opened = GATE, closed = GATE;
static int faults; /* read when the server has ended */

static int on_request(struct weft_request *req)
{
    /* Each may fail; none may do harm. */
    (void)weft_request_query(req);
    (void)weft_request_param(req, "name");
    (void)weft_request_header(req, "Host");
    (void)weft_request_cookie(req, "session");
    (void)weft_request_offer(req, 0);
    (void)weft_request_origin(req);
    (void)weft_request_protocol(req, "chat");
    (void)weft_request_add_header(req, "X-Answer", "42");
    return 0;
}

static void on_tick(struct weft_conn *conn, void *arg)
{
    (void)arg;
    faults += weft_conn_user(conn) != &faults;
}

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    (void)weft_request_header(req, "User-Agent");
    weft_conn_set_user(conn, &faults);
    (void)weft_subscribe(conn, "all");
    (void)weft_subscribe(conn, "few");
    (void)weft_conn_timer(conn, 0, 0, on_tick, NULL, NULL);
    (void)weft_conn_timer(conn, 3600000, 0, on_tick, NULL, NULL);
    (void)weft_send_text(conn, "welcome");
    gate_pass(&opened);
}

static void on_call(struct weft_conn *conn, void *arg)
{
    (void)arg;
    if (conn)
        faults += weft_conn_user(conn) != &faults;
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    faults += weft_conn_user(conn) != &faults;
    (void)weft_send(conn, msg->kind, msg->data, msg->len);
    (void)weft_publish(conn, "all", msg->kind, msg->data, msg->len, 0);
    (void)weft_handle_send(weft_conn_handle(conn), WEFT_TEXT, "later", 5);
    if (weft_handle_call(weft_conn_handle(conn), on_call, NULL) == 0)
        (void)weft_unsubscribe(conn, "few");
}

static void on_close(struct weft_conn *conn, const struct weft_closed *how)
{
    (void)how;
    faults += weft_conn_user(conn) != &faults;
    gate_pass(&closed);
}

static const struct weft_handler handler = {
    .size = sizeof(handler),
    .request = on_request,
    .open = on_open,
    .message = on_message,
    .close = on_close,
};

/* Says all it has to say whatever comes back; big is a message of that many
 * bytes in fragments. */
static void talk_through(struct serve *s, size_t big)
{
    const char *request =
        handshake("/x?name=a%20b&c", "Sec-WebSocket-Protocol: chat, echo\r\n"
                                     "Cookie: session=1\r\n"
                                     "User-Agent: test\r\n");
    size_t half = strlen(request) / 2;
    char *payload = calloc(1, big);
    struct bytes out = {0};
    struct client c;

    assert_non_null(payload);
    client_open(&c, s);
    if (client_try(&c, request, half)) {
        serve_turn(s); /* the head comes in two parts */
        bytes_add(&out, request + half, strlen(request) - half);
        wire_add_frame(&out, WEFT_SERVER, 0x81, "Hello", 5);
        wire_add_frame(&out, WEFT_SERVER, 0x89, "ping", 4);
        wire_add_frame(&out, WEFT_SERVER, 0x02, payload, big);
        wire_add_frame(&out, WEFT_SERVER, 0x00, payload, big);
        wire_add_frame(&out, WEFT_SERVER, 0x80, payload, big);
        wire_add_frame(&out, WEFT_SERVER, 0x88, "\x03\xe8", 2);
        (void)client_try(&c, out.data, out.len);
    }
    client_finish(&c);
    client_await_end(&c);
    client_close(&c);
    bytes_release(&out);
    free(payload);
}

/* One conversation in which the n-th allocation fails, alone or with all that
 * follow. false: it did without. */
static bool run_with(long n, bool alone)
{
    struct serve *s = serve_new();
    struct client c;
    bool has_failed;

    gate_reset(&opened);
    gate_reset(&closed);
    serve_open_at(s, "/x", &handler);
    serve_run(s);
    serve_turn(s);
    if (alone)
        serve_fail(s, n);
    else
        serve_allow(s, n);
    talk_through(s, 30000);
    has_failed = serve_has_failed(s);
    serve_fail(s, -1);
    serve_allow(s, -1);
    SERVE_UNTIL(s, serve_connections(s) == 0);
    CHECK(gate_count(&opened) == gate_count(&closed), "%d, %d, step %ld",
          gate_count(&opened), gate_count(&closed), n);

    client_join(&c, s, "/x");
    client_expect(&c, "text:welcome");
    client_close(&c);
    serve_close(s);
    assert_int_equal(faults, 0);
    return has_failed;
}

static void test_all_fail(void **state)
{
    long n = 0;

    (void)state;
    while (run_with(n, false))
        n++;
    assert_true(n > 20);
}

static void test_one_fails(void **state)
{
    long n = 0;

    (void)state;
    while (run_with(n, true))
        n++;
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_fail),
        cmocka_unit_test(test_one_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
