/* SPDX-License-Identifier: MIT */
/*
 * The session given up by its owner: outside a turn, in each callback, and from
 * that of another session.
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

static void test_abort(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct side side;
        struct world w;

        world_open(&w, 0);
        side_open(&side, &w, roles[i], true);
        assert_int_equal(side_send(&side, "never sent"), 0);
        weft_session_abort(&side.s, WEFT_ERR_GONE);
        weft_session_abort(&side.s, WEFT_ERR_TIMEOUT);
        assert_int_equal(side_send(&side, "b"), WEFT_ERR_USAGE);
        assert_int_equal(weft_session_close(&side.s, 1000, "", 0),
                         WEFT_ERR_USAGE);
        assert_int_equal(side.ended, 0);
        turn(w.loop);
        assert_string_equal(side_words(&side), "ended:1006 closed");
        assert_int_equal(side.end_err, WEFT_ERR_GONE);
        peer_waits_for_end(&side);
        assert_int_equal(side.got_error, ECONNRESET);
        assert_int_equal(side.got.len, 0);
        world_close(&w);
    }
}

static void abort_now(struct side *side, const struct weft_message *msg)
{
    (void)msg;
    weft_session_abort(&side->s, WEFT_ERR_GONE);
    assert_int_equal(side_send(side, "late"), WEFT_ERR_USAGE);
    assert_int_equal(side->ended, 0); /* not inside the callback */
}

static void test_abort_in_message(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        side.on_message = abort_now;
        peer_says(&side, "8101 61 8101 62 8800");
        TURN_UNTIL(w.loop, side.closed);
        assert_string_equal(side_words(&side), "text:a ended:1006 closed");
        assert_int_equal(side.end_err, WEFT_ERR_GONE);
        assert_int_equal(side.dirtied, 0);
        world_close(&w);
    }
}

static void abort_friend(struct side *side, const struct weft_message *msg)
{
    (void)msg;
    weft_session_abort(&side->friend->s, WEFT_ERR_GONE);
}

/* Given up in the callback of another session, when its own bytes have come in
 * the same turn: its owner hears no more of it but the end, with that reason.
 */
static void test_abort_from_elsewhere(void **state)
{
    static const char *const news[] = {"8101 61", "8802 03e8", "8300"};

    (void)state;
    for (int n = 0; n < CASES * 3; n++) {
        struct side sides[2], *first, *second;
        struct world w;

        open_case(&w, &sides[0], n % CASES);
        side_open(&sides[1], &w,
                  sides[0].conf.ep.is_client ? roles[1] : roles[0],
                  n % CASES / 2);
        for (int i = 0; i < 2; i++) {
            sides[i].on_message = abort_friend;
            sides[i].friend = &sides[1 - i];
            peer_says(&sides[i], "8101 61");
            peer_says(&sides[i], news[n / CASES]);
            wait_ready(sides[i].s.stream.io.fd, POLLIN);
        }
        TURN_UNTIL(w.loop, sides[0].messages + sides[1].messages > 0);
        first = &sides[sides[1].messages > 0];
        second = first->friend;
        TURN_UNTIL(w.loop, second->closed);
        assert_string_equal(side_words(second), "ended:1006 closed");
        assert_int_equal(second->end_err, WEFT_ERR_GONE);
        side_finish(first);
        world_close(&w);
    }
}

/* The same, when its stream has just ended or failed. */
static void test_abort_before_the_end(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(roles) * 2; n++) {
        struct side sides[2];
        struct world w;

        world_open(&w, 0);
        side_open(&sides[0], &w, roles[n % 2], true);
        side_open(&sides[1], &w, roles[n % 2], true);
        sides[0].on_message = abort_friend;
        sides[0].friend = &sides[1];
        peer_says(&sides[0], "8101 61");
        wait_ready(sides[0].s.stream.io.fd, POLLIN);
        if (n / 2)
            shutdown(sides[1].fd, SHUT_WR);
        else
            reset_peer(sides[1].fd);
        wait_ready(sides[1].s.stream.io.fd, POLLIN);
        turn(w.loop); /* in the order in which they became ready */
        assert_int_equal(sides[0].messages, 1);
        assert_string_equal(side_words(&sides[1]), "ended:1006 closed");
        assert_int_equal(sides[1].end_err, WEFT_ERR_GONE);
        if (n / 2 == 0)
            sides[1].fd = -1;
        side_finish(&sides[0]);
        world_close(&w);
    }
}

static void abort_in_ended(struct side *side)
{
    weft_session_abort(&side->s, WEFT_ERR_GONE);
}

static void test_abort_in_ended(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        struct side side;
        struct world w;

        open_case(&w, &side, n);
        side.on_ended = abort_in_ended;
        peer_says(&side, "8802 03e8");
        TURN_UNTIL(w.loop, side.closed);
        assert_string_equal(side_words(&side), "ended:1000 closed");
        world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_abort_in_message),
        cmocka_unit_test(test_abort_from_elsewhere),
        cmocka_unit_test(test_abort_before_the_end),
        cmocka_unit_test(test_abort_in_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
