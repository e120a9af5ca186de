/* SPDX-License-Identifier: MIT */
/*
 * The engine: making one, frame headers, masking, lengths, whole messages, and
 * how bytes are fed and events pulled. Close, text, limits, output, time and
 * memory have files of their own beside this one.
 */
#include "talk.h"

#include <stdlib.h>
#include <string.h>

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

/* ---- Making one ---------------------------------------------------------- */

static int no_random(void *ud, void *out, size_t len)
{
    (void)ud;
    memset(out, 0, len);
    return 0;
}

static void test_new_with_defaults(void **state)
{
    struct weft_endpoint_opts opts = WEFT_ENDPOINT_OPTS;
    struct weft_endpoint *ep = NULL;
    struct weft_event event;
    struct iovec iov;

    (void)state;
    assert_int_equal(weft_endpoint_new(&ep, &opts), 0);
    assert_non_null(ep);
    assert_int_equal(weft_endpoint_next(ep, &event), 0);
    assert_false(weft_endpoint_output(ep, &iov));
    assert_int_equal(weft_endpoint_queued(ep), 0);
    assert_false(weft_endpoint_is_over(ep));
    weft_endpoint_free(ep);
    weft_endpoint_free(NULL);
}

static void test_new_refuses_senseless_options(void **state)
{
    struct {
        struct weft_endpoint_opts known;
        uint64_t later;
    } newer = {WEFT_ENDPOINT_OPTS, 0};
    struct weft_endpoint_opts opts = WEFT_ENDPOINT_OPTS;
    struct weft_endpoint *ep;

    (void)state;
    opts.role = WEFT_CLIENT;
    assert_int_equal(weft_endpoint_new(&ep, &opts), WEFT_ERR_USAGE);
    opts.random = no_random;
    assert_int_equal(weft_endpoint_new(&ep, &opts), 0);
    weft_endpoint_free(ep);

    newer.known.size = sizeof(newer);
    assert_int_equal(weft_endpoint_new(&ep, &newer.known), 0);
    weft_endpoint_free(ep);
    newer.later = 1;
    assert_int_equal(weft_endpoint_new(&ep, &newer.known), WEFT_ERR_USAGE);

    opts.size = 0;
    assert_int_equal(weft_endpoint_new(&ep, &opts), WEFT_ERR_USAGE);
}

/* ---- Frames that are right ----------------------------------------------- */

static const struct talk_case right[] = {
    {"nothing", "", "", "", 0},
    {"text", "8105 48656c6c6f", "text:Hello", "", 0},
    {"empty text", "8100", "text:", "", 0},
    {"binary", "8203 00ff80", "binary:\\x00\\xff\\x80", "", 0},
    {"empty binary", "8200", "binary:", "", 0},
    {"ping", "8903 616263", "ping:abc", "pong:abc", 0},
    {"empty ping", "8900", "ping:", "pong:", 0},
    {"pong nobody asked for", "8a02 6869", "pong:hi", "", 0},
    {"empty pong", "8a00", "pong:", "", 0},
    {"one after another", "8101 61 8200 8101 62 8900 8101 63",
     "text:a binary: text:b ping: text:c", "pong:", 0},
    {"a message in two frames", "0103 48656c 8002 6c6f", "text:Hello", "", 0},
    {"header cut in the first byte", "81", "", "", 0},
    {"header cut in the 16 bit length", "81 7e 00", "", "", 0},
    {"header cut in the 64 bit length", "82 7f 000000000001 00", "", "", 0},
    {"payload cut", "8105 4865", "", "", 0},
    {"whole and then a part", "8101 61 8202 01", "text:a", "", 0},
};

static void test_right_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(right); i++)
        talk_run(&right[i], NULL);
}

