/* SPDX-License-Identifier: MIT */
/* What only epoll has: which events are armed when. All that any poller must
 * do is in io_test.c and accept_test.c. */
#include "loop/poller.h"

#include "turns.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>

/* The events for which fd is registered, as the kernel tells them in
 * /proc/self/fdinfo; -1: not registered. */
static long registered(const struct weft_loop *loop, int fd)
{
    char path[64], line[256];
    long events = -1;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", weft_loop_fd(loop));
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        unsigned mask;
        int tfd;

        if (sscanf(line, "tfd: %d events: %x", &tfd, &mask) == 2 && tfd == fd)
            events = (long)(mask & ~(unsigned)(EPOLLERR | EPOLLHUP));
    }
    fclose(file);
    return events;
}

static int datas, sents;

static void on_data(struct weft_io *io, uint8_t *p, size_t len, int err)
{
    (void)io, (void)p, (void)len, (void)err;
    datas++;
}

static void on_sent(struct weft_io *io, int err)
{
    (void)io;
    assert_int_equal(err, 0);
    sents++;
}

static void on_closed(struct weft_io *io)
{
    (void)io;
}

static const struct weft_io_ops ops = {on_data, on_sent, on_closed};

/* What every descriptor is registered for. */
#define EDGES (EPOLLIN | EPOLLRDHUP | (long)EPOLLET)

static void test_what_nobody_wants_wakes_once(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct weft_io io;
    int fds[2];

    (void)state;
    unix_pair(fds);
    datas = 0;
    assert_int_equal(weft_io_open(&io, loop, fds[0], &ops), 0);
    assert_int_equal(registered(loop, fds[0]), EDGES);
    weft_io_read_start(&io);
    weft_io_read_stop(&io);
    put(fds[1], "x");
    turn(loop);
    assert_int_equal(datas, 0);
    assert_false(is_readable(weft_loop_fd(loop)));

    weft_io_read_start(&io);
    turn(loop);
    assert_int_equal(datas, 1);
    assert_false(is_readable(weft_loop_fd(loop)));

    /* Nor does the end, told or not. */
    shutdown(fds[1], SHUT_WR);
    turn(loop);
    assert_int_equal(datas, 2);
    assert_false(is_readable(weft_loop_fd(loop)));
    weft_io_read_start(&io);
    assert_false(is_readable(weft_loop_fd(loop)));

    weft_io_close(&io, false);
    assert_int_equal(registered(loop, fds[0]), -1);
    close(fds[1]);
    end_loop(&fx);
}

/* There is one edge for all that comes before it is looked at. */
static void test_one_edge_tells_all(void **state)
{
    static const struct {
        const char *bytes; /* the buffer holds four */
        bool ends;
        int datas;
    } cases[] = {
        {"a", false, 1},        {"abcd", false, 1}, {"abcde", false, 2},
        {"abcd", true, 2},      {"a", true, 2},     {"", true, 1},
        {"abcdefghi", true, 4},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture fx;
        struct weft_loop *loop = start_loop(&fx, 4);
        struct weft_io io;
        int fds[2];

        unix_pair(fds);
        datas = 0;
        assert_int_equal(weft_io_open(&io, loop, fds[0], &ops), 0);
        weft_io_read_start(&io);
        if (*cases[i].bytes)
            put(fds[1], cases[i].bytes);
        if (cases[i].ends)
            shutdown(fds[1], SHUT_WR);
        turn_until_quiet(loop);
        CHECK(datas == cases[i].datas, "case %zu: %d calls", i, datas);
        weft_io_close(&io, false);
        close(fds[1]);
        end_loop(&fx);
    }
}

static void test_writing_is_armed(void **state)
{
    static uint8_t big[1 << 20];
    const struct iovec iov = {big, sizeof(big)};
    struct weft_tx tx = {.iov = &iov, .niov = 1};
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct weft_io io;
    int fds[2];

    (void)state;
    unix_pair(fds);
    sents = 0;
    assert_int_equal(weft_io_open(&io, loop, fds[0], &ops), 0);
    weft_io_read_start(&io);
    weft_io_write(&io, &tx);
    assert_int_equal(registered(loop, fds[0]), EDGES | EPOLLOUT);
    turn_until_quiet(loop);
    assert_int_equal(sents, 0);
    assert_int_equal(registered(loop, fds[0]), EDGES | EPOLLOUT);

    for (int i = 0; sents == 0; i++) {
        CHECK(i < 1000, "not sent");
        while (recv(fds[1], big, sizeof(big), 0) > 0)
            ;
        turn(loop);
    }
    assert_int_equal(registered(loop, fds[0]), EDGES);
    weft_io_close(&io, false);
    close(fds[1]);
    end_loop(&fx);
}

static void on_connected(struct weft_io *io, int error)
{
    (void)io;
    assert_int_equal(error, 0);
}

