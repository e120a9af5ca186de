/* SPDX-License-Identifier: MIT */
/* Connecting, and taking a descriptor out of the loop. */
#include "loop/loop.h"

#include "peer.h"

#include <sys/un.h>

#define NONE (-1) /* connected was not called */

/* An io that connects. */
struct caller {
    struct weft_io io;
    int error; /* what connected said, or NONE */
    int calls, closeds, datas;
    bool close_in_connected, detach_in_connected;
    int detached;
};

static struct caller *caller_of(struct weft_io *io)
{
    return WEFT_OF(io, struct caller, io);
}

static void caller_data(struct weft_io *io, uint8_t *p, size_t len, int err)
{
    (void)p, (void)len, (void)err;
    caller_of(io)->datas++;
}

static void caller_sent(struct weft_io *io, int err)
{
    (void)io;
    assert_int_equal(err, 0);
}

static void caller_closed(struct weft_io *io)
{
    caller_of(io)->closeds++;
}

static void caller_connected(struct weft_io *io, int error)
{
    struct caller *caller = caller_of(io);

    assert_int_equal(caller->closeds, 0);
    caller->calls++;
    caller->error = error;
    if (caller->close_in_connected)
        weft_io_close(io, false);
    if (caller->detach_in_connected)
        caller->detached = weft_io_detach(io);
}

static const struct weft_io_ops caller_ops = {
    .data = caller_data,
    .sent = caller_sent,
    .closed = caller_closed,
    .connected = caller_connected,
};

static void open_caller(struct caller *caller, struct weft_loop *loop,
                        int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_return_code(fd, errno);
    *caller = (struct caller){.error = NONE, .detached = -1};
    assert_int_equal(weft_io_open(&caller->io, loop, fd, &caller_ops), 0);
}

static int call(struct caller *caller, const struct sockaddr_in *at)
{
    return weft_io_connect(&caller->io, (const struct sockaddr *)at,
                           sizeof(*at));
}

static void end_caller(struct caller *caller, struct weft_loop *loop)
{
    weft_io_close(&caller->io, false);
    turn(loop);
    assert_int_equal(caller->closeds, 1);
}

static int accept_one(int listener)
{
    int fd;

    wait_ready(listener, POLLIN);
    fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_return_code(fd, errno);
    return fd;
}

/* An address at which nobody listens, while the result is open. */
static int refused_at(struct sockaddr_in *at)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t len = sizeof(*at);

    assert_return_code(fd, errno);
    *at = (struct sockaddr_in){.sin_family = AF_INET};
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_return_code(bind(fd, (struct sockaddr *)at, sizeof(*at)), errno);
    assert_return_code(getsockname(fd, (struct sockaddr *)at, &len), errno);
    return fd;
}

/* An address at which nobody answers, while both descriptors are open: Linux
 * lets one connection more than the backlog wait to be accepted, and then
 * drops every SYN. */
static void silent_at(struct sockaddr_in *at, int fds[2])
{
    fds[0] = tcp_listener(at);
    assert_return_code(listen(fds[0], 0), errno);
    fds[1] = tcp_connect(at);
    wait_ready(fds[0], POLLIN);
}

/* ---- Connecting ---------------------------------------------------------- */

/* It is told in a later turn, and then bytes go both ways. */
static void test_connect(void **state)
{
    const struct iovec iov = {(void *)(uintptr_t) "hello", 5};
    struct weft_tx tx = {.iov = &iov, .niov = 1};
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct sockaddr_in at;
    int listener = tcp_listener(&at);
    struct caller caller;
    char got[5];
    int fd;

    (void)state;
    open_caller(&caller, loop, AF_INET);
    assert_int_equal(call(&caller, &at), 0);
    assert_int_equal(caller.calls, 0);
    TURN_UNTIL(loop, caller.calls == 1);
    assert_int_equal(caller.error, 0);
    turn_until_quiet(loop);

    fd = accept_one(listener);
    weft_io_write(&caller.io, &tx);
    TURN_UNTIL(loop, !caller.io.tx);
    wait_ready(fd, POLLIN);
    assert_int_equal(recv(fd, got, sizeof(got), 0), 5);
    put(fd, "hi");
    turn_until_quiet(loop);
    assert_int_equal(caller.datas, 0);
    weft_io_read_start(&caller.io);
    TURN_UNTIL(loop, caller.datas == 1);

    assert_int_equal(caller.calls, 1);
    end_caller(&caller, loop);
    close(fd);
    close(listener);
    end_loop(&fx);
}

