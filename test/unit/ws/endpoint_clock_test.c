/* SPDX-License-Identifier: MIT */
/*
 * What the folders above see of an endpoint's time: when a wait is stamped,
 * and signs of life that are not bytes. The waits themselves are in
 * endpoint_time_test.c.
 */
#include "talk.h"
#include "ws/endpoint.h"

#define PING 300
#define PONG 150
#define CLOSE 50
#define BEGIN 1000

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

static void open_at(struct talk *t, enum weft_role role)
{
    struct weft_endpoint_opts opts = talk_opts(role);

    opts.ping_ns = PING;
    opts.pong_ns = PONG;
    opts.close_ns = CLOSE;
    talk_open(t, &opts);
    assert_int_equal(weft_endpoint_tick(t->ep, BEGIN), 0);
    assert_true(weft_endpoint_deadline(t->ep) == BEGIN + PING);
}

/* A peer that takes bytes but has none to send is as good as one that talks. */
static void test_heard(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct talk t;

        open_at(&t, roles[i]);
        assert_int_equal(weft_endpoint_tick(t.ep, BEGIN + 200), 0);
        weft_endpoint_heard(t.ep);
        assert_true(weft_endpoint_deadline(t.ep) == BEGIN + 200 + PING);

        assert_int_equal(weft_endpoint_tick(t.ep, BEGIN + 500), 0);
        assert_true(weft_endpoint_deadline(t.ep) == BEGIN + 500 + PONG);
        weft_endpoint_heard(t.ep);
        assert_true(weft_endpoint_deadline(t.ep) == BEGIN + 500 + PING);
        talk_drain(&t);
        assert_string_equal(talk_frames(&t), "ping:");
        talk_close(&t);
    }
}

/* But no talking puts off the end of a closing handshake. */
static void test_heard_while_closing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct talk t;

        open_at(&t, roles[i]);
        assert_int_equal(weft_endpoint_close(t.ep, 1000, NULL, 0), 0);
        assert_int_equal(weft_endpoint_tick(t.ep, BEGIN + 10), 0);
        for (int turn = 0; turn < 3; turn++) {
            weft_endpoint_heard(t.ep);
            assert_true(weft_endpoint_deadline(t.ep) == BEGIN + 10 + CLOSE);
        }
        assert_int_equal(weft_endpoint_tick(t.ep, BEGIN + 10 + CLOSE),
                         WEFT_ERR_TIMEOUT);
        talk_close(&t);
    }
}

/* Every way in which the end begins asks for a tick at once, so that the wait
 * for it is stamped; also the peer's close frame, before it is answered. */
static void begin_end(struct talk *t, int way)
{
    struct weft_event event;
    uint8_t close[] = {0x88, 0x80, 0, 0, 0, 0};

    switch (way) {
    case 0:
        assert_int_equal(weft_endpoint_close(t->ep, 1000, NULL, 0), 0);
        break;
    case 1:
        close[1] = t->role == WEFT_SERVER ? 0x80 : 0;
        assert_int_equal(
            weft_endpoint_feed(t->ep, close, t->role == WEFT_SERVER ? 6 : 2),
            0);
        assert_int_equal(weft_endpoint_next(t->ep, &event), 1);
        assert_int_equal(event.type, WEFT_EVENT_CLOSE);
        break;
    case 2:
        assert_int_equal(talk_feed_plain(t, "8300"), WEFT_ERR_PROTOCOL);
        break;
    default:
        assert_int_equal(talk_feed_end(t), 0);
    }
}

static void test_every_end_is_stamped(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles) * 4 * 3; i++) {
        struct talk t;
        uint64_t now = BEGIN;

        open_at(&t, roles[i % 2]);
        if (i / 8 > 0) { /* a ping went out, and was perhaps answered */
            now += PING;
            assert_int_equal(weft_endpoint_tick(t.ep, now), 0);
        }
        if (i / 8 > 1)
            assert_int_equal(talk_feed_plain(&t, "8a00"), 0);
        now += 100;
        assert_int_equal(weft_endpoint_tick(t.ep, now), 0);
        begin_end(&t, (int)(i / 2 % 4));
        CHECK(weft_endpoint_deadline(t.ep) <= now, "case %zu", i);
        now += 7;
        CHECK(weft_endpoint_tick(t.ep, now) == 0, "case %zu", i);
        CHECK(weft_endpoint_deadline(t.ep) == now + CLOSE, "case %zu: %llu", i,
              (unsigned long long)(weft_endpoint_deadline(t.ep) - now));
        CHECK(weft_endpoint_tick(t.ep, now + CLOSE) == WEFT_ERR_TIMEOUT,
              "case %zu", i);
        CHECK(weft_endpoint_deadline(t.ep) == UINT64_MAX, "case %zu", i);
        talk_close(&t);
    }
}

/* Where the ping finds no memory it is left out, and patience begins. */
static void test_ping_without_memory(void **state)
{
    struct talk t;

    (void)state;
    open_at(&t, WEFT_SERVER);
    t.fm.left = 0;
    assert_int_equal(weft_endpoint_tick(t.ep, BEGIN + PING), 0);
    assert_int_equal(weft_endpoint_queued(t.ep), 0);
    assert_true(weft_endpoint_deadline(t.ep) == BEGIN + PING + PONG);
    assert_int_equal(weft_endpoint_tick(t.ep, BEGIN + PING + PONG),
                     WEFT_ERR_TIMEOUT);
    assert_string_equal(weft_endpoint_why(t.ep), "the peer was silent");
    talk_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heard),
        cmocka_unit_test(test_heard_while_closing),
        cmocka_unit_test(test_every_end_is_stamped),
        cmocka_unit_test(test_ping_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
