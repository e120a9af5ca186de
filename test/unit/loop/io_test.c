/* SPDX-License-Identifier: MIT */
/* Reading, pausing and closing; writing is in io_write_test.c. */
#include "loop/loop.h"

#include "peer.h"

/* ---- Reading ------------------------------------------------------------- */

static void test_data(void **state)
{
    struct fixture fx;
    struct peer peer;

    (void)state;
    start_unix(&peer, start_loop(&fx, 0));
    put(peer.fd, "one");
    assert_int_equal(peer.datas, 0); /* never inside a call */
    turn(fx.loop);
    check_got(&peer, "one");
    turn(fx.loop);
    assert_int_equal(peer.datas, 1);
    put(peer.fd, "two");
    turn(fx.loop);
    check_got(&peer, "onetwo");
    end_peer(&peer);
    end_loop(&fx);
}

/* One receive in a turn, as large as the loop's buffer; the rest comes in the
 * turns that follow, and another's bytes in between. */
static void test_a_receive_in_a_turn(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 8);
    struct peer greedy, other;

    (void)state;
    start_unix(&greedy, loop);
    start_unix(&other, loop);
    put(greedy.fd, "abcdefghijklmnopqrst");
    for (int i = 1; i <= 3; i++) {
        put(other.fd, "x");
        turn(loop);
        assert_int_equal(greedy.datas, i);
        assert_int_equal(other.datas, i);
    }
    check_got(&greedy, "abcdefghijklmnopqrst");
    assert_int_equal(greedy.largest, 8);
    turn(loop);
    assert_int_equal(greedy.datas, 3);
    end_peer(&greedy);
    end_peer(&other);
    end_loop(&fx);
}

static void test_end(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);

    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        struct peer peer;

        (tcp ? start_tcp : start_unix)(&peer, loop);
        put(peer.fd, "bye");
        shutdown(peer.fd, SHUT_WR);
        TURN_UNTIL(loop, peer.ends == 1);
        assert_int_equal(peer.end_err, 0);
        check_got(&peer, "bye");

        /* It is told once, and reading cannot be started again. */
        weft_io_read_start(&peer.io);
        turn_until_quiet(loop);

        /* The other half still works, and its end makes no noise. */
        assert_int_equal(
            weft_io_try_write(&peer.io, &(struct iovec){peer.got, 3}, 1), 3);
        weft_io_shutdown(&peer.io);
        turn_until_quiet(loop);
        end_peer(&peer);
    }
    end_loop(&fx);
}

static void test_reset(void **state)
{
    struct fixture fx;
    struct peer peer;

    (void)state;
    start_tcp(&peer, start_loop(&fx, 0));
    put(peer.fd, "last words");
    reset_peer(peer.fd);
    peer.fd = -1;
    TURN_UNTIL(fx.loop, peer.ends == 1);
    assert_int_equal(peer.end_err, WEFT_ERR_EOF);
    check_got(&peer, "last words");
    turn_until_quiet(fx.loop);
    end_peer(&peer);
    end_loop(&fx);
}

/* ---- Pausing ------------------------------------------------------------- */

static void test_pause(void **state)
{
    struct fixture fx;
    struct peer peer;

    (void)state;
    start_unix(&peer, start_loop(&fx, 4));
    peer.stop_in_data = true;
    put(peer.fd, "12345678");
    turn(fx.loop);
    check_got(&peer, "1234");

    /* Bytes that nobody wants do not keep the loop awake. */
    turn_until_quiet(fx.loop);
    weft_io_read_stop(&peer.io);
    put(peer.fd, "9");
    turn_until_quiet(fx.loop);
    check_got(&peer, "1234");

    peer.stop_in_data = false;
    weft_io_read_start(&peer.io);
    weft_io_read_start(&peer.io);
    check_got(&peer, "1234");
    turn(fx.loop);
    turn(fx.loop);
    check_got(&peer, "123456789");

    /* Stopped and started between two events. */
    weft_io_read_stop(&peer.io);
    weft_io_read_start(&peer.io);
    put(peer.fd, "0");
    turn(fx.loop);
    check_got(&peer, "1234567890");
    end_peer(&peer);
    end_loop(&fx);
}

