/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the session share: sessions on a loop, each with an owner
 * that writes down what it is told, and the other end of the socket, which is
 * another session or a bare descriptor with frames written by hand.
 *
 * The owner checks on the way that ended comes once, that nothing but closed
 * comes behind it, and nothing at all behind that.
 */
#ifndef WEFT_TEST_UNIT_SESSION_SIDE_H
#define WEFT_TEST_UNIT_SESSION_SIDE_H

#include "../loop/turns.h"
#include "base/list.h"
#include "session/session.h"
#include "wire.h"

#include <stdlib.h>

#define SIDES_MAX 4

struct side;

struct world {
    struct fixture fx;
    struct weft_loop *loop;
    struct side *sides[SIDES_MAX];
    size_t count;
};

struct side {
    struct weft_session s;
    struct world *world;
    struct weft_session_conf conf;
    struct fail_mem fm;
    struct weft_mem mem;
    uint64_t seed;

    /* What the owner was told, and what it does then. */
    struct bytes words;
    int messages, ended, closed, drains, dirtied;
    int end_err;
    bool is_dirty;
    bool is_cut;       /* by the test: ended does not come */
    struct bytes held; /* what came while it was held */
    void (*on_message)(struct side *side, const struct weft_message *msg);
    void (*on_drain)(struct side *side);
    void (*on_ended)(struct side *side);
    struct side *friend; /* for these */
    int last;            /* result of the last call in one of them */

    /* The other end, if it is no session. */
    int fd;
    struct bytes got;
    bool got_end;  /* the stream has ended */
    int got_error; /* errno */
};

/* ---- The owner ----------------------------------------------------------- */

static inline struct side *side_of(struct weft_session *s)
{
    return WEFT_OF(s, struct side, s);
}

static inline void side_word(struct side *side, const char *name)
{
    CHECK(!side->closed, "%s after closed", name);
    text_add(&side->words, "%s%s", side->words.len ? " " : "", name);
}

static inline void side_data(struct side *side, const struct weft_message *msg)
{
    const char *name = msg->kind == WEFT_TEXT     ? "text:"
                       : msg->kind == WEFT_BINARY ? "binary:"
                       : msg->kind == WEFT_PING   ? "ping:"
                                                  : "pong:";

    CHECK(!side->ended, "%s after ended", name);
    side_word(side, name);
    text_add_payload(&side->words, msg->data, msg->len);
}

static inline void side_on_message(struct weft_session *s,
                                   const struct weft_message *msg)
{
    struct side *side = side_of(s);

    assert_true(msg->kind == WEFT_TEXT || msg->kind == WEFT_BINARY);
    side->messages++;
    side_data(side, msg);
    if (side->on_message)
        side->on_message(side, msg);
}

static inline void side_on_control(struct weft_session *s,
                                   const struct weft_message *msg)
{
    assert_true(msg->kind == WEFT_PING || msg->kind == WEFT_PONG);
    side_data(side_of(s), msg);
}

static inline void side_on_drain(struct weft_session *s)
{
    struct side *side = side_of(s);

    CHECK(!side->ended, "drain after ended");
    side->drains++;
    if (side->on_drain)
        side->on_drain(side);
}

static inline void side_on_ended(struct weft_session *s,
                                 const struct weft_closed *how)
{
    struct side *side = side_of(s);

    CHECK(!side->ended, "ended twice");
    CHECK(how->clean == (how->err == 0), "clean %d, error %d", how->clean,
          how->err);
    side_word(side, "ended:");
    text_add(&side->words, "%u%s", (unsigned)how->code,
             how->reason_len ? "/" : "");
    text_add_payload(&side->words, how->reason, how->reason_len);
    side->ended++;
    side->end_err = how->err;
    if (side->on_ended)
        side->on_ended(side);
}

static inline void side_on_closed(struct weft_session *s)
{
    struct side *side = side_of(s);

    CHECK(side->ended == 1 || side->is_cut, "closed without ended");
    side_word(side, "closed");
    side->closed++;
    weft_session_release(s);
}

static inline void side_on_held(struct weft_session *s, const uint8_t *p,
                                size_t len)
{
    assert_true(len > 0);
    bytes_add(&side_of(s)->held, p, len);
}

static inline void side_on_dirty(struct weft_session *s)
{
    struct side *side = side_of(s);

    side->is_dirty = true;
    side->dirtied++;
}

static const struct weft_session_ops side_ops = {
    .message = side_on_message,
    .control = side_on_control,
    .drain = side_on_drain,
    .ended = side_on_ended,
    .closed = side_on_closed,
    .held = side_on_held,
    .dirty = side_on_dirty,
};

/* ---- The world ----------------------------------------------------------- */

static inline void world_turn_end(void *owner)
{
    struct world *w = owner;
    struct side *dirty[SIDES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < w->count; i++)
        if (w->sides[i]->is_dirty)
            dirty[count++] = w->sides[i];
    for (size_t i = 0; i < count; i++) {
        dirty[i]->is_dirty = false;
        weft_session_settle(&dirty[i]->s);
    }
    for (size_t i = 0; i < w->count; i++)
        if (w->sides[i]->is_dirty)
            weft_loop_wake(w->loop);
}

static inline void world_open(struct world *w, size_t read_size)
{
    *w = (struct world){.count = 0};
    w->loop = start_loop(&w->fx, read_size);
    weft_loop_set_owner(w->loop, w, world_turn_end);
}

