/* SPDX-License-Identifier: MIT */
/*
 * The engine: messages in fragments, control frames between them (RFC 6455
 * sections 5.4 and 5.5), and UTF-8 that is checked as it comes (section 8.1).
 */
#include "talk.h"

#include <string.h>

static const struct talk_case fragments[] = {
    {"three frames", "0101 61 0001 62 8001 63", "text:abc", "", 0},
    {"empty first", "0100 8001 61", "text:a", "", 0},
    {"empty last", "0101 61 8000", "text:a", "", 0},
    {"empty between", "0101 61 0000 0000 8001 62", "text:ab", "", 0},
    {"all empty", "0200 0000 8000", "binary:", "", 0},
    {"not finished", "0101 61 0001 62", "", "", 0},
    {"ping between", "0101 61 8901 78 8001 62", "ping:x text:ab", "pong:x", 0},
    {"empty ping between", "0101 61 8900 8001 62", "ping: text:ab", "pong:", 0},
    {"pong between", "0201 61 8a01 78 8001 62", "pong:x binary:ab", "", 0},
    {"a ping in each gap",
     "8901 30 0101 61 8901 31 0001 62 8901 32 8001 63 "
     "8901 33",
     "ping:0 ping:1 ping:2 text:abc ping:3", "pong:0 pong:1 pong:2 pong:3", 0},
    {"two pings in one gap", "0101 61 8901 78 8901 79 8000",
     "ping:x ping:y text:a", "pong:x pong:y", 0},
    {"two messages in fragments", "0101 61 8001 62 0201 63 8001 64",
     "text:ab binary:cd", "", 0},
    {"close inside a message", "0101 61 8802 03e8", "close:1000", "close:1000",
     0},
    {"a character in two frames", "0101 c3 8001 a9", "text:\\xc3\\xa9", "", 0},
    {"a character in four frames", "0101 f0 0001 9f 0001 98 8001 80",
     "text:\\xf0\\x9f\\x98\\x80", "", 0},
    {"a ping inside a character", "0101 e2 8902 ff80 0001 82 8900 8001 ac",
     "ping:\\xff\\x80 ping: text:\\xe2\\x82\\xac", "pong:\\xff\\x80 pong:", 0},
    {"binary is any bytes", "0202 ffc0 8002 ed a0",
     "binary:\\xff\\xc0\\xed\\xa0", "", 0},
    {"text that ends inside a character", "8101 c3", "", "close:1007",
     WEFT_ERR_UTF8},
    {"the same in the last of two frames", "0101 61 8002 e282", "",
     "close:1007", WEFT_ERR_UTF8},
    {"the same with an empty last frame", "0101 c3 8000", "", "close:1007",
     WEFT_ERR_UTF8},
    {"a character that does not go on", "0101 c3 0001 28", "", "close:1007",
     WEFT_ERR_UTF8},
    {"bad text after a good message", "8101 61 8101 ff", "text:a", "close:1007",
     WEFT_ERR_UTF8},
    {"a new message starts anew", "0201 c3 8000 8101 61", "binary:\\xc3 text:a",
     "", 0},
};

static void test_fragments(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(fragments); i++)
        talk_run(&fragments[i], NULL);
}

/* A message with a ping at each place where a frame can end. */
static void test_every_way_to_cut_a_message(void **state)
{
    static const char text[] = "\xc3\xa9t\xc3\xa9"; /* 5 bytes */
    size_t len = sizeof(text) - 1;

    (void)state;
    for (unsigned cuts = 0; cuts < 1u << (len - 1); cuts++) {
        struct weft_endpoint_opts opts = talk_opts(WEFT_SERVER);
        struct bytes in = {0}, events = {0}, frames = {0};
        struct talk_case c = {.what = "cut message"};
        size_t from = 0;

        for (size_t at = 1; at <= len; at++) {
            unsigned first = (from ? 0 : WEFT_TEXT) | (at == len ? 0x80 : 0);

            if (at < len && !(cuts >> (at - 1) & 1))
                continue;
            wire_add_frame(&in, opts.role, first, text + from, at - from);
            from = at;
            if (at == len)
                break;
            wire_add_frame(&in, opts.role, 0x89, "p", 1);
            text_add(&events, "ping:p ");
            text_add(&frames, frames.len ? " pong:p" : "pong:p");
        }
        text_add(&events, "text:\\xc3\\xa9t\\xc3\\xa9");
        c.events = text_of(&events);
        c.frames = text_of(&frames);
        talk_run_bytes(&c, &opts, in.data, in.len);
        bytes_release(&in);
        bytes_release(&events);
        bytes_release(&frames);
    }
}

/* ---- UTF-8 --------------------------------------------------------------- */

/* Each sequence is impossible with its last byte and not before. */
static const char *const impossible[] = {
    "80",       "bf", /* a continuation of nothing */
    "c0",       "c1", /* overlong by their first byte */
    "f5",       "f8",       "fb",       "fc",
    "fd",             /* beyond U+10FFFF, five and six bytes */
    "fe",       "ff", /* never in UTF-8 */
    "c27f",     "c2c0",     "c241",     "dfff",
    "e080",     "e09f", /* overlong */
    "e07f",     "e0c0",     "e0a07f",   "e0a0c0",
    "e17f",     "e1c0",     "e1807f",   "e180c0",
    "e1bf41",   "eda0",     "edbf",     "edb0", /* surrogates */
    "ed80c0",   "eec0",     "efbfc0",   "f080",
    "f08f", /* overlong */
    "f07f",     "f0c0",     "f0907f",   "f090c0",
    "f0908041", "f09080c0", "f17f",     "f1c0",
    "f18041",   "f180c0",   "f1808041", "f18080ff",
    "f490",     "f4bf", /* beyond U+10FFFF */
    "f47f",     "f48f41",   "f48fbfc0",
};

