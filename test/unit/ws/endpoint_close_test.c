/* SPDX-License-Identifier: MIT */
/*
 * The engine: a peer that closes (RFC 6455 sections 5.5.1, 7.1 and 7.4): the
 * codes and reasons it may give, and how it is answered.
 */
#include "talk.h"

#include <stdio.h>
#include <string.h>

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

/* What a close frame may carry: section 7.4.2, and the IANA registry up to
 * 1014. */
static bool may_be_sent(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

/* ---- The peer closes ----------------------------------------------------- */

static const struct talk_case peer_closes[] = {
    {"no payload", "8800", "close:1005", "close:", 0},
    {"code", "8802 03e8", "close:1000", "close:1000", 0},
    {"code and reason", "8806 03e9 676f6e65", "close:1001/gone", "close:1001",
     0},
    {"reason that is not ASCII", "8805 0fa0 e282ac",
     "close:4000/\\xe2\\x82\\xac", "close:4000", 0},
    {"message, then close", "8101 61 8802 03e8", "text:a close:1000",
     "close:1000", 0},
    {"ping, then close", "8901 61 8802 03e8", "ping:a close:1000",
     "pong:a close:1000", 0},
    {"close cut in the code", "8802 03", "", "", 0},
    {"close cut in the reason", "8804 03e8 61", "", "", 0},
};

/* hostile.md T17, the payload: 1 byte, bad reasons, and all that comes after
 * a close frame. */
static const struct talk_case t17_payloads[] = {
    {"1 byte", "8801 03", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"1 byte that is 0", "8801 00", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"code 0", "8802 0000", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"code 999", "8802 03e7", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"code 1004", "8802 03ec", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"code 1005", "8802 03ed", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"code 1006", "8802 03ee", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"code 1015", "8802 03f7", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"code 1016", "8802 03f8", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"code 2999", "8802 0bb7", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"code 5000", "8802 1388", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"code 65535", "8802 ffff", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"bad code with a reason", "8804 03ee 6162", "", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"reason that is not UTF-8", "8804 03e8 61ff", "", "close:1007",
     WEFT_ERR_UTF8},
    {"reason that is a surrogate", "8805 03e8 eda080", "", "close:1007",
     WEFT_ERR_UTF8},
    {"reason that ends inside a character", "8804 03e8 e282", "", "close:1007",
     WEFT_ERR_UTF8},
    {"126 bytes", "887e007e", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"text after close", "8802 03e8 8101 61", "close:1000", "close:1000", 0},
    {"ping after close", "8802 03e8 8901 61", "close:1000", "close:1000", 0},
    {"close after close", "8802 03e8 8802 03e9", "close:1000", "close:1000", 0},
    {"bad frame after close", "8802 03e8 ff00", "close:1000", "close:1000", 0},
    {"bad close after close", "8800 8801 03", "close:1005", "close:", 0},
    {"huge header after close", "8800 827f 7fffffffffffffff", "close:1005",
     "close:", 0},
};

static void test_peer_closes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(peer_closes); i++)
        talk_run(&peer_closes[i], NULL);
}

static void t17_close_payloads(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(t17_payloads); i++)
        talk_run(&t17_payloads[i], NULL);
}

/* T17: all 65,536 codes, with and without a reason. */
static void t17_every_code_from_the_peer(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 65536; code++) {
        const uint8_t payload[] = {(uint8_t)(code >> 8), (uint8_t)code, 'r'};
        char events[32], frames[32];
        struct talk t;
        bool right = may_be_sent(code);
        int rc;

        talk_open_as(&t, roles[code & 1]);
        rc = talk_feed_frame(&t, 0x88, payload, 2 + (code >> 1 & 1));
        CHECK(rc == (right ? 0 : WEFT_ERR_PROTOCOL), "%u: %d", code, rc);
        snprintf(events, sizeof(events), "close:%u%s", code,
                 code >> 1 & 1 ? "/r" : "");
        snprintf(frames, sizeof(frames), "close:%u", right ? code : 1002);
        assert_string_equal(talk_events(&t), right ? events : "");
        assert_string_equal(talk_frames(&t), frames);
        assert_true(weft_endpoint_is_over(t.ep));
        talk_close(&t);
    }
}

