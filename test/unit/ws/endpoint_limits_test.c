/* SPDX-License-Identifier: MIT */
/*
 * The engine: limits of messages and fragments, lengths that are lies, and how
 * much memory a peer can make the engine hold.
 */
#include "talk.h"

#include <stdlib.h>
#include <string.h>

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

/* More than an endpoint needs for itself and a few frames, far less than any
 * length that is announced here. */
#define MODEST 65536

/* ---- Messages ------------------------------------------------------------ */

/* Every input ends with the header that breaks the limit of 8 bytes. */
static const struct talk_case sizes[] = {
    {"the limit", "8208 0102030405060708",
     "binary:\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08", "", 0},
    {"one byte more", "8209", "", "close:1009", WEFT_ERR_LIMIT},
    {"65,536 bytes", "827f0000000000010000", "", "close:1009", WEFT_ERR_LIMIT},
    {"the limit in fragments", "0104 61616161 0000 8004 62626262",
     "text:aaaabbbb", "", 0},
    {"one byte more in fragments", "0104 61616161 8005", "", "close:1009",
     WEFT_ERR_LIMIT},
    {"one byte more in the third", "0104 61616161 0004 61616161 0001", "",
     "close:1009", WEFT_ERR_LIMIT},
    {"the first fragment alone", "0109", "", "close:1009", WEFT_ERR_LIMIT},
    {"messages are counted one by one", "8106 616161616161 8106 626262626262",
     "text:aaaaaa text:bbbbbb", "", 0},
    {"control frames are not messages",
     "0108 6161616161616161 890a 30313233343536373839 8000",
     "ping:0123456789 text:aaaaaaaa", "pong:0123456789", 0},
};

static void test_message_limit(void **state)
{
    struct weft_endpoint_opts opts = talk_opts(WEFT_SERVER);

    (void)state;
    opts.message_limit = 8;
    for (size_t i = 0; i < COUNT(sizes); i++)
        talk_run(&sizes[i], &opts);
}

/* Limit 3: one more frame is refused at its header, empty or not. */
static const struct talk_case counts[] = {
    {"one frame", "8101 61", "text:a", "", 0},
    {"three frames", "0101 61 0001 62 8001 63", "text:abc", "", 0},
    {"three empty frames", "0100 0000 8000", "text:", "", 0},
    {"four frames", "0101 61 0001 62 0001 63 8001", "", "close:1008",
     WEFT_ERR_POLICY},
    {"four empty frames", "0100 0000 0000 8000", "", "close:1008",
     WEFT_ERR_POLICY},
    {"control frames do not count",
     "0101 61 8900 8900 8900 0001 62 8a00 8001 "
     "63",
     "ping: ping: ping: pong: text:abc", "pong: pong: pong:", 0},
    {"each message is counted anew", "0100 0000 8000 0200 0000 8001 61 8100",
     "text: binary:a text:", "", 0},
};

static void test_fragment_limit(void **state)
{
    struct weft_endpoint_opts opts = talk_opts(WEFT_SERVER);

    (void)state;
    opts.fragment_limit = 3;
    for (size_t i = 0; i < COUNT(counts); i++)
        talk_run(&counts[i], &opts);
}

static void test_default_limit_of_a_message(void **state)
{
    const size_t limit = 16777216;
    uint8_t *payload = calloc(1, limit);

    (void)state;
    assert_non_null(payload);
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct bytes in = {0};
        struct talk t;

        talk_open_as(&t, roles[i]);
        assert_int_equal(talk_feed_frame(&t, 0x82, payload, limit), 0);
        assert_int_equal(t.messages, 1);
        wire_add_header(&in, roles[i], 0x82, limit + 1);
        assert_int_equal(talk_feed(&t, in.data, in.len), WEFT_ERR_LIMIT);
        assert_string_equal(talk_frames(&t), "close:1009");
        bytes_release(&in);
        talk_close(&t);
    }
    free(payload);
}

/* ---- T1: lengths --------------------------------------------------------- */

