/* SPDX-License-Identifier: MIT */
/*
 * Drives one endpoint and writes down what it does. The pulling loop has a
 * bound, since an event takes two bytes at least: an endpoint that finds
 * events in nothing fails the test and does not hang it.
 */
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int talk_entropy(void *ud, void *out, size_t len)
{
    struct talk *t = ud;
    uint8_t *p = out;

    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)test_random(&t->random);
    return 0;
}

struct weft_endpoint_opts talk_opts(enum weft_role role)
{
    struct weft_endpoint_opts opts = WEFT_ENDPOINT_OPTS;

    opts.role = role;
    return opts;
}

void talk_open(struct talk *t, const struct weft_endpoint_opts *opts)
{
    struct weft_endpoint_opts own = *opts;

    *t = (struct talk){.role = opts->role, .fm = {.left = -1}, .random = 1};
    t->mem = (struct weft_mem){fail_realloc, &t->fm};
    own.mem = &t->mem;
    own.random = talk_entropy;
    own.random_ud = t;
    assert_int_equal(weft_endpoint_new(&t->ep, &own), 0);
}

void talk_open_as(struct talk *t, enum weft_role role)
{
    struct weft_endpoint_opts opts = talk_opts(role);

    talk_open(t, &opts);
}

void talk_close(struct talk *t)
{
    weft_endpoint_free(t->ep);
    t->ep = NULL;
    CHECK(t->fm.live == 0, "%zu bytes leaked", t->fm.live);
    bytes_release(&t->events);
    bytes_release(&t->out);
    bytes_release(&t->frames);
}

void talk_drain(struct talk *t)
{
    struct iovec iov;

    while (weft_endpoint_output(t->ep, &iov)) {
        size_t queued = weft_endpoint_queued(t->ep);

        CHECK(iov.iov_len > 0 && iov.iov_len <= queued, "%zu bytes of %zu",
              iov.iov_len, queued);
        bytes_add(&t->out, iov.iov_base, iov.iov_len);
        weft_endpoint_sent(t->ep, iov.iov_len);
        /* A pong may have waited for the room that is there now. */
        CHECK(weft_endpoint_queued(t->ep) >= queued - iov.iov_len,
              "%zu bytes queued, %zu of %zu sent", weft_endpoint_queued(t->ep),
              iov.iov_len, queued);
    }
    CHECK(weft_endpoint_queued(t->ep) == 0, "%zu bytes queued, none given out",
          weft_endpoint_queued(t->ep));
}

/* Whatever the peer sent, the application sees no text that is not UTF-8. */
static void check_utf8(const void *text, size_t len)
{
    bool whole;

    CHECK(utf8_reference(text, len, &whole) == len && whole,
          "%zu bytes of text that is not UTF-8", len);
}

static void add_event(struct talk *t, const struct weft_event *event)
{
    static const char *const names[] = {
        [WEFT_TEXT] = "text",
        [WEFT_BINARY] = "binary",
        [WEFT_PING] = "ping",
        [WEFT_PONG] = "pong",
    };
    struct bytes *text = &t->events;

    CHECK(!t->closed, "an event after close");
    text_add(text, text->len ? " " : "");
    if (event->type == WEFT_EVENT_CLOSE) {
        t->closed = true;
        check_utf8(event->reason, event->reason_len);
        text_add(text, "close:%u", (unsigned)event->code);
        if (event->reason_len > 0)
            text_add(text, "/");
        text_add_payload(text, event->reason, event->reason_len);
        text_add(text, event->clean ? "" : " unclean");
        return;
    }
    CHECK(event->msg.data, "no data");
    CHECK((event->type == WEFT_EVENT_PING) == (event->msg.kind == WEFT_PING) &&
              (event->type == WEFT_EVENT_PONG) ==
                  (event->msg.kind == WEFT_PONG),
          "event %d of kind %d", (int)event->type, (int)event->msg.kind);
    if (event->msg.kind == WEFT_TEXT)
        check_utf8(event->msg.data, event->msg.len);
    t->messages += event->type == WEFT_EVENT_MESSAGE;
    text_add(text, "%s:", names[event->msg.kind]);
    text_add_payload(text, event->msg.data, event->msg.len);
}

