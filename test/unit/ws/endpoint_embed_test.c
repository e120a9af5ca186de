/* SPDX-License-Identifier: MIT */
/*
 * What only those who embed the engine use: taking back what was fed, and being
 * told of each frame's header.
 */
#include "support.h"
#include "wire.h"
#include "ws/endpoint.h"

#include <stdlib.h>
#include <string.h>

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

/* An endpoint that writes down its events and what it was told of frames. */
struct box {
    struct weft_endpoint ep;
    struct weft_endpoint_conf conf;
    struct fail_mem fm;
    struct weft_mem mem;
    uint64_t seed;
    struct bytes events, frames, keys;
};

static int box_random(void *ud, void *out, size_t len)
{
    struct box *box = ud;

    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)test_random(&box->seed);
    return 0;
}

static void box_seen(struct weft_endpoint *ep, const struct weft_frame *frame,
                     bool is_sent)
{
    struct box *box = (struct box *)(void *)ep; /* its first member */

    text_add(&box->frames, "%s%c%d%u.%u:%llu", box->frames.len ? " " : "",
             is_sent ? '>' : '<', frame->fin, frame->rsv, frame->opcode,
             (unsigned long long)frame->payload);
    assert_int_equal(frame->masked, is_sent == box->conf.is_client);
    if (frame->masked)
        bytes_add(&box->keys, frame->key, 4);
}

static void box_open(struct box *box, enum weft_role role)
{
    struct weft_endpoint_opts opts = WEFT_ENDPOINT_OPTS;

    *box = (struct box){.fm = {.left = -1}, .seed = 7};
    box->mem = (struct weft_mem){fail_realloc, &box->fm};
    opts.role = role;
    opts.mem = &box->mem;
    opts.random = box_random;
    opts.random_ud = box;
    assert_int_equal(weft_endpoint_conf_init(&box->conf, &opts), 0);
    box->conf.seen = box_seen;
    weft_endpoint_init(&box->ep, &box->conf);
    text_add(&box->events, "%s", "");
    text_add(&box->frames, "%s", "");
}

static void box_close(struct box *box)
{
    weft_endpoint_release(&box->ep);
    CHECK(box->fm.live == 0, "%zu bytes leaked", box->fm.live);
    bytes_release(&box->events);
    bytes_release(&box->frames);
    bytes_release(&box->keys);
}

static void box_event(struct box *box, const struct weft_event *event)
{
    static const char *const names[] = {"message:", "ping:", "pong:", "close:"};

    text_add(&box->events, "%s%s", box->events.len ? " " : "",
             names[event->type]);
    if (event->type == WEFT_EVENT_CLOSE)
        text_add(&box->events, "%u", event->code);
    else
        text_add_payload(&box->events, event->msg.data, event->msg.len);
}

/* Pulls at most so many events. The last result. */
static int box_pull(struct box *box, int most)
{
    struct weft_event event;
    int rc = 1;

    while (most-- > 0 && (rc = weft_endpoint_next(&box->ep, &event)) > 0)
        box_event(box, &event);
    return rc;
}

/* Frames written without masks, in the form in which they travel. */
static struct bytes wire_of(enum weft_role receiver, const char *hex)
{
    uint8_t plain[256];
    struct bytes out = {0};

    wire_add_plain(&out, receiver, plain, unhex(plain, hex));
    return out;
}

/* ---- Taking back --------------------------------------------------------- */

static void test_nothing_to_take_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct bytes in = wire_of(roles[i], "8101 61");
        uint8_t *p = in.data;
        struct box box;

        box_open(&box, roles[i]);
        assert_int_equal(weft_endpoint_unfeed(&box.ep, &p), 0);
        assert_int_equal(weft_endpoint_feed(&box.ep, in.data, in.len), 0);
        assert_int_equal(box_pull(&box, 100), 0);
        assert_int_equal(weft_endpoint_unfeed(&box.ep, &p), 0);
        box_close(&box);
        bytes_release(&in);
    }
}

