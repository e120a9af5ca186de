/* SPDX-License-Identifier: MIT */
/*
 * The engine: what is sent, how it is taken away in pieces, the limit of the
 * queue, mistakes of the caller, and pongs for a peer that does not read.
 */
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

/* ---- Sending ------------------------------------------------------------- */

static void test_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct talk t;

        talk_open_as(&t, roles[i]);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "Hello", 5), 0);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, NULL, 0), 0);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_BINARY, "\0\xff", 2), 0);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_PING, "p", 1), 0);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_PONG, NULL, 0), 0);
        talk_drain(&t);
        assert_string_equal(talk_frames(&t),
                            "text:Hello text: binary:\\x00\\xff ping:p pong:");
        talk_close(&t);
    }
}

static void test_lengths(void **state)
{
    static const size_t lengths[] = {0,     1,     124,   125,   126,
                                     127,   128,   1000,  16384, 65534,
                                     65535, 65536, 65537, 300000};
    uint8_t *payload = malloc(300000);

    (void)state;
    assert_non_null(payload);
    for (size_t i = 0; i < 300000; i++)
        payload[i] = (uint8_t)(i * 13 + (i >> 9));
    for (size_t i = 0; i < COUNT(lengths) * COUNT(roles); i++) {
        size_t len = lengths[i / 2];
        size_t head = len > 65535 ? 10 : len > 125 ? 4 : 2;
        struct bytes want = {0};
        struct talk t;

        talk_open_as(&t, roles[i % 2]);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_BINARY, payload, len),
                         0);
        head += t.role == WEFT_CLIENT ? 4 : 0;
        assert_int_equal(weft_endpoint_queued(t.ep), head + len);
        talk_drain(&t);
        text_add(&want, "binary:");
        text_add_payload(&want, payload, len);
        assert_string_equal(talk_frames(&t), text_of(&want));
        bytes_release(&want);
        talk_close(&t);
    }
    free(payload);
}

/* The caller's bytes are left as they are, and may change after the call. */
static void test_data_is_copied(void **state)
{
    char text[] = "some text";
    struct talk t;

    (void)state;
    talk_open_as(&t, WEFT_CLIENT);
    assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, text, 9), 0);
    assert_string_equal(text, "some text");
    memset(text, 'x', 9);
    talk_drain(&t);
    assert_string_equal(talk_frames(&t), "text:some\\x20text");
    talk_close(&t);
}

/* Taken away n bytes at a time, for every n, with more queued in between. */
static void test_output_in_pieces(void **state)
{
    (void)state;
    for (size_t n = 1; n < 40; n++) {
        struct talk t;
        struct iovec iov;

        talk_open_as(&t, roles[n & 1]);
        for (int turn = 0; turn < 30; turn++) {
            assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "abc", 3), 0);
            assert_true(weft_endpoint_output(t.ep, &iov));
            if (iov.iov_len > n)
                iov.iov_len = n;
            bytes_add(&t.out, iov.iov_base, iov.iov_len);
            weft_endpoint_sent(t.ep, iov.iov_len);
        }
        talk_drain(&t);
        assert_int_equal(strlen(talk_frames(&t)), 30 * 9 - 1);
        assert_null(strstr(talk_frames(&t), ":text"));
        talk_close(&t);
    }
}

/* What was looked at stays where it is until it is marked, whatever is queued
 * meanwhile: a write may be under way. */
static void test_output_stays_in_its_place(void **state)
{
    struct talk t;
    struct iovec iov;
    uint8_t before[64];

    (void)state;
    talk_open_as(&t, WEFT_SERVER);
    t.deaf = true;
    assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "abcdef", 6), 0);
    assert_true(weft_endpoint_output(t.ep, &iov));
    assert_true(iov.iov_len <= sizeof(before));
    memcpy(before, iov.iov_base, iov.iov_len);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(
            weft_endpoint_send(t.ep, WEFT_BINARY, "0123456789", 10), 0);
        assert_int_equal(talk_feed_plain(&t, "8901 70"), 0);
        assert_memory_equal(before, iov.iov_base, iov.iov_len);
    }
    talk_close(&t);
}

/* ---- The limit of the queue ---------------------------------------------- */

