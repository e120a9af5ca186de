/* SPDX-License-Identifier: MIT */
/*
 * The session: what arrives, and every way in which the peer ends it. Its owner
 * gives it up in session_abort_test.c; large output and slow peers are in
 * session_output_test.c, time in session_time_test.c, want of memory in
 * session_memory_test.c.
 */
#include "side.h"

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

/* A case for each role over each kind of socket. */
#define CASES 4

static void open_case(struct world *w, struct side *side, int n)
{
    world_open(w, 0);
    side_open(side, w, roles[n % 2], n / 2);
}

/* ---- Two sessions -------------------------------------------------------- */

static void echo(struct side *side, const struct weft_message *msg)
{
    side->last = weft_session_send(&side->s, msg->kind, msg->data, msg->len);
    assert_int_equal(side->last, 0);
}

static void open_joined(struct world *w, struct side sides[2], bool tcp)
{
    int fds[2];

    world_open(w, 0);
    (tcp ? tcp_pair : unix_pair)(fds);
    for (int i = 0; i < 2; i++) {
        side_init(&sides[i], w, roles[i]);
        side_start(&sides[i], fds[i]);
    }
}

/* A server that echoes and a client; either of them closes. */
static void test_joined(void **state)
{
    static uint8_t big[300000];

    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct bytes want = {0};
        struct side sides[2];
        struct world w;

        open_joined(&w, sides, n / 2);
        sides[0].on_message = echo;
        assert_int_equal(side_send(&sides[1], "hi"), 0);
        assert_int_equal(
            weft_session_send(&sides[1].s, WEFT_BINARY, big, sizeof(big)), 0);
        assert_int_equal(weft_session_send(&sides[1].s, WEFT_PING, "p", 1), 0);
        assert_int_equal(side_send(&sides[1], ""), 0);
        TURN_UNTIL(w.loop, sides[1].messages == 3);
        assert_int_equal(weft_session_close(&sides[n % 2].s, 1000, "done", 4),
                         0);
        TURN_UNTIL(w.loop, sides[0].closed && sides[1].closed);

        text_add(&want, "text:hi binary:");
        text_add_payload(&want, big, sizeof(big));
        text_add(&want, " ping:p text: ended:1000/done closed");
        assert_string_equal(side_words(&sides[0]), text_of(&want));
        want.len = strlen("text:hi binary:");
        text_add_payload(&want, big, sizeof(big));
        text_add(&want, " pong:p text: ended:1000/done closed");
        assert_string_equal(side_words(&sides[1]), text_of(&want));
        assert_int_equal(sides[0].end_err, 0);
        assert_int_equal(sides[1].end_err, 0);
        bytes_release(&want);
        world_close(&w);
    }
}

/* Both close at once. */
static void test_joined_both_close(void **state)
{
    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        struct side sides[2];
        struct world w;

        open_joined(&w, sides, tcp);
        assert_int_equal(weft_session_close(&sides[0].s, 1001, "", 0), 0);
        assert_int_equal(weft_session_close(&sides[1].s, 3000, "", 0), 0);
        assert_int_equal(weft_session_close(&sides[1].s, 3000, "", 0),
                         WEFT_ERR_USAGE);
        TURN_UNTIL(w.loop, sides[0].closed && sides[1].closed);
        assert_string_equal(side_words(&sides[0]), "ended:3000 closed");
        assert_string_equal(side_words(&sides[1]), "ended:1001 closed");
        world_close(&w);
    }
}

/* ---- Input --------------------------------------------------------------- */

/* Each byte in a turn of its own: frames, fragments, controls between them. */
static void test_byte_by_byte(void **state)
{
    static const char talk[] = "8102 6869 0103 e282ac 8902 7070 8001 21"
                               "8200 8a00 8804 03e8 6f6b";
    uint8_t plain[64];

    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct bytes in = {0};
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        wire_add_plain(&in, side_role(&side), plain, unhex(plain, talk));
        for (size_t i = 0; i < in.len; i++) {
            peer_put(&side, in.data + i, 1);
            wait_ready(side.s.stream.io.fd, POLLIN);
            turn(w.loop);
        }
        TURN_UNTIL(w.loop, side.ended);
        assert_string_equal(side_words(&side),
                            "text:hi ping:pp text:\\xe2\\x82\\xac! "
                            "binary: pong: ended:1000/ok");
        bytes_release(&in);
        side_finish(&side);
        world_close(&w);
    }
}

