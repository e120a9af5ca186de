/* SPDX-License-Identifier: MIT */
/* The writing half of io_test.c. */
#include "loop/loop.h"

#include "peer.h"

#include <limits.h>
#include <stdlib.h>

static void fill(uint8_t *p, size_t len)
{
    uint32_t x = 1;

    for (size_t i = 0; i < len; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = (uint8_t)(x >> 24);
    }
}

/* Cuts len bytes into n pieces of uneven length, some of them empty. */
static void cut(struct iovec *iov, int n, uint8_t *p, size_t len)
{
    srand(7);
    for (int i = 0; i < n; i++) {
        size_t part =
            i % 5 == 0 ? 0 : (size_t)rand() % (2 * len / (size_t)n + 1);

        if (i == n - 1 || part > len)
            part = len;
        iov[i] = (struct iovec){p, part};
        p += part;
        len -= part;
    }
}

/* A slow reader: takes a little, lets the loop turn, and compares. */
static void drain(struct peer *peer, const uint8_t *want, size_t len)
{
    uint8_t part[1000];
    size_t at = 0;

    while (at < len) {
        ssize_t n = recv(peer->fd, part, sizeof(part), 0);

        if (n > 0) {
            assert_true((size_t)n <= len - at);
            assert_memory_equal(part, want + at, n);
            at += (size_t)n;
        } else {
            assert_int_equal(errno, EAGAIN);
            assert_int_equal(peer->sents, 0);
            assert_int_equal(weft_loop_turn(peer->loop, 1000), 0);
        }
    }
    TURN_UNTIL(peer->loop, peer->sents == 1);
}

/* The pieces arrive whole and in order through a tiny socket buffer; sent is
 * called once, in a turn. */
static void write_pieces(bool tcp, int pieces, size_t len)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct iovec *iov = calloc((size_t)pieces, sizeof(*iov));
    uint8_t *bytes = malloc(len);
    const int tiny = 1;
    struct peer peer;

    fill(bytes, len);
    cut(iov, pieces, bytes, len);
    (tcp ? start_tcp : start_unix)(&peer, loop);
    setsockopt(peer.io.fd, SOL_SOCKET, SO_SNDBUF, &tiny, sizeof(tiny));
    peer.tx = (struct weft_tx){.iov = iov, .niov = pieces, .taken = 99};
    weft_io_write(&peer.io, &peer.tx);
    assert_ptr_equal(peer.io.tx, &peer.tx);
    assert_int_equal(peer.sents, 0);

    drain(&peer, bytes, len);
    assert_int_equal(peer.sents, 1);
    assert_int_equal(peer.sent_err, 0);
    assert_int_equal(peer.tx.taken, len);
    turn_until_quiet(loop);
    assert_int_equal(peer.sents, 1);
    end_peer(&peer);
    free(iov);
    free(bytes);
    end_loop(&fx);
}

static void test_write(void **state)
{
    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        write_pieces(tcp, 1, 300000);
        write_pieces(tcp, 17, 300000);
        write_pieces(tcp, 3 * IOV_MAX + 1, 40000);
        write_pieces(tcp, 2, 0);
    }
}

static void test_try_write(void **state)
{
    static uint8_t big[1 << 20];
    const struct iovec iov = {big, sizeof(big)};
    struct iovec *many = calloc(IOV_MAX + 1, sizeof(*many));
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct peer peer;
    int64_t n, all = 0;

    (void)state;
    start_unix(&peer, loop);
    for (int i = 0; i <= IOV_MAX; i++)
        many[i] = (struct iovec){big, 1};
    assert_int_equal(weft_io_try_write(&peer.io, many, IOV_MAX + 1), IOV_MAX);
    while ((n = weft_io_try_write(&peer.io, &iov, 1)) > 0)
        all += n;
    assert_int_equal(n, 0);
    assert_true(all > 0);
    turn_until_quiet(loop);

    close(peer.fd);
    peer.fd = -1;
    assert_int_equal(weft_io_try_write(&peer.io, &iov, 1), WEFT_ERR_EOF);
    assert_int_equal(peer.sents, 0);
    weft_io_close(&peer.io, false);
    assert_int_equal(weft_io_try_write(&peer.io, &iov, 1), WEFT_ERR_EOF);
    end_peer(&peer);
    free(many);
    end_loop(&fx);
}

static void test_write_to_nobody(void **state)
{
    const struct iovec iov = {(void *)(uintptr_t) "x", 1};
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct peer peer;

    (void)state;
    start_unix(&peer, loop);
    close(peer.fd);
    peer.fd = -1;
    peer.tx = (struct weft_tx){.iov = &iov, .niov = 1};
    weft_io_write(&peer.io, &peer.tx);
    assert_int_equal(peer.sents, 0);
    TURN_UNTIL(loop, peer.sents == 1);
    assert_int_equal(peer.sent_err, WEFT_ERR_EOF);
    TURN_UNTIL(loop, peer.ends == 1);
    turn_until_quiet(loop);
    assert_int_equal(peer.sents, 1);
    end_peer(&peer);
    end_loop(&fx);
}

/* For every number of bytes taken, what is left is what was not taken. */
static void test_tx_rest(void **state)
{
    uint8_t bytes[24], left[24];
    struct iovec iov[9], vec[9];

    (void)state;
    fill(bytes, sizeof(bytes));
    cut(iov, 9, bytes, sizeof(bytes));
    for (size_t taken = 0; taken <= sizeof(bytes); taken++) {
        const struct weft_tx tx = {.iov = iov, .niov = 9, .taken = taken};
        int n = weft_tx_rest(&tx, vec, 9);
        size_t len = 0;

        for (int i = 0; i < n; i++) {
            assert_true(vec[i].iov_len > 0);
            memcpy(left + len, vec[i].iov_base, vec[i].iov_len);
            len += vec[i].iov_len;
        }
        CHECK(len == sizeof(bytes) - taken, "%zu of %zu", len, taken);
        assert_memory_equal(left, bytes + taken, len);
        assert_int_equal(weft_tx_rest(&tx, vec, 1), n > 0);
    }
}

/* A reset also ends a pause with a write in progress. */
static void test_reset_while_paused_and_writing(void **state)
{
    static uint8_t big[8 << 20];
    const struct iovec iov = {big, sizeof(big)};
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct peer peer;

    (void)state;
    start_tcp(&peer, loop);
    weft_io_read_stop(&peer.io);
    peer.tx = (struct weft_tx){.iov = &iov, .niov = 1};
    weft_io_write(&peer.io, &peer.tx);
    turn_until_quiet(loop);
    assert_int_equal(peer.sents, 0);
    reset_peer(peer.fd);
    peer.fd = -1;
    TURN_UNTIL(loop, peer.sents == 1);
    assert_int_equal(peer.sent_err, WEFT_ERR_EOF);
    assert_int_equal(peer.datas + peer.ends, 0);
    turn_until_quiet(loop);
    weft_io_read_start(&peer.io);
    TURN_UNTIL(loop, peer.ends == 1);
    turn_until_quiet(loop);
    end_peer(&peer);
    end_loop(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_try_write),
        cmocka_unit_test(test_write_to_nobody),
        cmocka_unit_test(test_tx_rest),
        cmocka_unit_test(test_reset_while_paused_and_writing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
