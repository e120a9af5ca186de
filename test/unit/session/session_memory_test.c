/* SPDX-License-Identifier: MIT */
/*
 * The session without memory: a talk that takes memory in every way there is,
 * with each allocation failing in turn, alone and with all that follow. However
 * it goes, the owner is told of the end once and the stream is closed.
 */
#include "side.h"

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

#define BIG 300000

/* Fails the n-th allocation and no other; see fail_realloc for n < 0. */
struct fail_once {
    struct fail_mem *fm;
    long n;
};

static void *fail_once_realloc(void *ud, void *ptr, size_t old_size,
                               size_t new_size)
{
    struct fail_once *once = ud;

    if (new_size > 0 && once->fm->calls == once->n) {
        once->fm->calls++;
        return NULL;
    }
    return fail_realloc(once->fm, ptr, old_size, new_size);
}

/* What the peer says: whole, cut, in fragments, with pings between. */
static void add_talk(struct bytes *in, enum weft_role receiver,
                     const uint8_t *big)
{
    wire_add_frame(in, receiver, 0x81, big, 10);
    wire_add_frame(in, receiver, 0x01, big, 3000);
    wire_add_frame(in, receiver, 0x89, big, 125);
    wire_add_frame(in, receiver, 0x80, big, 50000);
    wire_add_frame(in, receiver, 0x82, big, BIG);
    wire_add_frame(in, receiver, 0x89, big, 10);
    wire_add_frame(in, receiver, 0x88, "\x03\xe8 bye", 6);
}

static void echo(struct side *side, const struct weft_message *msg)
{
    int rc = weft_session_send(&side->s, msg->kind, msg->data, msg->len);

    CHECK(rc == 0 || rc == WEFT_ERR_NOMEM || rc == WEFT_ERR_USAGE, "%d", rc);
}

/* Says it all, a piece a turn, and reads little by little, until the session
 * has closed. */
static void converse(struct side *side, const struct bytes *in)
{
    struct world *w = side->world;
    uint64_t until = weft_clock() + PATIENCE_NS;
    size_t at = 0;

    while (!side->closed) {
        size_t piece = in->len - at < 7001 ? in->len - at : 7001;
        ssize_t n = 0;

        CHECK(weft_clock() < until, "%zu of %zu said, %s", at, in->len,
              side_words(side));
        if (piece > 0)
            n = send(side->fd, in->data + at, piece,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
        at += n > 0 ? (size_t)n : 0;
        peer_takes(side, 9000);
        if (side->got_end || side->got_error || at == in->len)
            shutdown(side->fd, SHUT_WR);
        turn(w->loop);
    }
    while (peer_takes(side, 65536))
        ;
}

/* What the peer got is a run of frames, the last one perhaps cut where the
 * stream was; that may also be behind the end that the owner was told. */
static void check_got(struct side *side, bool is_whole)
{
    struct wire_frame f;
    size_t at = 0, used;

    while (at < side->got.len) {
        used = wire_read(&f, side->got.data + at, side->got.len - at);
        if (used == 0)
            break;
        assert_int_equal(f.rsv, 0);
        free(f.payload);
        at += used;
    }
    if (is_whole)
        assert_int_equal(at, side->got.len);
}

/* Whether it went as if there was memory enough. */
static bool play(enum weft_role role, long n, bool once, const struct bytes *in)
{
    struct fail_once fail;
    struct side side;
    struct world w;
    bool good;

    world_open(&w, 16384);
    side_init(&side, &w, role);
    fail = (struct fail_once){&side.fm, n};
    if (once)
        side.mem = (struct weft_mem){fail_once_realloc, &fail};
    else
        side.fm.left = n;
    side.on_message = echo;
    side_connect(&side, false);
    side_small_buffer(&side);
    converse(&side, in);
    CHECK(side.end_err == 0 || side.end_err == WEFT_ERR_NOMEM, "%d at %ld",
          side.end_err, n);
    good = once ? side.fm.calls <= n : side.fm.left > 0;
    check_got(&side, good);
    if (good) {
        assert_int_equal(side.end_err, 0);
        assert_int_equal(side.messages, 3);
    }
    world_close(&w);
    return good;
}

static void play_all(bool once)
{
    uint8_t *big = malloc(BIG);

    assert_non_null(big);
    memset(big, 'm', BIG);
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct bytes in = {0};
        long n = 0;

        add_talk(&in, roles[i], big);
        while (!play(roles[i], n, once, &in))
            CHECK(++n < 1000, "no end");
        CHECK(n > 10, "%ld allocations", n);
        bytes_release(&in);
    }
    free(big);
}

static void test_no_memory_from_the_nth_allocation_on(void **state)
{
    (void)state;
    play_all(false);
}

static void test_the_nth_allocation_fails(void **state)
{
    (void)state;
    play_all(true);
}

/* The payload was lent, half of its frame has gone, and there is no memory to
 * keep the rest: the connection is given up and the caller's bytes are not
 * looked at again. */
static void test_no_memory_for_the_rest(void **state)
{
    (void)state;
    for (long left = 0; left < 5; left++) {
        uint8_t *big = calloc(1, BIG);
        struct side side;
        struct world w;
        int rc;

        assert_non_null(big);
        world_open(&w, 0);
        side_open(&side, &w, WEFT_SERVER, false);
        side_small_buffer(&side);
        side.fm.left = left;
        rc = weft_session_send(&side.s, WEFT_BINARY, big, BIG);
        free(big);
        assert_int_equal(rc, WEFT_ERR_NOMEM);
        assert_int_equal(side.ended, 0);
        side.fm.left = -1;
        rc = side_send(&side, "next");
        if (left < 3) { /* nothing was queued, and nothing has gone */
            assert_int_equal(rc, 0);
            peer_waits(&side, 6);
            assert_string_equal(peer_heard(&side), "text:next");
        } else {
            assert_int_equal(rc, WEFT_ERR_USAGE);
            turn(w.loop);
            assert_string_equal(side_words(&side), "ended:1006 closed");
            assert_int_equal(side.end_err, WEFT_ERR_NOMEM);
        }
        side_finish(&side);
        world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_memory_from_the_nth_allocation_on),
        cmocka_unit_test(test_the_nth_allocation_fails),
        cmocka_unit_test(test_no_memory_for_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
