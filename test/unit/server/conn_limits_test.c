/* SPDX-License-Identifier: MIT */
/* What a peer may not do: come when there are too many, send too much, break
 * the protocol. */
#include "serve.h"

static struct gate messages = GATE, closed = GATE;

/* How the last connection ended; read after the gate. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over last */
static struct {
    uint16_t code;
    bool clean;
    int err;
} last;

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_send(conn, msg->kind, msg->data, msg->len);
    gate_pass(&messages);
}

static void on_close(struct weft_conn *conn, const struct weft_closed *how)
{
    (void)conn;
    pthread_mutex_lock(&lock);
    last.code = how->code;
    last.clean = how->clean;
    last.err = how->err;
    pthread_mutex_unlock(&lock);
    gate_pass(&closed);
}

static const struct weft_handler echo = {
    .size = sizeof(echo), .message = on_message, .close = on_close};

static int reset(void **state)
{
    (void)state;
    gate_reset(&messages);
    gate_reset(&closed);
    return 0;
}

/* ---- Limits -------------------------------------------------------------- */

static void test_connection_limit(void **state)
{
    struct serve *s = serve_new();
    struct client a, b, c;

    (void)state;
    s->opts.connection_limit = 2;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    client_join(&a, s, "/echo");
    client_join(&b, s, "/echo");
    client_open(&c, s);
    assert_int_equal(client_answer(&c), 503); /* without being asked */
    assert_string_equal(client_field(&c, "Connection"), "close");
    assert_true(client_ended(&c));
    client_close(&c);
    assert_int_equal(serve_stats(s).refused, 1);
    client_text(&a, "Hello");
    client_expect(&a, "text:Hello");

    client_close(&b);
    SERVE_UNTIL(s, serve_connections(s) == 1);
    client_join(&b, s, "/echo");
    client_close(&b);
    client_close(&a);
    serve_close(s);
}

/* One that was turned away holds no place while it lingers. */
static void test_refused_hold_no_place(void **state)
{
    struct serve *s = serve_new();
    struct client in, refused[5], next;

    (void)state;
    s->opts.connection_limit = 1;
    s->opts.close_ms = WEFT_UNLIMITED;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    client_join(&in, s, "/echo");
    for (size_t i = 0; i < COUNT(refused); i++) {
        client_open(&refused[i], s);
        assert_int_equal(client_answer(&refused[i]), 503);
    }
    client_reset(&in);
    gate_wait(&closed, 1);
    serve_turn(s);
    client_open(&next, s);
    assert_int_equal(client_upgrade(&next, "/echo", ""), 101);
    client_close(&next);
    for (size_t i = 0; i < COUNT(refused); i++)
        client_close(&refused[i]);
    serve_close(s);
}

static void test_per_address_limit(void **state)
{
    struct serve *s = serve_new();
    struct client a, b, c, other;

    (void)state;
    s->opts.threads = 2;
    s->opts.per_address_limit = 2;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    client_open_from(&a, s, 2);
    client_open_from(&b, s, 2);
    assert_int_equal(client_upgrade(&a, "/echo", ""), 101);
    assert_int_equal(client_upgrade(&b, "/echo", ""), 101);
    client_open_from(&c, s, 2);
    assert_int_equal(client_answer(&c), 503);
    client_close(&c);
    client_open_from(&other, s, 3);
    assert_int_equal(client_upgrade(&other, "/echo", ""), 101);

    client_close(&a);
    SERVE_UNTIL(s, serve_connections(s) == 2);
    client_open_from(&a, s, 2);
    assert_int_equal(client_upgrade(&a, "/echo", ""), 101);
    client_close(&a);
    client_close(&b);
    client_close(&other);
    serve_close(s);
}

/* ---- Offences ------------------------------------------------------------ */

