/* SPDX-License-Identifier: MIT */
/*
 * A session that is held, so that its owner gets no messages, one that is cut,
 * and what of its output has not gone.
 */
#include "side.h"

#define SECOND UINT64_C(1000000000)

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

#define CASES 4

static void open_case(struct world *w, struct side *side, int n)
{
    world_open(w, 0);
    side_open(side, w, roles[n % 2], n / 2);
}

static void turns(struct side *side)
{
    for (int i = 0; i < 4; i++)
        turn(side->world->loop);
}

/* What the owner of a held session does to have it go on. */
static void unhold(struct side *side)
{
    struct bytes held = side->held;

    side->held = (struct bytes){0};
    weft_session_unhold(&side->s);
    if (held.len > 0)
        weft_session_take(&side->s, held.data, held.len);
    bytes_release(&held);
}

static void finish(struct world *w, struct side *side)
{
    side_finish(side);
    world_close(w);
}

/* ---- Holding ------------------------------------------------------------- */

/* What comes stays in the kernel. */
static void test_hold_at_rest(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        weft_session_hold(&side.s);
        weft_session_hold(&side.s);
        peer_says(&side, "8101 61 8900 8101 62");
        turns(&side);
        assert_string_equal(side_words(&side), "");
        assert_int_equal(side.held.len, 0);
        unhold(&side);
        TURN_UNTIL(w.loop, side.messages == 2);
        assert_string_equal(side_words(&side), "text:a ping: text:b");
        finish(&w, &side);
    }
}

/* Without a hold before it nothing happens. */
static void test_unhold_alone(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        unhold(&side);
        peer_says(&side, "8101 61");
        TURN_UNTIL(w.loop, side.messages == 1);
        finish(&w, &side);
    }
}

static void hold(struct side *side, const struct weft_message *msg)
{
    (void)msg;
    weft_session_hold(&side->s);
}

/* The rest of a segment is put aside, wherever the segment was cut, and comes
 * message by message, as often as the owner holds again. */
static void test_hold_in_a_message(void **state)
{
    static const char *const words[] = {"text:a", "text:a text:bc",
                                        "text:a text:bc ping: binary:d",
                                        "text:a text:bc ping: binary:d text:e"};
    static const char plain[] = "8101 61 0101 62 8001 63 8900 8201 64 8101 65";
    uint8_t in[64];
    size_t len = unhex(in, plain);

    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct bytes out = {0};

        wire_add_plain(&out, roles[n % 2], in, len);
        for (size_t cut = 1; cut <= out.len; cut++) {
            struct side side;
            struct world w;

            open_case(&w, &side, n);
            side.on_message = hold;
            peer_put(&side, out.data, cut);
            turns(&side);
            if (cut < out.len)
                peer_put(&side, out.data + cut, out.len - cut);
            for (size_t i = 0; i < COUNT(words); i++) {
                TURN_UNTIL(w.loop, side.messages == (int)i + 1);
                turns(&side);
                CHECK(!strcmp(side_words(&side), words[i]), "\"%s\" cut at %zu",
                      side_words(&side), cut);
                unhold(&side);
            }
            side.on_message = NULL;
            finish(&w, &side);
        }
        bytes_release(&out);
    }
}

/* Bytes that came before the session, given to one that is held. */
static void test_take_while_held(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        uint8_t plain[] = {0x81, 1, 'a'};
        struct bytes in = {0};
        struct side side;
        struct world w;

        open_case(&w, &side, (int)i);
        wire_add_plain(&in, roles[i], plain, sizeof(plain));
        weft_session_hold(&side.s);
        weft_session_take(&side.s, in.data, in.len);
        assert_int_equal(side.held.len, in.len);
        assert_memory_equal(side.held.data, in.data, in.len);
        assert_int_equal(side.messages, 0);
        unhold(&side);
        assert_string_equal(side_words(&side), "text:a");
        bytes_release(&in);
        finish(&w, &side);
    }
}

