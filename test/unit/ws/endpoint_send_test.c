/* SPDX-License-Identifier: MIT */
/*
 * What the sending side offers to the folders above: payloads and frames by
 * reference, bytes before the first frame, and messages that make room for
 * newer ones. What everyone sees of it is in endpoint_output_test.c.
 */
#include "talk.h"
#include "ws/endpoint.h"

#include "base/blob.h"
#include <stdlib.h>
#include <string.h>

#define BIG 300000

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

/* BIG bytes of ASCII. */
static uint8_t *big_text(void)
{
    uint8_t *p = malloc(BIG);

    assert_non_null(p);
    for (size_t i = 0; i < BIG; i++)
        p[i] = (uint8_t)('a' + i % 23);
    return p;
}

static struct weft_endpoint_conf conf_of(struct fail_mem *fm,
                                         struct weft_mem *mem)
{
    struct weft_endpoint_opts opts = WEFT_ENDPOINT_OPTS;
    struct weft_endpoint_conf conf;

    *fm = (struct fail_mem){.left = -1};
    *mem = (struct weft_mem){fail_realloc, fm};
    opts.mem = mem;
    assert_int_equal(weft_endpoint_conf_init(&conf, &opts), 0);
    return conf;
}

/* What waits, as words; it is then gone. */
static const char *take_words(struct weft_endpoint *ep, struct bytes *words)
{
    struct bytes out = {0};
    struct iovec iov;

    while (weft_endpoint_output(ep, &iov)) {
        bytes_add(&out, iov.iov_base, iov.iov_len);
        weft_endpoint_sent(ep, iov.iov_len);
    }
    words->len = 0;
    text_add(words, "%s", "");
    wire_describe(words, WEFT_SERVER, out.data, out.len);
    bytes_release(&out);
    return text_of(words);
}

/* ---- Borrowed payloads --------------------------------------------------- */

/* A large payload of a server goes out from where it lies; a client masks, so
 * it copies. Either way the frame is the same. */
static void test_borrowed_large(void **state)
{
    uint8_t *p = big_text();

    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct bytes want = {0};
        struct talk t;
        struct iovec iov;
        bool is_server = roles[i] == WEFT_SERVER;

        talk_open_as(&t, roles[i]);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "first", 5), 0);
        assert_int_equal(weft_endpoint_send_borrowed(t.ep, WEFT_TEXT, p, BIG),
                         0);
        assert_int_equal(weft_endpoint_borrows(t.ep), is_server);
        assert_true(is_server == (t.fm.live < BIG));
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "last", 4), 0);
        if (is_server) { /* 7 bytes of the first frame and 10 of header */
            assert_true(weft_endpoint_output(t.ep, &iov));
            assert_int_equal(iov.iov_len, 17);
            bytes_add(&t.out, iov.iov_base, 17);
            weft_endpoint_sent(t.ep, 17);
            assert_true(weft_endpoint_output(t.ep, &iov));
            assert_ptr_equal(iov.iov_base, p);
            assert_int_equal(iov.iov_len, BIG);
        }
        talk_drain(&t);
        assert_false(weft_endpoint_borrows(t.ep));
        text_add(&want, "text:first text:");
        text_add_payload(&want, p, BIG);
        text_add(&want, " text:last");
        assert_string_equal(talk_frames(&t), text_of(&want));
        bytes_release(&want);
        talk_close(&t);
    }
    free(p);
}

/* Wherever the kernel stopped, what it left is copied by settle, and the
 * caller's bytes may go. */
static void test_settle(void **state)
{
    static const size_t sent[] = {0, 1, 9, 10, 11, 20000, BIG + 9};

    (void)state;
    for (size_t i = 0; i < COUNT(sent); i++) {
        uint8_t *p = big_text();
        struct bytes want = {0};
        struct talk t;
        size_t left = sent[i];

        talk_open_as(&t, WEFT_SERVER);
        assert_int_equal(weft_endpoint_send_borrowed(t.ep, WEFT_TEXT, p, BIG),
                         0);
        text_add(&want, "text:");
        text_add_payload(&want, p, BIG);
        while (left > 0) {
            struct iovec iov;

            assert_true(weft_endpoint_output(t.ep, &iov));
            if (iov.iov_len > left)
                iov.iov_len = left;
            bytes_add(&t.out, iov.iov_base, iov.iov_len);
            weft_endpoint_sent(t.ep, iov.iov_len);
            left -= iov.iov_len;
        }
        assert_true(weft_endpoint_borrows(t.ep));
        assert_int_equal(weft_endpoint_settle(t.ep), 0);
        assert_false(weft_endpoint_borrows(t.ep));
        memset(p, 'X', BIG);
        free(p);
        talk_drain(&t);
        assert_string_equal(talk_frames(&t), text_of(&want));
        bytes_release(&want);
        talk_close(&t);
    }
}

