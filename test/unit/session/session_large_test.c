/* SPDX-License-Identifier: MIT */
/*
 * Messages of a megabyte: received where they are gathered, and sent back from
 * there without being copied, while the peer takes little at a time and any end
 * may come before it has all.
 */
#include "side.h"

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

#define BIG ((size_t)1 << 20)

/* Characters of three bytes, which are cut wherever pieces end. */
static uint8_t *big_text(void)
{
    uint8_t *p = malloc(BIG);

    assert_non_null(p);
    p[0] = 'x'; /* 3 * 349525 + 1 */
    for (size_t i = 1; i < BIG; i += 3) {
        p[i] = 0xe2;
        p[i + 1] = (uint8_t)(0x80 + (i >> 12) % 64);
        p[i + 2] = (uint8_t)(0x80 + i % 64);
    }
    return p;
}

/* ---- Counting what comes where it is gathered ---------------------------- */

static const struct weft_stream_ops *session_stream_ops;
static struct weft_stream_ops counting_ops;
static int rooms;

static uint8_t *count_room(struct weft_stream *stream, size_t *len)
{
    uint8_t *p = session_stream_ops->room(stream, len);

    rooms += p != NULL;
    return p;
}

static void count_rooms(struct side *side)
{
    session_stream_ops = side->s.stream.ops;
    counting_ops = *session_stream_ops;
    counting_ops.room = count_room;
    side->s.stream.ops = &counting_ops;
    rooms = 0;
}

/* ---- Receiving ----------------------------------------------------------- */

static void add_message(struct bytes *out, enum weft_role receiver,
                        unsigned kind, const uint8_t *p, bool in_three)
{
    if (!in_three) {
        wire_add_frame(out, receiver, 0x80 | kind, p, BIG);
        return;
    }
    wire_add_frame(out, receiver, kind, p, 300000);
    wire_add_frame(out, receiver, 0x89, "p", 1);
    wire_add_frame(out, receiver, 0x00, p + 300000, 100000);
    wire_add_frame(out, receiver, 0x80, p + 400000, BIG - 400000);
}

/* Sends it in pieces, each of which is read before the next one goes. */
static void pour(struct side *side, const struct bytes *in, size_t piece)
{
    for (size_t at = 0; at < in->len && !side->ended;) {
        size_t len = piece < in->len - at ? piece : in->len - at;
        ssize_t n = send(side->fd, in->data + at, len, MSG_NOSIGNAL);

        at += n > 0 ? (size_t)n : 0;
        turn(side->world->loop);
    }
    TURN_UNTIL(side->world->loop, side->messages || side->ended);
}

static void receive(enum weft_role role, bool tcp, unsigned kind, bool in_three,
                    size_t piece, const uint8_t *p)
{
    struct bytes in = {0}, want = {0};
    struct side side;
    struct world w;

    world_open(&w, 0);
    side_open(&side, &w, role, tcp);
    count_rooms(&side);
    add_message(&in, role, kind, p, in_three);
    pour(&side, &in, piece);
    text_add(&want, in_three ? "ping:p " : "");
    text_add(&want, kind == WEFT_TEXT ? "text:" : "binary:");
    text_add_payload(&want, p, BIG);
    assert_string_equal(side_words(&side), text_of(&want));
    if (piece < BIG)
        CHECK(rooms > 2, "%d receives of pieces of %zu", rooms, piece);
    CHECK(side.fm.peak < 2 * BIG + 4096, "%zu bytes held", side.fm.peak);
    assert_int_equal(weft_endpoint_queued(&side.s.ep), 0);

    /* And the connection is as it was. */
    peer_says(&side, "8101 7a");
    TURN_UNTIL(w.loop, side.messages == 2);
    assert_null(side.s.ep.part);
    bytes_release(&in);
    bytes_release(&want);
    side_finish(&side);
    world_close(&w);
}