static void test_busy_at_the_limit(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct weft_endpoint_opts opts = talk_opts(roles[i]);
        uint8_t some[500] = {0};
        size_t queued;
        struct talk t;

        opts.out_limit = 1000;
        talk_open(&t, &opts);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_BINARY, some, 500), 0);
        assert_true(weft_endpoint_queued(t.ep) < 1000);
        /* Below the limit there is room for one more message of any size. */
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_BINARY, some, 500), 0);
        queued = weft_endpoint_queued(t.ep);
        assert_true(queued >= 1000);

        assert_int_equal(weft_endpoint_send(t.ep, WEFT_BINARY, "a", 1),
                         WEFT_ERR_BUSY);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "", 0),
                         WEFT_ERR_BUSY);
        assert_int_equal(weft_endpoint_queued(t.ep), queued);

        /* Control frames are exempt. */
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_PING, "a", 1), 0);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_PONG, "b", 1), 0);
        talk_drain(&t);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "c", 1), 0);
        assert_int_equal(weft_endpoint_close(t.ep, 1000, NULL, 0), 0);
        talk_drain(&t);
        assert_non_null(strstr(talk_frames(&t), " ping:a pong:b text:c "
                                                "close:1000"));
        talk_close(&t);
    }
}

/* A queue that holds exactly the limit is full. */
static void test_busy_begins_at_the_limit(void **state)
{
    struct weft_endpoint_opts opts = talk_opts(WEFT_SERVER);
    struct talk t;

    (void)state;
    opts.out_limit = 12;
    talk_open(&t, &opts);
    assert_int_equal(weft_endpoint_send(t.ep, WEFT_BINARY, "0123456789", 10),
                     0);
    assert_int_equal(weft_endpoint_queued(t.ep), 12);
    assert_int_equal(weft_endpoint_send(t.ep, WEFT_BINARY, "", 0),
                     WEFT_ERR_BUSY);
    weft_endpoint_sent(t.ep, 1);
    assert_int_equal(weft_endpoint_send(t.ep, WEFT_BINARY, "", 0), 0);
    talk_close(&t);
}

static void test_close_is_exempt(void **state)
{
    struct weft_endpoint_opts opts = talk_opts(WEFT_SERVER);
    struct talk t;

    (void)state;
    opts.out_limit = 1;
    talk_open(&t, &opts);
    assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "a", 1), 0);
    assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "b", 1),
                     WEFT_ERR_BUSY);
    assert_int_equal(weft_endpoint_close(t.ep, 1013, NULL, 0), 0);
    talk_drain(&t);
    assert_string_equal(talk_frames(&t), "text:a close:1013");
    talk_close(&t);
}

/* ---- Mistakes of the caller ---------------------------------------------- */

static const struct {
    const char *what;
    int kind;
    const char *data;
    size_t len;
} mistakes[] = {
    {"no kind", 0, "a", 1},
    {"a kind that is reserved", 3, "a", 1},
    {"the opcode of close", 8, "\x03\xe8", 2},
    {"a kind beyond the opcodes", 17, "a", 1},
    {"a negative kind", -1, "a", 1},
    {"text that is not UTF-8", WEFT_TEXT, "a\xff", 2},
    {"text that ends inside a character", WEFT_TEXT, "a\xe2\x82", 3},
    {"a surrogate", WEFT_TEXT, "\xed\xa0\x80", 3},
};

static void test_mistakes_change_nothing(void **state)
{
    uint8_t big[126] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct talk t;
        long calls;

        talk_open_as(&t, roles[i]);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "a", 1), 0);
        calls = t.fm.calls;
        for (size_t k = 0; k < COUNT(mistakes); k++)
            CHECK(weft_endpoint_send(t.ep, (enum weft_kind)mistakes[k].kind,
                                     mistakes[k].data,
                                     mistakes[k].len) == WEFT_ERR_USAGE,
                  "%s", mistakes[k].what);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_PING, big, 126),
                         WEFT_ERR_USAGE);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_PONG, big, 126),
                         WEFT_ERR_USAGE);
        assert_int_equal(t.fm.calls, calls);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_PING, big, 125), 0);
        talk_drain(&t);
        assert_non_null(strstr(talk_frames(&t), "text:a ping:#125/"));

        /* Nor does a mistake stop what comes from the peer. */
        assert_int_equal(talk_feed_plain(&t, "8101 62"), 0);
        assert_string_equal(talk_events(&t), "text:b");
        talk_close(&t);
    }
}

