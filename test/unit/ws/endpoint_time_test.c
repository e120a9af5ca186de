/* SPDX-License-Identifier: MIT */
/*
 * The engine: keepalive and patience. Time is scripted: the clock jumps from
 * one deadline to the next, as a loop with nothing else to do would let it. An
 * endpoint may ask for a tick earlier than something is due, but not without
 * end.
 */
#include "talk.h"

#include <string.h>

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

/* Deadlines that are asked for until one moment; more is a loop that spins. */
#define PATIENCE 20

struct clock {
    struct talk t;
    uint64_t begin; /* all moments below count from here */
    uint64_t now;
};

static void clock_open_at(struct clock *c, uint64_t begin, enum weft_role role,
                          const uint64_t spans[3])
{
    struct weft_endpoint_opts opts = talk_opts(role);

    opts.ping_ns = spans[0];
    opts.pong_ns = spans[1];
    opts.close_ns = spans[2];
    talk_open(&c->t, &opts);
    c->begin = begin;
    c->now = 0;
    assert_int_equal(weft_endpoint_tick(c->t.ep, begin), 0);
}

static void clock_open(struct clock *c, enum weft_role role, uint64_t ping,
                       uint64_t pong, uint64_t close)
{
    clock_open_at(c, 1000000, role, (const uint64_t[]){ping, pong, close});
}

static int tick(struct clock *c, uint64_t moment)
{
    int rc = weft_endpoint_tick(c->t.ep, c->begin + moment);

    c->now = moment;
    if (!c->t.deaf)
        talk_drain(&c->t);
    return rc;
}

/* Ticks at each deadline up to and with that moment; the first error ends it.
 * The clock then stands at the moment, or where the error came. */
static int run_until(struct clock *c, uint64_t moment)
{
    for (int i = 0; i < PATIENCE; i++) {
        uint64_t due = weft_endpoint_deadline(c->t.ep);
        int rc;

        if (due > c->begin + moment) {
            c->now = moment;
            return 0;
        }
        due = due > c->begin ? due - c->begin : 0;
        rc = tick(c, due > c->now ? due : c->now);
        if (rc != 0)
            return rc;
    }
    CHECK(false, "deadline %llu again and again",
          (unsigned long long)weft_endpoint_deadline(c->t.ep));
}

/* Frames arrive at that moment. */
static int arrive(struct clock *c, uint64_t moment, const char *plain)
{
    int rc = run_until(c, moment);

    if (rc == 0)
        rc = tick(c, moment);
    return rc ? rc : talk_feed_plain(&c->t, plain);
}

/* ---- Silence ------------------------------------------------------------- */

static void test_silence_is_pinged_and_then_given_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct clock c;

        clock_open(&c, roles[i], 300, 150, 50);
        assert_int_equal(run_until(&c, 299), 0);
        assert_int_equal(c.t.out.len, 0);
        assert_int_equal(run_until(&c, 300), 0);
        assert_int_equal(strncmp(talk_frames(&c.t), "ping:", 5), 0);
        assert_int_equal(run_until(&c, 449), 0);
        assert_false(weft_endpoint_is_over(c.t.ep));
        assert_int_equal(run_until(&c, 450), WEFT_ERR_TIMEOUT);
        assert_int_equal(c.now, 450);

        /* Over, without a close frame. */
        assert_true(weft_endpoint_is_over(c.t.ep));
        assert_null(strstr(talk_frames(&c.t), "close"));
        assert_true(weft_endpoint_send(c.t.ep, WEFT_TEXT, "a", 1) < 0);
        assert_int_equal(tick(&c, 1000), WEFT_ERR_TIMEOUT);
        talk_close(&c.t);
    }
}