/* Each input ends with the byte from which on the verdict is certain. */
static const struct talk_case wrong[] = {
    {"RSV1", "c100", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"RSV2", "a100", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"RSV3", "9100", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"all reserved bits", "f200", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"RSV1 on ping", "c900", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"RSV1 on close", "c800", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"RSV1 on the second frame", "0100 c000", "", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"reserved opcode 3", "8300", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"reserved opcode 4", "8400", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"reserved opcode 5", "8500", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"reserved opcode 6", "8600", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"reserved opcode 7", "8700", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"reserved opcode 11", "8b00", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"reserved opcode 12", "8c00", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"reserved opcode 13", "8d00", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"reserved opcode 14", "8e00", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"reserved opcode 15", "8f00", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"reserved opcode inside a message", "0100 8300", "", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"continuation of nothing", "8000", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"unfinished continuation of nothing", "0000", "", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"continuation after a whole message", "8100 8000", "text:", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"text inside a message", "0101 61 8101 62", "", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"binary inside a message", "0101 61 0200", "", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"fragmented ping", "0900", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"fragmented pong", "0a00", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"fragmented close", "0800", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"ping of 126 bytes", "897e007e", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"pong of 126 bytes", "8a7e007e", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"close of 126 bytes", "887e007e", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"ping of 65536 bytes", "897f0000000000010000", "", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"what came before counts", "8101 61 8900 8300",
     "text:a ping:", "pong: close:1002", WEFT_ERR_PROTOCOL},
};

static void test_wrong_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++)
        talk_run(&wrong[i], NULL);
}

/* The bytes as they travel: the verdict does not wait for the masking key. */
static const struct {
    enum weft_role role;
    const char *hex;
} early[] = {
    {WEFT_SERVER, "c180"},
    {WEFT_SERVER, "8380"},
    {WEFT_SERVER, "8f80"},
    {WEFT_SERVER, "0980"},
    {WEFT_SERVER, "89fe"},
    {WEFT_SERVER, "88ff"},
    {WEFT_SERVER, "8080"},
    {WEFT_SERVER, "8105"}, /* no mask: section 5.1 */
    {WEFT_SERVER, "8100"},
    {WEFT_SERVER, "8800"},
    {WEFT_SERVER, "827e"},
    {WEFT_SERVER, "81fe0000"}, /* not the shortest form */
    {WEFT_SERVER, "81fe007d"},
    {WEFT_SERVER, "81ff0000000000000000"},
    {WEFT_SERVER, "81ff000000000000ffff"},
    {WEFT_SERVER, "81ff80"}, /* the highest bit must be 0 */
    {WEFT_CLIENT, "8185"},   /* a mask: section 5.1 */
    {WEFT_CLIENT, "8180"},
    {WEFT_CLIENT, "8880"},
    {WEFT_CLIENT, "82fe"},
    {WEFT_CLIENT, "817e007d"},
    {WEFT_CLIENT, "827f000000000000007e"},
    {WEFT_CLIENT, "827fff"},
};

static void test_says_no_before_the_header_is_whole(void **state)
{
    uint8_t in[16];

    (void)state;
    for (size_t i = 0; i < COUNT(early); i++) {
        const struct talk_case c = {early[i].hex, NULL, "", "close:1002",
                                    WEFT_ERR_PROTOCOL};
        struct weft_endpoint_opts opts = talk_opts(early[i].role);

        talk_run_bytes(&c, &opts, in, unhex(in, early[i].hex));
    }
}

/* ---- Lengths and masks --------------------------------------------------- */

static const size_t lengths[] = {
    0,   1,   2,   3,    4,    5,     7,     8,     15,    16,     17,
    31,  32,  33,  63,   64,   65,    124,   125,   126,   127,    128,
    255, 256, 257, 1000, 4096, 65534, 65535, 65536, 65537, 100000,
};

static void fill(uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(i * 7 + (i >> 8));
}

static void test_every_length_arrives(void **state)
{
    uint8_t *payload = malloc(100000);

    (void)state;
    assert_non_null(payload);
    fill(payload, 100000);
    for (size_t i = 0; i < COUNT(lengths) * COUNT(roles); i++) {
        size_t len = lengths[i / 2];
        struct weft_endpoint_opts opts = talk_opts(roles[i % 2]);
        struct bytes in = {0}, want = {0};
        struct talk_case c = {.what = "length", .frames = ""};

        wire_add_frame(&in, opts.role, 0x82, payload, len);
        text_add(&want, "binary:");
        text_add_payload(&want, payload, len);
        c.events = text_of(&want);
        talk_run_bytes(&c, &opts, in.data, in.len);
        bytes_release(&in);
        bytes_release(&want);
    }
    free(payload);
}

/* The mask goes on through a frame that comes in pieces, wherever those lie in
 * memory, and starts anew with each frame. */