static void test_sending_after_an_error(void **state)
{
    struct talk t;

    (void)state;
    talk_open_as(&t, WEFT_SERVER);
    assert_int_equal(talk_feed_plain(&t, "8300"), WEFT_ERR_PROTOCOL);
    assert_true(weft_endpoint_send(t.ep, WEFT_TEXT, "a", 1) < 0);
    assert_true(weft_endpoint_close(t.ep, 1000, NULL, 0) < 0);
    talk_drain(&t);
    assert_string_equal(talk_frames(&t), "close:1002");
    talk_close(&t);
}

/* ---- Pongs for a peer that does not read --------------------------------- */

/* RFC 6455 section 5.5.3 lets only the latest pong go out; here that is what
 * keeps a flood of pings from filling the memory. */
static void test_flood_of_pings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct weft_endpoint_opts opts = talk_opts(roles[i]);
        struct bytes in = {0};
        struct talk t;
        char payload[125];
        const char *frames, *last;

        opts.out_limit = 4096;
        talk_open(&t, &opts);
        t.deaf = true;
        memset(payload, 'p', sizeof(payload));
        for (int k = 0; k < 100; k++)
            wire_add_frame(&in, t.role, 0x89, payload, sizeof(payload));
        for (int k = 0; k < 1000; k++) {
            t.events.len = 0;
            assert_int_equal(talk_feed(&t, in.data, in.len), 0);
        }
        CHECK(weft_endpoint_queued(t.ep) < 16384, "%zu bytes queued",
              weft_endpoint_queued(t.ep));
        CHECK(t.fm.peak < 65536, "%zu bytes held", t.fm.peak);

        assert_int_equal(talk_feed_frame(&t, 0x89, "last", 4), 0);
        talk_drain(&t);
        frames = talk_frames(&t);
        last = strstr(frames, "pong:last");
        CHECK(last && strlen(last) == 9, "the latest ping has no pong: %s",
              frames);
        bytes_release(&in);
        talk_close(&t);
    }
}

/* The same while output is taken a few bytes at a time, so that a pong is
 * always half sent: the stream stays one of whole frames, data is never lost,
 * and the latest ping has its pong. */
static void test_pings_while_output_crawls(void **state)
{
    (void)state;
    for (size_t step = 1; step < 30; step++) {
        struct weft_endpoint_opts opts = talk_opts(roles[step & 1]);
        struct talk t;
        struct iovec iov;
        const char *frames, *at;
        int texts = 0;

        opts.out_limit = 100;
        talk_open(&t, &opts);
        t.deaf = true;
        for (int turn = 0; turn < 500; turn++) {
            char payload[16];
            int len = snprintf(payload, sizeof(payload), "ping%d", turn);

            assert_int_equal(talk_feed_frame(&t, 0x89, payload, (size_t)len),
                             0);
            if (turn % 50 == 0)
                texts += weft_endpoint_send(t.ep, WEFT_TEXT, "data", 4) == 0;
            if (!weft_endpoint_output(t.ep, &iov))
                continue;
            if (iov.iov_len > step)
                iov.iov_len = step;
            bytes_add(&t.out, iov.iov_base, iov.iov_len);
            weft_endpoint_sent(t.ep, iov.iov_len);
        }
        CHECK(weft_endpoint_queued(t.ep) < 2048, "%zu bytes queued",
              weft_endpoint_queued(t.ep));
        talk_drain(&t);
        frames = talk_frames(&t);
        assert_string_equal(frames + strlen(frames) - 12, "pong:ping499");
        for (at = frames; (at = strstr(at, "text:data")); at++)
            texts--;
        assert_int_equal(texts, 0);
        talk_close(&t);
    }
}

/* A ping that is answered at once has a pong of its own. */
static void test_every_ping_is_answered_when_output_flows(void **state)
{
    struct talk t;

    (void)state;
    talk_open_as(&t, WEFT_SERVER);
    assert_int_equal(talk_feed_plain(&t, "8901 31 8901 32 8901 33"), 0);
    assert_string_equal(talk_frames(&t), "pong:1 pong:2 pong:3");
    talk_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_data_is_copied),
        cmocka_unit_test(test_output_in_pieces),
        cmocka_unit_test(test_output_stays_in_its_place),
        cmocka_unit_test(test_busy_at_the_limit),
        cmocka_unit_test(test_busy_begins_at_the_limit),
        cmocka_unit_test(test_close_is_exempt),
        cmocka_unit_test(test_mistakes_change_nothing),
        cmocka_unit_test(test_sending_after_an_error),
        cmocka_unit_test(test_flood_of_pings),
        cmocka_unit_test(test_pings_while_output_crawls),
        cmocka_unit_test(test_every_ping_is_answered_when_output_flows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
