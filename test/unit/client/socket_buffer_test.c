/* SPDX-License-Identifier: MIT */
/*
 * bufferedAmount, and what happens when it comes to its limit: a server that
 * does not read, with little room in the kernel.
 */
#include "visit.h"

#define BLOCK 10000

static uint8_t block[1 << 20];

/* The amount that waits when neither side has anything to do any more. */
static uint64_t settled(struct visit *v)
{
    turn(v->loop); /* what is due is no reason for its descriptor to wake */
    turn_until_quiet(v->loop);
    return visit_buffered(v);
}

/* Opens with a server whose kernel takes little. */
static void visit_open_narrow(struct visit *v)
{
    int size = 65536;

    assert_return_code(
        setsockopt(v->listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)),
        errno);
    visit_enters(v);
}

/* Sends until something waits for good. All that was sent. */
static uint64_t clog_up(struct visit *v)
{
    uint64_t sum = 0;

    while (settled(v) == 0) {
        assert_int_equal(user_send_bytes(v, WEFT_BINARY, block, BLOCK), 0);
        sum += BLOCK;
        assert_true(sum < 64 << 20);
    }
    return sum;
}

/* Payload of the whole frames that the server has got, which are forgotten. */
static uint64_t payload_got(struct visit *v)
{
    struct wire_frame frame;
    uint64_t sum = 0;
    size_t at = 0, used;

    while ((used = wire_read(&frame, v->got.data + at, v->got.len - at)) > 0) {
        if (frame.opcode < 8)
            sum += frame.len;
        free(frame.payload);
        at += used;
    }
    memmove(v->got.data, v->got.data + at, v->got.len - at);
    v->got.len -= at;
    return sum;
}

/* ---- What counts --------------------------------------------------------- */

static void test_payload_counts(void **state)
{
    struct visit v;

    (void)state;
    visit_open(&v);
    assert_int_equal(user_send(&v, "\xc3\xa9\xe2\x82\xac"), 0);
    assert_true(visit_buffered(&v) == 5); /* UTF-8, and no frame */
    assert_int_equal(user_send(&v, ""), 0);
    assert_true(visit_buffered(&v) == 5);
    assert_int_equal(user_ping(&v, "ping"), 0);
    assert_true(visit_buffered(&v) == 5);
    assert_int_equal(user_send_bytes(&v, WEFT_BINARY, block, 300), 0);
    assert_true(visit_buffered(&v) == 305);
    assert_int_equal(user_send_bytes(&v, WEFT_BINARY, block, 70000), 0);
    assert_true(visit_buffered(&v) == 70305);
    assert_true(visit_buffered(&v) == 70305);
    READ_UNTIL(&v, visit_buffered(&v) == 0);
    visit_close(&v);
}

/* "as of the last time the event loop reached step 1": what is sent within one
 * event counts until it is over, whatever the kernel could take. */
static void send_much(struct visit *v, enum told event)
{
    uint64_t sum = visit_buffered(v);

    if (event != AT_OPEN && event != AT_MESSAGE)
        return;
    for (size_t len = 1; len <= sizeof(block); len *= 4) {
        assert_int_equal(user_send_bytes(v, WEFT_BINARY, block, len), 0);
        sum += len;
        assert_true(visit_buffered(v) == sum);
    }
    if (event == AT_MESSAGE) {
        assert_int_equal(user_close(v, 0, NULL), 0);
        assert_true(visit_buffered(v) == sum);
        assert_int_equal(user_send(v, "abc"), 0);
        assert_true(visit_buffered(v) == sum + 3);
        v->scratch = sum;
    }
}

static void test_amount_in_an_event(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    v.at = send_much;
    visit_enters(&v);
    server_frames(&v, "8101 61");
    TURN_UNTIL(v.loop, v.told[AT_MESSAGE]);
    assert_true(v.scratch > sizeof(block));
    READ_UNTIL(&v, visit_buffered(&v) == 3);
    visit_close(&v);
}

/* ---- A server that does not read ----------------------------------------- */

/* It falls as the server reads, never rises, and ends at 0; and what has not
 * come there is at least what waits here. */
static void test_falls_as_the_peer_reads(void **state)
{
    uint64_t sum, got = 0, last;
    struct visit v;

    (void)state;
    visit_init(&v);
    visit_open_narrow(&v);
    sum = clog_up(&v);
    last = visit_buffered(&v);
    assert_true(last <= sum);
    while (got < sum) {
        uint64_t now;

        (void)server_takes(&v, 8192);
        assert_int_equal(weft_loop_turn(v.loop, 1), 0);
        got += payload_got(&v);
        now = visit_buffered(&v);
        assert_true(now <= last && now <= sum - got);
        last = now;
    }
    assert_true(got == sum && last == 0);
    assert_int_equal(v.told[AT_ERROR], 0);
    visit_close(&v);
}

