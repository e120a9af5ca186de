/* SPDX-License-Identifier: MIT */
/*
 * The engine: an endpoint that closes by itself, both sides that close at once,
 * and streams that just end (RFC 6455 sections 7.1.2 to 7.1.5).
 */
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

/* What a close frame may carry: section 7.4.2, and the IANA registry up to
 * 1014. */
static bool may_be_sent(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

/* The payload of the i-th frame that was sent, with a NUL behind it. */
static char *sent_payload(const struct talk *t, size_t i, size_t *len)
{
    struct wire_frame f = {0};
    size_t at = 0;

    do {
        free(f.payload);
        at += wire_read(&f, t->out.data + at, t->out.len - at);
    } while (i-- > 0);
    f.payload[f.len] = 0;
    *len = f.len;
    return (char *)f.payload;
}

/* ---- This side closes ---------------------------------------------------- */

static void test_own_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct talk t;
        size_t len;
        char *payload;

        talk_open_as(&t, roles[i]);
        assert_int_equal(weft_endpoint_close(t.ep, 1001, "n\xc3\xafx", 4), 0);
        assert_false(weft_endpoint_is_over(t.ep));
        talk_drain(&t);
        payload = sent_payload(&t, 0, &len);
        assert_int_equal(len, 6);
        assert_memory_equal(payload,
                            "\x03\xe9"
                            "n\xc3\xafx",
                            6);
        free(payload);
        assert_false(weft_endpoint_is_over(t.ep));

        assert_int_equal(talk_feed_plain(&t, "8802 03e9"), 0);
        assert_string_equal(talk_events(&t), "close:1001");
        assert_string_equal(talk_frames(&t), "close:1001");
        assert_true(weft_endpoint_is_over(t.ep));
        assert_int_equal(talk_feed_end(&t), 0);
        talk_close(&t);
    }
}

/* T17: both sides close at once: each frame is the answer to the other. */
static void t17_both_sides_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct talk t;

        talk_open_as(&t, roles[i]);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "last", 4), 0);
        assert_int_equal(weft_endpoint_close(t.ep, 4000, NULL, 0), 0);
        assert_int_equal(talk_feed_plain(&t, "8804 0fa1 6f6b"), 0);
        assert_string_equal(talk_events(&t), "close:4001/ok");
        assert_string_equal(talk_frames(&t), "text:last close:4000");
        assert_true(weft_endpoint_is_over(t.ep));
        assert_int_equal(weft_endpoint_close(t.ep, 1000, NULL, 0),
                         WEFT_ERR_USAGE);
        assert_int_equal(talk_feed_plain(&t, "8101 61"), 0);
        talk_drain(&t);
        assert_string_equal(talk_frames(&t), "text:last close:4000");
        talk_close(&t);
    }
}

static void test_after_own_close(void **state)
{
    static const enum weft_kind kinds[] = {WEFT_TEXT, WEFT_BINARY, WEFT_PING,
                                           WEFT_PONG};

    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct talk t;
        size_t queued;

        talk_open_as(&t, roles[i]);
        assert_int_equal(weft_endpoint_close(t.ep, 0, NULL, 0), 0);
        queued = weft_endpoint_queued(t.ep);
        for (size_t k = 0; k < COUNT(kinds); k++)
            assert_int_equal(weft_endpoint_send(t.ep, kinds[k], "a", 1),
                             WEFT_ERR_USAGE);
        assert_int_equal(weft_endpoint_close(t.ep, 1000, NULL, 0),
                         WEFT_ERR_USAGE);
        assert_int_equal(weft_endpoint_queued(t.ep), queued);

        /* The peer may still send; its close comes behind that. */
        assert_int_equal(talk_feed_plain(&t, "8101 61 0201 62"), 0);
        assert_false(weft_endpoint_is_over(t.ep));
        assert_int_equal(talk_feed_plain(&t, "8001 62 8a00 8802 03e8"), 0);
        assert_non_null(strstr(talk_events(&t), "close:1000"));
        assert_null(strstr(talk_events(&t), "unclean"));
        assert_string_equal(talk_frames(&t), "close:");
        talk_close(&t);
    }
}

/* A message that was begun will not be delivered any more: its memory goes
 * with the close frame. */
static void test_own_close_gives_up_what_was_begun(void **state)
{
    uint8_t *payload = calloc(1, 100000);

    (void)state;
    assert_non_null(payload);
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct talk t;

        talk_open_as(&t, roles[i]);
        assert_int_equal(talk_feed_frame(&t, 0x02, payload, 100000), 0);
        CHECK(t.fm.live >= 100000, "%zu bytes held", t.fm.live);
        assert_int_equal(weft_endpoint_close(t.ep, 1000, NULL, 0), 0);
        talk_drain(&t);
        CHECK(t.fm.live < 100000, "%zu bytes held", t.fm.live);
        assert_int_equal(talk_feed_frame(&t, 0x80, payload, 100000), 0);
        CHECK(t.fm.live < 100000, "%zu bytes held", t.fm.live);
        assert_int_equal(talk_feed_plain(&t, "8802 03e8"), 0);
        assert_string_equal(talk_events(&t), "close:1000");
        talk_close(&t);
    }
    free(payload);
}

/* What breaks the protocol after this side's close frame ends the connection,
 * and no second close frame is sent. */