static void test_small_are_copied(void **state)
{
    char text[] = "small";
    struct talk t;

    (void)state;
    talk_open_as(&t, WEFT_SERVER);
    assert_int_equal(weft_endpoint_settle(t.ep), 0);
    assert_false(weft_endpoint_borrows(t.ep));
    assert_int_equal(weft_endpoint_send_borrowed(t.ep, WEFT_TEXT, text, 5), 0);
    assert_int_equal(weft_endpoint_send_borrowed(t.ep, WEFT_PING, text, 5), 0);
    assert_int_equal(weft_endpoint_send_borrowed(t.ep, WEFT_TEXT, NULL, 0), 0);
    assert_false(weft_endpoint_borrows(t.ep));
    memset(text, 'X', 5);
    talk_drain(&t);
    assert_string_equal(talk_frames(&t), "text:small ping:small text:");
    talk_close(&t);
}

/* The same mistakes as of weft_endpoint_send; and without memory nothing is
 * queued, not a header without its payload either. */
static void test_borrowed_refused(void **state)
{
    uint8_t *p = big_text();
    struct talk t;

    (void)state;
    talk_open_as(&t, WEFT_SERVER);
    for (long left = 0;; left++) {
        int err;

        t.fm.left = left;
        err = weft_endpoint_send_borrowed(t.ep, WEFT_TEXT, p, BIG);
        t.fm.left = -1;
        if (!err)
            break;
        assert_int_equal(err, WEFT_ERR_NOMEM);
        assert_int_equal(weft_endpoint_queued(t.ep), 0);
        assert_false(weft_endpoint_borrows(t.ep));
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "x", 1), 0);
        talk_drain(&t);
    }
    talk_drain(&t);
    p[BIG - 1] = 0xff;
    assert_int_equal(weft_endpoint_send_borrowed(t.ep, WEFT_TEXT, p, BIG),
                     WEFT_ERR_USAGE);
    assert_int_equal(weft_endpoint_close(t.ep, 1000, NULL, 0), 0);
    assert_int_equal(weft_endpoint_send_borrowed(t.ep, WEFT_BINARY, p, BIG),
                     WEFT_ERR_USAGE);
    talk_close(&t);
    free(p);
}

/* ---- Frames to many ------------------------------------------------------ */

static void test_frames(void **state)
{
    static const size_t lengths[] = {0, 1, 125, 126, 1000, 65535, 65536, BIG};
    uint8_t *p = big_text();

    (void)state;
    for (size_t i = 0; i < COUNT(lengths) * 2; i++) {
        enum weft_kind kind = i % 2 ? WEFT_BINARY : WEFT_TEXT;
        size_t len = lengths[i / 2];
        struct fail_mem fm = {.left = 0};
        struct weft_mem mem = {fail_realloc, &fm};
        struct bytes have = {0}, want = {0};
        struct weft_blob *frame = weft_endpoint_frame(&mem, kind, p, len);

        assert_null(frame);
        fm.left = -1;
        frame = weft_endpoint_frame(&mem, kind, p, len);
        assert_non_null(frame);
        wire_describe(&have, WEFT_SERVER, frame->data, frame->len);
        text_add(&want, i % 2 ? "binary:" : "text:");
        text_add_payload(&want, p, len);
        assert_string_equal(text_of(&have), text_of(&want));
        weft_blob_unref(frame);
        assert_int_equal(fm.live, 0);
        bytes_release(&have);
        bytes_release(&want);
    }
    free(p);
}

static int send_shared(struct weft_endpoint *ep, struct weft_blob *frame)
{
    struct weft_broadcast message = {.frame = frame};
    int err = weft_endpoint_broadcast(ep, &message);

    assert_null(message.packed); /* there is no extension */
    return err;
}

/* A large frame is shared by all who send it, a small one is copied; the last
 * to have sent it frees it. */