static void test_receive(void **state)
{
    static const size_t pieces[] = {1999, 65536, 4 * BIG};
    uint8_t *p = big_text();

    (void)state;
    for (size_t n = 0; n < COUNT(pieces) * 16; n++)
        receive(roles[n & 1], n & 2, n & 4 ? WEFT_TEXT : WEFT_BINARY, n & 8,
                pieces[n / 16], p);
    free(p);
}

/* A text that is wrong near its end: nothing comes of it. */
static void test_receive_wrong(void **state)
{
    uint8_t *p = big_text();

    (void)state;
    p[BIG - 100] = 0xff;
    for (size_t n = 0; n < COUNT(roles) * 2; n++) {
        struct bytes in = {0};
        struct side side;
        struct world w;

        world_open(&w, 0);
        side_open(&side, &w, roles[n % 2], n / 2);
        add_message(&in, roles[n % 2], WEFT_TEXT, p, false);
        pour(&side, &in, 65536);
        assert_int_equal(side.messages, 0);
        assert_int_equal(side.end_err, WEFT_ERR_UTF8);
        peer_takes_all(&side);
        assert_string_equal(peer_heard(&side), "close:1007");
        bytes_release(&in);
        side_finish(&side);
        world_close(&w);
    }
    free(p);
}

/* The peer goes in the middle of it. */
static void test_gone_in_the_middle(void **state)
{
    uint8_t *p = big_text();

    (void)state;
    for (size_t n = 0; n < COUNT(roles) * 6; n++) {
        size_t len = n / 4 == 0 ? 20 : n / 4 == 1 ? 100000 : BIG;
        struct bytes in = {0};
        struct side side;
        struct world w;

        world_open(&w, 0);
        side_open(&side, &w, roles[n % 2], n & 2);
        add_message(&in, roles[n % 2], WEFT_TEXT, p, false);
        in.len = len;
        for (size_t at = 0; at < len;) {
            ssize_t k = send(side.fd, in.data + at,
                             len - at < 10000 ? len - at : 10000, MSG_NOSIGNAL);

            at += k > 0 ? (size_t)k : 0;
            turn(w.loop);
        }
        peer_closes(&side);
        TURN_UNTIL(w.loop, side.closed);
        assert_int_equal(side.messages, 0);
        assert_string_equal(side_words(&side), "ended:1006 closed");
        bytes_release(&in);
        world_close(&w);
    }
    free(p);
}

/* ---- Sending it back ----------------------------------------------------- */

static size_t held; /* by the session, as its message was told */

static void echo(struct side *side, const struct weft_message *msg)
{
    held = side->fm.live;
    side->last = weft_session_send(&side->s, msg->kind, msg->data, msg->len);
}

static void echo_twice(struct side *side, const struct weft_message *msg)
{
    echo(side, msg);
    assert_int_equal(side->last, 0);
    side->last = weft_session_send(&side->s, msg->kind, msg->data, msg->len);
}

/* The end of it too, and something small and large of another kind. */
static void echo_and_more(struct side *side, const struct weft_message *msg)
{
    uint8_t more[20000];

    memset(more, 'm', sizeof(more));
    echo(side, msg);
    assert_int_equal(side->last, 0);
    assert_int_equal(side_send(side, "small"), 0);
    assert_int_equal(weft_session_send(&side->s, WEFT_TEXT, more, sizeof(more)),
                     0);
    memset(more, 0xff, sizeof(more));
    side->last =
        weft_session_send(&side->s, WEFT_BINARY,
                          (const uint8_t *)msg->data + msg->len - 30000, 30000);
}

static void echo_and_close(struct side *side, const struct weft_message *msg)
{
    echo(side, msg);
    assert_int_equal(weft_session_close(&side->s, 1000, "", 0), 0);
}

static void echo_and_abort(struct side *side, const struct weft_message *msg)
{
    echo(side, msg);
    weft_session_abort(&side->s, WEFT_ERR_GONE);
}

static void echo_and_cut(struct side *side, const struct weft_message *msg)
{
    echo(side, msg);
    side->is_cut = true;
    weft_session_cut(&side->s);
}