static void test_refused(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct sockaddr_in at;
    int nobody = refused_at(&at);
    struct caller caller;

    (void)state;
    open_caller(&caller, loop, AF_INET);
    assert_int_equal(call(&caller, &at), 0);
    assert_int_equal(caller.calls, 0);
    TURN_UNTIL(loop, caller.calls == 1);
    assert_int_equal(caller.error, ECONNREFUSED);
    turn_until_quiet(loop);
    assert_int_equal(caller.calls, 1);
    end_caller(&caller, loop);
    close(nobody);
    end_loop(&fx);
}

/* A Unix socket is connected before the call returns, and told no sooner. */
static void test_success_at_once(void **state)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    socklen_t len = sizeof(sa_family_t);
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct caller caller;

    (void)state;
    /* No name at all: the kernel chooses an abstract one. */
    assert_return_code(bind(listener, (struct sockaddr *)&un, len), errno);
    assert_return_code(listen(listener, 1), errno);
    len = sizeof(un);
    assert_return_code(getsockname(listener, (struct sockaddr *)&un, &len),
                       errno);

    open_caller(&caller, loop, AF_UNIX);
    assert_int_equal(
        weft_io_connect(&caller.io, (const struct sockaddr *)&un, len), 0);
    assert_int_equal(caller.calls, 0);
    turn(loop);
    assert_int_equal(caller.calls, 1);
    assert_int_equal(caller.error, 0);
    end_caller(&caller, loop);
    close(listener);
    end_loop(&fx);
}

static void test_failure_at_once(void **state)
{
    const struct sockaddr_un nowhere = {
        .sun_family = AF_UNIX,
        .sun_path = "/nonexistent/socket",
    };
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct caller caller;

    (void)state;
    open_caller(&caller, loop, AF_UNIX);
    assert_int_equal(weft_io_connect(&caller.io,
                                     (const struct sockaddr *)&nowhere,
                                     sizeof(nowhere)),
                     ENOENT);
    turn_until_quiet(loop);
    assert_int_equal(caller.calls, 0);
    end_caller(&caller, loop);

    /* Nor is a closed one connected. */
    assert_int_equal(weft_io_connect(&caller.io,
                                     (const struct sockaddr *)&nowhere,
                                     sizeof(nowhere)),
                     EBADF);
    end_loop(&fx);
}

/* Turns without an answer pass in silence, and closing ends it. */
static void test_close_while_connecting(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct sockaddr_in at;
    struct caller caller;
    int fds[2];

    (void)state;
    silent_at(&at, fds);
    open_caller(&caller, loop, AF_INET);
    assert_int_equal(call(&caller, &at), 0);
    turn_until_quiet(loop);
    assert_int_equal(weft_loop_turn(loop, 1), 0);
    assert_int_equal(caller.calls, 0);
    end_caller(&caller, loop);
    assert_int_equal(caller.calls, 0);
    close(fds[0]);
    close(fds[1]);
    end_loop(&fx);
}

static void test_close_in_connected(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct sockaddr_in at;
    int listener = tcp_listener(&at);
    int nobody = -1;

    (void)state;
    for (int refused = 0; refused < 2; refused++) {
        struct caller caller;

        if (refused)
            nobody = refused_at(&at);
        open_caller(&caller, loop, AF_INET);
        caller.close_in_connected = true;
        assert_int_equal(call(&caller, &at), 0);
        TURN_UNTIL(loop, caller.closeds == 1);
        assert_int_equal(caller.calls, 1);
        assert_int_equal(caller.error, refused ? ECONNREFUSED : 0);
    }
    close(listener);
    close(nobody);
    end_loop(&fx);
}

/* ---- Old events ---------------------------------------------------------- */

static struct caller *late;
static const struct sockaddr_in *late_at;

static void connect_late(struct weft_io *io, uint8_t *p, size_t len, int err)
{
    (void)p, (void)len, (void)err;
    assert_int_equal(call(late, late_at), 0);
    weft_io_close(io, false);
}

/* A socket that has not begun to connect is reported as hung up. When another
 * of the batch has it connect, that report comes after, and is not taken for
 * the answer. */
static void test_event_before_connect(void **state)
{
    static const struct weft_io_ops ops = {
        .data = connect_late,
        .closed = caller_closed,
    };
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct sockaddr_in silent, at;
    int listener = tcp_listener(&at);
    struct caller first, second;
    int pair[2], fds[2];

    (void)state;
    silent_at(&silent, fds);
    for (int answered = 0; answered < 2; answered++) {
        late = &second;
        late_at = answered ? &at : &silent;
        unix_pair(pair);
        first = (struct caller){.calls = 0};
        assert_int_equal(weft_io_open(&first.io, loop, pair[0], &ops), 0);
        weft_io_read_start(&first.io);
        put(pair[1], "x"); /* the first of the batch */
        open_caller(&second, loop, AF_INET);
        turn(loop);
        assert_int_equal(first.closeds, 1);
        if (answered) {
            TURN_UNTIL(loop, second.calls == 1);
        } else {
            turn_until_quiet(loop);
            assert_int_equal(second.calls, 0);
        }
        assert_int_equal(second.error, answered ? 0 : NONE);
        end_caller(&second, loop);
        close(pair[1]);
    }
    close(fds[0]);
    close(fds[1]);
    close(listener);
    end_loop(&fx);
}