static void test_broadcast(void **state)
{
    uint8_t *p = big_text();

    (void)state;
    for (size_t len = 10; len <= BIG; len += BIG - 10) {
        struct bytes want = {0}, words = {0};
        struct fail_mem fm;
        struct weft_mem mem;
        struct weft_endpoint_conf conf = conf_of(&fm, &mem);
        struct weft_endpoint eps[3];
        struct weft_blob *frame = weft_endpoint_frame(&mem, WEFT_TEXT, p, len);

        for (size_t i = 0; i < COUNT(eps); i++) {
            weft_endpoint_init(&eps[i], &conf);
            assert_int_equal(weft_endpoint_send(&eps[i], WEFT_TEXT, "<", 1), 0);
            assert_int_equal(send_shared(&eps[i], frame), 0);
            assert_int_equal(weft_endpoint_send(&eps[i], WEFT_TEXT, ">", 1), 0);
        }
        assert_int_equal(frame->refs, len == BIG ? 4 : 1);
        assert_true(fm.live < BIG + 100000);
        weft_blob_unref(frame);
        text_add(&want, "text:< text:");
        text_add_payload(&want, p, len);
        text_add(&want, " text:>");
        for (size_t i = 0; i < COUNT(eps) - 1; i++)
            assert_string_equal(take_words(&eps[i], &words), text_of(&want));
        for (size_t i = 0; i < COUNT(eps); i++)
            weft_endpoint_release(&eps[i]);
        assert_int_equal(fm.live, 0);
        bytes_release(&want);
        bytes_release(&words);
    }
    free(p);
}

static void test_broadcast_refused(void **state)
{
    uint8_t *p = big_text();
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_endpoint_conf conf = conf_of(&fm, &mem);
    struct weft_endpoint ep;
    struct weft_blob *frames[2];

    (void)state;
    conf.out_limit = 100;
    weft_endpoint_init(&ep, &conf);
    frames[0] = weft_endpoint_frame(&mem, WEFT_TEXT, p, 98);
    frames[1] = weft_endpoint_frame(&mem, WEFT_TEXT, p, 5000);
    for (int i = 0; i < 2; i++) {
        for (long left = 0; left < 2; left++) {
            fm.left = left;
            assert_int_equal(send_shared(&ep, frames[i]), WEFT_ERR_NOMEM);
            assert_int_equal(weft_endpoint_queued(&ep), 0);
            fm.left = -1;
            weft_endpoint_release(&ep);
        }
        assert_int_equal(send_shared(&ep, frames[i]), 0);
        assert_int_equal(send_shared(&ep, frames[i]), WEFT_ERR_BUSY);
        assert_int_equal(weft_endpoint_queued(&ep), frames[i]->len);
        weft_endpoint_sent(&ep, frames[i]->len);
    }
    assert_int_equal(weft_endpoint_close(&ep, 1000, NULL, 0), 0);
    assert_int_equal(send_shared(&ep, frames[0]), WEFT_ERR_USAGE);
    weft_endpoint_release(&ep);

    conf.is_client = true; /* which has to mask */
    weft_endpoint_init(&ep, &conf);
    assert_int_equal(send_shared(&ep, frames[0]), WEFT_ERR_USAGE);
    weft_endpoint_release(&ep);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(frames[i]->refs, 1);
        weft_blob_unref(frames[i]);
    }
    assert_int_equal(fm.live, 0);
    free(p);
}

/* ---- Before the first frame ---------------------------------------------- */

static void test_preface(void **state)
{
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

    (void)state;
    for (int drops = 0; drops < 2; drops++) {
        struct fail_mem fm;
        struct weft_mem mem;
        struct weft_endpoint_conf conf = conf_of(&fm, &mem);
        struct weft_endpoint ep;
        struct bytes out = {0};
        struct iovec iov;

        conf.drops_oldest = drops;
        weft_endpoint_init(&ep, &conf);
        for (fm.left = 0; fm.left < 2;) {
            long left = fm.left;

            assert_int_equal(weft_endpoint_preface(&ep, answer, 36),
                             WEFT_ERR_NOMEM);
            fm.left = left + 1;
            weft_endpoint_release(&ep);
        }
        fm.left = -1;
        assert_int_equal(weft_endpoint_preface(&ep, answer, 36), 0);
        assert_int_equal(weft_endpoint_send(&ep, WEFT_TEXT, "hi", 2), 0);
        assert_int_equal(weft_endpoint_queued(&ep), 40);
        assert_int_equal(weft_endpoint_drop_oldest(&ep), drops);
        while (weft_endpoint_output(&ep, &iov)) {
            bytes_add(&out, iov.iov_base, iov.iov_len);
            weft_endpoint_sent(&ep, iov.iov_len);
        }
        assert_int_equal(out.len, drops ? 36 : 40);
        assert_memory_equal(out.data, answer, 36);
        weft_endpoint_release(&ep);
        bytes_release(&out);
        assert_int_equal(fm.live, 0);
    }
}

