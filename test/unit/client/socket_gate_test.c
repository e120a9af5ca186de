/* SPDX-License-Identifier: MIT */
/*
 * RFC 6455 section 4.1: no more than one connection to a host is CONNECTING,
 * and the next begins when that one is open or has failed. The server here is a
 * listener that answers when it is told to.
 */
#include "../loop/turns.h"
#include "base/slice.h"
#include "tls/crypto.h"
#include "ws/handshake.h"
#include <weft/client.h>

#include <stdio.h>

#define SOCKETS 3

struct caller {
    struct weft_socket *ws;
    int opened, closed, err;
};

struct scene {
    struct fixture fx;
    int listener;
    unsigned port;
    struct caller callers[SOCKETS];
};

static void on_open(struct weft_socket *ws)
{
    ((struct caller *)weft_socket_user(ws))->opened++;
}

static void on_error(struct weft_socket *ws, int err, const char *why)
{
    (void)why;
    ((struct caller *)weft_socket_user(ws))->err = err;
}

static void on_close(struct weft_socket *ws, const struct weft_closed *how)
{
    (void)how;
    ((struct caller *)weft_socket_user(ws))->closed++;
}

static const struct weft_socket_events events = {
    .open = on_open, .error = on_error, .close = on_close};

static void scene_open(struct scene *s)
{
    struct sockaddr_in at;

    *s = (struct scene){0};
    start_loop(&s->fx, 4096);
    s->listener = tcp_listener(&at);
    s->port = ntohs(at.sin_port);
}

static void call(struct scene *s, int i, const char *host,
                 const struct weft_socket_opts *more)
{
    struct weft_socket_opts opts = *more;
    char url[64];

    opts.size = sizeof(opts);
    opts.events = &events;
    opts.user = &s->callers[i];
    opts.proxy = "";
    snprintf(url, sizeof(url), "ws://%s:%u/", host, s->port);
    assert_int_equal(weft_socket_new(&s->callers[i].ws, s->fx.loop, url, &opts),
                     0);
}

static void scene_close(struct scene *s)
{
    for (int i = 0; i < SOCKETS; i++)
        weft_socket_free(s->callers[i].ws);
    close(s->listener);
    turn(s->fx.loop);
    end_loop(&s->fx);
}

static int accept_next(struct scene *s)
{
    int fd;

    TURN_UNTIL(s->fx.loop, is_readable(s->listener));
    fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_return_code(fd, errno);
    return fd;
}

/* Whether nothing comes over the descriptor while all sockets do what they can
 * do by themselves. */
static bool is_quiet(struct scene *s, int fd)
{
    for (int i = 0; i < 20; i++)
        turn(s->fx.loop);
    return !is_readable(fd);
}

/* Waits for a request, and agrees to it. */
static void agree(struct scene *s, int fd)
{
    static const char name[] = "Sec-WebSocket-Key: ";
    struct weft_slice key = {NULL, WEFT_KEY_LEN};
    char accept[WEFT_ACCEPT_LEN + 1], answer[256], text[1024];
    ssize_t n;

    TURN_UNTIL(s->fx.loop, is_readable(fd));
    n = recv(fd, text, sizeof(text) - 1, 0);
    assert_true(n > 0);
    text[n] = '\0';
    key.ptr = strstr(text, name);
    assert_non_null(key.ptr);
    key.ptr += sizeof(name) - 1;
    assert_int_equal(weft_handshake_accept(weft_sha1, key, accept), 0);
    snprintf(answer, sizeof(answer),
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
             accept);
    put(fd, answer);
}

/* Three call at once: the second is heard when the first is open, the third
 * when the second has failed. */
static void test_one_after_the_other(void **state)
{
    struct scene s;
    int fds[SOCKETS];

    (void)state;
    scene_open(&s);
    for (int i = 0; i < SOCKETS; i++)
        call(&s, i, "127.0.0.1", &(struct weft_socket_opts){0});
    fds[0] = accept_next(&s);
    assert_true(is_quiet(&s, s.listener));
    agree(&s, fds[0]);
    TURN_UNTIL(s.fx.loop, s.callers[0].opened);

    fds[1] = accept_next(&s);
    assert_true(is_quiet(&s, s.listener));
    close(fds[1]);
    TURN_UNTIL(s.fx.loop, s.callers[1].closed);

    fds[2] = accept_next(&s);
    agree(&s, fds[2]);
    TURN_UNTIL(s.fx.loop, s.callers[2].opened);
    close(fds[0]);
    close(fds[2]);
    scene_close(&s);
}