/* A session whose kernel takes less than all, which has had the message and
 * does what it does; nothing of the answers has been read. */
static void open_echo(struct side *side, struct world *w, enum weft_role role,
                      bool tcp, size_t piece,
                      void (*on_message)(struct side *,
                                         const struct weft_message *))
{
    struct bytes in = {0};
    uint8_t *p = big_text();

    world_open(w, 0);
    side_init(side, w, role);
    side->conf.ep.out_limit = 8 * BIG;
    side_connect(side, tcp);
    if (!tcp) /* that would wait for acknowledgements, again and again */
        side_small_buffer(side);
    side->on_message = on_message;
    add_message(&in, role, WEFT_TEXT, p, false);
    pour(side, &in, piece);
    assert_int_equal(side->messages, 1);
    bytes_release(&in);
    free(p);
}

/* What the peer is to hear, and in how many bytes. */
struct expected {
    struct bytes words;
    size_t len;
};

static void expect(struct expected *e, const struct side *side,
                   const char *name, const void *payload, size_t len)
{
    text_add(&e->words, "%s%s", e->words.len ? " " : "", name);
    if (strcmp(name, "close:1000") != 0)
        text_add_payload(&e->words, payload, len);
    e->len += len + (len > 65535 ? 10 : len > 125 ? 4 : 2);
    e->len += side->conf.ep.is_client ? 4 : 0;
}

/* Takes all in small steps and compares it with what the handler sent. */
static void check_echo(struct side *side, struct expected *e)
{
    uint64_t until = weft_clock() + PATIENCE_NS;

    while (side->got.len < e->len) {
        CHECK(weft_clock() < until && !side->got_end && !side->got_error,
              "%zu bytes of %zu", side->got.len, e->len);
        if (!peer_takes(side, 10000))
            assert_int_equal(weft_loop_turn(side->world->loop, 10), 0);
        else
            turn(side->world->loop);
    }
    assert_string_equal(peer_heard(side), text_of(&e->words));
    bytes_release(&e->words);
}

static void expect_more(struct expected *e, const struct side *side,
                        const uint8_t *p)
{
    uint8_t more[20000];

    memset(more, 'm', sizeof(more));
    expect(e, side, "text:", "small", 5);
    expect(e, side, "text:", more, sizeof(more));
    expect(e, side, "binary:", p + BIG - 30000, 30000);
}

static void test_echo(void **state)
{
    static void (*const handlers[])(struct side *,
                                    const struct weft_message *) = {
        echo, echo_twice, echo_and_more, echo_and_close};
    uint8_t *p = big_text();

    (void)state;
    for (size_t n = 0; n < COUNT(handlers) * 8; n++) {
        enum weft_role role = roles[n & 1];
        struct expected want = {.len = 0};
        bool is_gathered = n & 4;
        struct side side;
        struct world w;

        open_echo(&side, &w, role, n & 2, is_gathered ? 65536 : 4 * BIG,
                  handlers[n / 8]);
        assert_int_equal(side.last, 0);
        if (role == WEFT_SERVER && is_gathered) /* and lent */
            CHECK(side.fm.peak < held + 100000,
                  "%zu bytes held, %zu before the echo", side.fm.peak, held);
        expect(&want, &side, "text:", p, BIG);
        if (handlers[n / 8] == echo_twice)
            expect(&want, &side, "text:", p, BIG);
        if (handlers[n / 8] == echo_and_more)
            expect_more(&want, &side, p);
        if (handlers[n / 8] == echo_and_close)
            expect(&want, &side, "close:1000", NULL, 2);
        check_echo(&side, &want);
        side_finish(&side);
        world_close(&w);
    }
    free(p);
}