/* ---- Making room --------------------------------------------------------- */

static void test_drop_oldest(void **state)
{
    uint8_t *p = big_text();
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_endpoint_conf conf = conf_of(&fm, &mem);
    struct weft_endpoint ep;
    struct weft_blob *small, *large;
    struct bytes words = {0};

    (void)state;
    conf.drops_oldest = true;
    weft_endpoint_init(&ep, &conf);
    assert_false(weft_endpoint_drop_oldest(&ep));
    small = weft_endpoint_frame(&mem, WEFT_TEXT, "small", 5);
    large = weft_endpoint_frame(&mem, WEFT_TEXT, p, 5000);

    assert_int_equal(weft_endpoint_send(&ep, WEFT_PING, "a", 1), 0);
    assert_int_equal(weft_endpoint_send(&ep, WEFT_TEXT, "one", 3), 0);
    assert_int_equal(weft_endpoint_send(&ep, WEFT_TEXT, "two", 3), 0);
    assert_int_equal(weft_endpoint_send(&ep, WEFT_PING, "b", 1), 0);
    assert_int_equal(weft_endpoint_send(&ep, WEFT_PING, "c", 1), 0);
    assert_int_equal(send_shared(&ep, small), 0);
    assert_int_equal(send_shared(&ep, large), 0);
    assert_int_equal(weft_endpoint_send_borrowed(&ep, WEFT_TEXT, p, BIG), 0);
    assert_false(weft_endpoint_borrows(&ep)); /* it may wait for long */
    assert_int_equal(weft_endpoint_send(&ep, WEFT_TEXT, "", 0), 0);

    assert_true(weft_endpoint_drop_oldest(&ep)); /* one */
    assert_int_equal(weft_endpoint_send(&ep, WEFT_TEXT, "end", 3), 0);
    assert_true(weft_endpoint_drop_oldest(&ep)); /* two */
    assert_true(weft_endpoint_drop_oldest(&ep)); /* small */
    assert_true(weft_endpoint_drop_oldest(&ep)); /* large */
    assert_int_equal(large->refs, 1);
    assert_true(weft_endpoint_drop_oldest(&ep)); /* the borrowed one */
    assert_string_equal(take_words(&ep, &words),
                        "ping:a ping:b ping:c text: text:end");
    weft_endpoint_release(&ep);
    weft_blob_unref(small);
    weft_blob_unref(large);
    assert_int_equal(fm.live, 0);
    bytes_release(&words);
    free(p);
}

/* A message of which a byte has gone must follow whole. */
static void test_half_sent_is_kept(void **state)
{
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_endpoint_conf conf = conf_of(&fm, &mem);
    struct weft_endpoint ep;
    struct iovec iov;

    (void)state;
    conf.drops_oldest = true;
    weft_endpoint_init(&ep, &conf);
    assert_int_equal(weft_endpoint_send(&ep, WEFT_TEXT, "one", 3), 0);
    assert_int_equal(weft_endpoint_send(&ep, WEFT_TEXT, "two", 3), 0);
    weft_endpoint_sent(&ep, 1);
    assert_true(weft_endpoint_drop_oldest(&ep));
    assert_false(weft_endpoint_drop_oldest(&ep));
    assert_true(weft_endpoint_output(&ep, &iov));
    assert_int_equal(iov.iov_len, 4);
    assert_memory_equal(iov.iov_base, "\3one", 4);
    weft_endpoint_release(&ep);
    assert_int_equal(fm.live, 0);
}

/* The limit counts bytes of frames: what holds them must not be many times
 * that, however small they are. */