/* What is taken back lies where it was fed, untouched, and nothing of it is
 * pulled any more. */
static void test_take_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct bytes in = wire_of(roles[i], "8101 61 8101 62 8900");
        struct bytes before = {0};
        size_t first = roles[i] == WEFT_SERVER ? 7 : 3, len;
        uint8_t *p, *fed = at_page_end(in.data, in.len);
        struct box box;

        bytes_add(&before, in.data, in.len);
        box_open(&box, roles[i]);
        assert_int_equal(weft_endpoint_feed(&box.ep, fed, in.len), 0);
        assert_int_equal(box_pull(&box, 1), 1);
        len = weft_endpoint_unfeed(&box.ep, &p);
        assert_int_equal(len, in.len - first);
        assert_ptr_equal(p, fed + first);
        assert_memory_equal(p, before.data + first, len);
        assert_int_equal(box_pull(&box, 100), 0);
        assert_string_equal(text_of(&box.events), "message:a");
        assert_int_equal(weft_endpoint_unfeed(&box.ep, &p), 0);
        box_close(&box);
        bytes_release(&in);
        bytes_release(&before);
    }
}

static const char many[] = "8101 61 0101 62 8900 0001 63 8001 64 8a01 65 "
                           "8203 666768 8101 69 8802 03e8";
static const char many_events[] = "message:a ping: message:bcd pong:e "
                                  "message:fgh message:i close:1000";

/* Feeds bytes, and after each so many events takes back the rest, which is fed
 * anew from another place. */
static void feed_by(struct box *box, const uint8_t *in, size_t len, int step)
{
    uint8_t *p = at_page_end(in, len);

    while (len > 0) {
        assert_int_equal(weft_endpoint_feed(&box->ep, p, len), 0);
        (void)box_pull(box, step);
        len = weft_endpoint_unfeed(&box->ep, &p);
        if (len > 0)
            p = at_page_end(p, len);
    }
}

/* It makes no difference, wherever the bytes were cut. */
static void test_feed_anew(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles) * 3; i++) {
        struct bytes in = wire_of(roles[i % 2], many);
        int step = (int)(i / 2) + 1;

        for (size_t cut = 0; cut <= in.len; cut++) {
            struct box box;

            box_open(&box, roles[i % 2]);
            feed_by(&box, in.data, cut, step);
            feed_by(&box, in.data + cut, in.len - cut, step);
            CHECK(!strcmp(text_of(&box.events), many_events),
                  "\"%s\" cut at %zu", text_of(&box.events), cut);
            box_close(&box);
        }
        bytes_release(&in);
    }
}

/* After an end there is nothing to take back, and no harm in trying. */
static void test_take_back_after_the_end(void **state)
{
    static const char *const ends[] = {"8803 03e8 78 8101 61", "8300 8101 61"};

    (void)state;
    for (size_t i = 0; i < COUNT(roles) * COUNT(ends); i++) {
        enum weft_role role = roles[i % 2];
        struct bytes in = wire_of(role, ends[i / 2]);
        struct box box;
        uint8_t *p = in.data;
        int rc;

        box_open(&box, role);
        assert_int_equal(weft_endpoint_feed(&box.ep, in.data, in.len), 0);
        rc = box_pull(&box, 1);
        assert_int_equal(rc, i / 2 ? WEFT_ERR_PROTOCOL : 1);
        assert_int_equal(weft_endpoint_unfeed(&box.ep, &p), 0);
        assert_int_equal(weft_endpoint_unfeed(&box.ep, &p), 0);
        rc = box_pull(&box, 100);
        assert_int_equal(rc, i / 2 ? WEFT_ERR_PROTOCOL : 0);
        box_close(&box);
        bytes_release(&in);
    }
}

/* ---- Being told ---------------------------------------------------------- */

