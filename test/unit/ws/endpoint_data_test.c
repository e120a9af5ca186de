/* SPDX-License-Identifier: MIT */
/*
 * The ways by which the same bytes may reach an endpoint: whole, when most
 * messages take the short way; in pieces; and received in the room that it
 * offers. Events, output and verdict are the same by each of them.
 */
#include "base/sizes.h"
#include "talk.h"
#include "ws/endpoint.h"

#include <stdlib.h>
#include <string.h>

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

/* Receives at most so many bytes in the room that is offered: how many. */
static size_t feed_room(struct talk *t, const uint8_t *in, size_t len)
{
    size_t room = 0;
    uint8_t *p = weft_endpoint_room(t->ep, &room);
    size_t n = room < len ? room : len;

    if (!p)
        return 0;
    CHECK(room > 0, "a room of no bytes");
    memcpy(p, in, n);
    assert_int_equal(weft_endpoint_feed(t->ep, p, n), 0);
    talk_pull(t);
    return n;
}

/* Feeds first bytes, and then pieces of at most step, in the room wherever
 * there is one. The bytes that went through it. */
static size_t feed_by_room(struct talk *t, const uint8_t *in, size_t len,
                           size_t first, size_t step)
{
    size_t at = 0, piece = first, in_room = 0;

    while (at < len && t->rc == 0) {
        size_t n;

        if (piece > len - at)
            piece = len - at;
        n = feed_room(t, in + at, piece);
        in_room += n;
        if (n == 0) {
            n = piece;
            talk_feed(t, in + at, n);
        }
        at += n;
        piece = step;
    }
    return in_room;
}

static size_t check_by_room(const struct talk_case *c,
                            const struct weft_endpoint_opts *opts,
                            const struct bytes *in, size_t first, size_t step)
{
    struct talk t;
    size_t in_room;

    talk_open(&t, opts);
    in_room = feed_by_room(&t, in->data, in->len, first, step);
    CHECK(t.rc == c->rc, "%s, cut at %zu by %zu: %d (%s)", c->what, first, step,
          t.rc, talk_events(&t));
    CHECK(!strcmp(talk_events(&t), c->events), "%s, cut at %zu by %zu: %s",
          c->what, first, step, talk_events(&t));
    CHECK(!strcmp(talk_frames(&t), c->frames), "%s, cut at %zu by %zu: %s",
          c->what, first, step, talk_frames(&t));
    talk_close(&t);
    return in_room;
}

/* All ways. Returns how many bytes went through rooms. */
static size_t check_all_ways(const struct talk_case *c,
                             const struct weft_endpoint_opts *opts,
                             const struct bytes *in)
{
    static const size_t steps[] = {1, 7, 1000, 20000, SIZE_MAX};
    size_t len = in->len, in_room = 0;

    talk_run_bytes(c, opts, in->data, len);
    for (size_t i = 0; i < COUNT(steps); i++)
        in_room += check_by_room(c, opts, in, steps[i], steps[i]);
    for (size_t cut = 1; cut < len; cut++)
        if (len <= 600 || cut < 20 || len - cut < 20 || cut % (len / 16) == 0)
            in_room += check_by_room(c, opts, in, cut, SIZE_MAX);
    return in_room;
}

/* ---- Small frames -------------------------------------------------------- */

#define LIMIT 12 /* bytes of a message in these cases */

static const struct talk_case small[] = {
    {"empty", "8100 8200 8100", "text: binary: text:", "", 0},
    {"text", "8105 48656c6c6f 8103 e282ac", "text:Hello text:\\xe2\\x82\\xac",
     "", 0},
    {"binary", "8203 00ff80", "binary:\\x00\\xff\\x80", "", 0},
    {"at the limit", "810c 616161616161616161616161", "text:aaaaaaaaaaaa", "",
     0},
    {"over the limit", "8101 61 810d 6161616161616161616161616161", "text:a",
     "close:1009", WEFT_ERR_LIMIT},
    {"over the limit in two", "0107 61616161616161 8006 616161616161", "",
     "close:1009", WEFT_ERR_LIMIT},
    {"in three", "0102 6162 0002 6364 8003 656667", "text:abcdefg", "", 0},
    {"cut in a character", "0102 61e2 0001 82 8002 ac62",
     "text:a\\xe2\\x82\\xacb", "", 0},
    {"pings between", "0102 6162 8901 70 0000 8a00 8002 6364 8101 65",
     "ping:p pong: text:abcd text:e", "pong:p", 0},
    {"a ping behind", "8101 61 8903 616263 8200",
     "text:a ping:abc binary:", "pong:abc", 0},
    {"not UTF-8", "8101 61 8105 6162ff6364", "text:a", "close:1007",
     WEFT_ERR_UTF8},
    {"cut short", "8103 61e282", "", "close:1007", WEFT_ERR_UTF8},
    {"cut short in two", "0101 61 8002 e282", "", "close:1007", WEFT_ERR_UTF8},
    {"RSV1", "8101 61 c101 61", "text:a", "close:1002", WEFT_ERR_PROTOCOL},
    {"RSV2", "a201 61", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"opcode 3", "8200 8301 61", "binary:", "close:1002", WEFT_ERR_PROTOCOL},
    {"a message in a message", "0101 61 8101 62", "", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"a continuation of none", "8101 61 8001 62", "text:a", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"125 in 16 bits", "8101 61 817e007d", "text:a", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"a close", "8101 61 8805 03e8627965 8101 62", "text:a close:1000/bye",
     "close:1000", 0},
    {"a close between", "0101 61 8802 03e9 8001 62", "close:1001", "close:1001",
     0},
};