static void test_memory_of_small_messages(void **state)
{
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_endpoint_conf conf = conf_of(&fm, &mem);
    struct weft_endpoint ep;
    int sent = 0;

    (void)state;
    conf.drops_oldest = true;
    conf.out_limit = 65536;
    weft_endpoint_init(&ep, &conf);
    while (weft_endpoint_send(&ep, WEFT_TEXT, "ten bytes.", 10) == 0) {
        assert_int_equal(weft_endpoint_send(&ep, WEFT_PING, "p", 1), 0);
        sent++;
    }
    assert_true(sent > 1000);
    CHECK(fm.peak < 6 * conf.out_limit, "%zu bytes", fm.peak);
    weft_endpoint_release(&ep);
    assert_int_equal(fm.live, 0);
}

/* ---- Pongs that wait ----------------------------------------------------- */

/* Behind a close frame nothing goes out, a pong that waited neither. */
static void test_waiting_pong_and_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles) * 2; i++) {
        struct weft_endpoint_opts opts = talk_opts(roles[i % 2]);
        struct talk t;

        opts.out_limit = 5;
        talk_open(&t, &opts);
        t.deaf = true;
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "full.", 5), 0);
        assert_int_equal(talk_feed_plain(&t, "8901 31 8901 32"), 0);
        if (i < 2)
            assert_int_equal(weft_endpoint_close(t.ep, 1001, NULL, 0), 0);
        talk_drain(&t);
        assert_string_equal(talk_frames(&t), i < 2 ? "text:full. close:1001"
                                                   : "text:full. pong:2");
        talk_close(&t);
    }
}

/* Without memory for the pong that waited it goes out later. */
static void test_waiting_pong_without_memory(void **state)
{
    struct weft_endpoint_opts opts = talk_opts(WEFT_SERVER);
    uint8_t full[16400] = {0};
    struct talk t;
    struct iovec iov;

    (void)state;
    opts.out_limit = 16000;
    talk_open(&t, &opts);
    t.deaf = true;
    assert_int_equal(weft_endpoint_send(t.ep, WEFT_BINARY, full, sizeof(full)),
                     0);
    assert_int_equal(talk_feed_plain(&t, "8901 31"), 0);
    t.fm.left = 0;
    assert_true(weft_endpoint_output(t.ep, &iov));
    bytes_add(&t.out, iov.iov_base, 1000);
    weft_endpoint_sent(t.ep, 1000);
    t.fm.left = -1;
    talk_drain(&t);
    assert_non_null(strstr(talk_frames(&t), " pong:1"));
    talk_close(&t);
}

/* ---- The echo ------------------------------------------------------------ */

/* The echo waits for the next pull. What is fed before that is not looked at,
 * and least of all taken for the reason. */
static void test_bytes_before_the_echo(void **state)
{
    static const char *const closes[] = {"8800", "8802 03e8", "8804 03e8 6f6b"};
    static const char *const echoes[] = {"close:", "close:1000", "close:1000"};

    (void)state;
    for (size_t i = 0; i < COUNT(closes) * COUNT(roles); i++) {
        uint8_t plain[16], junk[] = "\x81\x85 not a reason";
        struct bytes in = {0};
        struct weft_event event;
        struct talk t;

        talk_open_as(&t, roles[i % 2]);
        wire_add_plain(&in, t.role, plain, unhex(plain, closes[i / 2]));
        assert_int_equal(weft_endpoint_feed(t.ep, in.data, in.len), 0);
        assert_int_equal(weft_endpoint_next(t.ep, &event), 1);
        assert_int_equal(event.type, WEFT_EVENT_CLOSE);
        assert_int_equal(weft_endpoint_feed(t.ep, junk, sizeof(junk)), 0);
        assert_int_equal(weft_endpoint_next(t.ep, &event), 0);
        talk_drain(&t);
        assert_string_equal(talk_frames(&t), echoes[i / 2]);
        bytes_release(&in);
        talk_close(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_borrowed_large),
        cmocka_unit_test(test_settle),
        cmocka_unit_test(test_small_are_copied),
        cmocka_unit_test(test_borrowed_refused),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_broadcast),
        cmocka_unit_test(test_broadcast_refused),
        cmocka_unit_test(test_preface),
        cmocka_unit_test(test_drop_oldest),
        cmocka_unit_test(test_half_sent_is_kept),
        cmocka_unit_test(test_memory_of_small_messages),
        cmocka_unit_test(test_waiting_pong_and_close),
        cmocka_unit_test(test_waiting_pong_without_memory),
        cmocka_unit_test(test_bytes_before_the_echo),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
