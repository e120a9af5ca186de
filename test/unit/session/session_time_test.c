/* SPDX-License-Identifier: MIT */
/*
 * The session and time: the owner's ticks come with times far ahead, so that
 * nothing here waits for a clock.
 */
#include "side.h"

#define SECOND UINT64_C(1000000000)
#define PING (30 * SECOND)
#define PONG (15 * SECOND)
#define CLOSE (5 * SECOND)

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

#define CASES 4

/* Returns the time at which the session began. */
static uint64_t open_case(struct world *w, struct side *side, int n)
{
    world_open(w, 0);
    side_open(side, w, roles[n % 2], n / 2);
    assert_true(weft_session_deadline(&side->s) ==
                weft_loop_now(w->loop) + PING);
    return weft_loop_now(w->loop);
}

/* ---- Silence ------------------------------------------------------------- */

static void test_silence(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;
        uint64_t begin = open_case(&w, &side, n);

        weft_session_tick(&side.s, begin + PING - 1);
        assert_false(is_readable(side.fd));
        weft_session_tick(&side.s, begin + PING);
        peer_waits(&side, side.conf.ep.is_client ? 6 : 2);
        assert_string_equal(peer_heard(&side), "ping:");
        assert_true(weft_session_deadline(&side.s) == begin + PING + PONG);
        weft_session_tick(&side.s, begin + PING + PONG - 1);
        assert_int_equal(side.ended, 0);
        weft_session_tick(&side.s, begin + PING + PONG);
        assert_string_equal(side_words(&side), "ended:1006");
        assert_int_equal(side.end_err, WEFT_ERR_TIMEOUT);
        turn(w.loop);
        assert_string_equal(side_words(&side), "ended:1006 closed");
        peer_waits_for_end(&side);
        assert_int_equal(side.got_error, n / 2 ? ECONNRESET : 0);
        assert_int_equal(side.got.len, 0); /* and no close frame */
        assert_int_equal(side.dirtied, 0);
        world_close(&w);
    }
}

static void test_answer_to_the_ping(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;
        uint64_t begin = open_case(&w, &side, n);

        weft_session_tick(&side.s, begin + PING);
        peer_says(&side, "8a00");
        TURN_UNTIL(w.loop, *side_words(&side));
        assert_string_equal(side_words(&side), "pong:");
        assert_true(weft_session_deadline(&side.s) ==
                    weft_loop_now(w.loop) + PING);
        side_finish(&side);
        world_close(&w);
    }
}

/* The loop stood still, and the moment to give up has passed; but what the peer
 * said meanwhile lies in the socket, and is heard first. */
static void test_late_bytes_are_heard(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;
        uint64_t begin;

        world_open(&w, 0);
        side_init(&side, &w, roles[n % 2]);
        side.conf.ep.ping_ns = 1;
        side.conf.ep.pong_ns = 1;
        side_connect(&side, n / 2);
        begin = weft_loop_now(w.loop);
        weft_session_tick(&side.s, begin + 1);
        peer_says(&side, "8102 6869");
        wait_ready(side.s.stream.io.fd, POLLIN);
        turn(w.loop);
        assert_true(weft_loop_now(w.loop) > begin + 2);
        assert_string_equal(side_words(&side), "text:hi");
        side_finish(&side);
        world_close(&w);
    }
}

/* ---- The end ------------------------------------------------------------- */

/* No answer to the close frame: the stream is cut. */
static void test_no_answer_to_close(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;
        uint64_t begin = open_case(&w, &side, n), now = begin + SECOND;

        weft_session_tick(&side.s, now);
        assert_int_equal(weft_session_close(&side.s, 1000, "", 0), 0);
        assert_true(weft_session_deadline(&side.s) <= now);
        weft_session_tick(&side.s, now);
        peer_waits(&side, side.conf.ep.is_client ? 8 : 4);
        assert_true(weft_session_deadline(&side.s) == now + CLOSE);
        peer_says(&side, "8900"); /* talk is no answer */
        wait_ready(side.s.stream.io.fd, POLLIN);
        turn(w.loop);
        weft_session_tick(&side.s, now + CLOSE - 1);
        assert_string_equal(side_words(&side), "ping:");
        weft_session_tick(&side.s, now + CLOSE);
        turn(w.loop);
        assert_string_equal(side_words(&side), "ping: ended:1006 closed");
        assert_int_equal(side.end_err, WEFT_ERR_TIMEOUT);
        peer_waits_for_end(&side);
        assert_int_equal(side.got_error, n / 2 ? ECONNRESET : 0);
        world_close(&w);
    }
}

/* The wait for the rest of the end is asked for before the echo has gone, so
 * that an owner who looks at the deadline when it is told does not miss it. */
static void check_deadline(struct side *side)
{
    assert_true(weft_session_deadline(&side->s) <=
                weft_loop_now(side->world->loop));
}

/* Both close frames have gone, or the peer broke a rule, but its stream does
 * not end: it is cut, and what was told stands. */