static const struct {
    const char *what, *frames; /* unmasked, see wire_add_plain */
    const char *answer;
    int err;
} offences[] = {
    {"over the message limit", "8265", "close:1009", WEFT_ERR_LIMIT},
    {"over it in fragments",
     "0232"
     "00000000000000000000"
     "00000000000000000000"
     "00000000000000000000"
     "00000000000000000000"
     "00000000000000000000"
     "8033",
     "close:1009", WEFT_ERR_LIMIT},
    {"claims 2^63 - 1 bytes", "827f7fffffffffffffff", "close:1009",
     WEFT_ERR_LIMIT},
    {"claims 2^64 - 1 bytes", "827fffffffffffffffff", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"too many fragments",
     "020161"
     "000161"
     "000161"
     "000161"
     "000161",
     "close:1008", WEFT_ERR_POLICY},
    {"too many empty fragments",
     "0200"
     "0000"
     "0000"
     "0000"
     "0000",
     "close:1008", WEFT_ERR_POLICY},
    {"not UTF-8", "8101ff", "close:1007", WEFT_ERR_UTF8},
    {"reserved opcode", "8300", "close:1002", WEFT_ERR_PROTOCOL},
    {"reserved bit", "c100", "close:1002", WEFT_ERR_PROTOCOL},
    {"continuation of nothing", "8000", "close:1002", WEFT_ERR_PROTOCOL},
    {"close of 1 byte", "880103", "close:1002", WEFT_ERR_PROTOCOL},
    {"close code 1006", "880203ee", "close:1002", WEFT_ERR_PROTOCOL},
};

static void test_offences(void **state)
{
    struct serve *s = serve_new();

    (void)state;
    s->opts.message_limit = 100;
    s->opts.fragment_limit = 4;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    for (size_t i = 0; i < COUNT(offences); i++) {
        struct bytes out = {0};
        uint8_t plain[256];
        struct client c;

        client_join(&c, s, "/echo");
        client_text(&c, "before");
        client_expect(&c, "text:before");
        wire_add_plain(&out, WEFT_SERVER, plain,
                       unhex(plain, offences[i].frames));
        client_send(&c, out.data, out.len);
        bytes_release(&out);
        client_try(&c, "\x81\x80\x01\x02\x03\x04", 6); /* is not looked at */
        CHECK(!strcmp(client_words(&c), offences[i].answer), "%s: %s",
              offences[i].what, client_body(&c));
        CHECK(client_ended(&c), "%s", offences[i].what);
        gate_wait(&closed, (int)i + 1);
        CHECK(last.err == offences[i].err, "%s: %d", offences[i].what,
              last.err);
        CHECK(last.code == 1006 && !last.clean, "%s", offences[i].what);
        client_close(&c);
    }
    assert_true(serve_logged(s, "WARN 127.0.0.1 /echo: "));
    assert_int_equal(gate_count(&messages), (int)COUNT(offences));
    serve_close(s);
}

/* A frame without mask, which wire_add_plain cannot write (T9). */
static void test_unmasked(void **state)
{
    struct serve *s = serve_new();
    struct client c;

    (void)state;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    client_join(&c, s, "/echo");
    client_send(&c, "\x81\x01x", 3);
    client_expect(&c, "close:1002");
    assert_true(client_ended(&c));
    client_close(&c);
    serve_close(s);
    assert_int_equal(gate_count(&messages), 0);
}

/* A route's own limit goes before the server's. */
static void test_limit_of_route(void **state)
{
    const struct weft_handler small = {
        .size = sizeof(small), .message = on_message, .message_limit = 3};
    struct serve *s = serve_new();
    struct client c;

    (void)state;
    serve_open_at(s, "/small", &small);
    serve_run(s);
    client_join(&c, s, "/small");
    client_text(&c, "abc");
    client_expect(&c, "text:abc");
    client_text(&c, "abcd");
    client_expect(&c, "close:1009");
    client_close(&c);
    serve_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_connection_limit, reset),
        cmocka_unit_test_setup(test_refused_hold_no_place, reset),
        cmocka_unit_test_setup(test_per_address_limit, reset),
        cmocka_unit_test_setup(test_offences, reset),
        cmocka_unit_test_setup(test_unmasked, reset),
        cmocka_unit_test_setup(test_limit_of_route, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