/* "does not reset to zero once the connection closes". */
static void test_stays_after_the_end(void **state)
{
    (void)state;
    for (int n = 0; n < 3; n++) {
        struct visit v;
        uint64_t before;

        visit_init(&v);
        v.opts.close_ms = 1;
        visit_open_narrow(&v);
        (void)clog_up(&v);
        for (int i = 0; i < 8; i++) /* more than the kernel takes at once */
            assert_int_equal(
                user_send_bytes(&v, WEFT_BINARY, block, sizeof(block)), 0);
        before = settled(&v);
        while (visit_buffered(&v) == before) { /* a write that is half done */
            (void)server_takes(&v, 8192);
            turn(v.loop);
        }
        before = settled(&v);
        assert_true(before > 0);
        if (n == 0)
            reset_peer(v.fd);
        if (n == 1)
            server_hangs_up(&v); /* a RST: there is data unread */
        if (n == 2)
            assert_int_equal(user_close(&v, 0, NULL), 0);
        if (n == 0)
            v.fd = -1;
        visit_ends(&v);
        assert_false(v.how.clean);
        CHECK(visit_buffered(&v) == before, "%d: %llu, not %llu", n,
              (unsigned long long)visit_buffered(&v),
              (unsigned long long)before);
        assert_int_equal(user_send(&v, "12345"), 0);
        assert_true(visit_buffered(&v) == before + 5);
        visit_close(&v);
    }
}

/* Nobody has asked before the end, and it is right all the same. */
static void test_is_right_after_the_end(void **state)
{
    uint64_t sum = 0, got = 0;
    struct visit v;

    (void)state;
    visit_init(&v);
    visit_open_narrow(&v);
    for (; sum < 12 * sizeof(block); sum += sizeof(block))
        assert_int_equal(user_send_bytes(&v, WEFT_BINARY, block, sizeof(block)),
                         0);
    while (v.got.len < 5 * sizeof(block)) {
        (void)server_takes(&v, SIZE_MAX);
        turn(v.loop);
    }
    got = v.got.len - 6 * 16; /* without the headers, of which some came */
    reset_peer(v.fd);
    v.fd = -1;
    visit_ends(&v);
    CHECK(visit_buffered(&v) <= sum - got, "%llu, but %llu of %llu came",
          (unsigned long long)visit_buffered(&v), (unsigned long long)got,
          (unsigned long long)sum);
    assert_true(visit_buffered(&v) > 0);
    visit_close(&v);
}

/* It goes on falling while CLOSING, and the close frame comes behind it all. */
static void test_close_behind_much(void **state)
{
    uint64_t sum, got = 0;
    struct visit v;

    (void)state;
    visit_init(&v);
    v.opts.close_ms = 60000;
    visit_open_narrow(&v);
    sum = clog_up(&v);
    assert_int_equal(user_close(&v, 1000, NULL), 0);
    while (got < sum) {
        (void)server_takes(&v, 65536);
        assert_int_equal(weft_loop_turn(v.loop, 1), 0);
        got += payload_got(&v);
        assert_true(visit_buffered(&v) <= sum - got);
    }
    assert_int_equal(visit_state(&v), WEFT_CLOSING);
    assert_true(visit_buffered(&v) == 0);
    server_frames(&v, "8802 03e8");
    server_hangs_up(&v);
    visit_ends(&v);
    assert_true(v.how.clean);
    assert_true(visit_buffered(&v) == 0);
    visit_close(&v);
}

/* free with much that waits: nothing is left behind. */
static void test_free_while_it_waits(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct visit v;

        visit_init(&v);
        visit_open_narrow(&v);
        (void)clog_up(&v);
        user_free(&v);
        if (n)
            turn_until_quiet(v.loop);
        visit_close(&v);
    }
}

/* ---- The limit, with drain ----------------------------------------------- */

/* Sends until BUSY. What was taken. */
static uint64_t fill(struct visit *v)
{
    uint64_t sum = 0;
    int err;

    for (;;) {
        uint64_t before = visit_buffered(v);

        err = user_send_bytes(v, WEFT_BINARY, block, BLOCK);
        if (err)
            break;
        sum += BLOCK;
        CHECK(before < v->opts.buffer_limit, "%llu wait already",
              (unsigned long long)before);
        assert_true(visit_buffered(v) == before + BLOCK);
    }
    assert_int_equal(err, WEFT_ERR_BUSY);
    return sum;
}

static void test_drain(void **state)
{
    uint64_t sum, got = 0;
    struct visit v;

    (void)state;
    visit_init(&v);
    v.opts.buffer_limit = 100000;
    v.opts.events = &visit_events_drain;
    visit_open_narrow(&v);
    sum = clog_up(&v);
    sum += fill(&v);
    assert_true(visit_buffered(&v) >= 90000);
    assert_int_equal(user_send(&v, "x"), WEFT_ERR_BUSY); /* twice is once */
    assert_int_equal(visit_state(&v), WEFT_OPEN);
    (void)settled(&v);
    assert_int_equal(v.told[AT_DRAIN], 0);
    while (!v.told[AT_DRAIN]) {
        (void)server_takes(&v, 4096);
        assert_int_equal(weft_loop_turn(v.loop, 1), 0);
        got += payload_got(&v);
    }
    assert_true(visit_buffered(&v) <= 50000);
    assert_int_equal(user_send(&v, "x"), 0);
    while (got < sum + 1) {
        (void)server_takes(&v, 65536);
        assert_int_equal(weft_loop_turn(v.loop, 1), 0);
        got += payload_got(&v);
    }
    assert_true(got == sum + 1);
    assert_int_equal(v.told[AT_DRAIN], 1);
    assert_string_equal(visit_words(&v), "open drain");
    visit_close(&v);
}

