/* SPDX-License-Identifier: MIT */
/*
 * Every function in every event: close, free, send, pause, a new socket; and
 * the events of two sockets in one turn. The server is the same each time: it
 * agrees, sends a message and a ping, and goes without a close frame.
 */
#include "visit.h"

/* ---- The server ---------------------------------------------------------- */

static bool has_request(struct visit *v)
{
    while (v->fd >= 0 && server_takes(v, SIZE_MAX))
        ;
    return v->got.len > 0 &&
           memmem(v->got.data, v->got.len, "\r\n\r\n", 4) != NULL;
}

static void answer(struct visit *v)
{
    struct bytes out = {0};
    const char *text;

    (void)server_request(v);
    text = agreeing(v->key, "");
    bytes_add(&out, text, strlen(text));
    bytes_add(&out, "\x81\x01", 2);
    bytes_add(&out, "a\x89\x00", 3);
    (void)send(v->fd, out.data, out.len, MSG_NOSIGNAL);
    bytes_release(&out);
}

static bool is_done(const struct visit *v)
{
    return !v->ws || v->told[AT_CLOSE];
}

/* Plays the server until the user has seen the end, or wants no more. */
static void serve(struct visit *v)
{
    uint64_t until = weft_clock() + PATIENCE_NS;
    bool has_answered = false;

    while (!is_done(v)) {
        CHECK(weft_clock() < until, "\"%s\" and no end", visit_words(v));
        assert_int_equal(weft_loop_turn(v->loop, 10), 0);
        if (v->fd < 0 && is_readable(v->listener))
            server_accepts(v);
        if (!has_answered && !is_done(v) && has_request(v)) {
            answer(v);
            has_answered = true;
        }
        if (has_answered && (v->told[AT_CONTROL] || v->has_closed))
            (void)shutdown(v->fd, SHUT_WR);
    }
}

/* ---- The user ------------------------------------------------------------ */

enum action { CLOSES, FREES, SENDS, PINGS, CLOSES_TWICE, CLOSES_AND_FREES };

static enum told acts_at;
static enum action action;

static void act(struct visit *v, enum told event)
{
    if (event != acts_at || !v->ws || v->told[event] > 1)
        return;
    switch (action) {
    case CLOSES_TWICE:
        assert_int_equal(user_close(v, 3000, "x"), 0);
        /* fallthrough */
    case CLOSES:
        assert_int_equal(user_close(v, 4000, ""), 0);
        break;
    case CLOSES_AND_FREES:
        assert_int_equal(user_close(v, 4000, ""), 0);
        /* fallthrough */
    case FREES:
        user_free(v);
        break;
    case SENDS:
        v->scratch = visit_state(v);
        v->inside++; /* keeps a frame of ours from being answered */
        (void)weft_socket_send(v->ws, WEFT_TEXT, "mine", 4);
        v->inside--;
        break;
    case PINGS:
        (void)user_ping(v, "mine");
        break;
    }
}

static void visit_acting(struct visit *v, enum told event, enum action what)
{
    acts_at = event;
    action = what;
    visit_init(v);
    v->at = act;
    visit_begin(v);
    serve(v);
}

static const enum told events[] = {
    AT_REQUEST, AT_RESPONSE, AT_OPEN,  AT_FRAME,
    AT_MESSAGE, AT_CONTROL,  AT_ERROR, AT_CLOSE,
};

#define ALL "open text:a ping: error close:1006"

/* ---- close() ------------------------------------------------------------- */

static const char *const after_close[AT_COUNT] = {
    [AT_REQUEST] = "error close:1006",
    [AT_RESPONSE] = "error close:1006",
    [AT_OPEN] = "open error close:1006",
    [AT_FRAME] = "open error close:1006",
    [AT_MESSAGE] = "open text:a error close:1006",
    [AT_CONTROL] = ALL,
    [AT_ERROR] = ALL,
    [AT_CLOSE] = ALL,
};

static void test_close_in_each_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(events); i++) {
        for (int twice = 0; twice < 2; twice++) {
            struct visit v;

            visit_acting(&v, events[i], twice ? CLOSES_TWICE : CLOSES);
            CHECK(!strcmp(visit_words(&v), after_close[events[i]]),
                  "event %d: \"%s\"", (int)events[i], visit_words(&v));
            assert_int_equal(visit_state(&v), WEFT_CLOSED);
            visit_ends(&v);
            visit_close(&v);
        }
    }
}