/* Whatever comes breaks the silence: a message, a pong, a part of a frame. */
static void test_what_breaks_the_silence(void **state)
{
    static const char *const sounds[] = {"8101 61", "8a00",    "8900",
                                         "81",      "8205 01", "0101 61"};

    (void)state;
    for (size_t i = 0; i < COUNT(sounds); i++) {
        struct clock c;

        /* Before the ping. */
        clock_open(&c, WEFT_SERVER, 300, 150, 50);
        assert_int_equal(arrive(&c, 299, sounds[i]), 0);
        c.t.out.len = 0;
        assert_int_equal(run_until(&c, 598), 0);
        CHECK(c.t.out.len == 0, "%s: a ping too early", sounds[i]);
        assert_int_equal(run_until(&c, 599), 0);
        CHECK(!strncmp(talk_frames(&c.t), "ping:", 5), "%s: %s", sounds[i],
              talk_frames(&c.t));
        talk_close(&c.t);

        /* After the ping. */
        clock_open(&c, WEFT_CLIENT, 300, 150, 50);
        assert_int_equal(arrive(&c, 449, sounds[i]), 0);
        c.t.out.len = 0;
        assert_int_equal(run_until(&c, 748), 0);
        CHECK(c.t.out.len == 0, "%s: a ping too early", sounds[i]);
        assert_int_equal(run_until(&c, 898), 0);
        assert_int_equal(run_until(&c, 899), WEFT_ERR_TIMEOUT);
        talk_close(&c.t);
    }
}

/* A peer that answers is kept for ever. */
static void test_pongs_keep_the_connection(void **state)
{
    struct clock c;

    (void)state;
    clock_open(&c, WEFT_SERVER, 300, 150, 50);
    for (int i = 0; i < 1000; i++) {
        c.t.out.len = c.t.events.len = 0;
        assert_int_equal(arrive(&c, c.now + 400, "8a00"), 0);
        assert_string_equal(talk_events(&c.t), "pong:");
        assert_int_equal(strncmp(talk_frames(&c.t), "ping:", 5), 0);
    }
    talk_close(&c.t);
}

/* What this side sends is not a sign of life of the other. */
static void test_own_sending_is_no_sign_of_life(void **state)
{
    struct clock c;

    (void)state;
    clock_open(&c, WEFT_SERVER, 300, 150, 50);
    for (uint64_t at = 100; at <= 400; at += 100) {
        assert_int_equal(run_until(&c, at), 0);
        assert_int_equal(weft_endpoint_send(c.t.ep, WEFT_TEXT, "a", 1), 0);
    }
    assert_int_equal(run_until(&c, 449), 0);
    assert_int_equal(run_until(&c, 450), WEFT_ERR_TIMEOUT);
    talk_close(&c.t);
}

/* A clock that is looked at late: first the ping, then the patience with it. */
static void test_late_ticks(void **state)
{
    struct clock c;

    (void)state;
    clock_open(&c, WEFT_SERVER, 300, 150, 50);
    assert_int_equal(tick(&c, 100000), 0);
    assert_int_equal(strncmp(talk_frames(&c.t), "ping:", 5), 0);
    assert_int_equal(run_until(&c, 100149), 0);
    assert_int_equal(run_until(&c, 100150), WEFT_ERR_TIMEOUT);
    talk_close(&c.t);
}

/* ---- Never --------------------------------------------------------------- */

static void test_zero_is_never(void **state)
{
    struct clock c;

    (void)state;
    clock_open(&c, WEFT_SERVER, 0, 150, 0);
    assert_true(weft_endpoint_deadline(c.t.ep) == UINT64_MAX);
    assert_int_equal(tick(&c, 1ull << 62), 0);
    assert_int_equal(weft_endpoint_queued(c.t.ep), 0);
    assert_int_equal(weft_endpoint_close(c.t.ep, 1000, NULL, 0), 0);
    assert_int_equal(tick(&c, (1ull << 62) + 1), 0);
    assert_true(weft_endpoint_deadline(c.t.ep) == UINT64_MAX);
    assert_int_equal(tick(&c, 1ull << 63), 0);
    talk_close(&c.t);

    /* Pings that nobody has to answer. */
    clock_open(&c, WEFT_SERVER, 300, 0, 0);
    assert_int_equal(run_until(&c, 300), 0);
    assert_int_equal(strncmp(talk_frames(&c.t), "ping:", 5), 0);
    for (uint64_t at = 400; at < 100000; at += 100)
        assert_int_equal(tick(&c, at), 0);
    talk_close(&c.t);
}

