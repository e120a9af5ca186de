/* SPDX-License-Identifier: MIT */
/*
 * A visit: a WebSocket on a loop, with a user who writes down its events, and
 * the server, a bare descriptor driven between two turns of the same loop, with
 * answers and frames written by hand.
 */
#ifndef WEFT_TEST_UNIT_CLIENT_VISIT_H
#define WEFT_TEST_UNIT_CLIENT_VISIT_H

#include "visit_user.h"

#include <netinet/tcp.h>

/* ---- Making and ending it ------------------------------------------------ */

/* On a loop of another's. */
static inline void visit_init_on(struct visit *v, struct weft_loop *loop)
{
    *v = (struct visit){.fd = -1, .loop = loop};
    v->listener = tcp_listener(&v->at_address);
    snprintf(v->url, sizeof(v->url), "ws://127.0.0.1:%u/chat",
             ntohs(v->at_address.sin_port));
    v->opts = (struct weft_socket_opts){
        .size = sizeof(v->opts),
        .events = &visit_events,
        .user = v,
        .proxy = "",
    };
    text_add(&v->words, "%s", "");
}

static inline void visit_init(struct visit *v)
{
    visit_init_on(v, NULL);
    v->loop = start_loop(&v->fx, 0);
}

/* The result of weft_socket_new. */
static inline int visit_try(struct visit *v)
{
    int err;

    v->ws = NULL;
    v->inside++;
    err = weft_socket_new(&v->ws, v->loop, v->url, &v->opts);
    v->inside--;
    return err;
}

static inline void visit_begin(struct visit *v)
{
    assert_int_equal(visit_try(v), 0);
    assert_int_equal(weft_socket_ready_state(v->ws), WEFT_CONNECTING);
    assert_int_equal(v->words.len, 0);
}

static inline void server_hangs_up(struct visit *v)
{
    if (v->fd >= 0)
        close(v->fd);
    v->fd = -1;
}

/* Frees the socket if need be and then the loop, without another turn. */
static inline void visit_close(struct visit *v)
{
    if (v->ws)
        user_free(v);
    if (v->fx.loop)
        end_loop(&v->fx);
    server_hangs_up(v);
    if (v->listener >= 0)
        close(v->listener);
    bytes_release(&v->words);
    bytes_release(&v->heads);
    bytes_release(&v->got);
}

static inline const char *visit_words(const struct visit *v)
{
    return text_of(&v->words);
}

/* Turns until the words are these; other words fail the test. */
static inline void visit_expect(struct visit *v, const char *words)
{
    uint64_t until = weft_clock() + PATIENCE_NS;

    while (strcmp(visit_words(v), words) != 0) {
        CHECK(weft_clock() < until && !v->told[AT_CLOSE],
              "\"%s\", not \"%s\"; %s", visit_words(v), words, v->why);
        assert_int_equal(weft_loop_turn(v->loop, 10), 0);
    }
}

/* Forgets the words. */
static inline void visit_forget(struct visit *v)
{
    v->words.len = 0;
    text_add(&v->words, "%s", "");
}

/* Turns until it is closed; a few more turns tell nothing more. */
static inline void visit_ends(struct visit *v)
{
    TURN_UNTIL(v->loop, v->told[AT_CLOSE]);
    for (int i = 0; i < 3; i++)
        turn(v->loop);
}

/* ---- The server ---------------------------------------------------------- */