/* What the server hears of it. */
static void test_close_frame_of_each_event(void **state)
{
    static const enum told open[] = {AT_OPEN, AT_FRAME, AT_MESSAGE, AT_CONTROL};

    (void)state;
    for (size_t i = 0; i < COUNT(open); i++) {
        struct bytes words = {0};
        struct visit v;
        const char *want =
            open[i] == AT_CONTROL ? "pong: close:4000" : "close:4000";

        visit_acting(&v, open[i], CLOSES);
        server_reads_to_end(&v);
        (void)server_describe(&v, &words);
        /* A ping may have been answered before the event came. */
        CHECK(!strcmp(text_of(&words), want) ||
                  !strcmp(text_of(&words), "pong: close:4000"),
              "event %d: \"%s\"", (int)open[i], text_of(&words));
        bytes_release(&words);
        visit_close(&v);
    }
}

/* ---- free ---------------------------------------------------------------- */

static const char *const before_free[AT_COUNT] = {
    [AT_REQUEST] = "",
    [AT_RESPONSE] = "",
    [AT_OPEN] = "open",
    [AT_FRAME] = "open",
    [AT_MESSAGE] = "open text:a",
    [AT_CONTROL] = "open text:a ping:",
    [AT_ERROR] = "open text:a ping: error",
    [AT_CLOSE] = ALL,
};

/* Then the loop goes on for a while, or it is freed at once. */
static void test_free_in_each_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(events); i++) {
        for (int n = 0; n < 4; n++) {
            struct visit v;

            visit_acting(&v, events[i], n / 2 ? CLOSES_AND_FREES : FREES);
            assert_null(v.ws);
            if (n % 2)
                turn_until_quiet(v.loop);
            CHECK(!strcmp(visit_words(&v), before_free[events[i]]),
                  "event %d: \"%s\"", (int)events[i], visit_words(&v));
            visit_close(&v);
        }
    }
}

/* An open connection is left with 1001, whatever waits before that, or lies
 * there unread. */
static void test_free_says_going_away(void **state)
{
    (void)state;
    for (int n = 0; n < 4; n++) {
        struct visit v;

        visit_open(&v);
        if (n == 3)
            server_frames(&v, "8101 61");
        if (n == 1)
            assert_int_equal(user_send(&v, "last"), 0);
        if (n == 2)
            assert_int_equal(user_close(&v, 3000, NULL), 0);
        user_free(&v);
        server_expect(&v, n == 1   ? "text:last close:1001"
                          : n == 2 ? "close:3000"
                                   : "close:1001");
        server_sees_end(&v);
        assert_int_equal(v.got_error, 0);
        visit_close(&v);
    }
}

/* Before anything happened, and in each stage of connecting. */
static void test_free_while_connecting(void **state)
{
    (void)state;
    for (int stage = 0; stage < 5; stage++) {
        for (int turns = 0; turns < 2; turns++) {
            struct visit v;

            visit_init(&v);
            visit_begin(&v);
            if (stage >= 1)
                turn(v.loop);
            if (stage >= 2)
                server_accepts(&v);
            if (stage >= 3)
                (void)server_request(&v);
            if (stage >= 4)
                server_says(&v, "HTTP/1.1 101 Sw");
            user_free(&v);
            if (turns)
                turn_until_quiet(v.loop);
            assert_string_equal(visit_words(&v), "");
            visit_close(&v);
        }
    }
}

/* ---- The frames that go out ---------------------------------------------- */

static void act_at_own_frame(struct visit *v, enum told event)
{
    if (event != AT_FRAME || !v->frame.is_sent || !v->ws || v->scratch++)
        return;
    if (action == FREES)
        user_free(v);
    else
        (void)weft_socket_close(v->ws, 4000, NULL);
}

/* Sends in one of several ways, of which the frame event is a part. */
static void send_by(struct visit *v, int way)
{
    if (way == 3) {
        server_frames(v, "8900");
        TURN_UNTIL(v->loop, v->scratch);
        return;
    }
    v->inside++;
    if (way == 0)
        (void)weft_socket_send(v->ws, WEFT_TEXT, "a", 1);
    if (way == 1)
        (void)weft_socket_ping(v->ws, "a", 1);
    if (way == 2)
        (void)weft_socket_close(v->ws, 3000, "a");
    v->inside--;
}

/* free and close while a function of the same socket is at its frame. */
static void test_act_at_own_frames(void **state)
{
    static const char *const heard[] = {
        "text:a close:", "ping:a close:", "close:3000", "pong: close:"};

    (void)state;
    for (int way = 0; way < 4; way++) {
        for (int frees = 0; frees < 2; frees++) {
            struct visit v;
            char want[64];

            visit_open(&v);
            v.at = act_at_own_frame;
            action = frees ? FREES : CLOSES;
            send_by(&v, way);
            snprintf(want, sizeof(want), "%s%s", heard[way],
                     way == 2 ? ""
                     : frees  ? "1001"
                              : "4000");
            server_expect(&v, want);
            assert_true(frees == !v.ws);
            visit_close(&v);
        }
    }
}

