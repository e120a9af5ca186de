/* SPDX-License-Identifier: MIT */
/*
 * A receive that is paused: nothing is told, in the middle of a segment either,
 * nothing is lost, and the server feels it; and what ends a pause.
 */
#include "visit.h"

#define LOST "error close:1006"

/* A few turns in which something could have been told. */
static void wait_in_vain(struct visit *v)
{
    for (int i = 0; i < 5; i++)
        turn(v->loop);
}

/* ---- Where it may happen ------------------------------------------------- */

static void test_while_connecting(void **state)
{
    (void)state;
    for (int stage = 0; stage < 3; stage++) {
        struct visit v;

        visit_init(&v);
        visit_begin(&v);
        if (stage == 0)
            user_pause(&v);
        server_accepts(&v);
        if (stage == 1)
            user_pause(&v);
        (void)server_request(&v);
        if (stage == 2)
            user_pause(&v);
        server_agrees(&v, "", "8101 61 8900 8101 62");
        visit_expect(&v, "open"); /* which is no message */
        wait_in_vain(&v);
        assert_string_equal(visit_words(&v), "open");
        user_resume(&v);
        assert_string_equal(visit_words(&v), "open");
        visit_expect(&v, "open text:a ping: text:b");
        server_expect(&v, "pong:");
        visit_close(&v);
    }
}

/* Paused and resumed before it is open: nothing has happened. */
static void test_over_before_open(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    visit_knocks(&v);
    user_pause(&v);
    user_resume(&v);
    server_agrees(&v, "", "8101 61");
    visit_expect(&v, "open text:a");
    visit_close(&v);
}

static enum told pauses_at;
static int pauses; /* in how many events of that kind */

static void pause_in(struct visit *v, enum told event)
{
    if (event == pauses_at && v->told[event] <= pauses)
        user_pause(v);
}

static void test_in_open(void **state)
{
    struct visit v;

    (void)state;
    pauses_at = AT_OPEN;
    pauses = 1;
    visit_init(&v);
    v.at = pause_in;
    visit_knocks(&v);
    server_agrees(&v, "", "8101 61");
    visit_expect(&v, "open");
    server_frames(&v, "8101 62");
    wait_in_vain(&v);
    assert_string_equal(visit_words(&v), "open");
    user_resume(&v);
    visit_expect(&v, "open text:a text:b");
    visit_close(&v);
}

/* In each of several messages that came in one segment, and a resume after each
 * brings exactly the next. */
static void test_in_messages(void **state)
{
    struct visit v;
    char want[64] = "open";

    (void)state;
    pauses_at = AT_MESSAGE;
    pauses = 6;
    visit_init(&v);
    v.at = pause_in;
    visit_enters(&v);
    server_frames(&v, "8101 61 8101 62 0101 63 8001 64 8201 65 8101 66 8800");
    for (const char *const *word =
             (const char *const[]){" text:a", " text:b", " text:cd",
                                   " binary:e", " text:f", NULL};
         *word; word++) {
        strncat(want, *word, sizeof(want) - strlen(want) - 1);
        visit_expect(&v, want);
        wait_in_vain(&v);
        assert_string_equal(visit_words(&v), want);
        assert_int_equal(visit_state(&v), WEFT_OPEN);
        user_resume(&v);
        wait_in_vain(&v);
    }
    server_expect(&v, "close:");
    server_hangs_up(&v);
    visit_ends(&v);
    assert_string_equal(visit_words(&v),
                        "open text:a text:b text:cd binary:e text:f "
                        "close:1005");
    visit_close(&v);
}

