/* SPDX-License-Identifier: MIT */
/*
 * A text that an owner sends back from where it lies is not looked through
 * again: only that one, and only while its callback lasts.
 */
#include "side.h"

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

/* Two characters of two bytes and one of three. */
#define TEXT "a\xc3\xa9\xe2\x82\xacz\xc3\xbc"
#define TEXT_LEN 9

static const void *kept; /* where the message before lay */

static int send_from(struct side *side, const struct weft_message *msg,
                     size_t at, size_t len)
{
    return weft_session_send(&side->s, WEFT_TEXT,
                             (const uint8_t *)msg->data + at, len);
}

/* Pieces of the message go where they are texts, and nowhere else. */
static void send_pieces(struct side *side, const struct weft_message *msg)
{
    /* Where characters end, and so where a text may. */
    static const char ends[TEXT_LEN + 1] = {1, 1, 0, 1, 0, 0, 1, 1, 0, 1};

    for (size_t from = 0; from <= TEXT_LEN; from++)
        for (size_t to = from; to <= TEXT_LEN; to++) {
            bool is_text = from == to || (ends[from] && ends[to]);
            int rc = send_from(side, msg, from, to - from);

            CHECK(rc == (is_text ? 0 : WEFT_ERR_USAGE), "%zu to %zu: %d", from,
                  to, rc);
        }
    side->last = send_from(side, msg, 0, TEXT_LEN);
}

static void test_pieces(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(roles) * 2; n++) {
        struct bytes in = {0};
        struct side side;
        struct world w;

        world_open(&w, 0);
        side_open(&side, &w, roles[n % 2], false);
        side.on_message = send_pieces;
        if (n / 2) { /* gathered, or as it came */
            wire_add_frame(&in, roles[n % 2], 0x01, TEXT, 2);
            wire_add_frame(&in, roles[n % 2], 0x80, &TEXT[2], TEXT_LEN - 2);
        } else {
            wire_add_frame(&in, roles[n % 2], 0x81, TEXT, TEXT_LEN);
        }
        weft_session_take(&side.s, in.data, in.len);
        assert_int_equal(side.messages, 1);
        assert_int_equal(side.last, 0);
        assert_false(side.s.ep.flags & WEFT_EP_TEXT);
        bytes_release(&in);
        side_finish(&side);
        world_close(&w);
    }
}

static void keep(struct side *side, const struct weft_message *msg)
{
    (void)side;
    kept = msg->data;
}

/* When the callback is over, the same place is looked at again. */
static void test_afterwards(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(roles); n++) {
        struct bytes in = {0};
        struct side side;
        struct world w;

        world_open(&w, 0);
        side_open(&side, &w, roles[n], false);
        side.on_message = keep;
        wire_add_frame(&in, roles[n], 0x81, TEXT, TEXT_LEN);
        weft_session_take(&side.s, in.data, in.len);
        assert_int_equal(weft_session_send(&side.s, WEFT_TEXT, kept, TEXT_LEN),
                         0);
        in.data[in.len - 1] = 0xff;
        assert_ptr_equal(kept, in.data + in.len - TEXT_LEN);
        assert_int_equal(weft_session_send(&side.s, WEFT_TEXT, kept, TEXT_LEN),
                         WEFT_ERR_USAGE);
        bytes_release(&in);
        side_finish(&side);
        world_close(&w);
    }
}

/* From the second callback, what the first was given; and as a text, what came
 * as something else. */
static void send_kept(struct side *side, const struct weft_message *msg)
{
    if (side->messages == 1) {
        kept = msg->data;
        return;
    }
    side->last = weft_session_send(&side->s, WEFT_TEXT, kept, 2);
    assert_int_equal(send_from(side, msg, 0, 2),
                     msg->kind == WEFT_TEXT ? 0 : WEFT_ERR_USAGE);
}

static void test_another_message(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(roles) * 2; n++) {
        bool is_text = n / 2;
        struct bytes in = {0};
        struct side side;
        struct world w;

        world_open(&w, 0);
        side_open(&side, &w, roles[n % 2], false);
        side.on_message = send_kept;
        wire_add_frame(&in, roles[n % 2], 0x82, "\xff\xff", 2);
        wire_add_frame(&in, roles[n % 2], is_text ? 0x81 : 0x82,
                       is_text ? "\xc3\xa9" : "\xff\xff", 2);
        weft_session_take(&side.s, in.data, in.len);
        assert_int_equal(side.messages, 2);
        assert_int_equal(side.last, WEFT_ERR_USAGE);
        bytes_release(&in);
        side_finish(&side);
        world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_afterwards),
        cmocka_unit_test(test_another_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