static void test_masks(void **state)
{
    static const uint8_t in[] = {
        0x02, 0x83, 1, 2,    3,    4,    1 ^ 'a', 2 ^ 'b',    3 ^ 'c', 0x80,
        0x85, 0,    0, 0,    0,    'd',  'e',     'f',        'g',     'h',
        0x81, 0x82, 9, 0xff, 0x80, 0x7f, 9 ^ 'x', 0xff ^ 'y',
    };
    const struct talk_case c = {"masks", NULL, "binary:abcdefgh text:xy", "",
                                0};
    struct weft_endpoint_opts opts = talk_opts(WEFT_SERVER);

    (void)state;
    talk_run_bytes(&c, &opts, in, sizeof(in));
}

/* ---- Feeding and pulling ------------------------------------------------- */

static void test_feed_before_all_is_pulled(void **state)
{
    uint8_t in[] = {0x81, 1, 'a', 0x81, 1, 'b'}, more[] = {0x81, 1, 'c'};
    struct weft_event event;
    struct talk t;

    (void)state;
    talk_open_as(&t, WEFT_CLIENT);
    assert_int_equal(weft_endpoint_feed(t.ep, in, sizeof(in)), 0);
    assert_int_equal(weft_endpoint_feed(t.ep, more, sizeof(more)),
                     WEFT_ERR_USAGE);
    assert_int_equal(weft_endpoint_next(t.ep, &event), 1);
    assert_true(weft_message_equals(&event.msg, "a"));
    assert_int_equal(weft_endpoint_feed(t.ep, more, sizeof(more)),
                     WEFT_ERR_USAGE);
    assert_int_equal(weft_endpoint_next(t.ep, &event), 1);
    assert_true(weft_message_equals(&event.msg, "b"));
    assert_int_equal(weft_endpoint_next(t.ep, &event), 0);
    assert_int_equal(weft_endpoint_feed(t.ep, more, sizeof(more)), 0);
    assert_int_equal(weft_endpoint_next(t.ep, &event), 1);
    assert_true(weft_message_equals(&event.msg, "c"));
    talk_close(&t);
}

static void test_feeding_nothing(void **state)
{
    struct talk t;

    (void)state;
    talk_open_as(&t, WEFT_SERVER);
    assert_int_equal(talk_feed(&t, "", 0), 0);
    assert_int_equal(talk_feed_plain(&t, "8101 61"), 0);
    assert_int_equal(talk_feed(&t, "", 0), 0);
    assert_string_equal(talk_events(&t), "text:a");
    talk_close(&t);
}

/* A message that lies whole in the bytes is lent where it lies, and costs no
 * memory; a message in pieces gives its memory back when it is done. */
static void test_whole_messages_are_lent(void **state)
{
    struct bytes in = {0};
    struct weft_event event;
    struct talk t;

    (void)state;
    talk_open_as(&t, WEFT_SERVER);
    for (int i = 0; i < 100; i++) {
        long calls = t.fm.calls;

        in.len = 0;
        wire_add_frame(&in, WEFT_SERVER, 0x81, "some text", 9);
        assert_int_equal(weft_endpoint_feed(t.ep, in.data, in.len), 0);
        assert_int_equal(weft_endpoint_next(t.ep, &event), 1);
        assert_true(weft_message_equals(&event.msg, "some text"));
        assert_ptr_equal(event.msg.data, in.data + 6);
        assert_int_equal(weft_endpoint_next(t.ep, &event), 0);
        assert_int_equal(t.fm.calls, calls);
    }
    bytes_release(&in);
    talk_close(&t);
}

static void test_memory_of_a_message_is_given_back(void **state)
{
    uint8_t *payload = calloc(1, 50000);
    size_t at_rest;
    struct talk t;

    (void)state;
    assert_non_null(payload);
    talk_open_as(&t, WEFT_SERVER);
    at_rest = t.fm.live;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(talk_feed_frame(&t, 0x02, payload, 50000), 0);
        CHECK(t.fm.live > at_rest, "%zu bytes", t.fm.live);
        assert_int_equal(talk_feed_frame(&t, 0x80, payload, 50000), 0);
        assert_int_equal(t.fm.live, at_rest);
    }
    assert_int_equal(t.messages, 10);
    free(payload);
    talk_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_with_defaults),
        cmocka_unit_test(test_new_refuses_senseless_options),
        cmocka_unit_test(test_right_frames),
        cmocka_unit_test(test_wrong_frames),
        cmocka_unit_test(test_says_no_before_the_header_is_whole),
        cmocka_unit_test(test_every_length_arrives),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_feed_before_all_is_pulled),
        cmocka_unit_test(test_feeding_nothing),
        cmocka_unit_test(test_whole_messages_are_lent),
        cmocka_unit_test(test_memory_of_a_message_is_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