/* ---- send and ping ------------------------------------------------------- */

static void test_send_in_each_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(events); i++) {
        enum told event = events[i];
        struct visit v;

        visit_acting(&v, event, SENDS);
        CHECK(!strcmp(visit_words(&v), ALL), "event %d: \"%s\"", (int)event,
              visit_words(&v));
        if (v.scratch == WEFT_OPEN) {
            server_reads_to_end(&v);
            assert_true(v.got.len >= 10);
            assert_true(visit_buffered(&v) == 0);
        } else {
            assert_true(visit_buffered(&v) ==
                        (v.scratch == WEFT_CONNECTING ? 0 : 4));
        }
        visit_close(&v);
    }
}

static void test_ping_in_each_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(events); i++) {
        struct visit v;

        if (events[i] == AT_FRAME)
            continue;
        visit_acting(&v, events[i], PINGS);
        CHECK(!strcmp(visit_words(&v), ALL), "event %d: \"%s\"", (int)events[i],
              visit_words(&v));
        visit_close(&v);
    }
}

/* An echo: a message of a message. */
static void echo(struct visit *v, enum told event)
{
    if (event == AT_MESSAGE && v->told[AT_MESSAGE] < 100)
        assert_int_equal(user_send(v, "e"), 0);
}

static void test_echo(void **state)
{
    struct visit v;
    char want[1000] = "";

    (void)state;
    visit_init(&v);
    v.at = echo;
    visit_enters(&v);
    for (int i = 0; i < 99; i++) {
        server_frames(&v, "8101 61");
        snprintf(want + strlen(want), sizeof(want) - strlen(want), "%stext:e",
                 i ? " " : "");
    }
    server_expect(&v, want);
    visit_close(&v);
}

/* ---- A new socket -------------------------------------------------------- */

/* Tries again, as most programs do, in the close event. */
static void renew(struct visit *v, enum told event)
{
    if (event != AT_CLOSE || ++v->scratch > 3)
        return;
    user_free(v);
    memset(v->told, 0, sizeof(v->told));
    v->err = 0;
    visit_forget(v);
    assert_int_equal(visit_try(v), 0);
}

static void test_new_in_close(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    v.at = renew;
    visit_begin(&v);
    for (int i = 0; i < 4; i++) {
        server_accepts(&v);
        (void)server_request(&v);
        server_agrees(&v, "", "");
        TURN_UNTIL(v.loop, v.told[AT_OPEN]);
        server_frames(&v, "8800");
        server_expect(&v, "close:");
        v.got_close = false;
        server_hangs_up(&v);
        TURN_UNTIL(v.loop, v.scratch == (uint64_t)i + 1);
    }
    assert_string_equal(visit_words(&v), "open close:1005");
    visit_close(&v);
}

/* ---- Two sockets --------------------------------------------------------- */

static struct visit *other;

static void free_other(struct visit *v, enum told event)
{
    (void)v;
    if (event == acts_at && other->ws)
        user_free(other);
}

/* Both have something to tell in the same turn, and the first to come frees
 * the other, in whichever order the loop takes them. */
static void test_free_another(void **state)
{
    static const enum told late[] = {AT_MESSAGE, AT_ERROR, AT_CLOSE};

    (void)state;
    for (size_t i = 0; i < COUNT(late); i++) {
        for (int which = 0; which < 2; which++) {
            struct visit a, b;

            visit_open(&a);
            visit_init_on(&b, a.loop);
            visit_enters(&b);
            acts_at = late[i];
            other = which ? &a : &b;
            (which ? &b : &a)->at = free_other;
            server_frames(&a, "8101 61");
            server_frames(&b, "8101 61");
            if (late[i] != AT_MESSAGE) {
                server_hangs_up(&a);
                server_hangs_up(&b);
            }
            TURN_UNTIL(a.loop, !other->ws);
            turn_until_quiet(a.loop);
            visit_close(&b);
            visit_close(&a);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close_in_each_event),
        cmocka_unit_test(test_close_frame_of_each_event),
        cmocka_unit_test(test_free_in_each_event),
        cmocka_unit_test(test_free_says_going_away),
        cmocka_unit_test(test_free_while_connecting),
        cmocka_unit_test(test_act_at_own_frames),
        cmocka_unit_test(test_send_in_each_event),
        cmocka_unit_test(test_ping_in_each_event),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_new_in_close),
        cmocka_unit_test(test_free_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