/* Bytes that came before the session began are taken as if they came now. */
static void test_take(void **state)
{
    uint8_t plain[16];

    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct bytes in = {0};
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        side.on_message = echo;
        wire_add_plain(&in, side_role(&side), plain, unhex(plain, "8102 6869"));
        weft_session_take(&side.s, in.data, in.len);
        assert_string_equal(side_words(&side), "text:hi");
        assert_int_equal(side.dirtied, 0); /* it was a turn of its own */
        peer_waits(&side, side.conf.ep.is_client ? 8 : 4);
        assert_string_equal(peer_heard(&side), "text:hi");
        bytes_release(&in);
        side_finish(&side);
        world_close(&w);
    }
}

/* ---- Output -------------------------------------------------------------- */

/* What is sent outside a turn makes the session dirty once, and leaves at its
 * end, together. */
static void test_sent_together(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        for (int i = 0; i < 100; i++)
            assert_int_equal(side_send(&side, "x"), 0);
        assert_int_equal(side.dirtied, 1);
        assert_false(is_readable(side.fd));
        turn(w.loop);
        wait_ready(side.fd, POLLIN);
        peer_takes(&side, 65536);
        assert_int_equal(side.got.len, side.conf.ep.is_client ? 700 : 300);
        side_finish(&side);
        world_close(&w);
    }
}

/* What is sent in a callback needs no one to settle it. */
static void test_sent_in_message(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        side.on_message = echo;
        peer_says(&side, "8101 61 8101 62 8900 8101 63");
        TURN_UNTIL(w.loop, side.messages == 3);
        assert_int_equal(side.dirtied, 0);
        peer_waits(&side, side.conf.ep.is_client ? 3 * 7 + 6 : 3 * 3 + 2);
        assert_string_equal(peer_heard(&side), "text:a text:b pong: text:c");
        side_finish(&side);
        world_close(&w);
    }
}

/* ---- The closing handshake ----------------------------------------------- */

/* A server ends its half behind its close frame, and throws away what comes
 * until the peer ends too. */
static void test_server_ends_first(void **state)
{
    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        struct side side;
        struct world w;

        world_open(&w, 0);
        side_open(&side, &w, WEFT_SERVER, tcp);
        peer_says(&side, "8804 03e9 6869");
        peer_waits_for_end(&side);
        assert_true(side.got_end);
        assert_int_equal(side.got_error, 0);
        assert_string_equal(peer_heard(&side), "close:1001");
        assert_string_equal(side_words(&side), "ended:1001/hi");
        for (int i = 0; i < 5; i++) {
            peer_says(&side, "8101 61 8900 8800 ffff");
            wait_ready(side.s.stream.io.fd, POLLIN);
            turn(w.loop);
        }
        assert_int_equal(side.closed, 0);
        shutdown(side.fd, SHUT_WR);
        TURN_UNTIL(w.loop, side.closed);
        assert_string_equal(side_words(&side), "ended:1001/hi closed");
        assert_false(peer_takes(&side, 1));
        assert_int_equal(side.got_error, 0);
        world_close(&w);
    }
}

/* A client leaves that to the server (section 7.1.1). */
static void test_client_waits(void **state)
{
    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        struct side side;
        struct world w;

        world_open(&w, 0);
        side_open(&side, &w, WEFT_CLIENT, tcp);
        peer_says(&side, "8802 03e8");
        peer_waits(&side, 8);
        turn_until_quiet(w.loop);
        assert_false(peer_takes(&side, 1));
        assert_false(side.got_end);
        assert_string_equal(peer_heard(&side), "close:1000");
        assert_string_equal(side_words(&side), "ended:1000");
        shutdown(side.fd, SHUT_WR);
        TURN_UNTIL(w.loop, side.closed);
        peer_waits_for_end(&side);
        assert_int_equal(side.got_error, 0);
        world_close(&w);
    }
}

