/* SPDX-License-Identifier: MIT */
#include "peer.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void start(struct visit *visit, int version)
{
    visit_start(visit, server_of(&certs.server));
    if (version)
        SSL_set_max_proto_version(visit->peer.ssl, version);
    visit_shake(visit);
}

/* Says without TLS what is no TLS, or seems to be. */
static void put_raw(struct visit *visit, const char *hex)
{
    uint8_t bytes[256];
    size_t len = unhex(bytes, hex);

    assert_int_equal(send(visit->peer.fd, bytes, len, MSG_NOSIGNAL), len);
}

/* ---- Bytes --------------------------------------------------------------- */

/* All that lies in the socket is told in one call, however many records. */
static void test_one_call(void **state)
{
    static uint8_t bytes[100000];
    const size_t sizes[] = {1, 100, 16384, 50000};

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < COUNT(versions) * COUNT(sizes); i++) {
        size_t size = sizes[i % COUNT(sizes)], len = 0;
        struct visit visit;

        start(&visit, versions[i / COUNT(sizes)]);
        for (int k = 0; k < 20 && len + size <= sizeof(bytes); k++) {
            peer_put(&visit.peer, bytes + len, size);
            len += size;
        }
        assert_int_equal(visit.server.datas, 0);
        TURN_UNTIL(visit.loop, visit.server.datas > 0);
        assert_int_equal(visit.server.datas, 1);
        assert_int_equal(visit.server.got_len, len);
        assert_memory_equal(visit.server.got, bytes, len);
        visit_end(&visit);
    }
}

/* At rest it keeps nothing, and of a record in part what came of it. */
static void test_memory(void **state)
{
    struct weft_tls_filter *f;
    struct visit visit;

    (void)state;
    start(&visit, 0);
    f = weft_tls_filter_of(&visit.server.stream);
    peer_put(&visit.peer, "x", 1);
    TURN_UNTIL(visit.loop, visit.server.got_len == 1);
    assert_null(f->kept.data);
    assert_null(f->out);
    put_raw(&visit, "1703034000 112233445566");
    TURN_UNTIL(visit.loop, f->kept.len == 11);
    assert_true(f->kept.cap <= 64);
    assert_int_equal(visit.server.ends, 0);
    visit_end(&visit);
}

static void test_pause(void **state)
{
    struct visit visit;

    (void)state;
    start(&visit, 0);
    visit.server.pause_in = "data";
    peer_put(&visit.peer, "one", 3);
    TURN_UNTIL(visit.loop, visit.server.got_len == 3);
    peer_put(&visit.peer, "two", 3);
    turn_until_quiet(visit.loop);
    assert_int_equal(visit.server.got_len, 3);
    weft_stream_resume(&visit.server.stream);
    TURN_UNTIL(visit.loop, visit.server.got_len == 6);
    visit_end(&visit);
}

/* ---- The end ------------------------------------------------------------- */

/* The end that comes with bytes is told behind them, and not to one who has
 * paused over them; nor in the call that resumes. */
static void test_end_while_paused(void **state)
{
    (void)state;
    for (int is_wrong = 0; is_wrong < 2; is_wrong++) {
        struct visit visit;

        start(&visit, 0);
        visit.server.pause_in = "data";
        peer_put(&visit.peer, "bye", 3);
        if (is_wrong)
            put_raw(&visit, "1703030018 000102030405060708090a0b0c0d0e0f"
                            "1011121314151617");
        else
            SSL_shutdown(visit.peer.ssl);
        TURN_UNTIL(visit.loop, visit.server.got_len == 3);
        turn_until_quiet(visit.loop);
        assert_int_equal(visit.server.ends, 0);
        visit.server.within++;
        weft_stream_resume(&visit.server.stream);
        visit.server.within--;
        TURN_UNTIL(visit.loop, visit.server.ends == 1);
        assert_int_equal(visit.server.end_err, is_wrong ? WEFT_ERR_TLS : 0);
        visit_end(&visit);
    }
}

struct case_of_end {
    const char *what;
    bool notifies;   /* close_notify */
    const char *raw; /* behind it */
    char how;        /* the socket: o stays open, f FIN, r RST */
    int err;
    const char *why;
};

/* Over TCP, which knows RST. */
static void start_tcp(struct visit *visit, int version)
{
    int fds[2];

    visit_start(visit, server_of(&certs.server));
    end_close(&visit->server);
    close(visit->peer.fd);
    tcp_pair(fds);
    visit->peer.fd = fds[1];
    SSL_set_fd(visit->peer.ssl, fds[1]);
    SSL_set_max_proto_version(visit->peer.ssl, version);
    end_open(&visit->server, visit->loop, fds[0]);
    assert_int_equal(weft_tls_accept(&visit->server.stream, visit->tls), 0);
    visit_shake(visit);
}

