/* SPDX-License-Identifier: MIT */
/*
 * The engine against bytes that nobody meant: hostile.md T10, a step budget
 * for every byte of input, over noise, over frames that are nearly right, and
 * over damaged conversations. What is checked is what must hold whatever comes:
 * the engine stops, one verdict is the same however the bytes are cut, what it
 * says is well formed, and its memory follows what came.
 */
#include "talk.h"

#include <stdlib.h>
#include <string.h>

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

/* Noise whose first bytes look like frames often enough to be let in. */
static void add_near_frame(struct bytes *in, enum weft_role role,
                           uint64_t *seed)
{
    static const uint8_t firsts[] = {0x81, 0x82, 0x01, 0x02, 0x00, 0x80,
                                     0x89, 0x8a, 0x88, 0x81, 0x82, 0x80};
    uint8_t payload[300];
    size_t len = test_random(seed) % 20;
    unsigned first = firsts[test_random(seed) % COUNT(firsts)];

    if (test_random(seed) % 8 == 0)
        len = test_random(seed) % sizeof(payload);
    if (test_random(seed) % 64 == 0)
        first = (uint8_t)test_random(seed);
    for (size_t i = 0; i < len; i++)
        payload[i] = 'a' + (uint8_t)(test_random(seed) % 26);
    if (test_random(seed) % 16 == 0 && len > 0)
        payload[test_random(seed) % len] = (uint8_t)test_random(seed);
    if (first == 0x88 && len > 1) {
        payload[0] = 3;
        payload[1] = 0xe8;
    }
    wire_add_frame(in, role, first, payload, len);
}

static void damage(struct bytes *in, uint64_t *seed)
{
    size_t hits = test_random(seed) % 4;

    while (hits-- > 0 && in->len > 0)
        in->data[test_random(seed) % in->len] ^=
            (uint8_t)(1u << test_random(seed) % 8);
}

static void make_input(struct bytes *in, enum weft_role role, int round,
                       uint64_t *seed)
{
    size_t frames = 1 + test_random(seed) % 12;

    in->len = 0;
    if (round % 4 == 0) {
        uint8_t noise[64];

        for (size_t i = 0; i < sizeof(noise); i++)
            noise[i] = (uint8_t)test_random(seed);
        bytes_add(in, noise, 1 + test_random(seed) % sizeof(noise));
        return;
    }
    while (frames-- > 0)
        add_near_frame(in, role, seed);
    if (round % 4 > 1)
        damage(in, seed);
}

/* Feeds the input in random pieces; talk_feed bounds the events. */
static void feed_in_pieces(struct talk *t, const struct bytes *in, bool whole,
                           uint64_t *seed)
{
    size_t at = 0;
    int rc = 0;

    while (at < in->len && rc == 0) {
        size_t len = 1 + test_random(seed) % 30;

        if (whole || len > in->len - at)
            len = in->len - at;
        rc = talk_feed(t, in->data + at, len);
        at += len;
    }
}

static void t10_steps_are_bounded_by_bytes(void **state)
{
    struct bytes in = {0};
    uint64_t seed = 2024;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct weft_endpoint_opts opts = talk_opts(roles[round & 1]);
        struct talk whole, pieces;

        opts.message_limit = 400;
        opts.fragment_limit = 6;
        make_input(&in, opts.role, round / 2, &seed);
        talk_open(&whole, &opts);
        talk_open(&pieces, &opts);
        feed_in_pieces(&whole, &in, true, &seed);
        feed_in_pieces(&pieces, &in, false, &seed);

        CHECK(whole.rc == pieces.rc, "round %d: %d and %d", round, whole.rc,
              pieces.rc);
        CHECK(!strcmp(talk_events(&whole), talk_events(&pieces)),
              "round %d: %s\nand %s", round, talk_events(&whole),
              talk_events(&pieces));
        assert_string_equal(talk_frames(&whole), talk_frames(&pieces));
        CHECK(pieces.fm.peak < 65536, "round %d: %zu bytes", round,
              pieces.fm.peak);
        talk_close(&whole);
        talk_close(&pieces);
    }
    bytes_release(&in);
}

/* The same bytes to an endpoint that is closing, or whose output nobody takes,
 * or whose owner closes in the middle. */
static void t10_in_every_state(void **state)
{
    struct bytes in = {0};
    uint64_t seed = 77;

    (void)state;
    for (int round = 0; round < 10000; round++) {
        struct weft_endpoint_opts opts = talk_opts(roles[round & 1]);
        struct talk t;

        opts.out_limit = 200;
        make_input(&in, opts.role, round / 2, &seed);
        talk_open(&t, &opts);
        t.deaf = round % 3 == 0;
        if (round % 5 == 0)
            assert_int_equal(weft_endpoint_close(t.ep, 1000, NULL, 0), 0);
        feed_in_pieces(&t, &in, round & 4, &seed);
        if (round % 5 == 1)
            weft_endpoint_close(t.ep, 4000, "x", 1);
        if (t.rc == 0) {
            talk_feed_end(&t);
            assert_true(t.closed);
        }
        talk_drain(&t);
        talk_frames(&t);
        assert_true(weft_endpoint_is_over(t.ep));
        talk_close(&t);
    }
    bytes_release(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t10_steps_are_bounded_by_bytes),
        cmocka_unit_test(t10_in_every_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
