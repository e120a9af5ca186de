/* SPDX-License-Identifier: MIT */
/*
 * The engine without memory: the same conversation with each allocation
 * failing in turn, once alone and once with all that follow; and memory that
 * must not show what was in it before (hostile.md T8).
 */
#include "talk.h"

#include <stdlib.h>
#include <string.h>

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

/* Fails the n-th allocation and no other, counted from 1; 0: none. */
struct fail_once {
    struct fail_mem fm;
    long n;
};

static void *fail_once_realloc(void *ud, void *ptr, size_t old_size,
                               size_t new_size)
{
    struct fail_once *f = ud;

    if (new_size > 0 && f->fm.calls + 1 == f->n) {
        f->fm.calls++;
        return NULL;
    }
    return fail_realloc(&f->fm, ptr, old_size, new_size);
}

/* One conversation that takes memory in every way there is. */
static const struct {
    bool send;      /* this side sends; otherwise the peer's bytes come */
    unsigned first; /* the kind, or the first byte of the frame */
    size_t len;     /* bytes of payload */
    size_t cut;     /* the peer's bytes come in pieces of this size */
} script[] = {
    {true, WEFT_TEXT, 100, 0},     {false, 0x82, 3000, 100},
    {false, 0x01, 500, 7000},      {false, 0x89, 125, 60},
    {false, 0x00, 5000, 900},      {false, 0x80, 70000, 7001},
    {true, WEFT_PING, 125, 0},     {true, WEFT_BINARY, 200000, 0},
    {false, 0x89, 10, 3},          {false, 0x89, 90, 500},
    {true, WEFT_TEXT, 1, 0},       {false, 0x81, 126, 5},
    {true, WEFT_PONG, 5, 0},       {false, 0x82, 40000, 50000},
    {true, WEFT_BINARY, 40000, 0}, {false, 0x8a, 100, 1},
};

/* What came of it. */
struct outcome {
    int rc;      /* of next */
    int send_rc; /* of the first send that failed */
    struct bytes out;
};

static int mask_source(void *ud, void *out, size_t len)
{
    (void)ud;
    memset(out, 0x35, len);
    return 0;
}

static void drain(struct weft_endpoint *ep, struct outcome *o)
{
    struct iovec iov;

    while (weft_endpoint_output(ep, &iov)) {
        bytes_add(&o->out, iov.iov_base, iov.iov_len);
        weft_endpoint_sent(ep, iov.iov_len);
    }
}

static void peer_sends(struct weft_endpoint *ep, struct outcome *o,
                       struct bytes *in, size_t cut)
{
    struct weft_event event;

    for (size_t at = 0; at < in->len && o->rc == 0; at += cut) {
        size_t len = in->len - at < cut ? in->len - at : cut;

        assert_int_equal(
            weft_endpoint_feed(ep, at_page_end(in->data + at, len), len), 0);
        while ((o->rc = weft_endpoint_next(ep, &event)) > 0)
            ;
    }
}

/* Plays the script until something fails, or to the close of both sides.
 * Output is taken every other step, so that it also piles up. */
static void play(struct weft_endpoint *ep, enum weft_role role,
                 struct outcome *o)
{
    uint8_t *payload = malloc(200000);
    struct bytes in = {0};

    if (!payload)
        abort();
    memset(payload, 'w', 200000);
    for (size_t i = 0; i < COUNT(script) && !o->rc && !o->send_rc; i++) {
        if (script[i].send) {
            o->send_rc = weft_endpoint_send(ep, (enum weft_kind)script[i].first,
                                            payload, script[i].len);
            continue;
        }
        in.len = 0;
        wire_add_frame(&in, role, script[i].first, payload, script[i].len);
        peer_sends(ep, o, &in, script[i].cut);
        if (i & 1)
            drain(ep, o);
    }
    if (!o->rc && !o->send_rc) {
        in.len = 0;
        wire_add_frame(&in, role, 0x88,
                       "\x03\xe8"
                       "bye",
                       5);
        peer_sends(ep, o, &in, 4);
    }
    drain(ep, o);
    free(payload);
    bytes_release(&in);
}