/* What it sends leaves at once, also before a RST. */
static inline void server_accepts(struct visit *v)
{
    int on = 1;

    TURN_UNTIL(v->loop, is_readable(v->listener));
    v->fd = accept4(v->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_return_code(v->fd, errno);
    assert_return_code(
        setsockopt(v->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), errno);
}

/* Takes at most len of the bytes that are there; whether there were any. */
static inline bool server_takes(struct visit *v, size_t len)
{
    static uint8_t buf[65536];
    ssize_t n =
        recv(v->fd, buf, len < sizeof(buf) ? len : sizeof(buf), MSG_DONTWAIT);

    if (n > 0)
        bytes_add(&v->got, buf, (size_t)n);
    if (n == 0)
        v->got_end = true;
    if (n < 0 && errno != EAGAIN)
        v->got_error = errno;
    return n > 0;
}

static inline void server_puts(struct visit *v, const void *bytes, size_t len)
{
    assert_int_equal(send(v->fd, bytes, len, MSG_NOSIGNAL), len);
}

static inline void server_says(struct visit *v, const char *text)
{
    server_puts(v, text, strlen(text));
}

/* Frames as hex digits, which go as they are. */
static inline void server_frames(struct visit *v, const char *hex)
{
    uint8_t out[1024];

    server_puts(v, out, unhex(out, hex));
}

/* Waits for a request, remembers its key, and returns it. */
static inline const char *server_request(struct visit *v)
{
    static char head[4096];
    const char *key, *end = NULL;
    uint64_t until = weft_clock() + PATIENCE_NS;

    while (!end) {
        CHECK(weft_clock() < until, "%zu bytes of a request", v->got.len);
        while (server_takes(v, SIZE_MAX))
            ;
        if (v->got.len > 0)
            end = memmem(v->got.data, v->got.len, "\r\n\r\n", 4);
        if (!end)
            assert_int_equal(weft_loop_turn(v->loop, 10), 0);
    }
    assert_ptr_equal(end + 4, (char *)v->got.data + v->got.len);
    snprintf(head, sizeof(head), "%.*s", (int)v->got.len, v->got.data);
    v->got.len = 0;
    key = request_field(head, "Sec-WebSocket-Key");
    snprintf(v->key, sizeof(v->key), "%s", key ? key : "");
    return head;
}

/* Answers as it should, with more fields, and perhaps frames behind. */
static inline void server_agrees(struct visit *v, const char *fields,
                                 const char *hex)
{
    uint8_t frames[1024];
    const char *answer = agreeing(v->key, fields);
    struct bytes out = {0};

    bytes_add(&out, answer, strlen(answer));
    bytes_add(&out, frames, unhex(frames, hex));
    server_puts(v, out.data, out.len);
    bytes_release(&out);
}

/* The frames that have come whole, as words; how many bytes they are. */
static inline size_t server_describe(struct visit *v, struct bytes *words)
{
    struct wire_frame frame;
    size_t at = 0, used;

    while ((used = wire_read(&frame, v->got.data + at, v->got.len - at)) > 0) {
        if (frame.opcode == 8 && frame.len > 2)
            snprintf(v->got_reason, sizeof(v->got_reason), "%.*s",
                     (int)frame.len - 2, frame.payload + 2);
        free(frame.payload);
        at += used;
    }
    words->len = 0;
    text_add(words, "%s", "");
    wire_describe(words, WEFT_CLIENT, v->got.data, at);
    return at;
}

static inline void server_forget(struct visit *v, size_t len, const char *words)
{
    CHECK(!v->got_close || len == 0, "\"%s\" after a close frame", words);
    v->got_close |= strstr(words, "close:") != NULL;
    memmove(v->got.data, v->got.data + len, v->got.len - len);
    v->got.len -= len;
}

/* Turns until the server has got frames, which must be these. */
static inline void server_expect(struct visit *v, const char *words)
{
    uint64_t until = weft_clock() + PATIENCE_NS;
    struct bytes got = {0};
    size_t len;

    for (;;) {
        while (server_takes(v, SIZE_MAX))
            ;
        len = server_describe(v, &got);
        if (!strcmp(text_of(&got), words))
            break;
        CHECK(weft_clock() < until && !v->got_end && !v->got_error,
              "\"%s\", not \"%s\"", text_of(&got), words);
        assert_int_equal(weft_loop_turn(v->loop, 10), 0);
    }
    server_forget(v, len, words);
    bytes_release(&got);
}

/* Turns, and has the server read, until cond holds. */
#define READ_UNTIL(v, cond)                                                    \
    do {                                                                       \
        uint64_t until_ = weft_clock() + PATIENCE_NS;                          \
        while (server_takes(v, SIZE_MAX) || !(cond)) {                         \
            CHECK(weft_clock() < until_, "it never happened");                 \
            assert_int_equal(weft_loop_turn((v)->loop, 1), 0);                 \
        }                                                                      \
    } while (0)

/* Turns until the stream to the server has ended. */
static inline void server_reads_to_end(struct visit *v)
{
    READ_UNTIL(v, v->got_end || v->got_error);
}

/* The same, with nothing before it that it has not looked at. */
static inline void server_sees_end(struct visit *v)
{
    server_reads_to_end(v);
    CHECK(v->got.len == 0, "%zu more bytes", v->got.len);
}

/* ---- What most visits begin with ----------------------------------------- */

static inline void visit_knocks(struct visit *v)
{
    visit_begin(v);
    server_accepts(v);
    (void)server_request(v);
}

static inline void visit_enters(struct visit *v)
{
    visit_knocks(v);
    server_agrees(v, "", "");
    TURN_UNTIL(v->loop, v->told[AT_OPEN]);
}

/* All of it by default, up to the open event. */
static inline void visit_open(struct visit *v)
{
    visit_init(v);
    visit_enters(v);
}

#endif