/* A connection that ends while nobody reads: no callback, no spinning, and all
 * is told in its order when reading goes on. */
static void end_while_paused(bool tcp, bool by_reset, bool never_started)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct peer peer;

    (tcp ? start_tcp : start_unix)(&peer, loop);
    weft_io_read_stop(&peer.io);
    if (!never_started)
        turn_until_quiet(loop);
    put(peer.fd, "last words");
    if (by_reset)
        reset_peer(peer.fd);
    else
        close(peer.fd);
    peer.fd = -1;
    wait_ready(peer.io.fd, POLLIN);
    turn_until_quiet(loop);
    assert_int_equal(peer.datas + peer.ends + peer.sents, 0);

    weft_io_read_start(&peer.io);
    assert_int_equal(peer.datas + peer.ends, 0);
    TURN_UNTIL(loop, peer.ends == 1);
    check_got(&peer, "last words");
    assert_int_equal(peer.end_err, by_reset && tcp ? WEFT_ERR_EOF : 0);
    turn_until_quiet(loop);
    end_peer(&peer);
    end_loop(&fx);
}

static void test_end_while_paused(void **state)
{
    (void)state;
    for (int tcp = 0; tcp < 2; tcp++)
        for (int by_reset = 0; by_reset < 2; by_reset++)
            for (int never_started = 0; never_started < 2; never_started++)
                end_while_paused(tcp, by_reset, never_started);
}

/* ---- Closing ------------------------------------------------------------- */

/* Closing in each callback, with a second close in closed itself. */
static void test_close_in_callbacks(void **state)
{
    const struct iovec iov = {(void *)(uintptr_t) "x", 1};
    static const char *const where[] = {"data", "end", "sent", "closed"};
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);

    (void)state;
    for (size_t i = 0; i < COUNT(where); i++) {
        struct peer peer;

        start_unix(&peer, loop);
        peer.close_in_closed = true;
        peer.close_in_data = strcmp(where[i], "sent") != 0;
        peer.close_in_sent = strcmp(where[i], "sent") == 0;
        if (strcmp(where[i], "end") == 0)
            shutdown(peer.fd, SHUT_WR);
        else
            put(peer.fd, "x");
        peer.tx = (struct weft_tx){.iov = &iov, .niov = 1};
        weft_io_write(&peer.io, &peer.tx);
        if (strcmp(where[i], "closed") == 0)
            weft_io_close(&peer.io, false);
        turn(loop);
        CHECK(peer.closeds == 1, "%s: %d", where[i], peer.closeds);
        CHECK(peer.sents == peer.close_in_sent, "%s: %d", where[i], peer.sents);
        turn(loop);
        CHECK(peer.closeds == 1, "%s: %d", where[i], peer.closeds);
        close(peer.fd);
    }
    end_loop(&fx);
}

/* Two with bytes in one batch: whoever comes first closes both, and the other
 * hears nothing but its closed, in the same turn. */
static void test_close_another_of_the_batch(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct peer a, b;

    (void)state;
    start_unix(&a, loop);
    start_unix(&b, loop);
    a.closes = &b;
    b.closes = &a;
    a.close_in_data = b.close_in_data = true;
    put(a.fd, "x");
    put(b.fd, "x");
    turn(loop);
    assert_int_equal(a.datas + b.datas, 1);
    assert_int_equal(a.ends + b.ends, 0);
    assert_int_equal(a.closeds, 1);
    assert_int_equal(b.closeds, 1);
    close(a.fd);
    close(b.fd);
    end_loop(&fx);
}