/* Spans that end after the end of all time do not end now. */
static void test_spans_that_overflow(void **state)
{
    struct clock c;

    (void)state;
    clock_open(&c, WEFT_SERVER, UINT64_MAX, UINT64_MAX, UINT64_MAX);
    assert_int_equal(tick(&c, UINT64_MAX / 2), 0);
    assert_int_equal(c.t.out.len, 0);
    assert_int_equal(weft_endpoint_close(c.t.ep, 1000, NULL, 0), 0);
    assert_int_equal(tick(&c, UINT64_MAX / 2 + 1), 0);
    assert_int_equal(tick(&c, UINT64_MAX / 2 + 2), 0);
    talk_close(&c.t);
}

/* Any clock will do, also one that begins at 0. */
static void test_clock_that_begins_at_zero(void **state)
{
    static const uint64_t spans[] = {300, 150, 50};
    struct clock c;

    (void)state;
    clock_open_at(&c, 0, WEFT_SERVER, spans);
    assert_int_equal(run_until(&c, 299), 0);
    assert_int_equal(c.t.out.len, 0);
    assert_int_equal(run_until(&c, 449), 0);
    assert_int_equal(strncmp(talk_frames(&c.t), "ping:", 5), 0);
    assert_int_equal(run_until(&c, 450), WEFT_ERR_TIMEOUT);
    talk_close(&c.t);

    clock_open_at(&c, 0, WEFT_SERVER, spans);
    assert_int_equal(weft_endpoint_close(c.t.ep, 1000, NULL, 0), 0);
    assert_int_equal(run_until(&c, 49), 0);
    assert_int_equal(run_until(&c, 50), WEFT_ERR_TIMEOUT);
    talk_close(&c.t);
}

/* ---- Closing ------------------------------------------------------------- */

static void test_peer_does_not_answer_the_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct clock c;

        clock_open(&c, roles[i], 300, 150, 50);
        assert_int_equal(run_until(&c, 100), 0);
        assert_int_equal(tick(&c, 100), 0);
        assert_int_equal(weft_endpoint_close(c.t.ep, 1000, NULL, 0), 0);
        assert_true(weft_endpoint_deadline(c.t.ep) <= c.begin + 150);
        assert_int_equal(run_until(&c, 149), 0);
        assert_int_equal(run_until(&c, 150), WEFT_ERR_TIMEOUT);
        assert_true(weft_endpoint_is_over(c.t.ep));
        assert_string_equal(talk_frames(&c.t), "close:1000");
        talk_close(&c.t);
    }
}

/* The patience with a close frame begins with it, whatever was waited for
 * before. */
static void test_close_after_a_ping_that_was_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct clock c;

        clock_open(&c, roles[i], 300, 150, 50);
        assert_int_equal(arrive(&c, 310, "8a00"), 0);
        assert_int_equal(arrive(&c, 590, "8101 61"), 0);
        assert_int_equal(weft_endpoint_close(c.t.ep, 1000, NULL, 0), 0);
        assert_int_equal(run_until(&c, 639), 0);
        assert_int_equal(run_until(&c, 640), WEFT_ERR_TIMEOUT);
        talk_close(&c.t);

        /* And while the pong is still missing. */
        clock_open(&c, roles[i], 300, 150, 50);
        assert_int_equal(run_until(&c, 440), 0);
        assert_int_equal(tick(&c, 440), 0);
        assert_int_equal(weft_endpoint_close(c.t.ep, 1000, NULL, 0), 0);
        assert_int_equal(run_until(&c, 489), 0);
        assert_int_equal(run_until(&c, 490), WEFT_ERR_TIMEOUT);
        talk_close(&c.t);
    }
}

/* A peer that goes on talking does not put off the end. */
static void test_talk_does_not_put_off_the_end(void **state)
{
    struct clock c;

    (void)state;
    clock_open(&c, WEFT_SERVER, 300, 150, 50);
    assert_int_equal(weft_endpoint_close(c.t.ep, 1000, NULL, 0), 0);
    for (uint64_t at = 10; at < 50; at += 10)
        assert_int_equal(arrive(&c, at, "8101 61 8a00"), 0);
    assert_int_equal(run_until(&c, 49), 0);
    assert_int_equal(run_until(&c, 50), WEFT_ERR_TIMEOUT);
    talk_close(&c.t);
}