static const struct talk_case t1_lengths[] = {
    {"2^31", "827f0000000080000000", "", "close:1009", WEFT_ERR_LIMIT},
    {"2^32 - 1", "827f00000000ffffffff", "", "close:1009", WEFT_ERR_LIMIT},
    {"2^32", "827f0000000100000000", "", "close:1009", WEFT_ERR_LIMIT},
    {"2^32 + 1", "827f0000000100000001", "", "close:1009", WEFT_ERR_LIMIT},
    {"2^32 + 8", "817f0000000100000008", "", "close:1009", WEFT_ERR_LIMIT},
    {"2^63 - 1", "827f7fffffffffffffff", "", "close:1009", WEFT_ERR_LIMIT},
    {"2^63", "827f8000000000000000", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"2^63 + 1", "827f8000000000000001", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"2^64 - 1", "827fffffffffffffffff", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"0 in 16 bits", "827e0000", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"1 in 16 bits", "827e0001 61", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"125 in 16 bits", "827e007d", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"0 in 64 bits", "827f0000000000000000", "", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"125 in 64 bits", "827f000000000000007d", "", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"126 in 64 bits", "827f000000000000007e", "", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"65,535 in 64 bits", "827f000000000000ffff", "", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"2^63 in a ping", "897f8000000000000000", "", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"2^31 in a continuation of nothing", "807f0000000080000000", "",
     "close:1002", WEFT_ERR_PROTOCOL},
    {"2^63 - 1 behind a fragment", "0101 61 807f7fffffffffffffff", "",
     "close:1009", WEFT_ERR_LIMIT},
    {"2^63 - 1 twice", "0100 007f7fffffffffffffff", "", "close:1009",
     WEFT_ERR_LIMIT},
};

static void t1_lengths_that_are_lies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(t1_lengths); i++)
        talk_run(&t1_lengths[i], NULL);
}

/* T1: where the limit allows what is announced, memory grows with what comes
 * and with nothing else. */
static void t1_memory_follows_what_comes(void **state)
{
    static const uint64_t claims[] = {
        16777216,   1ull << 31,       (1ull << 32) - 1,
        1ull << 32, (1ull << 62) + 5, (1ull << 63) - 1,
    };
    uint8_t some[1000] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(claims) * COUNT(roles) * 2; i++) {
        struct weft_endpoint_opts opts = talk_opts(roles[i % 2]);
        uint64_t claim = claims[i / 4];
        struct bytes in = {0};
        struct talk t;

        if (claim > SIZE_MAX / 2 && sizeof(size_t) < 8)
            continue;
        opts.message_limit = (size_t)claim;
        talk_open(&t, &opts);
        wire_add_header(&in, t.role, i / 2 % 2 ? 0x82 : 0x02, claim);
        bytes_add(&in, some, sizeof(some));
        assert_int_equal(talk_feed(&t, in.data, in.len), 0);
        assert_int_equal(talk_feed(&t, some, sizeof(some)), 0);
        CHECK(t.fm.peak < MODEST, "%zu bytes for %llu announced", t.fm.peak,
              (unsigned long long)claim);
        assert_string_equal(talk_events(&t), "");
        bytes_release(&in);
        talk_close(&t);
    }
}

/* T1: the sum over fragments is not taken modulo 2^32 or 2^64. */
static void t1_sum_of_fragments(void **state)
{
    static const uint64_t seconds[] = {
        91,         (1ull << 32) - 10, (1ull << 32) - 5,
        1ull << 32, (1ull << 63) - 10, (1ull << 63) - 1,
    };

    (void)state;
    for (size_t i = 0; i < COUNT(seconds) * COUNT(roles); i++) {
        struct weft_endpoint_opts opts = talk_opts(roles[i % 2]);
        struct bytes in = {0};
        struct talk t;

        opts.message_limit = 100;
        talk_open(&t, &opts);
        assert_int_equal(talk_feed_frame(&t, 0x02, "0123456789", 10), 0);
        wire_add_header(&in, t.role, 0x80, seconds[i / 2]);
        assert_int_equal(talk_feed(&t, in.data, in.len), WEFT_ERR_LIMIT);
        assert_string_equal(talk_frames(&t), "close:1009");
        bytes_release(&in);
        talk_close(&t);
    }
}

/* With no limit but the machine's own, 10 bytes and then 2^63 - 1 more: either
 * it is too much, or the engine waits for bytes that never come. */