/* T17: a reason of 123 bytes fills the frame; 124 do not fit a control frame.
 */
static void t17_longest_reason_from_the_peer(void **state)
{
    uint8_t payload[126] = {1000 >> 8, 1000 & 255};
    struct talk t;

    (void)state;
    memset(payload + 2, 'r', 124);
    for (size_t i = 0; i < COUNT(roles); i++) {
        talk_open_as(&t, roles[i]);
        assert_int_equal(talk_feed_frame(&t, 0x88, payload, 125), 0);
        assert_non_null(strstr(talk_events(&t), "close:1000/#123/"));
        talk_close(&t);

        talk_open_as(&t, roles[i]);
        assert_int_equal(talk_feed_frame(&t, 0x88, payload, 126),
                         WEFT_ERR_PROTOCOL);
        assert_string_equal(talk_frames(&t), "close:1002");
        talk_close(&t);
    }
}

/* The echo waits for the next pull, so that the owner can answer otherwise;
 * what was queued before goes first. */
static void test_echo_waits_for_the_next_pull(void **state)
{
    struct bytes in = {0};
    struct weft_event event;
    struct talk t;

    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        talk_open_as(&t, roles[i]);
        in.len = 0;
        wire_add_frame(&in, roles[i], 0x88, "\x03\xe8zzz", 5);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "a", 1), 0);
        assert_int_equal(weft_endpoint_feed(t.ep, in.data, in.len), 0);
        assert_int_equal(weft_endpoint_next(t.ep, &event), 1);
        assert_int_equal(event.type, WEFT_EVENT_CLOSE);
        assert_int_equal(event.code, 1000);
        assert_int_equal(event.reason_len, 3);
        assert_memory_equal(event.reason, "zzz", 3);
        assert_true(event.clean);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "b", 1),
                         WEFT_ERR_USAGE);
        talk_drain(&t);
        assert_string_equal(talk_frames(&t), "text:a");
        assert_int_equal(weft_endpoint_next(t.ep, &event), 0);
        talk_drain(&t);
        assert_string_equal(talk_frames(&t), "text:a close:1000");
        assert_true(weft_endpoint_is_over(t.ep));
        talk_close(&t);
    }
    bytes_release(&in);
}

static void test_answer_with_another_code(void **state)
{
    static const struct {
        uint16_t code;
        const char *reason, *frames;
    } answers[] = {
        {4001, "mine", "close:4001"},
        {1000, NULL, "close:1000"},
        {0, NULL, "close:"},
    };
    struct weft_event event;

    (void)state;
    for (size_t i = 0; i < COUNT(answers) * COUNT(roles); i++) {
        size_t len = answers[i / 2].reason ? strlen(answers[i / 2].reason) : 0;
        struct bytes in = {0};
        struct talk t;

        talk_open_as(&t, roles[i % 2]);
        wire_add_frame(&in, t.role, 0x88, "\x03\xe9", 2);
        assert_int_equal(weft_endpoint_feed(t.ep, in.data, in.len), 0);
        assert_int_equal(weft_endpoint_next(t.ep, &event), 1);
        assert_int_equal(event.type, WEFT_EVENT_CLOSE);
        assert_int_equal(weft_endpoint_close(t.ep, answers[i / 2].code,
                                             answers[i / 2].reason, len),
                         0);
        assert_int_equal(weft_endpoint_close(t.ep, 1000, NULL, 0),
                         WEFT_ERR_USAGE);
        assert_int_equal(weft_endpoint_next(t.ep, &event), 0);
        talk_drain(&t);
        assert_string_equal(talk_frames(&t), answers[i / 2].frames);
        assert_true(weft_endpoint_is_over(t.ep));
        bytes_release(&in);
        talk_close(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_closes),
        cmocka_unit_test(t17_close_payloads),
        cmocka_unit_test(t17_every_code_from_the_peer),
        cmocka_unit_test(t17_longest_reason_from_the_peer),
        cmocka_unit_test(test_echo_waits_for_the_next_pull),
        cmocka_unit_test(test_answer_with_another_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