/* Output goes on. */
static void test_send_while_held(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        weft_session_hold(&side.s);
        assert_int_equal(side_send(&side, "a"), 0);
        peer_waits(&side, side.conf.ep.is_client ? 7 : 3);
        assert_string_equal(peer_heard(&side), "text:a");
        unhold(&side);
        finish(&w, &side);
    }
}

/* The end of the stream, a close frame and an error lie behind the messages. */
static void test_end_behind_held(void **state)
{
    static const struct {
        const char *plain, *words;
    } ends[] = {
        {"8101 61 8101 62", "text:a text:b ended:1006 closed"},
        {"8101 61 8101 62 8802 03e8", "text:a text:b ended:1000 closed"},
        {"8101 61 8101 62 8300", "text:a text:b ended:1006 closed"},
    };

    (void)state;
    for (int n = 0; n < CASES * 3; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n % CASES);
        side.on_message = hold;
        peer_says(&side, ends[n / CASES].plain);
        assert_return_code(shutdown(side.fd, SHUT_WR), errno);
        TURN_UNTIL(w.loop, side.messages == 1);
        turns(&side);
        assert_string_equal(side_words(&side), "text:a");
        side.on_message = NULL;
        unhold(&side);
        TURN_UNTIL(w.loop, side.closed);
        assert_string_equal(side_words(&side), ends[n / CASES].words);
        finish(&w, &side);
    }
}

/* ---- Time ---------------------------------------------------------------- */

/* However long it is held; and after that the peer has all its time again. */
static void test_silence_while_held(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;
        uint64_t now;

        open_case(&w, &side, n);
        weft_session_hold(&side.s);
        now = weft_loop_now(w.loop);
        for (int i = 0; i < 100; i++)
            weft_session_tick(&side.s, now += 20 * SECOND);
        weft_session_tick(&side.s, now += 1000 * SECOND);
        assert_int_equal(side.ended, 0);
        assert_false(is_readable(side.fd)); /* no ping either */
        assert_true(weft_session_deadline(&side.s) > now);
        unhold(&side);
        peer_says(&side, "8101 61");
        TURN_UNTIL(w.loop, side.messages == 1);
        finish(&w, &side);
    }
}

/* Held while a ping of ours waits for its answer, which is not read. */
static void test_held_while_pinged(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;
        uint64_t now;

        open_case(&w, &side, n);
        now = weft_loop_now(w.loop) + 30 * SECOND;
        weft_session_tick(&side.s, now);
        peer_waits(&side, side.conf.ep.is_client ? 6 : 2);
        weft_session_hold(&side.s);
        peer_says(&side, "8a00");
        weft_session_tick(&side.s, now + 100 * SECOND);
        assert_int_equal(side.ended, 0);
        unhold(&side);
        TURN_UNTIL(w.loop, *side_words(&side));
        assert_string_equal(side_words(&side), "pong:");
        finish(&w, &side);
    }
}

/* A peer says its last words and resets, while much is on its way to it:
 * nothing can be sent any more, and yet they wait to be heard. */
static void test_last_words_behind_a_hold(void **state)
{
    static uint8_t big[1 << 23];

    (void)state;
    for (size_t n = 0; n < COUNT(roles); n++) {
        struct side side;
        struct world w;

        world_open(&w, 0);
        side_open(&side, &w, roles[n], true);
        assert_int_equal(
            weft_session_send(&side.s, WEFT_BINARY, big, sizeof(big)), 0);
        turns(&side);
        assert_true(weft_session_unsent(&side.s) > 0);
        weft_session_hold(&side.s);
        peer_says(&side, "8101 61 8802 03f4");
        reset_peer(side.fd);
        side.fd = -1;
        TURN_UNTIL(w.loop, !side.s.outgoing);
        turns(&side);
        assert_string_equal(side_words(&side), "");
        unhold(&side);
        TURN_UNTIL(w.loop, side.closed);
        assert_string_equal(side_words(&side), "text:a ended:1012 closed");
        world_close(&w);
    }
}

/* ---- Cutting ------------------------------------------------------------- */