static void t1_sum_without_a_limit(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct weft_endpoint_opts opts = talk_opts(roles[i]);
        struct bytes in = {0};
        struct talk t;
        int rc;

        opts.message_limit = SIZE_MAX;
        talk_open(&t, &opts);
        assert_int_equal(talk_feed_frame(&t, 0x02, "0123456789", 10), 0);
        wire_add_header(&in, roles[i], 0x80, (1ull << 63) - 1);
        bytes_add(&in, "0123456789", 10);
        rc = talk_feed(&t, in.data, in.len);
        CHECK(rc == 0 || rc == WEFT_ERR_LIMIT, "%d", rc);
        CHECK(t.fm.peak < MODEST, "%zu bytes", t.fm.peak);
        assert_string_equal(talk_events(&t), "");
        bytes_release(&in);
        talk_close(&t);
    }
}

/* ---- T5: tiny fragments -------------------------------------------------- */

/* Feeds count frames of the same kind, a thousand at a time. */
static int feed_many(struct talk *t, unsigned first, size_t payload,
                     size_t count)
{
    struct bytes in = {0};
    int rc = 0;

    for (int i = 0; i < 1000; i++)
        wire_add_frame(&in, t->role, first, "x", payload);
    for (size_t i = 0; i < count / 1000 && rc == 0; i++)
        rc = talk_feed(t, in.data, in.len);
    bytes_release(&in);
    return rc;
}

static void t5_default_limit_of_fragments(void **state)
{
    (void)state;
    for (size_t payload = 0; payload <= 1; payload++) {
        struct talk t;

        talk_open_as(&t, WEFT_SERVER);
        assert_int_equal(talk_feed_frame(&t, 0x02, "x", payload), 0);
        /* 131,072 frames are allowed: this one and 131 times a thousand. */
        assert_int_equal(feed_many(&t, 0x00, payload, 131000), 0);
        assert_int_equal(feed_many(&t, 0x00, payload, 1000), WEFT_ERR_POLICY);
        assert_string_equal(talk_frames(&t), "close:1008");
        CHECK(t.fm.peak < MODEST + 4 * 131072, "%zu bytes", t.fm.peak);
        talk_close(&t);
    }
}

/* 10^7 fragments without a limit of their number: empty ones cost nothing,
 * and those of one byte not much more than the message they make. */
static void t5_ten_million_fragments(void **state)
{
    struct weft_endpoint_opts opts = talk_opts(WEFT_CLIENT);

    (void)state;
    opts.fragment_limit = UINT32_MAX;
    for (size_t payload = 0; payload <= 1; payload++) {
        struct talk t;

        talk_open(&t, &opts);
        assert_int_equal(talk_feed_frame(&t, 0x02, "x", payload), 0);
        assert_int_equal(feed_many(&t, 0x00, payload, 10000000), 0);
        CHECK(t.fm.peak < MODEST + 4 * payload * 10000000, "%zu bytes",
              t.fm.peak);
        assert_int_equal(talk_feed_frame(&t, 0x80, "x", payload), 0);
        assert_int_equal(t.messages, 1);
        talk_close(&t);
    }
}

/* T5: pings between fragments leave nothing behind. */
static void t5_control_frames_between_fragments(void **state)
{
    struct talk t;

    (void)state;
    talk_open_as(&t, WEFT_SERVER);
    assert_int_equal(talk_feed_frame(&t, 0x01, "x", 1), 0);
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(talk_feed_frame(&t, 0x89, "y", 1), 0);
        t.events.len = t.out.len = 0;
    }
    CHECK(t.fm.peak < MODEST, "%zu bytes", t.fm.peak);
    assert_int_equal(talk_feed_frame(&t, 0x80, "z", 1), 0);
    assert_string_equal(talk_events(&t), "text:xz");
    talk_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_limit),
        cmocka_unit_test(test_fragment_limit),
        cmocka_unit_test(test_default_limit_of_a_message),
        cmocka_unit_test(t1_lengths_that_are_lies),
        cmocka_unit_test(t1_memory_follows_what_comes),
        cmocka_unit_test(t1_sum_of_fragments),
        cmocka_unit_test(t1_sum_without_a_limit),
        cmocka_unit_test(t5_default_limit_of_fragments),
        cmocka_unit_test(t5_ten_million_fragments),
        cmocka_unit_test(t5_control_frames_between_fragments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
