/* SPDX-License-Identifier: MIT */
/*
 * The engine as a client: masking keys. hostile.md T9: a key is taken fresh
 * for each frame from the source that the owner gave, and never used again.
 */
#include "talk.h"

#include <stdlib.h>
#include <string.h>

/* A source that remembers what it gave, and that can run dry. */
struct source {
    struct bytes given;
    uint64_t seed;
    bool dry;
};

static int give(void *ud, void *out, size_t len)
{
    struct source *s = ud;
    uint8_t *p = out;

    if (s->dry)
        return -1;
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)test_random(&s->seed);
    bytes_add(&s->given, out, len);
    return 0;
}

static struct weft_endpoint *client_with(struct source *s)
{
    struct weft_endpoint_opts opts = talk_opts(WEFT_CLIENT);
    struct weft_endpoint *ep;

    opts.random = give;
    opts.random_ud = s;
    assert_int_equal(weft_endpoint_new(&ep, &opts), 0);
    return ep;
}

static void take_output(struct weft_endpoint *ep, struct bytes *out)
{
    struct iovec iov;

    while (weft_endpoint_output(ep, &iov)) {
        bytes_add(out, iov.iov_base, iov.iov_len);
        weft_endpoint_sent(ep, iov.iov_len);
    }
}

/* Where the key lies in what the source gave, at or behind from. */
static size_t find_key(const struct source *s, size_t from,
                       const uint8_t key[4])
{
    for (size_t at = from; at + 4 <= s->given.len; at++)
        if (!memcmp(s->given.data + at, key, 4))
            return at;
    return SIZE_MAX;
}

/* The keys of the frames stand in what the source gave, in their order and
 * without overlap: none is used twice, or made from another. */
static void check_keys(const struct source *s, const struct bytes *out,
                       size_t frames)
{
    size_t from = 0, at = 0, n = 0;

    while (at < out->len) {
        struct wire_frame f;
        size_t used = wire_read(&f, out->data + at, out->len - at);

        CHECK(used > 0 && f.masked, "frame %zu", n);
        from = find_key(s, from, f.key);
        CHECK(from != SIZE_MAX, "frame %zu: %02x%02x%02x%02x was not given", n,
              f.key[0], f.key[1], f.key[2], f.key[3]);
        from += 4;
        free(f.payload);
        at += used;
        n++;
    }
    CHECK(n == frames, "%zu frames, not %zu", n, frames);
}

static void t9_key_is_fresh_for_each_frame(void **state)
{
    struct source s = {.seed = 99};
    struct weft_endpoint *ep = client_with(&s);
    struct bytes out = {0};
    uint8_t pings[] = {0x89, 1, 'x', 0x89, 0}, close[] = {0x88, 2, 3, 0xe8};
    uint8_t *big = calloc(1, 70000);
    struct weft_event event;

    (void)state;
    assert_non_null(big);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(weft_endpoint_send(ep, WEFT_TEXT, "same", 4), 0);
        assert_int_equal(weft_endpoint_send(ep, WEFT_BINARY, NULL, 0), 0);
        assert_int_equal(weft_endpoint_send(ep, WEFT_PING, "same", 4), 0);
        take_output(ep, &out);
    }
    assert_int_equal(weft_endpoint_send(ep, WEFT_BINARY, big, 70000), 0);
    take_output(ep, &out);
    for (size_t at = 0; at < sizeof(pings); at += 3) {
        size_t len = at ? 2 : 3;

        assert_int_equal(weft_endpoint_feed(ep, pings + at, len), 0);
        assert_int_equal(weft_endpoint_next(ep, &event), 1);
        assert_int_equal(weft_endpoint_next(ep, &event), 0);
        take_output(ep, &out);
    }
    assert_int_equal(weft_endpoint_feed(ep, close, sizeof(close)), 0);
    assert_int_equal(weft_endpoint_next(ep, &event), 1);
    assert_int_equal(weft_endpoint_next(ep, &event), 0);
    take_output(ep, &out);

    check_keys(&s, &out, 3000 + 1 + 2 + 1);
    free(big);
    bytes_release(&out);
    bytes_release(&s.given);
    weft_endpoint_free(ep);
}

/* T9: the close frame that tells of an error has a key as well. */
static void t9_key_of_the_close_after_an_error(void **state)
{
    struct source s = {.seed = 5};
    struct weft_endpoint *ep = client_with(&s);
    struct bytes out = {0};
    uint8_t bad[] = {0x83, 0};
    struct weft_event event;

    (void)state;
    assert_int_equal(weft_endpoint_send(ep, WEFT_TEXT, "a", 1), 0);
    assert_int_equal(weft_endpoint_feed(ep, bad, sizeof(bad)), 0);
    assert_int_equal(weft_endpoint_next(ep, &event), WEFT_ERR_PROTOCOL);
    take_output(ep, &out);
    check_keys(&s, &out, 2);
    bytes_release(&out);
    bytes_release(&s.given);
    weft_endpoint_free(ep);
}

/* T9: without random bytes nothing is sent: a key that can be guessed is worse
 * than a connection that ends. */
static void t9_nothing_is_sent_without_random_bytes(void **state)
{
    static const enum weft_kind kinds[] = {WEFT_TEXT, WEFT_BINARY, WEFT_PING,
                                           WEFT_PONG};
    uint8_t ping[] = {0x89, 1, 'x'};
    struct weft_event event;
    int rc;

    (void)state;
    for (size_t i = 0; i <= COUNT(kinds); i++) {
        struct source s = {.seed = 5};
        struct weft_endpoint *ep = client_with(&s);
        struct bytes out = {0};

        /* Whatever was taken ahead must be used up, and used once. */
        assert_int_equal(weft_endpoint_send(ep, WEFT_TEXT, "a", 1), 0);
        s.dry = true;
        for (int k = 0; k < 10000; k++) {
            rc = i < COUNT(kinds) ? weft_endpoint_send(ep, kinds[i], "a", 1)
                                  : weft_endpoint_close(ep, 1000, NULL, 0);
            if (rc < 0)
                break;
        }
        CHECK(rc < 0, "%zu: sent without a key", i);
        take_output(ep, &out);

        /* Nor does a pong go out, which nobody asked the owner about. */
        assert_int_equal(weft_endpoint_feed(ep, ping, sizeof(ping)), 0);
        for (int k = 0; k < 3; k++)
            rc = weft_endpoint_next(ep, &event);
        take_output(ep, &out);
        check_keys(&s, &out, s.given.len / 4);
        bytes_release(&out);
        bytes_release(&s.given);
        weft_endpoint_free(ep);
    }
}

/* A payload never travels in the clear, save where the key happens to be 0. */
static void t9_payload_is_masked(void **state)
{
    struct source s = {.seed = 1};
    struct weft_endpoint *ep = client_with(&s);
    struct bytes out = {0};
    static const char secret[] = "GET / HTTP/1.1\r\nHost: victim\r\n\r\n";

    (void)state;
    for (int i = 0; i < 200; i++)
        assert_int_equal(
            weft_endpoint_send(ep, WEFT_TEXT, secret, sizeof(secret) - 1), 0);
    take_output(ep, &out);
    assert_null(memmem(out.data, out.len, "HTTP", 4));
    bytes_release(&out);
    bytes_release(&s.given);
    weft_endpoint_free(ep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t9_key_is_fresh_for_each_frame),
        cmocka_unit_test(t9_key_of_the_close_after_an_error),
        cmocka_unit_test(t9_nothing_is_sent_without_random_bytes),
        cmocka_unit_test(t9_payload_is_masked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