/* Plays it with an allocator; true when nothing failed. */
static bool play_with(const struct weft_mem *mem, enum weft_role role,
                      bool can_tell)
{
    struct weft_endpoint_opts opts = talk_opts(role);
    struct weft_endpoint *ep = NULL;
    struct outcome o = {0};
    struct bytes words = {0};
    struct weft_event event;
    int err;

    opts.mem = mem;
    opts.random = mask_source;
    err = weft_endpoint_new(&ep, &opts);
    if (err) {
        assert_int_equal(err, WEFT_ERR_NOMEM);
        return false;
    }
    play(ep, role, &o);
    CHECK(o.rc == 0 || o.rc == WEFT_ERR_NOMEM, "next: %d", o.rc);
    CHECK(o.send_rc == 0 || o.send_rc == WEFT_ERR_NOMEM, "send: %d", o.send_rc);
    text_add(&words, "%s", "");
    wire_describe(&words, role, o.out.data, o.out.len);
    if (o.rc < 0) {
        assert_int_equal(weft_endpoint_next(ep, &event), WEFT_ERR_NOMEM);
        assert_true(weft_endpoint_is_over(ep));
        if (can_tell)
            assert_non_null(strstr(text_of(&words), "close:1011"));
    }
    if (!o.rc && !o.send_rc)
        assert_non_null(strstr(text_of(&words), "close:1000"));
    bytes_release(&words);
    bytes_release(&o.out);
    weft_endpoint_free(ep);
    return !o.rc && !o.send_rc;
}

static void test_no_memory_from_the_nth_allocation_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        bool done = false;

        for (long n = 0; !done; n++) {
            struct fail_mem fm = {.left = n};
            struct weft_mem mem = {fail_realloc, &fm};

            done = play_with(&mem, roles[i], false);
            CHECK(fm.live == 0, "%zu bytes leaked at step %ld", fm.live, n);
            CHECK(n < 10000, "no end");
        }
    }
}

static void test_the_nth_allocation_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        for (long n = 1;; n++) {
            struct fail_once f = {.fm = {.left = -1}, .n = n};
            struct weft_mem mem = {fail_once_realloc, &f};

            play_with(&mem, roles[i], true);
            CHECK(f.fm.live == 0, "%zu bytes leaked at step %ld", f.fm.live, n);
            if (f.fm.calls < n)
                break;
        }
    }
}

/* A send for which there is no memory queues nothing, and the stream stays one
 * of whole frames. */
static void test_send_without_memory_queues_nothing(void **state)
{
    uint8_t *payload = calloc(1, 100000);

    (void)state;
    assert_non_null(payload);
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct weft_endpoint_opts opts = talk_opts(roles[i]);
        struct talk t;
        size_t queued;

        talk_open(&t, &opts);
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "a", 1), 0);
        queued = weft_endpoint_queued(t.ep);
        t.fm.left = 0;
        assert_int_equal(weft_endpoint_send(t.ep, WEFT_BINARY, payload, 100000),
                         WEFT_ERR_NOMEM);
        assert_int_equal(weft_endpoint_queued(t.ep), queued);
        t.fm.left = -1;
        talk_drain(&t);
        assert_string_equal(talk_frames(&t), "text:a");
        talk_close(&t);
    }
    free(payload);
}

/* ---- T8: memory that was someone else's ---------------------------------- */

#define CANARY "Canary"

/* Fills what is given out and what comes back with the canary, as memory that
 * another connection had used before. */
static void *haunted_realloc(void *ud, void *ptr, size_t old_size,
                             size_t new_size)
{
    struct fail_mem *fm = ud;
    uint8_t *fresh = NULL;

    if (new_size > 0) {
        fresh = malloc(new_size);
        if (!fresh)
            abort();
        for (size_t i = 0; i < new_size; i++)
            fresh[i] = (uint8_t)CANARY[i % 6];
        if (ptr)
            memcpy(fresh, ptr, old_size < new_size ? old_size : new_size);
    }
    if (ptr) {
        for (size_t i = 0; i < old_size; i++)
            ((uint8_t *)ptr)[i] = (uint8_t)CANARY[i % 6];
        free(ptr);
    }
    fm->live += new_size - old_size;
    return fresh;
}