static void test_peer_keeps_the_stream(void **state)
{
    static const char *const ends[] = {"8802 03e8", "8300"};
    static const char *const words[] = {"ended:1000", "ended:1006"};

    (void)state;
    for (int n = 0; n < CASES * 2; n++) {
        struct side side;
        struct world w;
        uint64_t now = open_case(&w, &side, n % CASES) + SECOND;
        /* A client whose server has nothing more to say is not patient. */
        uint64_t wait = n < CASES && side.conf.ep.is_client ? SECOND : CLOSE;

        side.on_ended = check_deadline;
        peer_says(&side, ends[n / CASES]);
        TURN_UNTIL(w.loop, side.ended);
        assert_true(weft_session_deadline(&side.s) <= now);
        weft_session_tick(&side.s, now);
        assert_true(weft_session_deadline(&side.s) == now + wait);
        weft_session_tick(&side.s, now + wait - 1);
        turn(w.loop);
        assert_string_equal(side_words(&side), words[n / CASES]);
        weft_session_tick(&side.s, now + wait);
        TURN_UNTIL(w.loop, side.closed);
        assert_int_equal(side.ended, 1);
        peer_waits_for_end(&side);
        assert_int_equal(side.got_error, 0); /* by FIN */
        world_close(&w);
    }
}

/* The answer to the close frame comes late, but it is there when the loop
 * looks: the end is a clean one. */
static void test_late_answer_to_close(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct side side;
        struct world w;

        world_open(&w, 0);
        side_init(&side, &w, roles[n]);
        side.conf.ep.close_ns = 1;
        side_connect(&side, true);
        assert_int_equal(weft_session_close(&side.s, 1000, "", 0), 0);
        weft_session_tick(&side.s, weft_loop_now(w.loop));
        peer_says(&side, "8802 03e8");
        wait_ready(side.s.stream.io.fd, POLLIN);
        turn(w.loop);
        assert_string_equal(side_words(&side), "ended:1000");
        assert_int_equal(side.end_err, 0);
        side_finish(&side);
        world_close(&w);
    }
}

/* The peer ends its stream, and does not read what waits for it: it gets the
 * time of a closing handshake, also when a ping went out long ago. */
static void test_peer_ends_and_does_not_read(void **state)
{
    static uint8_t big[1 << 20];

    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct side side;
        struct world w;
        uint64_t now;

        now = open_case(&w, &side, (int)i);
        side_small_buffer(&side);
        now += PING;
        weft_session_tick(&side.s, now);
        peer_says(&side, "8a00");
        TURN_UNTIL(w.loop, *side_words(&side));
        assert_int_equal(
            weft_session_send(&side.s, WEFT_BINARY, big, sizeof(big)), 0);
        shutdown(side.fd, SHUT_WR);
        TURN_UNTIL(w.loop, side.ended);
        now += PING - 1;
        weft_session_tick(&side.s, now);
        weft_session_tick(&side.s, now + CLOSE - 1);
        turn(w.loop);
        assert_string_equal(side_words(&side), "pong: ended:1006");
        weft_session_tick(&side.s, now + CLOSE);
        turn(w.loop);
        assert_string_equal(side_words(&side), "pong: ended:1006 closed");
        world_close(&w);
    }
}

/* ---- Slow readers -------------------------------------------------------- */

/* A ping waits behind a long message, so its pong comes late; but a peer that
 * takes bytes is alive, however slow it is. */
static void test_slow_reader_is_kept(void **state)
{
    static uint8_t big[2 << 20];

    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct side side;
        struct world w;
        uint64_t now = open_case(&w, &side, (int)i);

        side_small_buffer(&side);
        assert_int_equal(
            weft_session_send(&side.s, WEFT_BINARY, big, sizeof(big)), 0);
        turn(w.loop);
        for (size_t taken = 0; taken < sizeof(big); taken += 65536) {
            peer_waits(&side, taken);
            now += PING + PONG + 1;
            weft_session_tick(&side.s, now);
            CHECK(!side.ended, "given up after %zu bytes", taken);
        }
        side_finish(&side);
        world_close(&w);
    }
}

/* One that takes nothing is given up; a client also though it goes on talking,
 * as it is not read from. */
static void test_deaf_reader_is_given_up(void **state)
{
    static uint8_t big[2 << 20];

    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct side side;
        struct world w;
        uint64_t now = open_case(&w, &side, (int)i);

        side_small_buffer(&side);
        assert_int_equal(
            weft_session_send(&side.s, WEFT_BINARY, big, sizeof(big)), 0);
        turn(w.loop);
        for (int turns = 0; roles[i] == WEFT_SERVER && turns < 3; turns++) {
            peer_says(&side, "8900");
            turn(w.loop);
        }
        weft_session_tick(&side.s, now + PING);
        weft_session_tick(&side.s, now + PING + PONG - 1);
        assert_string_equal(side_words(&side), "");
        weft_session_tick(&side.s, now + PING + PONG);
        turn(w.loop);
        assert_string_equal(side_words(&side), "ended:1006 closed");
        assert_int_equal(side.end_err, WEFT_ERR_TIMEOUT);
        world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_answer_to_the_ping),
        cmocka_unit_test(test_late_bytes_are_heard),
        cmocka_unit_test(test_no_answer_to_close),
        cmocka_unit_test(test_peer_keeps_the_stream),
        cmocka_unit_test(test_late_answer_to_close),
        cmocka_unit_test(test_peer_ends_and_does_not_read),
        cmocka_unit_test(test_slow_reader_is_kept),
        cmocka_unit_test(test_deaf_reader_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