static void test_close_resets_or_ends(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);

    (void)state;
    for (int reset = 0; reset < 2; reset++) {
        struct peer peer;
        char c;

        start_tcp(&peer, loop);
        weft_io_close(&peer.io, reset);
        weft_io_close(&peer.io, !reset);
        wait_ready(peer.fd, POLLIN);
        assert_int_equal(recv(peer.fd, &c, 1, 0), reset ? -1 : 0);
        if (reset)
            assert_int_equal(errno, ECONNRESET);
        end_peer(&peer);
    }
    end_loop(&fx);
}

/* A closed io, and one that was never opened, take every call. */
static void test_calls_after_close(void **state)
{
    const struct iovec iov = {(void *)(uintptr_t) "x", 1};
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct peer never = {0};
    struct peer peer;

    (void)state;
    start_unix(&peer, loop);
    weft_io_close(&peer.io, false);
    for (int i = 0; i < 2; i++) {
        struct weft_io *io = i ? &never.io : &peer.io;
        struct weft_tx tx = {.iov = &iov, .niov = 1};

        weft_io_read_start(io);
        weft_io_read_stop(io);
        weft_io_write(io, &tx);
        assert_null(io->tx);
        weft_io_shutdown(io);
        weft_io_close(io, true);
    }
    end_peer(&peer);
    assert_int_equal(peer.datas + peer.ends + peer.sents, 0);
    end_loop(&fx);
}

/* A descriptor that the kernel will not watch stays the caller's. */
static void test_open_fails(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct peer peer = {0};
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_return_code(fd, errno);
    assert_int_equal(weft_io_open(&peer.io, loop, fd, &peer_ops),
                     WEFT_ERR_SYSTEM);
    weft_io_close(&peer.io, false);
    turn(loop);
    assert_int_equal(peer.closeds, 0);
    assert_return_code(fcntl(fd, F_GETFD), errno);
    close(fd);
    end_loop(&fx);
}

static void test_shutdown(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct peer peer;
    char c;

    (void)state;
    start_tcp(&peer, loop);
    weft_io_shutdown(&peer.io);
    wait_ready(peer.fd, POLLIN);
    assert_int_equal(recv(peer.fd, &c, 1, 0), 0);
    put(peer.fd, "still here");
    TURN_UNTIL(loop, peer.got_len == 10);
    check_got(&peer, "still here");
    end_peer(&peer);
    end_loop(&fx);
}

static void test_errors(void **state)
{
    static const struct {
        int error, on_connection, on_set_up;
    } cases[] = {
        {ECONNRESET, WEFT_ERR_EOF, WEFT_ERR_SYSTEM},
        {EPIPE, WEFT_ERR_EOF, WEFT_ERR_SYSTEM},
        {ETIMEDOUT, WEFT_ERR_EOF, WEFT_ERR_SYSTEM},
        {EHOSTUNREACH, WEFT_ERR_EOF, WEFT_ERR_SYSTEM},
        {ENETUNREACH, WEFT_ERR_EOF, WEFT_ERR_SYSTEM},
        {EBADF, WEFT_ERR_SYSTEM, WEFT_ERR_SYSTEM},
        {ENOMEM, WEFT_ERR_SYSTEM, WEFT_ERR_NOMEM},
        {ENOSPC, WEFT_ERR_SYSTEM, WEFT_ERR_NOMEM},
        {EMFILE, WEFT_ERR_SYSTEM, WEFT_ERR_SYSTEM},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK(weft_io_error(cases[i].error) == cases[i].on_connection, "%d",
              cases[i].error);
        CHECK(weft_system_error(cases[i].error) == cases[i].on_set_up, "%d",
              cases[i].error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_a_receive_in_a_turn),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_end_while_paused),
        cmocka_unit_test(test_close_in_callbacks),
        cmocka_unit_test(test_close_another_of_the_batch),
        cmocka_unit_test(test_close_resets_or_ends),
        cmocka_unit_test(test_calls_after_close),
        cmocka_unit_test(test_open_fails),
        cmocka_unit_test(test_shutdown),
        cmocka_unit_test(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
