/* SPDX-License-Identifier: MIT */
/*
 * The user of a visit (visit.h), who writes down the events of a WebSocket and
 * checks in each what is always so: the order open, message, error, close;
 * readyState inside it; that error comes if the end was not clean, unless it
 * was the user who closed and waited in vain; that close comes right behind it;
 * that no event comes while a function of the socket runs, and none after it
 * was freed.
 */
#ifndef WEFT_TEST_UNIT_CLIENT_VISIT_USER_H
#define WEFT_TEST_UNIT_CLIENT_VISIT_USER_H

#include "../loop/turns.h"
#include "opening_fixture.h"

enum told {
    AT_OPEN,
    AT_MESSAGE,
    AT_CONTROL,
    AT_ERROR,
    AT_CLOSE,
    AT_DRAIN,
    AT_REQUEST,
    AT_RESPONSE,
    AT_FRAME,
    AT_COUNT,
};

struct visit {
    struct fixture fx;
    struct weft_loop *loop;

    /* The user. */
    struct weft_socket_opts opts; /* change what should differ before begin */
    char url[64];
    struct weft_socket *ws; /* NULL once freed */
    struct bytes words;     /* "open text:Hello error close:1006" */
    struct bytes heads;     /* of requests and responses */
    int told[AT_COUNT];
    int err;       /* of the error event */
    char why[256]; /* likewise */
    struct weft_closed how;
    char reason[128];
    void (*at)(struct visit *v, enum told event); /* what the user does */
    struct weft_frame_info frame;                 /* in AT_FRAME */
    int inside;       /* functions of the socket that run */
    bool is_paused;   /* by user_pause */
    bool has_closed;  /* user_close succeeded */
    uint64_t scratch; /* for the test */

    /* The server. */
    struct sockaddr_in at_address;
    int listener, fd;
    char key[256];    /* of the request */
    struct bytes got; /* and not yet looked at */
    bool got_close;   /* a close frame, and its reason */
    char got_reason[128];
    bool got_end;  /* the end of the stream */
    int got_error; /* errno */
};

/* ---- Events -------------------------------------------------------------- */

static inline struct visit *visit_of(struct weft_socket *ws)
{
    struct visit *v = weft_socket_user(ws);

    CHECK(v->ws == ws || v->inside, "an event of a socket that was freed");
    return v;
}

static inline void visit_word(struct visit *v, const char *name)
{
    text_add(&v->words, "%s%s", v->words.len ? " " : "", name);
}

/* What is so in every event but the three of the wire. */
static inline void visit_told(struct visit *v, enum told event)
{
    CHECK(!v->inside, "event %d inside a function", (int)event);
    CHECK(!v->told[AT_CLOSE], "event %d after close", (int)event);
    CHECK(!v->told[AT_ERROR] || event == AT_CLOSE, "event %d after error",
          (int)event);
    v->told[event]++;
}

/* The last thing in each event. */
static inline void visit_acts(struct visit *v, enum told event)
{
    if (v->at)
        v->at(v, event);
}

static inline void visit_on_open(struct weft_socket *ws)
{
    struct visit *v = visit_of(ws);

    visit_told(v, AT_OPEN);
    assert_int_equal(v->told[AT_OPEN], 1);
    assert_int_equal(weft_socket_ready_state(ws), WEFT_OPEN);
    visit_word(v, "open");
    visit_acts(v, AT_OPEN);
}

static inline void visit_data(struct visit *v, const struct weft_message *msg)
{
    const char *name = msg->kind == WEFT_TEXT     ? "text:"
                       : msg->kind == WEFT_BINARY ? "binary:"
                       : msg->kind == WEFT_PING   ? "ping:"
                                                  : "pong:";

    assert_non_null(msg->data);
    assert_int_equal(v->told[AT_OPEN], 1);
    CHECK(!v->is_paused, "%s while paused", name);
    visit_word(v, name);
    text_add_payload(&v->words, msg->data, msg->len);
}

static inline void visit_on_message(struct weft_socket *ws,
                                    const struct weft_message *msg)
{
    struct visit *v = visit_of(ws);

    visit_told(v, AT_MESSAGE);
    assert_true(msg->kind == WEFT_TEXT || msg->kind == WEFT_BINARY);
    assert_int_equal(weft_socket_ready_state(ws), WEFT_OPEN);
    CHECK(!v->has_closed, "a message after close()");
    visit_data(v, msg);
    visit_acts(v, AT_MESSAGE);
}

static inline void visit_on_control(struct weft_socket *ws,
                                    const struct weft_message *msg)
{
    struct visit *v = visit_of(ws);

    visit_told(v, AT_CONTROL);
    assert_true(msg->kind == WEFT_PING || msg->kind == WEFT_PONG);
    visit_data(v, msg);
    visit_acts(v, AT_CONTROL);
}

static inline void visit_on_error(struct weft_socket *ws, int err,
                                  const char *why)
{
    struct visit *v = visit_of(ws);
    size_t len = strlen(why);

    visit_told(v, AT_ERROR);
    assert_int_equal(weft_socket_ready_state(ws), WEFT_CLOSED);
    CHECK(err < 0, "%d", err);
    CHECK(len > 4 && why[len - 1] != '.', "\"%s\"", why);
    v->err = err;
    snprintf(v->why, sizeof(v->why), "%s", why);
    visit_word(v, "error");
    visit_acts(v, AT_ERROR);
}