/* Whatever part of the segment came before the pause. */
static void test_cut_anywhere(void **state)
{
    static const char hex[] = "8101 61 8101 62 827e 0100";
    uint8_t in[13 + 256];
    size_t n = unhex(in, hex), len = n + 256;

    (void)state;
    memset(in + n, 'x', 256);
    pauses_at = AT_MESSAGE;
    pauses = 1;
    for (size_t cut = 0; cut <= len; cut += cut < n + 4 ? 1 : 50) {
        struct visit v;

        visit_init(&v);
        v.at = pause_in;
        visit_enters(&v);
        if (cut > 0)
            server_puts(&v, in, cut);
        wait_in_vain(&v);
        server_puts(&v, in + cut, len - cut);
        visit_expect(&v, "open text:a");
        wait_in_vain(&v);
        assert_string_equal(visit_words(&v), "open text:a");
        user_resume(&v);
        TURN_UNTIL(v.loop, v.told[AT_MESSAGE] == 3);
        visit_close(&v);
    }
}

/* Twice is once; and a pause behind a resume counts. */
static void test_twice(void **state)
{
    struct visit v;

    (void)state;
    visit_open(&v);
    user_resume(&v);
    user_pause(&v);
    user_pause(&v);
    server_frames(&v, "8101 61");
    wait_in_vain(&v);
    user_resume(&v);
    user_resume(&v);
    user_pause(&v);
    wait_in_vain(&v);
    assert_string_equal(visit_words(&v), "open");
    user_resume(&v);
    visit_expect(&v, "open text:a");
    visit_close(&v);
}

/* Resumed in the event that pauses it: nothing is lost and nothing nests. */
static void pause_and_resume(struct visit *v, enum told event)
{
    if (event == AT_MESSAGE) {
        user_pause(v);
        user_resume(v);
    }
}

static void test_pause_and_resume_in_message(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    v.at = pause_and_resume;
    visit_enters(&v);
    server_frames(&v, "8101 61 8101 62");
    visit_expect(&v, "open text:a text:b");
    server_frames(&v, "8101 63");
    visit_expect(&v, "open text:a text:b text:c");
    visit_close(&v);
}

/* ---- What goes on meanwhile ---------------------------------------------- */

static void test_sends_while_paused(void **state)
{
    struct visit v;

    (void)state;
    visit_open(&v);
    user_pause(&v);
    assert_int_equal(user_send(&v, "a"), 0);
    assert_int_equal(user_ping(&v, "b"), 0);
    server_expect(&v, "text:a ping:b");
    assert_true(visit_buffered(&v) == 0);
    server_frames(&v, "8900 8a01 62"); /* is not answered yet, nor told */
    wait_in_vain(&v);
    assert_false(server_takes(&v, 1));
    assert_string_equal(visit_words(&v), "open");
    user_resume(&v);
    visit_expect(&v, "open ping: pong:b");
    server_expect(&v, "pong:");
    visit_close(&v);
}

/* The server comes to a point where nothing more can be sent; when the socket
 * goes on, all of it arrives. */
static void test_the_peer_feels_it(void **state)
{
    static uint8_t block[65536] = {0x82, 126, 0xff, 0xfc};
    size_t sent = 0, stuck = 0;
    struct visit v;

    (void)state;
    visit_open(&v);
    user_pause(&v);
    while (stuck < 20) {
        size_t at = sent % sizeof(block);
        ssize_t n = send(v.fd, block + at, sizeof(block) - at,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        turn(v.loop);
        sent += n > 0 ? (size_t)n : 0;
        stuck = n > 0 ? 0 : stuck + 1;
        CHECK(sent < 64 << 20, "%zu bytes, and no end", sent);
    }
    CHECK(v.fx.fm.live < 1 << 20, "%zu bytes are held", v.fx.fm.live);
    assert_int_equal(v.told[AT_MESSAGE], 0);
    user_resume(&v);
    v.words.len = 0;
    TURN_UNTIL(v.loop, v.told[AT_MESSAGE] == (int)(sent / sizeof(block)));
    visit_close(&v);
}

/* Silence of a peer that is not listened to is nobody's fault. */
static void test_keepalive_waits(void **state)
{
    struct visit v;
    uint64_t until;

    (void)state;
    visit_init(&v);
    v.opts.ping_ms = 10;
    v.opts.pong_ms = 10;
    visit_knocks(&v);
    user_pause(&v);
    server_agrees(&v, "", "8101 61");
    until = weft_clock() + 60 * UINT64_C(1000000);
    for (int n = 0; weft_clock() < until; n++) { /* until what is due */
        assert_int_equal(weft_loop_turn(v.loop, 10), 0);
        CHECK(n < 200, "the loop spins");
    }
    assert_string_equal(visit_words(&v), "open");
    user_resume(&v);
    visit_expect(&v, "open text:a");
    visit_close(&v);
}

/* ---- What ends it -------------------------------------------------------- */

/* close() reads again, for the answer; no message is told any more. */
static void test_close_while_paused(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct visit v;

        visit_open(&v);
        user_pause(&v);
        if (n)
            server_frames(&v, "8101 61 8101 62");
        wait_in_vain(&v);
        assert_int_equal(user_close(&v, 1000, NULL), 0);
        server_expect(&v, "close:1000");
        server_frames(&v, "8101 63 8802 03e8");
        server_hangs_up(&v);
        visit_ends(&v);
        assert_string_equal(visit_words(&v), "open close:1000");
        visit_close(&v);
    }
}