static void test_small_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(small) * COUNT(roles); i++) {
        const struct talk_case *c = &small[i / 2];
        struct weft_endpoint_opts opts = talk_opts(roles[i % 2]);
        struct bytes in = {0};
        uint8_t plain[256];

        opts.message_limit = LIMIT;
        wire_add_plain(&in, opts.role, plain, unhex(plain, c->plain));
        check_all_ways(c, &opts, &in);
        bytes_release(&in);
    }
}

/* Refused for its second byte, before there is a place for a key. */
static void test_unmasked(void **state)
{
    static const struct talk_case c = {"unmasked", NULL, "text:a", "close:1002",
                                       WEFT_ERR_PROTOCOL};
    struct weft_endpoint_opts opts = talk_opts(WEFT_SERVER);
    struct bytes in = {0};

    (void)state;
    wire_add_frame(&in, WEFT_SERVER, 0x81, "a", 1);
    bytes_add(&in, "\x81", 2); /* and a length of none */
    check_all_ways(&c, &opts, &in);
    bytes_release(&in);
}

/* ---- Large frames -------------------------------------------------------- */

#define LARGEST 200000

/* Characters of two bytes, that fall on every kind of border. */
static uint8_t *large_text(void)
{
    uint8_t *p = malloc(LARGEST);

    assert_non_null(p);
    for (size_t i = 0; i < LARGEST; i += 2) {
        p[i] = 0xc3;
        p[i + 1] = (uint8_t)(0x80 + (i / 2 + (i >> 7)) % 64);
    }
    return p;
}

/* Sizes of the frames of one message, up to the first of none. */
static const size_t large[][4] = {
    {124},
    {126},
    {128},
    {65534},
    {65536},
    {LARGEST},
    {60001, 60003},
    {1, 65535, 100000},
    {3, 1, 2, 99996},
};

/* The message in its frames, with pings between them. */
static void add_message(struct bytes *in, enum weft_role role, unsigned kind,
                        const uint8_t *payload, const size_t sizes[4])
{
    size_t at = 0;

    for (size_t i = 0; i < 4 && sizes[i]; i++) {
        bool is_last = i == 3 || !sizes[i + 1];

        wire_add_frame(in, role, (i ? 0 : kind) | (is_last ? 0x80 : 0),
                       payload + at, sizes[i]);
        at += sizes[i];
        if (!is_last)
            wire_add_frame(in, role, 0x89, "p", 1);
    }
}

static void check_large(enum weft_role role, unsigned kind,
                        const uint8_t *payload, const size_t sizes[4])
{
    struct weft_endpoint_opts opts = talk_opts(role);
    struct bytes in = {0}, events = {0}, frames = {0};
    struct talk_case c = {.what = "large"};
    size_t len = sizes[0], in_room;

    text_add(&events, "%s", "");
    text_add(&frames, "%s", "");
    for (size_t i = 1; i < 4 && sizes[i]; i++) {
        len += sizes[i];
        text_add(&events, "ping:p ");
        text_add(&frames, i > 1 ? " pong:p" : "pong:p");
    }
    text_add(&events, kind == WEFT_TEXT ? "text:" : "binary:");
    text_add_payload(&events, payload, len);
    text_add(&events, " binary:");
    c.events = text_of(&events);
    c.frames = text_of(&frames);
    opts.message_limit = len;
    add_message(&in, role, kind, payload, sizes);
    wire_add_frame(&in, role, 0x82, "", 0);
    in_room = check_all_ways(&c, &opts, &in);
    CHECK(len < WEFT_AHEAD_MIN || in_room > len, "%zu bytes in rooms", in_room);
    bytes_release(&in);
    bytes_release(&events);
    bytes_release(&frames);
}

static void test_large_frames(void **state)
{
    uint8_t *payload = large_text();

    (void)state;
    for (size_t i = 0; i < COUNT(large) * 4; i++)
        check_large(roles[i & 1], i & 2 ? WEFT_TEXT : WEFT_BINARY, payload,
                    large[i / 4]);
    free(payload);
}