/* Another message comes and goes while the first is still on its way out. */
static void test_echo_and_the_next(void **state)
{
    uint8_t *first = big_text(), *next = big_text();

    (void)state;
    next[0] = 'y';
    for (size_t n = 0; n < COUNT(roles) * 2; n++) {
        struct expected want = {.len = 0};
        struct bytes in = {0};
        struct side side;
        struct world w;

        open_echo(&side, &w, roles[n & 1], n & 2, 65536, echo);
        add_message(&in, roles[n & 1], WEFT_TEXT, next, true);
        side.messages = 0;
        pour(&side, &in, 65536);
        assert_int_equal(side.last, 0);
        expect(&want, &side, "text:", first, BIG);
        expect(&want, &side, "pong:", "p", 1);
        expect(&want, &side, "text:", next, BIG);
        check_echo(&side, &want);
        bytes_release(&in);
        side_finish(&side);
        world_close(&w);
    }
    free(first);
    free(next);
}

/* ---- Ends while it is lent ----------------------------------------------- */

/* Nothing is left and nothing is touched that has gone: that is for the
 * sanitizer and for world_close to see. */
static void test_ends_while_lent(void **state)
{
    static const struct {
        const char *what, *words;
        void (*on_message)(struct side *, const struct weft_message *);
    } cases[] = {
        {"abort", "ended:1006 closed", echo_and_abort},
        {"cut", "closed", echo_and_cut},
        {"peer closes", "ended:1006 closed", echo},
        {"peer resets", "ended:1006 closed", echo_twice},
        {"peer closes a little later", "ended:1006 closed", echo_twice},
        {"peer ends its half", "ended:1006 closed", echo},
        {"peer closes after our close", "ended:1006 closed", echo_and_close},
    };

    (void)state;
    for (size_t n = 0; n < COUNT(cases) * 4; n++) {
        const char *what = cases[n / 4].what, *words;
        struct side side;
        struct world w;

        open_echo(&side, &w, roles[n & 1], n & 2, 65536,
                  cases[n / 4].on_message);
        if (strstr(what, "later"))
            peer_waits(&side, 100000);
        if (strstr(what, "half"))
            shutdown(side.fd, SHUT_WR);
        else if (strstr(what, "resets"))
            reset_peer(side.fd);
        else if (strncmp(what, "peer", 4) == 0)
            close(side.fd);
        if (strstr(what, "half"))
            peer_waits_for_end(&side);
        else if (strncmp(what, "peer", 4) == 0)
            side.fd = -1;
        TURN_UNTIL(w.loop, side.closed);
        words = strrchr(side_words(&side), '/'); /* behind the message's sum */
        assert_non_null(words);
        CHECK(strcmp(words + 10, cases[n / 4].words) == 0, "%s: %s", what,
              words);
        world_close(&w);
    }
}

static long left_in_message;

static void echo_without_memory(struct side *side,
                                const struct weft_message *msg)
{
    side->fm.left = left_in_message;
    echo(side, msg);
    side->fm.left = -1;
}

/* Each allocation of the echo fails in turn: it is copied where it cannot be
 * lent, and where it cannot be copied either, the connection ends. */
static void test_echo_without_memory(void **state)
{
    uint8_t *p = big_text();

    (void)state;
    for (size_t n = 0; n < COUNT(roles); n++) {
        long tries = 0;

        left_in_message = 0;
        do {
            struct expected want = {.len = 0};
            struct side side;
            struct world w;

            open_echo(&side, &w, roles[n], false, 65536, echo_without_memory);
            assert_true(side.last == 0 || side.last == WEFT_ERR_NOMEM);
            if (side.last == 0) {
                expect(&want, &side, "text:", p, BIG);
                check_echo(&side, &want);
            }
            left_in_message = side.last ? left_in_message + 1 : -1;
            side_finish(&side);
            world_close(&w);
            tries++;
        } while (left_in_message >= 0);
        assert_in_range(tries, 2, 20);
    }
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_receive_wrong),
        cmocka_unit_test(test_gone_in_the_middle),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_echo_and_the_next),
        cmocka_unit_test(test_ends_while_lent),
        cmocka_unit_test(test_echo_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