static void test_connecting_is_armed(void **state)
{
    static const struct weft_io_ops connecting = {
        .closed = on_closed,
        .connected = on_connected,
    };
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct sockaddr_in at;
    int listener = tcp_listener(&at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct weft_io io;

    (void)state;
    assert_int_equal(weft_io_open(&io, loop, fd, &connecting), 0);
    assert_int_equal(
        weft_io_connect(&io, (const struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(registered(loop, fd), EDGES | EPOLLOUT);
    wait_ready(weft_loop_fd(loop), POLLIN);
    turn(loop);
    assert_int_equal(registered(loop, fd), EDGES);
    assert_int_equal(weft_io_detach(&io), fd);
    assert_int_equal(registered(loop, fd), -1);
    close(fd);
    close(listener);
    end_loop(&fx);
}

/* The wake, and a descriptor ended in both directions while nobody waits for
 * anything on it, are reported once. */
static void test_hang_up_is_reported_once(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct weft_io io;
    int fds[2];

    (void)state;
    unix_pair(fds);
    assert_int_equal(weft_io_open(&io, loop, fds[0], &ops), 0);
    datas = sents = 0;
    close(fds[1]);
    turn_until_quiet(loop);
    for (int i = 0; i < 3; i++) {
        weft_loop_wake(loop);
        turn_until_quiet(loop);
    }
    assert_false(is_readable(weft_loop_fd(loop)));
    assert_int_equal(datas + sents, 0);
    weft_io_close(&io, false);
    end_loop(&fx);
}

#define CROWD 400

/* More are ready than one batch holds: all are served within two turns. */
static void test_more_than_a_batch(void **state)
{
    static struct weft_io ios[CROWD];
    static int others[CROWD];
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);

    (void)state;
    datas = 0;
    for (int i = 0; i < CROWD; i++) {
        int fds[2];

        unix_pair(fds);
        assert_int_equal(weft_io_open(&ios[i], loop, fds[0], &ops), 0);
        weft_io_read_start(&ios[i]);
        others[i] = fds[1];
        put(fds[1], "x");
    }
    turn(loop);
    assert_int_equal(datas, 256);
    turn(loop);
    assert_int_equal(datas, CROWD);
    for (int i = 0; i < CROWD; i++) {
        weft_io_close(&ios[i], false);
        close(others[i]);
    }
    end_loop(&fx);
}

static void no_connection(struct weft_acceptor *acceptor, int fd,
                          const struct sockaddr_storage *peer,
                          socklen_t peer_len)
{
    (void)acceptor, (void)fd, (void)peer, (void)peer_len;
    fail();
}

static void test_acceptor_is_exclusive(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct weft_acceptor acceptor = {.accepted = no_connection};
    struct sockaddr_in at;
    int fd = tcp_listener(&at);

    (void)state;
    assert_int_equal(weft_acceptor_start(&acceptor, loop, fd), 0);
    assert_int_equal(registered(loop, fd) &
                         (uint32_t)(EPOLLEXCLUSIVE | EPOLLIN),
                     (uint32_t)EPOLLEXCLUSIVE | EPOLLIN);
    weft_acceptor_stop(&acceptor);
    assert_int_equal(registered(loop, fd), -1);
    close(fd);
    end_loop(&fx);
}

/* ---- Looking before sleeping --------------------------------------------- */

static void *write_later(void *arg)
{
    const int *fd = arg;

    assert_int_equal(write(*fd, "x", 1), 1);
    return NULL;
}

static void note_ring(struct weft_alarm *alarm)
{
    (void)alarm;
    sents++;
}

/* It ends for what comes over a descriptor or from another thread, and for an
 * alarm, long before the time for which it would look. */
static void test_busy_poll(void **state)
{
    const struct weft_loop_opts opts = {
        .size = sizeof(opts),
        .busy_poll_us = UINT64_C(3600) * 1000000,
    };
    struct weft_alarm alarm = {.ring = note_ring};
    struct weft_loop *loop;
    struct weft_io io;
    pthread_t thread;
    int fds[2];

    (void)state;
    datas = sents = 0;
    assert_int_equal(weft_loop_new(&loop, &opts), 0);
    unix_pair(fds);
    assert_int_equal(weft_io_open(&io, loop, fds[0], &ops), 0);
    weft_io_read_start(&io);
    assert_int_equal(pthread_create(&thread, NULL, write_later, &fds[1]), 0);
    while (datas == 0)
        assert_int_equal(weft_loop_turn(loop, -1), 0);
    pthread_join(thread, NULL);

    weft_alarm_set(loop, &alarm, weft_clock() + 1000000);
    while (sents == 0)
        assert_int_equal(weft_loop_turn(loop, -1), 0);
    weft_loop_wake(loop);
    assert_int_equal(weft_loop_turn(loop, -1), 0);
    assert_int_equal(weft_loop_turn(loop, 1), 0);
    assert_int_equal(weft_loop_turn(loop, 0), 0);

    weft_io_close(&io, false);
    assert_int_equal(weft_loop_turn(loop, 0), 0);
    close(fds[1]);
    weft_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_nobody_wants_wakes_once),
        cmocka_unit_test(test_one_edge_tells_all),
        cmocka_unit_test(test_writing_is_armed),
        cmocka_unit_test(test_connecting_is_armed),
        cmocka_unit_test(test_hang_up_is_reported_once),
        cmocka_unit_test(test_more_than_a_batch),
        cmocka_unit_test(test_acceptor_is_exclusive),
        cmocka_unit_test(test_busy_poll),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