/* All sides must have been closed. */
static inline void world_close(struct world *w)
{
    for (size_t i = 0; i < w->count; i++) {
        struct side *side = w->sides[i];

        CHECK(side->closed == 1, "side %zu is not closed", i);
        CHECK(side->fm.live == 0, "%zu bytes leaked", side->fm.live);
        bytes_release(&side->words);
        bytes_release(&side->got);
        bytes_release(&side->held);
        if (side->fd >= 0)
            close(side->fd);
    }
    end_loop(&w->fx);
}

/* ---- Making sides -------------------------------------------------------- */

static inline int side_entropy(void *ud, void *out, size_t len)
{
    struct side *side = ud;

    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)test_random(&side->seed);
    return 0;
}

/* Everything but the session itself; the test may change conf and fm. */
static inline void side_init(struct side *side, struct world *w,
                             enum weft_role role)
{
    struct weft_endpoint_opts opts = WEFT_ENDPOINT_OPTS;

    *side = (struct side){.world = w, .fm = {.left = -1}, .fd = -1, .seed = 5};
    side->mem = (struct weft_mem){fail_realloc, &side->fm};
    opts.role = role;
    opts.mem = &side->mem;
    opts.random = side_entropy;
    opts.random_ud = side;
    assert_int_equal(weft_endpoint_conf_init(&side->conf.ep, &opts), 0);
    text_add(&side->words, "%s", "");
    assert_true(w->count < SIDES_MAX);
    w->sides[w->count++] = side;
}

static inline void side_start(struct side *side, int fd)
{
    /* The session takes the stream's operations over before a turn. */
    static const struct weft_stream_ops none;

    assert_int_equal(
        weft_stream_open(&side->s.stream, side->world->loop, fd, &none), 0);
    side->conf.ops = &side_ops;
    weft_session_start(&side->s, &side->conf);
}

/* Starts it with its other end in fd. */
static inline void side_connect(struct side *side, bool tcp)
{
    int fds[2];

    (tcp ? tcp_pair : unix_pair)(fds);
    side_start(side, fds[0]);
    side->fd = fds[1];
}

static inline void side_open(struct side *side, struct world *w,
                             enum weft_role role, bool tcp)
{
    side_init(side, w, role);
    side_connect(side, tcp);
}

/* The kernel takes little at once from the session. */
static inline void side_small_buffer(struct side *side)
{
    int size = 4096;

    assert_return_code(setsockopt(side->s.stream.io.fd, SOL_SOCKET, SO_SNDBUF,
                                  &size, sizeof(size)),
                       errno);
}

static inline enum weft_role side_role(const struct side *side)
{
    return side->conf.ep.is_client ? WEFT_CLIENT : WEFT_SERVER;
}

static inline const char *side_words(const struct side *side)
{
    return text_of(&side->words);
}

static inline int side_send(struct side *side, const char *text)
{
    return weft_session_send(&side->s, WEFT_TEXT, text, strlen(text));
}

/* ---- The bare end -------------------------------------------------------- */

static inline void peer_put(struct side *side, const void *bytes, size_t len)
{
    assert_int_equal(send(side->fd, bytes, len, MSG_NOSIGNAL), len);
}

/* Sends frames written without masks, as hex digits. */
static inline void peer_says(struct side *side, const char *hex)
{
    uint8_t plain[256];
    struct bytes out = {0};

    wire_add_plain(&out, side_role(side), plain, unhex(plain, hex));
    peer_put(side, out.data, out.len);
    bytes_release(&out);
}

/* Takes at most len of the bytes that are there; whether there were any. */
static inline bool peer_takes(struct side *side, size_t len)
{
    static uint8_t buf[65536];
    ssize_t n = recv(side->fd, buf, len < sizeof(buf) ? len : sizeof(buf),
                     MSG_DONTWAIT);

    if (n > 0)
        bytes_add(&side->got, buf, (size_t)n);
    if (n == 0)
        side->got_end = true;
    if (n < 0 && errno != EAGAIN)
        side->got_error = errno;
    return n > 0;
}

/* Turns the loop until the peer has that many bytes, or its stream ended. */
static inline void peer_waits(struct side *side, size_t len)
{
    uint64_t until = weft_clock() + PATIENCE_NS;

    while (side->got.len < len && !side->got_end && !side->got_error) {
        CHECK(weft_clock() < until, "%zu bytes of %zu", side->got.len, len);
        if (!peer_takes(side, len - side->got.len))
            assert_int_equal(weft_loop_turn(side->world->loop, 10), 0);
    }
}

/* Turns the loop and takes until nothing waits in the session. */
static inline void peer_takes_all(struct side *side)
{
    uint64_t until = weft_clock() + PATIENCE_NS;
    bool more = true;

    while (more) {
        CHECK(weft_clock() < until, "%zu bytes, and more", side->got.len);
        more = weft_endpoint_queued(&side->s.ep) > 0;
        while (peer_takes(side, 65536))
            ;
        if (more)
            assert_int_equal(weft_loop_turn(side->world->loop, 10), 0);
    }
}

/* The frames that the peer got so far, as words, which are then forgotten. */
static inline const char *peer_heard(struct side *side)
{
    static struct bytes words;

    words.len = 0;
    text_add(&words, "%s", "");
    wire_describe(&words, side_role(side), side->got.data, side->got.len);
    side->got.len = 0;
    return text_of(&words);
}

/* Turns until the stream to the peer has ended. */
static inline void peer_waits_for_end(struct side *side)
{
    peer_waits(side, SIZE_MAX);
}

static inline void peer_closes(struct side *side)
{
    close(side->fd);
    side->fd = -1;
}

/* Sends a close frame if need be, and ends it all. */
static inline void side_finish(struct side *side)
{
    if (side->closed)
        return;
    if (side->fd >= 0)
        peer_closes(side);
    TURN_UNTIL(side->world->loop, side->closed);
}

#endif