/* Nor does such a socket keep the loop awake. */
static void test_idle_before_connect(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct sockaddr_in at;
    int listener = tcp_listener(&at);
    struct caller caller;

    (void)state;
    open_caller(&caller, loop, AF_INET);
    turn_until_quiet(loop);
    assert_int_equal(call(&caller, &at), 0);
    TURN_UNTIL(loop, caller.calls == 1);
    assert_int_equal(caller.error, 0);
    end_caller(&caller, loop);
    close(listener);
    end_loop(&fx);
}

/* ---- Taking out ---------------------------------------------------------- */

/* The descriptor is as it was, with what has come for it, and the loop knows it
 * no longer. */
static void test_detach(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct peer peer;
    char got[8];
    int fd;

    (void)state;
    start_unix(&peer, loop);
    put(peer.fd, "unread");
    fd = weft_io_detach(&peer.io);
    assert_true(fd >= 0);
    assert_int_equal(weft_io_detach(&peer.io), -1);
    assert_int_equal(peer.closeds, 0);
    turn(loop);
    assert_int_equal(peer.closeds, 1);
    weft_io_close(&peer.io, true);
    turn(loop);
    assert_int_equal(peer.closeds, 1);
    assert_int_equal(peer.datas, 0);

    assert_int_equal(recv(fd, got, sizeof(got), 0), 6);
    put(fd, "still open");
    assert_true(is_readable(peer.fd));

    /* Another loop, or this one, may have it next. */
    close(peer.fd);
    start_peer(&peer, loop, fd, -1);
    TURN_UNTIL(loop, peer.ends == 1);
    end_peer(&peer);
    end_loop(&fx);
}

/* A write in progress is left as it is, and bytes of the same batch are not
 * read. */
static void test_detach_in_a_batch(void **state)
{
    const struct iovec iov = {(void *)(uintptr_t) "x", 1};
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct caller caller;
    struct weft_tx tx = {.iov = &iov, .niov = 1};
    struct sockaddr_in at;
    int listener = tcp_listener(&at);

    (void)state;
    open_caller(&caller, loop, AF_INET);
    caller.detach_in_connected = true;
    assert_int_equal(call(&caller, &at), 0);
    TURN_UNTIL(loop, caller.closeds == 1);
    assert_return_code(fcntl(caller.detached, F_GETFD), errno);
    assert_int_equal(caller.calls, 1);

    assert_int_equal(
        weft_io_open(&caller.io, loop, caller.detached, &caller_ops), 0);
    weft_io_write(&caller.io, &tx);
    assert_int_equal(weft_io_detach(&caller.io), caller.detached);
    assert_null(caller.io.tx);
    turn_until_quiet(loop);
    assert_int_equal(tx.taken, 0);
    close(caller.detached);
    close(listener);
    end_loop(&fx);
}

/* A loop that is freed tells those too, and they end what they hold. */
static void test_free_tells(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct sockaddr_in at;
    struct caller closed, detached;
    int before = lowest_fd();
    int fds[2], fd;

    (void)state;
    silent_at(&at, fds);
    open_caller(&closed, loop, AF_INET);
    open_caller(&detached, loop, AF_INET);
    assert_int_equal(call(&closed, &at), 0);
    assert_int_equal(call(&detached, &at), 0);
    weft_io_close(&closed.io, false);
    fd = weft_io_detach(&detached.io);
    end_loop(&fx);
    assert_int_equal(closed.closeds, 1);
    assert_int_equal(detached.closeds, 1);
    close(fd);
    close(fds[0]);
    close(fds[1]);
    assert_true(lowest_fd() <= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_success_at_once),
        cmocka_unit_test(test_failure_at_once),
        cmocka_unit_test(test_close_while_connecting),
        cmocka_unit_test(test_close_in_connected),
        cmocka_unit_test(test_event_before_connect),
        cmocka_unit_test(test_idle_before_connect),
        cmocka_unit_test(test_detach),
        cmocka_unit_test(test_detach_in_a_batch),
        cmocka_unit_test(test_free_tells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