/* The session closes first; messages that were under way are passed over. */
static void test_close_first(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        assert_int_equal(side_send(&side, "a"), 0);
        assert_int_equal(weft_session_close(&side.s, 1000, "", 0), 0);
        assert_int_equal(side_send(&side, "b"), WEFT_ERR_USAGE);
        peer_waits(&side, side.conf.ep.is_client ? 15 : 7);
        assert_string_equal(peer_heard(&side), "text:a close:1000");
        peer_says(&side, "8101 61 8901 70");
        peer_says(&side, "8802 0bb8");
        TURN_UNTIL(w.loop, side.ended);
        assert_string_equal(side_words(&side), "ping:p ended:3000");
        side_finish(&side);
        assert_string_equal(side_words(&side), "ping:p ended:3000 closed");
        world_close(&w);
    }
}

static void close_now(struct side *side, const struct weft_message *msg)
{
    (void)msg;
    side->last = weft_session_close(&side->s, 4000, "enough", 6);
    assert_int_equal(side_send(side, "late"), WEFT_ERR_USAGE);
}

static void test_close_in_message(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        side.on_message = close_now;
        peer_says(&side, "8101 61 8101 62 0101 63");
        peer_waits(&side, side.conf.ep.is_client ? 14 : 10);
        assert_int_equal(side.last, 0);
        assert_string_equal(peer_heard(&side), "close:4000");
        assert_string_equal(side_words(&side), "text:a");
        peer_says(&side, "8002 64ff 8806 0fa0 6f6b6179");
        TURN_UNTIL(w.loop, side.ended);
        side_finish(&side);
        assert_string_equal(side_words(&side), "text:a ended:4000/okay closed");
        world_close(&w);
    }
}

/* Once ended has been called the session says no to everything. */
static void try_all(struct side *side)
{
    struct weft_blob *frame =
        weft_endpoint_frame(&side->mem, WEFT_TEXT, "x", 1);
    struct weft_broadcast message = {.frame = frame};

    assert_int_equal(side_send(side, "late"), WEFT_ERR_USAGE);
    assert_int_equal(weft_session_send(&side->s, WEFT_PING, "", 0),
                     WEFT_ERR_USAGE);
    assert_int_equal(weft_session_broadcast(&side->s, &message),
                     WEFT_ERR_USAGE);
    assert_int_equal(weft_session_close(&side->s, 4000, "", 0), WEFT_ERR_USAGE);
    weft_session_want_drain(&side->s);
    weft_blob_unref(frame);
}

static void test_calls_in_ended(void **state)
{
    static const char *const ends[] = {"8802 03e8", "8300", ""};
    static const char *const words[] = {
        "ended:1000 closed", "ended:1006 closed", "ended:1006 closed"};

    (void)state;
    for (int n = 0; n < CASES * 3; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n % CASES);
        side.on_ended = try_all;
        peer_says(&side, ends[n / CASES]);
        if (n / CASES == 2)
            shutdown(side.fd, SHUT_WR);
        TURN_UNTIL(w.loop, side.ended);
        try_all(&side);
        side_finish(&side);
        assert_string_equal(side_words(&side), words[n / CASES]);
        try_all(&side);
        weft_session_abort(&side.s, WEFT_ERR_GONE);
        weft_session_settle(&side.s);
        weft_session_tick(&side.s, UINT64_MAX);
        assert_int_equal(side.drains, 0);
        world_close(&w);
    }
}

/* ---- Other ends ---------------------------------------------------------- */

/* The peer breaks a rule: it is told, and then the stream ends, whatever it
 * goes on to say. */
static void test_peer_breaks_a_rule(void **state)
{
    static const struct {
        const char *hex;
        int err;
        const char *close;
    } cases[] = {
        {"8300", WEFT_ERR_PROTOCOL, "close:1002"},
        {"8102 c0af", WEFT_ERR_UTF8, "close:1007"},
        {"827f 0000 0001 0000 0000", WEFT_ERR_LIMIT, "close:1009"},
    };

    (void)state;
    for (int n = 0; n < CASES * 3; n++) {
        struct side side;
        struct world w;
        size_t k = (size_t)n / CASES;

        open_case(&w, &side, n % CASES);
        peer_says(&side, "8101 61");
        peer_says(&side, cases[k].hex);
        peer_waits_for_end(&side);
        assert_true(side.got_end);
        assert_string_equal(peer_heard(&side), cases[k].close);
        assert_string_equal(side_words(&side), "text:a ended:1006");
        assert_int_equal(side.end_err, cases[k].err);
        assert_true(*weft_endpoint_why(&side.s.ep));
        peer_says(&side, "8101 62 8800");
        wait_ready(side.s.stream.io.fd, POLLIN);
        turn(w.loop);
        assert_int_equal(side.closed, 0);
        side_finish(&side);
        world_close(&w);
    }
}