static void test_frames_received(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct bytes in = wire_of(roles[i], "8101 61 0101 62 8900 8001 63");
        bool is_client = roles[i] == WEFT_CLIENT;
        const char *want = is_client ? "<10.1:1 <00.1:1 <10.9:0 >10.10:0 "
                                       "<10.0:1"
                                     : "<10.1:1 <00.1:1 <10.9:0 <10.0:1";

        for (size_t step = 1; step <= in.len; step++) {
            struct box box;

            box_open(&box, roles[i]);
            for (size_t at = 0; at < in.len; at += step) {
                size_t len = in.len - at < step ? in.len - at : step;
                uint8_t *p = at_page_end(in.data + at, len);

                assert_int_equal(weft_endpoint_feed(&box.ep, p, len), 0);
                assert_int_equal(box_pull(&box, 100), 0);
            }
            CHECK(!strcmp(text_of(&box.frames), want), "\"%s\" by %zu",
                  text_of(&box.frames), step);
            if (!is_client) /* the keys of the peer, as they came */
                assert_memory_equal(box.keys.data, in.data + 2, 4);
            box_close(&box);
        }
        bytes_release(&in);
    }
}

/* As soon as the header is there, which may be long before the payload. */
static void test_told_before_the_payload(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct bytes in = {0};
        struct box box;

        wire_add_header(&in, roles[i], 0x82, 100000);
        box_open(&box, roles[i]);
        assert_int_equal(weft_endpoint_feed(&box.ep, in.data, in.len - 1), 0);
        assert_int_equal(box_pull(&box, 1), 0);
        assert_string_equal(text_of(&box.frames), "");
        assert_int_equal(weft_endpoint_feed(&box.ep, in.data + in.len - 1, 1),
                         0);
        assert_int_equal(box_pull(&box, 1), 0);
        assert_string_equal(text_of(&box.frames), "<10.2:100000");
        box_close(&box);
        bytes_release(&in);
    }
}

/* Each frame of a client with its key, in the order in which they go out; of a
 * server's nothing. */
static void test_frames_sent(void **state)
{
    static const char want[] = ">10.1:2 >10.2:0 >10.9:1 >10.1:300 >10.8:2";

    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        static char text[300];
        struct box box;
        struct iovec iov;
        struct bytes out = {0};
        struct wire_frame frame;

        memset(text, 'x', sizeof(text));
        box_open(&box, roles[i]);
        assert_int_equal(weft_endpoint_send(&box.ep, WEFT_TEXT, "ab", 2), 0);
        assert_int_equal(weft_endpoint_send(&box.ep, WEFT_BINARY, "", 0), 0);
        assert_int_equal(weft_endpoint_send(&box.ep, WEFT_PING, "p", 1), 0);
        assert_int_equal(weft_endpoint_send(&box.ep, WEFT_TEXT, text, 300), 0);
        assert_int_equal(weft_endpoint_close(&box.ep, 1000, "", 0), 0);
        if (roles[i] == WEFT_SERVER) {
            assert_string_equal(text_of(&box.frames), "");
            box_close(&box);
            continue;
        }
        assert_string_equal(text_of(&box.frames), want);
        while (weft_endpoint_output(&box.ep, &iov)) {
            bytes_add(&out, iov.iov_base, iov.iov_len);
            weft_endpoint_sent(&box.ep, iov.iov_len);
        }
        for (size_t at = 0, n = 0; at < out.len; n++) {
            at += wire_read(&frame, out.data + at, out.len - at);
            assert_memory_equal(frame.key, box.keys.data + 4 * n, 4);
            free(frame.payload);
        }
        box_close(&box);
        bytes_release(&out);
    }
}

/* What is refused was not queued, and is not told. */
static void test_refused_frames_are_not_told(void **state)
{
    struct box box;

    (void)state;
    box_open(&box, WEFT_CLIENT);
    assert_true(weft_endpoint_send(&box.ep, WEFT_TEXT, "\xff", 1) < 0);
    box.fm.left = 0;
    assert_int_equal(weft_endpoint_send(&box.ep, WEFT_TEXT, "a", 1),
                     WEFT_ERR_NOMEM);
    box.fm.left = -1;
    assert_string_equal(text_of(&box.frames), "");
    box_close(&box);
}