static void close_in_paused_message(struct visit *v, enum told event)
{
    if (event == AT_MESSAGE) {
        user_pause(v);
        assert_int_equal(user_close(v, 3000, NULL), 0);
    }
}

static void test_pause_and_close_in_message(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    v.at = close_in_paused_message;
    visit_enters(&v);
    server_frames(&v, "8101 61 8101 62");
    server_expect(&v, "close:3000");
    server_frames(&v, "8802 0bb8");
    server_hangs_up(&v);
    visit_ends(&v);
    assert_string_equal(visit_words(&v), "open text:a close:3000");
    visit_close(&v);
}

/* A pause in CLOSING would keep the answer from being heard. */
static void test_pause_after_close(void **state)
{
    struct visit v;

    (void)state;
    visit_open(&v);
    assert_int_equal(user_close(&v, 1000, NULL), 0);
    user_pause(&v);
    server_expect(&v, "close:1000");
    server_frames(&v, "8802 03e8");
    server_hangs_up(&v);
    visit_ends(&v);
    assert_string_equal(visit_words(&v), "open close:1000");
    user_pause(&v);
    user_resume(&v);
    visit_close(&v);
}

/* free with messages held, before and behind a resume. */
static void test_free_while_paused(void **state)
{
    (void)state;
    for (int n = 0; n < 4; n++) {
        struct visit v;

        pauses_at = AT_MESSAGE;
        pauses = 1;
        visit_init(&v);
        v.at = pause_in;
        visit_enters(&v);
        server_frames(&v, "8101 61 8101 62 8101 63");
        visit_expect(&v, "open text:a");
        if (n % 2)
            user_resume(&v);
        user_free(&v);
        if (n / 2)
            wait_in_vain(&v);
        assert_string_equal(visit_words(&v), "open text:a");
        visit_close(&v);
    }
}

static void free_at_second(struct visit *v, enum told event)
{
    if (event == AT_MESSAGE && v->told[AT_MESSAGE] == 1)
        user_pause(v);
    if (event == AT_MESSAGE && v->told[AT_MESSAGE] == 2)
        user_free(v);
}

/* free in a message that had been held. */
static void test_free_in_held_message(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    v.at = free_at_second;
    visit_enters(&v);
    server_frames(&v, "8101 61 8101 62 8101 63");
    visit_expect(&v, "open text:a");
    user_resume(&v);
    visit_expect(&v, "open text:a text:b");
    wait_in_vain(&v);
    visit_close(&v);
}

/* ---- An end behind it ---------------------------------------------------- */

static const struct {
    const char *what, *frames, *words;
    bool resets;
} ends[] = {
    {"a close frame", "8101 61 8101 62 8802 03e8", "text:b close:1000"},
    {"the end of the stream", "8101 61 8101 62", "text:b " LOST},
    {"an error", "8101 61 8101 62 8300", "text:b " LOST},
    {"a message that is cut", "8101 61 8101 62 8102 63", "text:b " LOST},
};