/* The peer's stream ends without a close frame; what it asked for before is
 * still answered. */
static void test_end_without_close(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        side.on_message = echo;
        peer_says(&side, "8101 61 0101");
        shutdown(side.fd, SHUT_WR);
        TURN_UNTIL(w.loop, side.closed);
        assert_string_equal(side_words(&side), "text:a ended:1006 closed");
        assert_int_equal(side.end_err, WEFT_ERR_EOF);
        peer_waits_for_end(&side);
        assert_int_equal(side.got_error, 0);
        assert_string_equal(peer_heard(&side), "text:a");
        world_close(&w);
    }
}

static void test_reset(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles) * 3; i++) {
        struct side side;
        struct world w;

        world_open(&w, 0);
        side_open(&side, &w, roles[i % 2], true);
        if (i / 2 == 1)
            assert_int_equal(weft_session_close(&side.s, 1000, "", 0), 0);
        if (i / 2 == 2)
            peer_says(&side, "0101 61");
        turn(w.loop);
        reset_peer(side.fd);
        side.fd = -1;
        TURN_UNTIL(w.loop, side.closed);
        assert_string_equal(side_words(&side), "ended:1006 closed");
        assert_int_equal(side.end_err, WEFT_ERR_EOF);
        world_close(&w);
    }
}

/* A reset behind the close frames changes nothing of what was told. */
static void test_reset_after_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct side side;
        struct world w;

        world_open(&w, 0);
        side_open(&side, &w, roles[i], true);
        peer_says(&side, "8802 03e8");
        peer_waits(&side, side.conf.ep.is_client ? 8 : 4);
        reset_peer(side.fd);
        side.fd = -1;
        TURN_UNTIL(w.loop, side.closed);
        assert_string_equal(side_words(&side), "ended:1000 closed");
        world_close(&w);
    }
}

/* The kernel refuses the bytes: the peer has gone. */
static void test_sending_to_nobody(void **state)
{
    static uint8_t big[1 << 20];

    (void)state;
    for (int n = 0; n < 2 * 2; n++) {
        struct side side;
        struct world w;
        int rc;

        world_open(&w, 0);
        side_open(&side, &w, roles[n % 2], false);
        peer_closes(&side);
        rc = weft_session_send(&side.s, WEFT_BINARY, big,
                               n / 2 ? sizeof(big) : 10);
        assert_int_equal(rc, 0);
        assert_int_equal(side.ended, 0);
        /* A server offers a large one at once, and learns it at once. */
        if (n == 2)
            assert_int_equal(weft_session_send(&side.s, WEFT_TEXT, "x", 1),
                             WEFT_ERR_EOF);
        TURN_UNTIL(w.loop, side.closed);
        assert_string_equal(side_words(&side), "ended:1006 closed");
        assert_int_equal(side.end_err, WEFT_ERR_EOF);
        world_close(&w);
    }
}

/* A peer that refuses a message says why and goes, while more is being sent to
 * it: what it said is heard, though sending fails first. */
static void test_last_word(void **state)
{
    static uint8_t big[1 << 20];
    struct side side;
    struct world w;

    (void)state;
    world_open(&w, 0);
    side_open(&side, &w, WEFT_SERVER, false);
    peer_says(&side, "8802 03f1");
    peer_closes(&side);
    weft_session_send(&side.s, WEFT_BINARY, big, sizeof(big));
    assert_int_equal(weft_session_send(&side.s, WEFT_TEXT, "x", 1),
                     WEFT_ERR_EOF);
    TURN_UNTIL(w.loop, side.closed);
    assert_string_equal(side_words(&side), "ended:1009 closed");
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_joined),
        cmocka_unit_test(test_joined_both_close),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_sent_together),
        cmocka_unit_test(test_sent_in_message),
        cmocka_unit_test(test_server_ends_first),
        cmocka_unit_test(test_client_waits),
        cmocka_unit_test(test_close_first),
        cmocka_unit_test(test_close_in_message),
        cmocka_unit_test(test_calls_in_ended),
        cmocka_unit_test(test_peer_breaks_a_rule),
        cmocka_unit_test(test_end_without_close),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_reset_after_close),
        cmocka_unit_test(test_sending_to_nobody),
        cmocka_unit_test(test_last_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
