/* SPDX-License-Identifier: MIT */
/*
 * The session and peers that read slowly or not at all: large payloads, the
 * kernel taking a little at a time, back-pressure, drain.
 */
#include "side.h"

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

#define BIG 1000000

static uint8_t *big_text(void)
{
    uint8_t *p = malloc(BIG);

    assert_non_null(p);
    for (size_t i = 0; i < BIG; i++)
        p[i] = (uint8_t)('a' + (i ^ i >> 9) % 26);
    return p;
}

static size_t frame_len(const struct side *side, size_t len)
{
    return len +
           (len > 65535 ? 10
            : len > 125 ? 4
                        : 2) +
           (side->conf.ep.is_client ? 4 : 0);
}

/* A session whose kernel takes little at once. */
static void open_slow(struct world *w, struct side *side, enum weft_role role)
{
    world_open(w, 0);
    side_open(side, w, role, false);
    side_small_buffer(side);
}

static void check_heard(struct side *side, const struct bytes *want)
{
    assert_string_equal(peer_heard(side), text_of(want));
}

/* ---- Large payloads ------------------------------------------------------ */

/* The caller's bytes are free to go when the call returns, however little of
 * them the kernel took, and whatever was already on its way. */
static void test_large_payload_may_go(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(roles) * 3; n++) {
        struct bytes want = {0};
        struct side side;
        struct world w;
        size_t len = 0;

        open_slow(&w, &side, roles[n % 2]);
        side.conf.ep.out_limit = SIZE_MAX;
        for (int i = 0; i < 4; i++) {
            uint8_t *p = big_text();
            size_t size = BIG - (size_t)i * 100000;

            text_add(&want, i ? " text:" : "text:");
            text_add_payload(&want, p, size);
            assert_int_equal(weft_session_send(&side.s, WEFT_TEXT, p, size), 0);
            memset(p, 0xff, BIG);
            free(p);
            len += frame_len(&side, size);
            if (n / 2 > 0) /* some of it leaves before the next comes */
                turn(w.loop);
            if (n / 2 > 1)
                peer_waits(&side, side.got.len + 5000);
        }
        peer_waits(&side, len);
        check_heard(&side, &want);
        bytes_release(&want);
        side_finish(&side);
        world_close(&w);
    }
}

/* The peer reads ten thousand bytes at a time, with other frames between. */
static void test_slow_reader_gets_all(void **state)
{
    uint8_t *p = big_text();

    (void)state;
    for (size_t n = 0; n < COUNT(roles); n++) {
        struct bytes want = {0};
        struct side side;
        struct world w;

        open_slow(&w, &side, roles[n]);
        side.conf.ep.out_limit = SIZE_MAX;
        assert_int_equal(weft_session_send(&side.s, WEFT_TEXT, p, BIG), 0);
        text_add(&want, "text:");
        text_add_payload(&want, p, BIG);
        for (size_t got = 0; got < BIG; got += 10000) {
            size_t len = got % 100000 ? 10 : 20000; /* copied or borrowed */

            peer_waits(&side, got);
            assert_int_equal(weft_session_send(&side.s, WEFT_TEXT, p, len), 0);
            text_add(&want, " text:");
            text_add_payload(&want, p, len);
        }
        assert_int_equal(weft_session_close(&side.s, 1000, "", 0), 0);
        text_add(&want, " close:1000");
        peer_takes_all(&side);
        check_heard(&side, &want);
        bytes_release(&want);
        side_finish(&side);
        world_close(&w);
    }
    free(p);
}

static void echo(struct side *side, const struct weft_message *msg)
{
    side->last = weft_session_send(&side->s, msg->kind, msg->data, msg->len);
}

/* The echo of a message lies in the memory of the message, which goes when the
 * callback is over: in the loop's buffer when it came whole, or gathered. */
static void test_large_echo(void **state)
{
    uint8_t *p = big_text();

    (void)state;
    for (size_t n = 0; n < COUNT(roles) * 2; n++) {
        struct bytes want = {0}, in = {0};
        size_t len = n / 2 ? BIG : 100000;
        struct side side;
        struct world w;

        open_slow(&w, &side, roles[n % 2]);
        side.on_message = echo;
        wire_add_frame(&in, roles[n % 2], 0x81, p, len);
        if (n / 2 == 0) {
            weft_session_take(&side.s, in.data, in.len);
            memset(in.data, 0xff, in.len);
        }
        for (size_t at = 0; n / 2 && at < in.len;) {
            ssize_t k = send(side.fd, in.data + at, in.len - at,
                             MSG_NOSIGNAL | MSG_DONTWAIT);

            at += k > 0 ? (size_t)k : 0;
            turn(w.loop);
        }
        peer_waits(&side, frame_len(&side, len));
        text_add(&want, "text:");
        text_add_payload(&want, p, len);
        check_heard(&side, &want);
        bytes_release(&want);
        bytes_release(&in);
        side_finish(&side);
        world_close(&w);
    }
    free(p);
}