/* Feeds text of a frame that announces more than comes, a byte at a time, and
 * returns how many bytes were taken before the verdict; len when none came. */
static size_t taken_before_verdict(const uint8_t *text, size_t len)
{
    struct bytes in = {0};
    struct talk t;
    size_t i, head;
    int rc = 0;

    talk_open_as(&t, WEFT_SERVER);
    wire_add_header(&in, WEFT_SERVER, 0x81, 200);
    head = in.len;
    assert_int_equal(talk_feed(&t, in.data, head), 0);
    for (i = 0; i < len; i++) {
        uint8_t byte = text[i] ^ in.data[head - 4 + i % 4];

        rc = talk_feed(&t, &byte, 1);
        if (rc != 0)
            break;
    }
    CHECK(rc == 0 || rc == WEFT_ERR_UTF8, "%d", rc);
    assert_string_equal(talk_frames(&t), rc ? "close:1007" : "");
    bytes_release(&in);
    talk_close(&t);
    return i;
}

/* Behind prefixes of all lengths, so that the sequence lies in every way across
 * the words and vectors in which text is checked. */
static void test_fails_at_the_first_impossible_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(impossible); i++) {
        for (size_t before = 0; before <= 36; before++) {
            uint8_t text[64];
            size_t len;

            memset(text, 'a', before);
            len = before + unhex(text + before, impossible[i]);
            CHECK(taken_before_verdict(text, len) == len - 1,
                  "%s behind %zu bytes", impossible[i], before);
        }
    }
}

/* The same in one piece, inside a long frame that has not wholly come and in
 * one that has. */
static void test_fails_in_the_middle_of_a_frame(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(impossible) * 80; i++) {
        uint8_t text[200];
        size_t before = i % 80;
        struct bytes in = {0};
        struct talk t;

        memset(text, 'a', sizeof(text));
        unhex(text + before, impossible[i / 80]);
        wire_add_frame(&in, WEFT_SERVER, 0x81, text, sizeof(text));
        talk_open_as(&t, WEFT_SERVER);
        CHECK(talk_feed(&t, in.data, in.len - (i & 1)) == WEFT_ERR_UTF8,
              "%s behind %zu bytes", impossible[i / 80], before);
        assert_string_equal(talk_events(&t), "");
        assert_string_equal(talk_frames(&t), "close:1007");
        talk_close(&t);
        bytes_release(&in);
    }
}

/* Every pair of bytes, against the table of the Unicode standard. */
static void test_every_pair_of_bytes(void **state)
{
    (void)state;
    for (unsigned pair = 0; pair < 65536; pair++) {
        const uint8_t text[] = {(uint8_t)(pair >> 8), (uint8_t)pair};
        bool whole;

        CHECK(taken_before_verdict(text, 2) == utf8_reference(text, 2, &whole),
              "%04x", pair);
    }
}

/* Random text out of the bytes at the edges of the table, as whole messages:
 * the verdict on each is the reference's. */
static void test_text_from_the_edges_of_the_table(void **state)
{
    static const uint8_t edges[] = {
        'a',  0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0,
        0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 'z',  0,
    };
    uint64_t seed = 7;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        uint8_t text[6];
        size_t len = 1 + test_random(&seed) % sizeof(text);
        bool whole, right;
        struct talk t;

        for (size_t i = 0; i < len; i++)
            text[i] = edges[test_random(&seed) % sizeof(edges)];
        right = utf8_reference(text, len, &whole) == len && whole;
        talk_open_as(&t, round & 1 ? WEFT_CLIENT : WEFT_SERVER);
        CHECK(talk_feed_frame(&t, 0x81, text, len) ==
                  (right ? 0 : WEFT_ERR_UTF8),
              "round %d: %s", round, talk_events(&t));
        assert_int_equal(t.messages, right);
        talk_close(&t);
    }
}

/* The first and last character of each length, and those beside the
 * surrogates: cut at every place. */
static void test_characters_at_the_edges(void **state)
{
    static const struct talk_case c = {
        "edges",
        "811a 00 7f c280 dfbf e0a080 ed9fbf ee8080 efbfbf f0908080 f48fbfbf",
        "text:\\x00\\x7f\\xc2\\x80\\xdf\\xbf\\xe0\\xa0\\x80\\xed\\x9f\\xbf"
        "\\xee\\x80\\x80\\xef\\xbf\\xbf\\xf0\\x90\\x80\\x80\\xf4\\x8f\\xbf\\xb"
        "f",
        "", 0};

    (void)state;
    talk_run(&c, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_every_way_to_cut_a_message),
        cmocka_unit_test(test_fails_at_the_first_impossible_byte),
        cmocka_unit_test(test_fails_in_the_middle_of_a_frame),
        cmocka_unit_test(test_every_pair_of_bytes),
        cmocka_unit_test(test_text_from_the_edges_of_the_table),
        cmocka_unit_test(test_characters_at_the_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