/* One byte is wrong, wherever it is; or the last character is cut. */
static void test_large_text_that_is_wrong(void **state)
{
    static const size_t places[] = {0, 11, 1000, 16384, 65534, 69998, 69999};
    static const struct talk_case c = {"wrong", NULL, "", "close:1007",
                                       WEFT_ERR_UTF8};
    uint8_t *payload = large_text();

    (void)state;
    for (size_t i = 0; i < COUNT(places) * COUNT(roles); i++) {
        struct weft_endpoint_opts opts = talk_opts(roles[i % 2]);
        uint8_t *byte = &payload[places[i / 2]], before = *byte;
        struct bytes in = {0};

        *byte = places[i / 2] == 69999 ? 'x' : 0xff;
        wire_add_frame(&in, opts.role, 0x81, payload, 70000);
        check_all_ways(&c, &opts, &in);
        *byte = before;
        bytes_release(&in);
    }
    free(payload);
}

/* ---- The room ------------------------------------------------------------ */

/* There is none but in the payload of a message that has come in part. */
static void test_where_there_is_none(void **state)
{
    static const struct {
        const char *what, *plain;
        bool is_room;
    } cases[] = {
        {"nothing", "", false},
        {"a message", "8101 61", false},
        {"half a header", "81", false},
        {"a header", "8164", false},
        {"a part", "8130 616161616161616161616161616161", true},
        {"a ping in part", "8910 616161", false},
        {"a fragment", "0101 61", false},
        {"a fragment and a ping in part", "010161 8910 61", false},
        {"a fragment and a part", "0101 61 8020 6161616161616161", true},
        {"a close in part", "8805 03", false},
        {"a close between", "0101 61 8802 03e8", false},
        {"a text that is wrong", "8164 ff", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases) * COUNT(roles); i++) {
        struct talk t;
        size_t room = 0;
        bool is_room;

        talk_open_as(&t, roles[i % 2]);
        talk_feed_plain(&t, cases[i / 2].plain);
        is_room = weft_endpoint_room(t.ep, &room) != NULL;
        CHECK(is_room == cases[i / 2].is_room, "%s: %zu", cases[i / 2].what,
              room);
        if (is_room) { /* none once our close frame has gone */
            assert_int_equal(weft_endpoint_close(t.ep, 1000, "", 0), 0);
            assert_null(weft_endpoint_room(t.ep, &room));
        }
        talk_close(&t);
    }
}

/* Few bytes of what is announced to be much: what is held follows what came,
 * though room is asked for each time. */
static void test_announced_alone(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(roles) * 2; n++) {
        struct weft_endpoint_opts opts = talk_opts(roles[n % 2]);
        struct bytes in = {0};
        size_t at_rest;
        struct talk t;

        opts.message_limit = (size_t)1 << 30;
        talk_open(&t, &opts);
        at_rest = t.fm.live;
        if (n / 2)
            wire_add_frame(&in, opts.role, 0x02, "x", 1);
        wire_add_header(&in, opts.role, n / 2 ? 0x80 : 0x82,
                        ((uint64_t)1 << 30) - 1);
        assert_int_equal(talk_feed(&t, in.data, in.len), 0);
        for (size_t came = 1; came < 1000; came++) {
            if (feed_room(&t, (const uint8_t *)"y", 1) == 0)
                assert_int_equal(talk_feed(&t, "y", 1), 0);
            CHECK(t.fm.live - at_rest < 1024 + 33 * came,
                  "%zu bytes for %zu that came", t.fm.live - at_rest, came);
        }
        bytes_release(&in);
        talk_close(&t);
    }
}

/* Each allocation fails in turn: the connection ends, or the message comes. */
static void test_without_memory(void **state)
{
    uint8_t *payload = large_text();

    (void)state;
    for (size_t n = 0; n < COUNT(roles) * 3; n++) {
        static const size_t firsts[] = {20, 1000, 20000};
        struct weft_endpoint_opts opts = talk_opts(roles[n % 2]);
        struct bytes in = {0};
        long left = 0;
        int rc;

        wire_add_frame(&in, opts.role, 0x01, payload, LARGEST / 2);
        wire_add_frame(&in, opts.role, 0x80, payload, LARGEST / 2);
        do {
            struct talk t;

            talk_open(&t, &opts);
            t.fm.left = left++;
            feed_by_room(&t, in.data, in.len, firsts[n / 2], 5000);
            rc = t.rc;
            CHECK(rc == 0 || rc == WEFT_ERR_NOMEM, "%d", rc);
            assert_int_equal(t.messages, rc == 0);
            t.fm.left = -1;
            talk_close(&t);
        } while (rc);
        assert_in_range(left, 3, 40);
        bytes_release(&in);
    }
    free(payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_frames),
        cmocka_unit_test(test_unmasked),
        cmocka_unit_test(test_large_frames),
        cmocka_unit_test(test_large_text_that_is_wrong),
        cmocka_unit_test(test_where_there_is_none),
        cmocka_unit_test(test_announced_alone),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