/* One frame to many: shared until the last of them has sent it. */
static void test_frame_to_many(void **state)
{
    uint8_t *p = big_text();
    struct bytes want = {0};
    struct side sides[3];
    struct world w;
    struct weft_broadcast message = {0};
    struct weft_blob *frame;
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};

    (void)state;
    world_open(&w, 0);
    frame = weft_endpoint_frame(&mem, WEFT_TEXT, p, BIG);
    message.frame = frame;
    for (size_t i = 0; i < COUNT(sides); i++) {
        side_open(&sides[i], &w, WEFT_SERVER, false);
        side_small_buffer(&sides[i]);
        assert_int_equal(weft_session_broadcast(&sides[i].s, &message), 0);
        CHECK(sides[i].fm.peak < 100000, "%zu bytes", sides[i].fm.peak);
    }
    assert_int_equal(frame->refs, 4);
    weft_blob_unref(frame);
    text_add(&want, "text:");
    text_add_payload(&want, p, BIG);
    for (size_t i = 0; i < COUNT(sides) - 1; i++) {
        peer_waits(&sides[i], BIG + 10);
        check_heard(&sides[i], &want);
    }
    assert_true(fm.live > 0); /* the third has not read it */
    for (size_t i = 0; i < COUNT(sides); i++)
        side_finish(&sides[i]);
    assert_int_equal(fm.live, 0);
    world_close(&w);
    bytes_release(&want);
    free(p);
}

/* ---- Back-pressure ------------------------------------------------------- */

#define FLOOD 3000 /* messages of a thousand bytes */

static void flood_frame(struct bytes *out, enum weft_role receiver, int i)
{
    char payload[1000];

    memset(payload, 'a' + i % 26, sizeof(payload));
    wire_add_frame(out, receiver, i % 50 ? 0x81 : 0x82, payload,
                   sizeof(payload));
}

/* Sends as much as the socket takes, from *at on; whether there is more. */
static bool pour(struct side *side, const struct bytes *in, size_t *at)
{
    ssize_t n = 1;

    while (*at < in->len && n > 0) {
        n = send(side->fd, in->data + *at, in->len - *at,
                 MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0)
            *at += (size_t)n;
    }
    return *at < in->len;
}

/* Pours until nothing moves any more: the socket takes no more bytes and the
 * loop finds nothing to do. */
static void pour_until_stuck(struct side *side, const struct bytes *in,
                             size_t *at)
{
    size_t before;

    do {
        before = *at;
        assert_true(pour(side, in, at));
        turn(side->world->loop);
        turn(side->world->loop);
    } while (*at > before || is_readable(weft_loop_fd(side->world->loop)));
}

/* A client that sends and does not read is not read from: what is held for it
 * has a bound. When it reads, all goes on, and nothing was lost. */
static void test_back_pressure(void **state)
{
    struct bytes in = {0};
    struct side side;
    struct world w;
    size_t at = 0, want = 0;

    (void)state;
    world_open(&w, 16384);
    side_init(&side, &w, WEFT_SERVER);
    side.conf.ep.out_limit = 65536;
    side_connect(&side, false);
    side_small_buffer(&side);
    side.on_message = echo;
    for (int i = 0; i < FLOOD; i++) {
        flood_frame(&in, WEFT_SERVER, i);
        want += frame_len(&side, 1000);
    }
    pour_until_stuck(&side, &in, &at);
    CHECK(side.fm.peak < 65536 + 2 * 16384 + 4096, "%zu bytes held",
          side.fm.peak);
    assert_true(side.messages < FLOOD / 2);

    while (side.got.len < want) {
        if (pour(&side, &in, &at))
            turn(w.loop);
        peer_waits(&side, side.got.len + 1000);
        assert_int_equal(side.last, 0); /* no echo was refused */
    }
    assert_int_equal(side.messages, FLOOD);
    CHECK(side.fm.peak < 65536 + 2 * 16384 + 4096, "%zu bytes held",
          side.fm.peak);
    assert_int_equal(strncmp(peer_heard(&side), "binary:", 7), 0);
    bytes_release(&in);
    side_finish(&side);
    world_close(&w);
}