/* Tells nobody but closed; what was not sent is lost. */
static void test_cut(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        assert_int_equal(side_send(&side, "a"), 0);
        side.is_cut = true;
        weft_session_cut(&side.s);
        weft_session_cut(&side.s);
        assert_int_equal(side.closed, 0); /* not inside the call */
        assert_true(side_send(&side, "b") < 0);
        weft_session_hold(&side.s);
        weft_session_unhold(&side.s);
        turn(w.loop);
        assert_string_equal(side_words(&side), "closed");
        peer_waits_for_end(&side);
        assert_int_equal(side.got.len, 0);
        assert_int_equal(side.got_error, 0); /* by a FIN */
        world_close(&w);
    }
}

static void cut(struct side *side, const struct weft_message *msg)
{
    (void)msg;
    side->is_cut = true;
    weft_session_cut(&side->s);
}

static void test_cut_in_a_message(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        side.on_message = cut;
        peer_says(&side, "8101 61 8101 62 8802 03e8");
        TURN_UNTIL(w.loop, side.closed);
        assert_string_equal(side_words(&side), "text:a closed");
        world_close(&w);
    }
}

/* After a close frame that was flushed: it has gone. */
static void test_cut_behind_a_close_frame(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        assert_int_equal(weft_session_close(&side.s, 1001, "", 0), 0);
        assert_true(weft_session_flush(&side.s));
        side.is_cut = true;
        weft_session_cut(&side.s);
        peer_waits_for_end(&side);
        assert_string_equal(peer_heard(&side), "close:1001");
        world_close(&w);
    }
}

/* ---- What has not gone --------------------------------------------------- */

static void test_unsent(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        assert_int_equal(weft_session_unsent(&side.s), 0);
        assert_int_equal(side_send(&side, "abc"), 0);
        assert_int_equal(weft_session_unsent(&side.s),
                         side.conf.ep.is_client ? 9 : 5);
        turn(w.loop);
        assert_int_equal(weft_session_unsent(&side.s), 0);
        finish(&w, &side);
    }
}

/* What a slow peer gets, and what has not gone, are all there was: at any
 * moment, also in the middle of a write, and after a cut. */
static void test_unsent_to_a_slow_peer(void **state)
{
    static uint8_t block[100000];
    const size_t steps[] = {0, 1, 5000, 100000, 1000000};

    (void)state;
    for (size_t n = 0; n < CASES * COUNT(steps); n++) {
        struct side side;
        struct world w;
        size_t unsent, total;

        open_case(&w, &side, n % CASES);
        side.conf.ep.out_limit = SIZE_MAX;
        side_small_buffer(&side);
        for (int i = 0; i < 60; i++)
            assert_int_equal(
                weft_session_send(&side.s, WEFT_BINARY, block, sizeof(block)),
                0);
        total = 60 * (sizeof(block) + (side.conf.ep.is_client ? 14 : 10));
        turns(&side);
        peer_waits(&side, steps[n / CASES]);
        turns(&side);
        unsent = weft_session_unsent(&side.s);
        assert_true(unsent <= total - side.got.len);
        side.is_cut = true;
        weft_session_cut(&side.s);
        assert_int_equal(weft_session_unsent(&side.s), unsent);
        peer_waits_for_end(&side);
        CHECK(side.got.len == total - unsent, "%zu came, %zu of %zu did not go",
              side.got.len, unsent, total);
        world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hold_at_rest),
        cmocka_unit_test(test_unhold_alone),
        cmocka_unit_test(test_hold_in_a_message),
        cmocka_unit_test(test_take_while_held),
        cmocka_unit_test(test_send_while_held),
        cmocka_unit_test(test_end_behind_held),
        cmocka_unit_test(test_last_words_behind_a_hold),
        cmocka_unit_test(test_silence_while_held),
        cmocka_unit_test(test_held_while_pinged),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_cut_in_a_message),
        cmocka_unit_test(test_cut_behind_a_close_frame),
        cmocka_unit_test(test_unsent),
        cmocka_unit_test(test_unsent_to_a_slow_peer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