/* No ping goes out behind the close frame, however long its answer may take. */
static void test_no_ping_while_closing(void **state)
{
    struct clock c;

    (void)state;
    clock_open(&c, WEFT_SERVER, 100, 100, 5000);
    assert_int_equal(weft_endpoint_close(c.t.ep, 1000, NULL, 0), 0);
    assert_int_equal(run_until(&c, 4999), 0);
    assert_string_equal(talk_frames(&c.t), "close:1000");
    assert_int_equal(run_until(&c, 5000), WEFT_ERR_TIMEOUT);
    talk_close(&c.t);
}

/* A client whose closing handshake is done waits for the server to end the
 * stream (section 7.1.1), but not for ever. */
static void test_client_waits_for_the_end_of_the_stream(void **state)
{
    struct clock c;

    (void)state;
    clock_open(&c, WEFT_CLIENT, 300, 150, 50);
    assert_int_equal(arrive(&c, 200, "8802 03e8"), 0);
    assert_string_equal(talk_frames(&c.t), "close:1000");
    assert_int_equal(run_until(&c, 249), 0);
    assert_int_equal(run_until(&c, 250), WEFT_ERR_TIMEOUT);
    assert_string_equal(talk_events(&c.t), "close:1000");
    talk_close(&c.t);
}

/* An owner that keeps the endpoint after the end is not kept busy with it. */
static void test_after_the_end(void **state)
{
    static const char *const before[] = {"", "8802 03e8", "8101 61"};

    (void)state;
    for (size_t i = 0; i < COUNT(before) * COUNT(roles); i++) {
        struct clock c;
        size_t sent;
        int rc;

        clock_open(&c, roles[i % 2], 300, 150, 50);
        assert_int_equal(arrive(&c, 100, before[i / 2]), 0);
        assert_int_equal(talk_feed_end(&c.t), 0);
        sent = c.t.out.len;
        rc = run_until(&c, 1000000);
        CHECK(rc == 0 || rc == WEFT_ERR_TIMEOUT, "%d", rc);
        CHECK(rc == 0 || weft_endpoint_deadline(c.t.ep) == UINT64_MAX ||
                  weft_endpoint_deadline(c.t.ep) > c.begin + c.now,
              "a deadline for ever");
        assert_int_equal(c.t.out.len, sent);
        talk_close(&c.t);
    }
}

/* A peer that has not read its pings for long gets no heap of them. */
static void test_pings_do_not_pile_up(void **state)
{
    struct clock c;

    (void)state;
    clock_open(&c, WEFT_SERVER, 300, 0, 50);
    c.t.deaf = true;
    for (uint64_t at = 0; at < 3000000; at += 300)
        assert_int_equal(tick(&c, at), 0);
    CHECK(weft_endpoint_queued(c.t.ep) < 4096, "%zu bytes queued",
          weft_endpoint_queued(c.t.ep));
    talk_close(&c.t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence_is_pinged_and_then_given_up),
        cmocka_unit_test(test_what_breaks_the_silence),
        cmocka_unit_test(test_pongs_keep_the_connection),
        cmocka_unit_test(test_own_sending_is_no_sign_of_life),
        cmocka_unit_test(test_late_ticks),
        cmocka_unit_test(test_zero_is_never),
        cmocka_unit_test(test_spans_that_overflow),
        cmocka_unit_test(test_clock_that_begins_at_zero),
        cmocka_unit_test(test_peer_does_not_answer_the_close),
        cmocka_unit_test(test_close_after_a_ping_that_was_answered),
        cmocka_unit_test(test_talk_does_not_put_off_the_end),
        cmocka_unit_test(test_no_ping_while_closing),
        cmocka_unit_test(test_client_waits_for_the_end_of_the_stream),
        cmocka_unit_test(test_after_the_end),
        cmocka_unit_test(test_pings_do_not_pile_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