/* The same with pings, which nobody can refuse to answer. */
static void test_flood_of_pings(void **state)
{
    (void)state;
    for (int drops = 0; drops < 2; drops++) {
        struct bytes in = {0};
        struct side side;
        struct world w;
        size_t at = 0;

        world_open(&w, 16384);
        side_init(&side, &w, WEFT_SERVER);
        side.conf.ep.out_limit = 65536;
        side.conf.ep.drops_oldest = drops;
        side_connect(&side, false);
        side_small_buffer(&side);
        for (int i = 0; i < 300000; i++)
            wire_add_frame(&in, WEFT_SERVER, 0x89, "p", 1);
        pour_until_stuck(&side, &in, &at);
        CHECK(side.fm.peak < (drops ? 40 : 2) * 65536, "%zu bytes held",
              side.fm.peak);
        bytes_release(&in);
        side_finish(&side);
        world_close(&w);
    }
}

/* The owner closes a session that is held up: its close frame waits its turn,
 * and comes. */
static void test_close_while_held_up(void **state)
{
    struct bytes in = {0};
    struct side side;
    struct world w;
    size_t at = 0;
    const char *heard;

    (void)state;
    world_open(&w, 16384);
    side_init(&side, &w, WEFT_SERVER);
    side.conf.ep.out_limit = 65536;
    side_connect(&side, false);
    side_small_buffer(&side);
    side.on_message = echo;
    for (int i = 0; i < FLOOD; i++)
        flood_frame(&in, WEFT_SERVER, i);
    pour_until_stuck(&side, &in, &at);
    assert_int_equal(weft_session_close(&side.s, 1001, "", 0), 0);
    peer_takes_all(&side);
    heard = peer_heard(&side);
    assert_string_equal(heard + strlen(heard) - 10, "close:1001");
    bytes_release(&in);
    side_finish(&side);
    world_close(&w);
}

/* A client reads on, however much waits for its server: the two would wait for
 * each other for ever. What it holds has a bound all the same. */
static void test_client_reads_on(void **state)
{
    struct bytes in = {0};
    struct side side;
    struct world w;
    size_t at = 0;

    (void)state;
    world_open(&w, 16384);
    side_init(&side, &w, WEFT_CLIENT);
    side.conf.ep.out_limit = 65536;
    side_connect(&side, false);
    side_small_buffer(&side);
    side.on_message = echo;
    for (int i = 0; i < FLOOD; i++) {
        flood_frame(&in, WEFT_CLIENT, i);
        wire_add_frame(&in, WEFT_CLIENT, 0x89, "p", 1);
    }
    while (pour(&side, &in, &at))
        turn(w.loop);
    TURN_UNTIL(w.loop, side.messages == FLOOD);
    assert_int_equal(side.last, WEFT_ERR_BUSY);
    CHECK(side.fm.peak < 2 * 65536, "%zu bytes held", side.fm.peak);
    bytes_release(&in);
    side_finish(&side);
    world_close(&w);
}

/* ---- Drain --------------------------------------------------------------- */

static void send_until_busy(struct side *side)
{
    uint8_t some[200];

    memset(some, 'z', sizeof(some));
    do
        side->last =
            weft_session_send(&side->s, WEFT_BINARY, some, sizeof(some));
    while (side->last == 0);
    assert_int_equal(side->last, WEFT_ERR_BUSY);
    weft_session_want_drain(&side->s);
}

static void on_message_busy(struct side *side, const struct weft_message *msg)
{
    (void)msg;
    send_until_busy(side);
}

/* The queue was full, and then the kernel took all at once: the owner is told,
 * though no write had to wait. */
static void test_drain_without_waiting(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(roles) * 2; n++) {
        struct side side;
        struct world w;

        world_open(&w, 0);
        side_init(&side, &w, roles[n % 2]);
        side.conf.ep.out_limit = 1000;
        side_connect(&side, false);
        if (n / 2) {
            send_until_busy(&side);
            assert_int_equal(side.drains, 0);
            turn(w.loop);
        } else {
            side.on_message = on_message_busy;
            peer_says(&side, "8101 61");
            TURN_UNTIL(w.loop, side.messages);
        }
        assert_int_equal(side.drains, 1);
        peer_waits(&side, 5 * frame_len(&side, 200));
        turn_until_quiet(w.loop);
        assert_int_equal(side.drains, 1);
        side_finish(&side);
        world_close(&w);
    }
}

/* Without a wish there is no call. */
static void test_no_drain_unasked(void **state)
{
    struct side side;
    struct world w;

    (void)state;
    world_open(&w, 0);
    side_open(&side, &w, WEFT_SERVER, false);
    assert_int_equal(side_send(&side, "a"), 0);
    turn(w.loop);
    side_finish(&side);
    assert_int_equal(side.drains, 0);
    world_close(&w);
}

/* The kernel took a part: the owner is told when the queue is half empty, and
 * not before. */