/* Whoever is told of a frame may have it leave at once, together with all that
 * waits: also that of a pong which a send makes room for. */
static void seen_and_sent(struct weft_endpoint *ep,
                          const struct weft_frame *frame, bool is_sent)
{
    box_seen(ep, frame, is_sent);
    if (is_sent && frame->opcode == 10)
        weft_endpoint_sent(ep, weft_endpoint_queued(ep));
}

static void test_sent_by_who_is_told(void **state)
{
    uint8_t ping[2] = {0x89, 0};
    struct weft_event event;
    struct box box;

    (void)state;
    box_open(&box, WEFT_CLIENT);
    box.conf.seen = seen_and_sent;
    box.conf.out_limit = 1;
    assert_int_equal(weft_endpoint_send(&box.ep, WEFT_TEXT, "a", 1), 0);
    assert_int_equal(weft_endpoint_feed(&box.ep, ping, sizeof(ping)), 0);
    assert_int_equal(weft_endpoint_next(&box.ep, &event), 1);
    assert_string_equal(text_of(&box.frames), ">10.1:1 <10.9:0");
    weft_endpoint_sent(&box.ep, weft_endpoint_queued(&box.ep));
    assert_int_equal(weft_endpoint_queued(&box.ep), 0);
    box_close(&box);
}

/* ---- Text that is known -------------------------------------------------- */

/* With the flag, and for those very bytes alone, nobody looks whether a text is
 * UTF-8; the bytes here are not, so that a look shows. */
static void test_known_text(void **state)
{
    static const char bad[] = "ab\xff"
                              "cd\xc3";
    const struct {
        bool flag;
        size_t at, len;
        int want;
    } cases[] = {
        {true, 0, 6, 0},
        {false, 0, 6, WEFT_ERR_USAGE},
        {true, 0, 5, WEFT_ERR_USAGE},
        {true, 0, 3, WEFT_ERR_USAGE},
        {true, 1, 5, WEFT_ERR_USAGE},
        {true, 1, 6, WEFT_ERR_USAGE},
        {true, 0, 2, 0},
        {false, 3, 2, 0},
        {true, 5, 1, WEFT_ERR_USAGE},
        {true, 6, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases) * COUNT(roles) * 2; i++) {
        const char *data = bad + cases[i / 4].at;
        size_t len = cases[i / 4].len;
        struct box box;
        char copy[sizeof(bad) + 1];
        int rc;

        box_open(&box, roles[i % 2]);
        memcpy(copy, bad, sizeof(bad));
        if (cases[i / 4].flag) {
            box.ep.flags |= WEFT_EP_TEXT;
            box.ep.text = (struct weft_slice){bad, 6};
        }
        rc = (i & 2 ? weft_endpoint_send_borrowed
                    : weft_endpoint_send)(&box.ep, WEFT_TEXT, data, len);
        CHECK(rc == cases[i / 4].want, "case %zu: %d", i / 4, rc);
        assert_int_equal(
            weft_endpoint_send(&box.ep, WEFT_TEXT, copy, 6), /* elsewhere */
            WEFT_ERR_USAGE);
        box_close(&box);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_take_back),
        cmocka_unit_test(test_known_text),
        cmocka_unit_test(test_take_back),
        cmocka_unit_test(test_feed_anew),
        cmocka_unit_test(test_take_back_after_the_end),
        cmocka_unit_test(test_frames_received),
        cmocka_unit_test(test_told_before_the_payload),
        cmocka_unit_test(test_frames_sent),
        cmocka_unit_test(test_refused_frames_are_not_told),
        cmocka_unit_test(test_sent_by_who_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