/* It is not seen while paused, and comes behind all messages. */
static void test_end_behind_held_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct visit v;

        pauses_at = AT_MESSAGE;
        pauses = 1;
        visit_init(&v);
        v.at = pause_in;
        visit_enters(&v);
        server_frames(&v, ends[i].frames);
        assert_return_code(shutdown(v.fd, SHUT_WR), errno);
        visit_expect(&v, "open text:a");
        wait_in_vain(&v);
        assert_string_equal(visit_words(&v), "open text:a");
        assert_int_equal(visit_state(&v), WEFT_OPEN);
        visit_forget(&v);
        user_resume(&v);
        visit_ends(&v);
        CHECK(!strcmp(visit_words(&v), ends[i].words), "%s: \"%s\"",
              ends[i].what, visit_words(&v));
        visit_close(&v);
    }
}

/* Sending finds out that the server has gone, and nobody is told yet: what is
 * sent after that only counts. */
static void test_send_to_one_that_has_gone(void **state)
{
    struct visit v;

    (void)state;
    visit_open(&v);
    user_pause(&v);
    server_frames(&v, "8101 61");
    turn(v.loop);
    reset_peer(v.fd);
    v.fd = -1;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(user_send(&v, "abc"), 0);
        assert_int_equal(user_send_bytes(&v, WEFT_TEXT, "\xff", 1),
                         WEFT_ERR_INVALID);
        assert_int_equal(user_ping(&v, "p"), 0);
        wait_in_vain(&v);
        assert_int_equal(visit_state(&v), WEFT_OPEN);
    }
    assert_true(visit_buffered(&v) == 9);
    user_resume(&v);
    visit_ends(&v);
    assert_int_equal(v.told[AT_ERROR], 1);
    assert_true(visit_buffered(&v) == 9);
    visit_close(&v);
}

/* What is held already stays where it is, however often it is paused. */
static void test_held_but_once(void **state)
{
    struct visit v;

    (void)state;
    pauses_at = AT_MESSAGE;
    pauses = 3;
    visit_init(&v);
    v.at = pause_in;
    visit_enters(&v);
    server_frames(&v, "8101 61 8101 62 8101 63 8101 64");
    visit_expect(&v, "open text:a");
    v.fx.fm.left = 0; /* nothing can be allocated any more */
    user_resume(&v);
    visit_expect(&v, "open text:a text:b");
    user_resume(&v);
    visit_expect(&v, "open text:a text:b text:c");
    user_resume(&v);
    visit_expect(&v, "open text:a text:b text:c text:d");
    v.fx.fm.left = -1;
    visit_close(&v);
}

static void test_no_memory_to_hold(void **state)
{
    struct visit v;

    (void)state;
    visit_open(&v);
    user_pause(&v);
    server_frames(&v, "8101 61");
    v.fx.fm.left = 0;
    wait_in_vain(&v);
    v.fx.fm.left = -1;
    user_resume(&v);
    TURN_UNTIL(v.loop, v.told[AT_MESSAGE] || v.told[AT_CLOSE]);
    if (v.told[AT_CLOSE])
        assert_int_equal(v.err, WEFT_ERR_NOMEM);
    visit_close(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_while_connecting),
        cmocka_unit_test(test_over_before_open),
        cmocka_unit_test(test_in_open),
        cmocka_unit_test(test_in_messages),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_pause_and_resume_in_message),
        cmocka_unit_test(test_sends_while_paused),
        cmocka_unit_test(test_the_peer_feels_it),
        cmocka_unit_test(test_keepalive_waits),
        cmocka_unit_test(test_close_while_paused),
        cmocka_unit_test(test_pause_and_close_in_message),
        cmocka_unit_test(test_pause_after_close),
        cmocka_unit_test(test_free_while_paused),
        cmocka_unit_test(test_free_in_held_message),
        cmocka_unit_test(test_end_behind_held_messages),
        cmocka_unit_test(test_send_to_one_that_has_gone),
        cmocka_unit_test(test_held_but_once),
        cmocka_unit_test(test_no_memory_to_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