static void send_all_kinds(struct weft_endpoint *ep)
{
    static const enum weft_kind kinds[] = {WEFT_TEXT, WEFT_BINARY, WEFT_PING,
                                           WEFT_PONG};
    static const size_t lengths[] = {0, 1, 125, 126, 65536};
    uint8_t *payload = malloc(65536);

    assert_non_null(payload);
    memset(payload, '-', 65536);
    for (size_t k = 0; k < COUNT(kinds) * COUNT(lengths); k++) {
        size_t len = lengths[k / COUNT(kinds)];

        if (kinds[k % COUNT(kinds)] >= WEFT_PING && len > 125)
            continue;
        assert_int_equal(
            weft_endpoint_send(ep, kinds[k % COUNT(kinds)], payload, len), 0);
    }
    free(payload);
}

/* Everything that is sent on all ways holds only what was put there. */
static void t8_nothing_old_is_sent(void **state)
{
    static const struct {
        uint16_t code;
        const char *plain; /* what ends the conversation, from the peer */
    } ends[] = {
        {0, ""},
        {1000, ""},
        {0, "8800"},
        {0, "8802 03e8"},
        {0, "8900 8901 2d 8a00 8300"},
        {0, "0101 2d 8900 8801 03"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ends) * COUNT(roles); i++) {
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {haunted_realloc, &fm};
        struct weft_endpoint_opts opts = talk_opts(roles[i % 2]);
        struct talk t = {.role = roles[i % 2]};

        opts.mem = &mem;
        opts.random = mask_source;
        assert_int_equal(weft_endpoint_new(&t.ep, &opts), 0);
        send_all_kinds(t.ep);
        talk_drain(&t);
        if (!*ends[i / 2].plain)
            assert_int_equal(
                weft_endpoint_close(t.ep, ends[i / 2].code, NULL, 0), 0);
        talk_feed_plain(&t, ends[i / 2].plain);
        assert_int_equal(strncmp(talk_frames(&t), "text:", 5), 0);
        for (size_t b = 0; b < t.out.len; b++)
            if (t.role == WEFT_CLIENT)
                t.out.data[b] ^= 0x35;
        assert_null(memmem(t.out.data, t.out.len, CANARY, 6));
        assert_null(strstr(talk_events(&t), CANARY));
        weft_endpoint_free(t.ep);
        assert_int_equal(fm.live, 0);
        bytes_release(&t.out);
        bytes_release(&t.events);
        bytes_release(&t.frames);
    }
}

/* T8: two connections on one allocator: what one was told never shows in what
 * the other says or is told. */
static void t8_connections_do_not_mix(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct talk first, second;
        char secret[400];

        memset(secret, 'S', sizeof(secret));
        talk_open_as(&first, WEFT_SERVER);
        talk_open_as(&second, WEFT_CLIENT);
        for (int i = 0; i < 20; i++) {
            size_t len = 1 + (size_t)(round * 20 + i) % sizeof(secret);

            assert_int_equal(talk_feed_frame(&first, 0x01, secret, len), 0);
            assert_int_equal(talk_feed_frame(&second, 0x01, "-", 1), 0);
            assert_int_equal(talk_feed_frame(&first, 0x89, secret, len % 126),
                             0);
            assert_int_equal(talk_feed_frame(&second, 0x89, "", 0), 0);
            assert_int_equal(talk_feed_frame(&first, 0x80, secret, len), 0);
            assert_int_equal(talk_feed_frame(&second, 0x80, "-", 1), 0);
        }
        talk_close(&first);
        assert_int_equal(weft_endpoint_close(second.ep, 1000, NULL, 0), 0);
        talk_drain(&second);
        assert_null(strchr(talk_events(&second), 'S'));
        assert_null(strchr(talk_frames(&second), 'S'));
        talk_close(&second);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_memory_from_the_nth_allocation_on),
        cmocka_unit_test(test_the_nth_allocation_fails),
        cmocka_unit_test(test_send_without_memory_queues_nothing),
        cmocka_unit_test(t8_nothing_old_is_sent),
        cmocka_unit_test(t8_connections_do_not_mix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