/* A message larger than the limit is sent where nothing waits. */
static void test_one_large_message(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    v.opts.buffer_limit = 1000;
    v.opts.events = &visit_events_drain;
    visit_enters(&v);
    assert_int_equal(user_send_bytes(&v, WEFT_BINARY, block, 5000), 0);
    assert_int_equal(user_send(&v, "a"), WEFT_ERR_BUSY);
    assert_true(visit_buffered(&v) == 5000);
    visit_expect(&v, "open drain");
    assert_int_equal(user_send(&v, "a"), 0);
    visit_close(&v);
}

static void act_in_drain(struct visit *v, enum told event)
{
    if (event != AT_DRAIN)
        return;
    if (v->scratch == 0 && v->told[AT_DRAIN] < 5)
        (void)fill(v);
    if (v->scratch == 1)
        assert_int_equal(user_close(v, 1000, NULL), 0);
    if (v->scratch == 2)
        user_free(v);
}

static void test_act_in_drain(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 3; n++) {
        struct visit v;

        visit_init(&v);
        v.opts.buffer_limit = 20000;
        v.opts.events = &visit_events_drain;
        v.at = act_in_drain;
        v.scratch = n;
        visit_enters(&v);
        (void)fill(&v);
        READ_UNTIL(&v, v.told[AT_DRAIN] >= (n == 0 ? 5 : 1));
        if (n == 1)
            assert_int_equal(visit_state(&v), WEFT_CLOSING);
        if (n == 2)
            assert_null(v.ws);
        visit_close(&v);
    }
}

/* After close() nobody is asked to go on. */
static void test_no_drain_while_closing(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    v.opts.buffer_limit = 20000;
    v.opts.events = &visit_events_drain;
    visit_open_narrow(&v);
    (void)clog_up(&v);
    (void)fill(&v);
    assert_int_equal(user_close(&v, 1000, NULL), 0);
    READ_UNTIL(&v, visit_buffered(&v) == 0);
    (void)settled(&v);
    assert_string_equal(visit_words(&v), "open");
    visit_close(&v);
}

/* ---- The limit, without -------------------------------------------------- */

static void test_overflow(void **state)
{
    (void)state;
    for (int outside = 0; outside < 2; outside++) {
        struct visit v;
        uint64_t before;

        visit_init(&v);
        v.opts.buffer_limit = 30000;
        visit_open_narrow(&v);
        if (outside)
            (void)clog_up(&v);
        while (visit_buffered(&v) < 30000)
            assert_int_equal(user_send_bytes(&v, WEFT_BINARY, block, BLOCK), 0);
        before = visit_buffered(&v);
        assert_int_equal(user_send(&v, "last"), WEFT_ERR_BUSY);
        assert_true(visit_buffered(&v) == before + 4);
        assert_int_equal(visit_state(&v), WEFT_CLOSING);
        assert_int_equal(user_send(&v, "late"), 0);
        assert_true(visit_buffered(&v) == before + 8);
        visit_ends(&v);
        assert_string_equal(visit_words(&v), "open error close:1006");
        assert_int_equal(v.err, WEFT_ERR_BUSY);
        assert_true(visit_buffered(&v) == before + 8);
        visit_close(&v);
    }
}

static void overflow(struct visit *v, enum told event)
{
    if (event != AT_MESSAGE)
        return;
    while (user_send_bytes(v, WEFT_BINARY, block, BLOCK) == 0)
        ;
    assert_int_equal(visit_state(v), WEFT_CLOSING);
}

/* In an event, with more messages behind the one at hand. */
static void test_overflow_in_an_event(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    v.opts.buffer_limit = 30000;
    v.at = overflow;
    visit_enters(&v);
    server_frames(&v, "8101 61 8101 62 8101 63 8802 03e8");
    visit_ends(&v);
    assert_string_equal(visit_words(&v), "open text:a error close:1006");
    assert_int_equal(v.err, WEFT_ERR_BUSY);
    visit_close(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payload_counts),
        cmocka_unit_test(test_amount_in_an_event),
        cmocka_unit_test(test_falls_as_the_peer_reads),
        cmocka_unit_test(test_stays_after_the_end),
        cmocka_unit_test(test_is_right_after_the_end),
        cmocka_unit_test(test_close_behind_much),
        cmocka_unit_test(test_free_while_it_waits),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_one_large_message),
        cmocka_unit_test(test_act_in_drain),
        cmocka_unit_test(test_no_drain_while_closing),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_overflow_in_an_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