static void check_end(const struct case_of_end *c, int version)
{
    struct visit visit;

    start_tcp(&visit, version);
    peer_put(&visit.peer, "bye", 3);
    if (c->notifies)
        SSL_shutdown(visit.peer.ssl);
    put_raw(&visit, c->raw);
    if (c->how == 'f')
        shutdown(visit.peer.fd, SHUT_WR);
    if (c->how == 'r') {
        TURN_UNTIL(visit.loop, visit.server.got_len == 3);
        reset_peer(visit.peer.fd);
        visit.peer.fd = -1;
    }
    TURN_UNTIL(visit.loop, visit.server.ends == 1);
    CHECK(visit.server.end_err == c->err, "%s: %d", c->what,
          visit.server.end_err);
    CHECK(*c->why ? strstr(visit.server.why, c->why) != NULL
                  : !*visit.server.why,
          "%s: %s", c->what, visit.server.why);
    assert_int_equal(visit.server.got_len, 3);
    turn_until_quiet(visit.loop);
    visit_end(&visit);
}

static void test_ends(void **state)
{
    static const struct case_of_end cases[] = {
        {"close_notify", true, "", 'o', 0, ""},
        {"close_notify and FIN", true, "", 'f', 0, ""},
        {"bytes behind close_notify", true, "deadbeef", 'o', 0, ""},
        {"FIN alone", false, "", 'f', 0, ""},
        {"RST", false, "", 'r', WEFT_ERR_EOF, ""},
        {"part of a record, then FIN", false, "1703030020 00", 'f', 0, ""},
        {"a record that was changed", false,
         "1703030018 000102030405060708090a0b0c0d0e0f1011121314151617", 'o',
         WEFT_ERR_TLS, "TLS failed: bytes were changed on their way"},
        {"no record", false, "2a2a2a2a2a2a", 'o', WEFT_ERR_TLS, "TLS failed: "},
        {"a record too long", false, "1703034801", 'o', WEFT_ERR_TLS,
         "TLS failed: "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(versions) * COUNT(cases); i++)
        check_end(&cases[i / COUNT(versions)], versions[i % COUNT(versions)]);
}

/* The peer learns by an alert that what it sent was refused. */
static void test_alert(void **state)
{
    struct visit visit;
    char c;

    (void)state;
    start(&visit, 0);
    put_raw(&visit, "1703030018 000102030405060708090a0b0c0d0e0f"
                    "1011121314151617");
    assert_int_equal(peer_get(&visit.peer, &c, 1), 0);
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()),
                     SSL_AD_REASON_OFFSET + SSL_AD_BAD_RECORD_MAC);
    visit_end(&visit);
}

/* ---- Messages behind the handshake --------------------------------------- */

/* New keys are answered when they are asked for, and then both go on. */
static void test_key_update(void **state)
{
    struct visit visit;
    char c;

    (void)state;
    start(&visit, TLS1_3_VERSION);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(
            SSL_key_update(visit.peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        peer_put(&visit.peer, "x", 1);
        TURN_UNTIL(visit.loop, visit.server.got_len == (size_t)i + 1);
        assert_int_equal(end_write(&visit.server, "y", 1), 1);
        assert_int_equal(peer_get(&visit.peer, &c, 1), 1);
    }
    visit_end(&visit);
}

static void test_key_update_flood(void **state)
{
    const int counts[] = {10, WEFT_TLS_STEPS_MAX + 1, 200};

    (void)state;
    for (size_t i = 0; i < COUNT(counts); i++) {
        struct visit visit;

        start(&visit, TLS1_3_VERSION);
        for (int k = 0; k < counts[i]; k++) {
            SSL_key_update(visit.peer.ssl, SSL_KEY_UPDATE_REQUESTED);
            assert_int_equal(SSL_do_handshake(visit.peer.ssl), 1);
        }
        peer_put(&visit.peer, "x", 1);
        TURN_UNTIL(visit.loop,
                   visit.server.ends == 1 || visit.server.got_len == 1);
        CHECK(visit.server.ends == (i > 0), "%d", counts[i]);
        if (i > 0)
            CHECK(strstr(visit.server.why, "without end"), "%s",
                  visit.server.why);
        visit_end(&visit);
    }
}

/* Another handshake is refused, and the connection stays as it is. */
static void test_renegotiation(void **state)
{
    struct visit visit;

    (void)state;
    start(&visit, TLS1_2_VERSION);
    assert_int_equal(SSL_renegotiate(visit.peer.ssl), 1);
    assert_int_equal(peer_shake(&visit.peer), SSL_ERROR_SSL);
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
    turn_until_quiet(visit.loop);
    assert_int_equal(visit.server.ends, 1); /* by the peer's alert */
    assert_true(visit.server.end_err == WEFT_ERR_TLS);
    visit_end(&visit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_call),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_end_while_paused),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_alert),
        cmocka_unit_test(test_key_update),
        cmocka_unit_test(test_key_update_flood),
        cmocka_unit_test(test_renegotiation),
    };

    return cmocka_run_group_tests(tests, certs_up, certs_down);
}
