/* SPDX-License-Identifier: MIT */
/*
 * What the tests of loop and net share: turning a loop until something has
 * happened, and connected sockets.
 */
#ifndef WEFT_TEST_UNIT_LOOP_TURNS_H
#define WEFT_TEST_UNIT_LOOP_TURNS_H

#include "loop/poller.h"
#include "support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Far more than any test needs; only a failing one comes to it. */
#define PATIENCE_NS UINT64_C(20000000000)

/* Turns the loop until cond holds. */
#define TURN_UNTIL(loop, cond)                                                 \
    do {                                                                       \
        uint64_t until_ = weft_clock() + PATIENCE_NS;                          \
        while (!(cond)) {                                                      \
            CHECK(weft_clock() < until_, "it never happened");                 \
            assert_int_equal(weft_loop_turn(loop, 100), 0);                    \
        }                                                                      \
    } while (0)

/* One turn that does not wait. */
static inline void turn(struct weft_loop *loop)
{
    assert_int_equal(weft_loop_turn(loop, 0), 0);
}

/* Whether fd is readable now. */
static inline bool is_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

/* Waits until fd is ready for one of the events. */
static inline void wait_ready(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};

    assert_int_equal(poll(&p, 1, (int)(PATIENCE_NS / 1000000)), 1);
}

/* Turns the loop until the kernel has nothing more to say; a loop that spins
 * fails. */
static inline void turn_until_quiet(struct weft_loop *loop)
{
    for (int i = 0; is_readable(weft_loop_fd(loop)); i++) {
        CHECK(i < 8, "the loop spins");
        turn(loop);
    }
}

static inline void set_nonblocking(int fd)
{
    assert_return_code(fcntl(fd, F_SETFL, O_NONBLOCK), errno);
}

static inline void unix_pair(int fds[2])
{
    assert_return_code(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
        errno);
}

/* A socket that listens on a free port of 127.0.0.1, which *at becomes. */
static inline int tcp_listener(struct sockaddr_in *at)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t len = sizeof(*at);

    assert_return_code(fd, errno);
    *at = (struct sockaddr_in){.sin_family = AF_INET};
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_return_code(bind(fd, (struct sockaddr *)at, sizeof(*at)), errno);
    assert_return_code(listen(fd, 512), errno);
    assert_return_code(getsockname(fd, (struct sockaddr *)at, &len), errno);
    return fd;
}

/* Connected, with the listener's queue as the other end. */
static inline int tcp_connect(const struct sockaddr_in *at)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_return_code(fd, errno);
    assert_return_code(connect(fd, (const struct sockaddr *)at, sizeof(*at)),
                       errno);
    set_nonblocking(fd);
    return fd;
}

static inline void tcp_pair(int fds[2])
{
    struct sockaddr_in at;
    int listener = tcp_listener(&at);

    fds[0] = tcp_connect(&at);
    wait_ready(listener, POLLIN);
    fds[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_return_code(fds[1], errno);
    close(listener);
}

/* Closes with a RST instead of a FIN. */
static inline void reset_peer(int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    assert_return_code(
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)),
        errno);
    close(fd);
}

static inline void put(int fd, const char *text)
{
    size_t len = strlen(text);

    assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
}

/* The lowest free descriptor: the same before and after if none leaked. */
static inline int lowest_fd(void)
{
    int fd = dup(0);

    assert_return_code(fd, errno);
    close(fd);
    return fd;
}

/* Lets the process have descriptors below limit only; returns what it was. */
static inline rlim_t limit_descriptors(rlim_t limit)
{
    struct rlimit rl;
    rlim_t before;

    assert_return_code(getrlimit(RLIMIT_NOFILE, &rl), errno);
    before = rl.rlim_cur;
    rl.rlim_cur = limit;
    assert_return_code(setrlimit(RLIMIT_NOFILE, &rl), errno);
    return before;
}

/* A loop that must have given back all its memory when it is freed. */
struct fixture {
    struct weft_loop *loop;
    struct fail_mem fm;
    struct weft_mem mem;
};

static inline struct weft_loop *start_loop(struct fixture *fx, size_t read_size)
{
    const struct weft_loop_opts opts = {
        .size = sizeof(opts),
        .mem = &fx->mem,
        .read_size = read_size,
    };

    fx->fm = (struct fail_mem){.left = -1};
    fx->mem = (struct weft_mem){fail_realloc, &fx->fm};
    assert_int_equal(weft_loop_new(&fx->loop, &opts), 0);
    return fx->loop;
}

static inline void end_loop(struct fixture *fx)
{
    weft_loop_free(fx->loop);
    CHECK(fx->fm.live == 0, "%zu bytes leaked", fx->fm.live);
}

#endif