static inline void visit_on_close(struct weft_socket *ws,
                                  const struct weft_closed *how)
{
    struct visit *v = visit_of(ws);

    visit_told(v, AT_CLOSE);
    assert_int_equal(weft_socket_ready_state(ws), WEFT_CLOSED);
    CHECK(how->clean == (how->err == 0), "clean %d, %d", how->clean, how->err);
    CHECK(!how->clean || !v->told[AT_ERROR], "an error before a clean close");
    if (v->told[AT_ERROR])
        assert_int_equal(how->err, v->err);
    else
        CHECK(how->clean || (v->has_closed && how->err == WEFT_ERR_TIMEOUT),
              "no error event for %d", how->err);
    assert_true(how->reason_len < sizeof(v->reason));
    v->how = *how;
    snprintf(v->reason, sizeof(v->reason), "%.*s", (int)how->reason_len,
             how->reason_len ? how->reason : "");
    visit_word(v, "close:");
    text_add(&v->words, "%u%s%s", how->code, how->reason_len ? "/" : "",
             v->reason);
    visit_acts(v, AT_CLOSE);
}

static inline void visit_on_drain(struct weft_socket *ws)
{
    struct visit *v = visit_of(ws);

    visit_told(v, AT_DRAIN);
    visit_word(v, "drain");
    visit_acts(v, AT_DRAIN);
}

static inline void visit_head(struct weft_socket *ws, enum told event,
                              const char *head, size_t len)
{
    struct visit *v = visit_of(ws);

    assert_true(len > 0);
    CHECK(!v->told[AT_CLOSE], "event %d after close", (int)event);
    v->told[event]++;
    bytes_add(&v->heads, head, len);
    visit_acts(v, event);
}

static inline void visit_on_request(struct weft_socket *ws, const char *head,
                                    size_t len)
{
    assert_int_equal(weft_socket_ready_state(ws), WEFT_CONNECTING);
    visit_head(ws, AT_REQUEST, head, len);
}

static inline void visit_on_response(struct weft_socket *ws, const char *head,
                                     size_t len)
{
    visit_head(ws, AT_RESPONSE, head, len);
}

static inline void visit_on_frame(struct weft_socket *ws,
                                  const struct weft_frame_info *frame)
{
    struct visit *v = visit_of(ws);

    CHECK(!v->told[AT_CLOSE], "a frame after close");
    v->told[AT_FRAME]++;
    v->frame = *frame;
    visit_acts(v, AT_FRAME);
}

/* drain changes what BUSY means, so only some want it. */
static const struct weft_socket_events visit_events = {
    .open = visit_on_open,
    .message = visit_on_message,
    .error = visit_on_error,
    .close = visit_on_close,
    .control = visit_on_control,
    .request = visit_on_request,
    .response = visit_on_response,
    .frame = visit_on_frame,
};

static const struct weft_socket_events visit_events_drain = {
    .open = visit_on_open,
    .message = visit_on_message,
    .error = visit_on_error,
    .close = visit_on_close,
    .control = visit_on_control,
    .drain = visit_on_drain,
    .frame = visit_on_frame,
};

/* ---- What the user does -------------------------------------------------- */

static inline enum weft_ready_state visit_state(const struct visit *v)
{
    return weft_socket_ready_state(v->ws);
}

static inline void user_free(struct visit *v)
{
    struct weft_socket *ws = v->ws;

    v->inside++;
    weft_socket_free(ws);
    v->inside--;
    v->ws = NULL;
}

static inline int user_send_bytes(struct visit *v, enum weft_kind kind,
                                  const void *data, size_t len)
{
    int err;

    v->inside++;
    err = weft_socket_send(v->ws, kind, data, len);
    v->inside--;
    return err;
}

static inline int user_send(struct visit *v, const char *text)
{
    return user_send_bytes(v, WEFT_TEXT, text, strlen(text));
}

static inline int user_close(struct visit *v, uint16_t code, const char *reason)
{
    enum weft_ready_state before = visit_state(v);
    int err;

    v->inside++;
    err = weft_socket_close(v->ws, code, reason);
    v->inside--;
    if (err == 0) {
        v->has_closed = true;
        v->is_paused = false;
        assert_int_equal(visit_state(v),
                         before == WEFT_CLOSED ? WEFT_CLOSED : WEFT_CLOSING);
    } else {
        assert_int_equal(visit_state(v), before);
    }
    return err;
}

static inline int user_ping(struct visit *v, const char *text)
{
    int err;

    v->inside++;
    err = weft_socket_ping(v->ws, text, strlen(text));
    v->inside--;
    return err;
}

static inline void user_pause(struct visit *v)
{
    v->inside++;
    weft_socket_pause(v->ws);
    v->inside--;
    v->is_paused = true;
}

static inline void user_resume(struct visit *v)
{
    v->is_paused = false;
    v->inside++;
    weft_socket_resume(v->ws);
    v->inside--;
}

static inline uint64_t visit_buffered(const struct visit *v)
{
    return weft_socket_buffered_amount(v->ws);
}

#endif