static void test_drain_when_low(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(roles); n++) {
        struct side side;
        struct world w;

        world_open(&w, 0);
        side_init(&side, &w, roles[n]);
        side.conf.ep.out_limit = 100000;
        side_connect(&side, false);
        side_small_buffer(&side);
        send_until_busy(&side);
        turn_until_quiet(w.loop);
        assert_int_equal(side.drains, 0);
        while (side.drains == 0) {
            assert_true(weft_endpoint_queued(&side.s.ep) > 50000);
            peer_waits(&side, side.got.len + 100);
        }
        CHECK(weft_endpoint_queued(&side.s.ep) <= 50000, "%zu bytes queued",
              weft_endpoint_queued(&side.s.ep));
        side_finish(&side);
        assert_int_equal(side.drains, 1);
        world_close(&w);
    }
}

/* An owner that always has more: each drain is followed by another, though not
 * without end in one turn, and every byte arrives. */
static void test_drain_again_and_again(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(roles) * 2; n++) {
        struct side side;
        struct world w;
        const char *heard;

        world_open(&w, 0);
        side_init(&side, &w, roles[n % 2]);
        side.conf.ep.out_limit = 10000;
        side_connect(&side, false);
        if (n / 2)
            side_small_buffer(&side);
        side.on_drain = send_until_busy;
        send_until_busy(&side);
        while (side.drains < 100) {
            int before = side.drains;

            turn(w.loop);
            CHECK(side.drains <= before + 2, "%d drains in a turn",
                  side.drains - before);
            while (peer_takes(&side, 65536))
                ;
        }
        side.on_drain = NULL;
        assert_int_equal(weft_session_close(&side.s, 1000, "", 0), 0);
        peer_takes_all(&side);
        heard = peer_heard(&side);
        assert_string_equal(heard + strlen(heard) - 10, "close:1000");
        side_finish(&side);
        world_close(&w);
    }
}

/* ---- Ends while output waits --------------------------------------------- */

/* The peer ends its half and reads on: it gets all there is. */
static void test_peer_ends_its_half(void **state)
{
    uint8_t *p = big_text();

    (void)state;
    for (size_t n = 0; n < COUNT(roles); n++) {
        struct bytes want = {0};
        struct side side;
        struct world w;

        open_slow(&w, &side, roles[n]);
        assert_int_equal(weft_session_send(&side.s, WEFT_TEXT, p, BIG), 0);
        shutdown(side.fd, SHUT_WR);
        TURN_UNTIL(w.loop, side.ended);
        assert_int_equal(side.closed, 0);
        peer_waits_for_end(&side);
        text_add(&want, "text:");
        text_add_payload(&want, p, BIG);
        check_heard(&side, &want);
        TURN_UNTIL(w.loop, side.closed);
        assert_string_equal(side_words(&side), "ended:1006 closed");
        bytes_release(&want);
        world_close(&w);
    }
    free(p);
}

/* Everything ends while a write is under way. */
static void test_gone_while_writing(void **state)
{
    uint8_t *p = big_text();

    (void)state;
    for (size_t n = 0; n < COUNT(roles) * 3; n++) {
        struct side side;
        struct world w;

        open_slow(&w, &side, roles[n % 2]);
        assert_int_equal(weft_session_send(&side.s, WEFT_TEXT, p, BIG), 0);
        if (n / 2 == 2) { /* first one half, then the other */
            shutdown(side.fd, SHUT_WR);
            TURN_UNTIL(w.loop, side.ended);
        }
        turn(w.loop);
        if (n / 2 == 1)
            weft_session_abort(&side.s, WEFT_ERR_GONE);
        else
            peer_closes(&side);
        TURN_UNTIL(w.loop, side.closed);
        assert_string_equal(side_words(&side), "ended:1006 closed");
        assert_int_equal(side.end_err,
                         n / 2 == 1 ? WEFT_ERR_GONE : WEFT_ERR_EOF);
        world_close(&w);
    }
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_payload_may_go),
        cmocka_unit_test(test_slow_reader_gets_all),
        cmocka_unit_test(test_large_echo),
        cmocka_unit_test(test_frame_to_many),
        cmocka_unit_test(test_back_pressure),
        cmocka_unit_test(test_client_reads_on),
        cmocka_unit_test(test_flood_of_pings),
        cmocka_unit_test(test_close_while_held_up),
        cmocka_unit_test(test_drain_without_waiting),
        cmocka_unit_test(test_no_drain_unasked),
        cmocka_unit_test(test_drain_when_low),
        cmocka_unit_test(test_drain_again_and_again),
        cmocka_unit_test(test_peer_ends_its_half),
        cmocka_unit_test(test_gone_while_writing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