static int pull(struct talk *t, size_t most)
{
    struct weft_event event;

    while ((t->rc = weft_endpoint_next(t->ep, &event)) > 0) {
        CHECK(most-- > 0, "events without end");
        add_event(t, &event);
        if (!t->deaf)
            talk_drain(t);
    }
    if (!t->deaf)
        talk_drain(t);
    return t->rc;
}

int talk_pull(struct talk *t)
{
    return pull(t, 2);
}

int talk_feed(struct talk *t, const void *bytes, size_t len)
{
    uint8_t *big = NULL, *place;

    if (len > (size_t)1 << 20) {
        place = big = malloc(len);
        if (!big)
            abort();
        memcpy(big, bytes, len);
    } else {
        place = at_page_end(bytes, len);
    }
    assert_int_equal(weft_endpoint_feed(t->ep, place, len), 0);
    /* What was cut before may end with the first byte, then two a frame. */
    pull(t, 2 + len / 2);
    free(big);
    return t->rc;
}

int talk_feed_plain(struct talk *t, const char *hex)
{
    uint8_t plain[4096];
    struct bytes in = {0};
    int rc;

    if (strlen(hex) / 2 > sizeof(plain))
        abort();
    wire_add_plain(&in, t->role, plain, unhex(plain, hex));
    rc = talk_feed(t, in.data, in.len);
    bytes_release(&in);
    return rc;
}

int talk_feed_frame(struct talk *t, unsigned first, const void *payload,
                    size_t len)
{
    struct bytes in = {0};
    int rc;

    wire_add_frame(&in, t->role, first, payload, len);
    rc = talk_feed(t, in.data, in.len);
    bytes_release(&in);
    return rc;
}

int talk_feed_end(struct talk *t)
{
    weft_endpoint_feed_end(t->ep);
    return pull(t, 2);
}

const char *talk_events(const struct talk *t)
{
    return text_of(&t->events);
}

const char *talk_frames(struct talk *t)
{
    t->frames.len = 0;
    text_add(&t->frames, "%s", "");
    wire_describe(&t->frames, t->role, t->out.data, t->out.len);
    return text_of(&t->frames);
}

/* Feeds pieces of step bytes after a first one; the verdict ends it. */
static void run_once(const struct talk_case *c,
                     const struct weft_endpoint_opts *opts, const uint8_t *in,
                     size_t len, size_t first, size_t step)
{
    struct talk t;
    struct weft_event event;
    size_t piece = first;
    int rc = 0;

    talk_open(&t, opts);
    for (size_t at = 0; at < len && rc == 0; at += piece, piece = step) {
        if (piece > len - at)
            piece = len - at;
        rc = talk_feed(&t, in + at, piece);
    }
    CHECK(rc == c->rc, "%s, cut at %zu by %zu: %d (%s)", c->what, first, step,
          rc, talk_events(&t));
    CHECK(!strcmp(talk_events(&t), c->events), "%s, cut at %zu by %zu: %s",
          c->what, first, step, talk_events(&t));
    CHECK(!strcmp(talk_frames(&t), c->frames), "%s, cut at %zu by %zu: %s",
          c->what, first, step, talk_frames(&t));
    if (rc < 0) {
        CHECK(weft_endpoint_is_over(t.ep), "%s: not over", c->what);
        CHECK(weft_endpoint_next(t.ep, &event) == rc, "%s: not final", c->what);
    }
    talk_close(&t);
}

void talk_run_bytes(const struct talk_case *c,
                    const struct weft_endpoint_opts *opts, const uint8_t *in,
                    size_t len)
{
    run_once(c, opts, in, len, len, len);
    run_once(c, opts, in, len, 1, 1);
    for (size_t cut = 1; cut < len; cut++) {
        bool near_end = cut < 20 || len - cut < 20;

        if (len <= 600 || near_end || cut % (len / 64) == 0)
            run_once(c, opts, in, len, cut, len);
    }
}

void talk_run(const struct talk_case *c, const struct weft_endpoint_opts *opts)
{
    static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};
    uint8_t plain[4096];
    size_t len;

    if (strlen(c->plain) / 2 > sizeof(plain))
        abort();
    len = unhex(plain, c->plain);
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct weft_endpoint_opts own = opts ? *opts : talk_opts(roles[i]);
        struct bytes in = {0};

        own.role = roles[i];
        wire_add_plain(&in, roles[i], plain, len);
        talk_run_bytes(c, &own, in.data, in.len);
        bytes_release(&in);
    }
}