/* The same host by another name: it may connect, and asks for nothing before
 * its turn. */
static void test_another_name(void **state)
{
    struct scene s;
    int fds[2];

    (void)state;
    scene_open(&s);
    call(&s, 0, "127.0.0.1", &(struct weft_socket_opts){0});
    call(&s, 1, "localhost", &(struct weft_socket_opts){0});
    fds[0] = accept_next(&s);
    fds[1] = accept_next(&s);
    TURN_UNTIL(s.fx.loop, is_readable(fds[0]));
    assert_true(is_quiet(&s, fds[1]));
    agree(&s, fds[0]);
    TURN_UNTIL(s.fx.loop, s.callers[0].opened);
    agree(&s, fds[1]);
    TURN_UNTIL(s.fx.loop, s.callers[1].opened);
    close(fds[0]);
    close(fds[1]);
    scene_close(&s);
}

/* A server that speaks before it was asked is no WebSocket server. */
static void test_spoken_to_before_its_turn(void **state)
{
    struct scene s;
    int fds[2];

    (void)state;
    scene_open(&s);
    call(&s, 0, "127.0.0.1", &(struct weft_socket_opts){0});
    call(&s, 1, "localhost", &(struct weft_socket_opts){0});
    fds[0] = accept_next(&s);
    fds[1] = accept_next(&s);
    put(fds[1], "220 mail\r\n");
    TURN_UNTIL(s.fx.loop, s.callers[1].closed);
    assert_int_equal(s.callers[1].err, WEFT_ERR_PROTOCOL);
    assert_int_equal(s.callers[0].closed, 0);
    close(fds[0]);
    close(fds[1]);
    scene_close(&s);
}

static void test_parallel(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s);
    for (int i = 0; i < SOCKETS; i++)
        call(&s, i, "127.0.0.1", &(struct weft_socket_opts){.parallel = true});
    for (int i = 0; i < SOCKETS; i++) {
        int fd = accept_next(&s);

        agree(&s, fd);
        TURN_UNTIL(s.fx.loop, s.callers[0].opened + s.callers[1].opened +
                                      s.callers[2].opened ==
                                  i + 1);
        close(fd);
    }
    scene_close(&s);
}

/* One that waits may be given back, or closed, and so may the one that it waits
 * for. */
static void test_free_and_close(void **state)
{
    struct scene s;
    int fd;

    (void)state;
    scene_open(&s);
    for (int i = 0; i < SOCKETS; i++)
        call(&s, i, "127.0.0.1", &(struct weft_socket_opts){0});
    fd = accept_next(&s);
    close(fd);
    assert_int_equal(weft_socket_close(s.callers[1].ws, 0, NULL), 0);
    TURN_UNTIL(s.fx.loop, s.callers[1].closed);
    assert_int_equal(s.callers[1].err, WEFT_ERR_GONE);
    weft_socket_free(s.callers[0].ws);
    s.callers[0].ws = NULL;
    fd = accept_next(&s);
    agree(&s, fd);
    TURN_UNTIL(s.fx.loop, s.callers[2].opened);
    close(fd);
    scene_close(&s);
}

/* The wait counts: whoever waits too long fails, and says for what. */
static void test_waits_too_long(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s);
    call(&s, 0, "127.0.0.1", &(struct weft_socket_opts){0});
    call(&s, 1, "127.0.0.1", &(struct weft_socket_opts){.connect_ms = 20});
    TURN_UNTIL(s.fx.loop, s.callers[1].closed);
    assert_int_equal(s.callers[1].err, WEFT_ERR_TIMEOUT);
    assert_int_equal(s.callers[0].closed, 0);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_after_the_other),
        cmocka_unit_test(test_another_name),
        cmocka_unit_test(test_spoken_to_before_its_turn),
        cmocka_unit_test(test_parallel),
        cmocka_unit_test(test_free_and_close),
        cmocka_unit_test(test_waits_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