static void test_peer_fails_after_own_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct talk t;

        talk_open_as(&t, roles[i]);
        assert_int_equal(weft_endpoint_close(t.ep, 1000, NULL, 0), 0);
        assert_int_equal(talk_feed_plain(&t, "8300"), WEFT_ERR_PROTOCOL);
        assert_string_equal(talk_frames(&t), "close:1000");
        assert_true(weft_endpoint_is_over(t.ep));
        talk_close(&t);
    }
}

static void test_codes_this_side_may_send(void **state)
{
    (void)state;
    for (unsigned code = 1; code < 65536; code++) {
        struct talk t;
        char frames[32];
        int rc;

        talk_open_as(&t, roles[code & 1]);
        rc = weft_endpoint_close(t.ep, (uint16_t)code, NULL, 0);
        CHECK(rc == (may_be_sent(code) ? 0 : WEFT_ERR_USAGE), "%u: %d", code,
              rc);
        if (rc < 0) {
            assert_int_equal(weft_endpoint_queued(t.ep), 0);
            assert_int_equal(weft_endpoint_close(t.ep, 1000, NULL, 0), 0);
        }
        talk_drain(&t);
        snprintf(frames, sizeof(frames), "close:%u", rc ? 1000 : code);
        assert_string_equal(talk_frames(&t), frames);
        talk_close(&t);
    }
}

static void test_reasons_this_side_may_send(void **state)
{
    static const struct {
        uint16_t code;
        const char *reason;
        size_t len;
    } wrong[] = {
        {0, "x", 1}, /* a reason needs a code before it */
        {1000, "\xff", 1},
        {1000, "ab\xc3", 3},
        {1000, "\xed\xa0\x80", 3},
    };
    char reason[125];
    struct talk t;

    (void)state;
    memset(reason, 'r', sizeof(reason));
    talk_open_as(&t, WEFT_SERVER);
    for (size_t i = 0; i < COUNT(wrong); i++)
        CHECK(weft_endpoint_close(t.ep, wrong[i].code, wrong[i].reason,
                                  wrong[i].len) == WEFT_ERR_USAGE,
              "case %zu", i);
    assert_int_equal(weft_endpoint_close(t.ep, 1000, reason, 124),
                     WEFT_ERR_USAGE);
    assert_int_equal(weft_endpoint_queued(t.ep), 0);
    assert_int_equal(weft_endpoint_close(t.ep, 1000, reason, 123), 0);
    talk_drain(&t);
    assert_string_equal(talk_frames(&t), "close:1000");
    assert_int_equal(t.out.len, 2 + 125);
    talk_close(&t);
}

/* ---- The stream ends ----------------------------------------------------- */

static const struct {
    const char *what, *plain, *events;
} ends[] = {
    {"at once", "", "close:1006 unclean"},
    {"after a message", "8101 61", "text:a close:1006 unclean"},
    {"in a header", "81", "close:1006 unclean"},
    {"in a payload", "8103 61", "close:1006 unclean"},
    {"in a message", "0101 61", "close:1006 unclean"},
    {"in a close frame", "8802 03", "close:1006 unclean"},
    {"after a close frame", "8802 0fa0", "close:4000"},
    {"after a close frame without code", "8800", "close:1005"},
};

static void test_stream_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ends) * COUNT(roles); i++) {
        struct weft_event event;
        struct talk t;

        talk_open_as(&t, roles[i % 2]);
        assert_int_equal(talk_feed_plain(&t, ends[i / 2].plain), 0);
        assert_int_equal(talk_feed_end(&t), 0);
        CHECK(!strcmp(talk_events(&t), ends[i / 2].events), "%s: %s",
              ends[i / 2].what, talk_events(&t));
        assert_true(weft_endpoint_is_over(t.ep));
        assert_int_equal(weft_endpoint_next(t.ep, &event), 0);
        CHECK(weft_endpoint_send(t.ep, WEFT_TEXT, "a", 1) < 0, "%s",
              ends[i / 2].what);
        talk_close(&t);
    }
}

/* The end may be told before the bytes in front of it have been pulled. */
static void test_stream_ends_before_the_pull(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ends) * COUNT(roles); i++) {
        struct bytes in = {0};
        uint8_t plain[64];
        struct talk t;

        talk_open_as(&t, roles[i % 2]);
        wire_add_plain(&in, t.role, plain, unhex(plain, ends[i / 2].plain));
        assert_int_equal(weft_endpoint_feed(t.ep, in.data, in.len), 0);
        assert_int_equal(talk_feed_end(&t), 0);
        CHECK(!strcmp(talk_events(&t), ends[i / 2].events), "%s: %s",
              ends[i / 2].what, talk_events(&t));
        bytes_release(&in);
        talk_close(&t);
    }
}

static void test_stream_ends_after_own_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct talk t;

        talk_open_as(&t, roles[i]);
        assert_int_equal(weft_endpoint_close(t.ep, 1000, NULL, 0), 0);
        talk_drain(&t);
        assert_int_equal(talk_feed_end(&t), 0);
        assert_string_equal(talk_events(&t), "close:1006 unclean");
        assert_true(weft_endpoint_is_over(t.ep));
        talk_close(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_close),
        cmocka_unit_test(t17_both_sides_close),
        cmocka_unit_test(test_after_own_close),
        cmocka_unit_test(test_own_close_gives_up_what_was_begun),
        cmocka_unit_test(test_peer_fails_after_own_close),
        cmocka_unit_test(test_codes_this_side_may_send),
        cmocka_unit_test(test_reasons_this_side_may_send),
        cmocka_unit_test(test_stream_ends),
        cmocka_unit_test(test_stream_ends_before_the_pull),
        cmocka_unit_test(test_stream_ends_after_own_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
