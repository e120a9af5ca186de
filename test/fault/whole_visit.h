/* SPDX-License-Identifier: MIT */
/*
 * One conversation of a WebSocket with a server, for tests that let something
 * fail in the middle of it: perhaps a proxy's CONNECT, the handshake, small and
 * large messages in both directions, in fragments too, pings, a pause with
 * messages held, and the closing handshake.
 *
 * Whatever fails, it ends with the close event, and what was told until then is
 * the beginning of what would have been told (visit.h checks the rest). The
 * server, played by hand, goes on as far as it can and never waits. Another
 * WebSocket on the same loop notices nothing.
 */
#ifndef WEFT_TEST_FAULT_WHOLE_VISIT_H
#define WEFT_TEST_FAULT_WHOLE_VISIT_H

#include "../unit/client/visit.h"
#include "base/sizes.h"

#define BIG ((size_t)WEFT_SIZE(70000, 2000))

struct whole_visit {
    struct visit v;
    struct visit bystander; /* on the same loop, in the middle of a message */
    char proxy[40];
    bool is_proxied;
    int step; /* of the server */
    char what[80];
    /* Around what only the client does; may be NULL. */
    void (*before_turn)(void);
    void (*after_turn)(void);
};

static inline const uint8_t *big_payload(void)
{
    static uint8_t big[BIG];

    for (size_t i = 0; i < BIG; i++)
        big[i] = (uint8_t)(i ^ i >> 8);
    return big;
}

/* ---- The user ------------------------------------------------------------ */

/* One who is refused gives up. */
static inline void or_close(struct visit *v, int err)
{
    if (err && visit_state(v) == WEFT_OPEN)
        assert_int_equal(user_close(v, 3000, NULL), 0);
}

static inline void whole_visit_acts(struct visit *v, enum told event)
{
    if (event == AT_OPEN) {
        or_close(v, user_send(v, "Hello"));
        or_close(v, user_send_bytes(v, WEFT_BINARY, big_payload(), BIG));
        or_close(v, user_ping(v, "p"));
    }
    if (event == AT_MESSAGE && v->told[AT_MESSAGE] == 1) {
        user_pause(v); /* with more in the same segment */
        v->scratch = 1;
    }
    if (event == AT_MESSAGE && v->told[AT_MESSAGE] == 4)
        or_close(v, user_close(v, 1000, "bye"));
}

#define WHOLE_WORDS                                                            \
    "open text:a text:b ping:q pong:p binary: text:c close:1000/bye"

/* ---- The server ---------------------------------------------------------- */

static inline void server_tries(struct visit *v, const void *bytes, size_t len)
{
    (void)send(v->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static inline void server_tries_hex(struct visit *v, const char *hex)
{
    uint8_t out[64];

    server_tries(v, out, unhex(out, hex));
}

static inline void server_tries_big(struct visit *v)
{
    struct bytes out = {0};

    wire_add_frame(&out, WEFT_CLIENT, 0x02, big_payload(), BIG / 2);
    wire_add_frame(&out, WEFT_CLIENT, 0x80, big_payload() + BIG / 2, BIG / 2);
    wire_add_frame(&out, WEFT_CLIENT, 0x81, "c", 1);
    for (size_t at = 0; at < out.len; at += 20000)
        server_tries(v, out.data + at,
                     out.len - at < 20000 ? out.len - at : 20000);
    bytes_release(&out);
}

/* Whether a whole head has come: then it is in head. */
static inline bool server_has_head(struct visit *v, char head[4096])
{
    if (v->got.len == 0 || !memmem(v->got.data, v->got.len, "\r\n\r\n", 4))
        return false;
    snprintf(head, 4096, "%.*s", (int)v->got.len, v->got.data);
    v->got.len = 0;
    return true;
}

/* Drops the next frame, and returns its opcode; -1: it is not there. */
static inline int server_next_frame(struct visit *v)
{
    struct wire_frame frame;
    size_t used = wire_read(&frame, v->got.data, v->got.len);

    if (used == 0)
        return -1;
    free(frame.payload);
    memmove(v->got.data, v->got.data + used, v->got.len - used);
    v->got.len -= used;
    return (int)frame.opcode;
}

static inline void server_reads_frames(struct whole_visit *w)
{
    struct visit *v = &w->v;
    int opcode;

    while ((opcode = server_next_frame(v)) >= 0) {
        if (opcode == 9) {
            server_tries_hex(v, "8a01 70");
            server_tries_big(v);
        }
        if (opcode == 8)
            server_tries_hex(v, "8805 03e8 627965");
        if (opcode == 8)
            w->step = 3;
    }
}

/* Does what there is to do. */
static inline void server_goes_on(struct whole_visit *w)
{
    struct visit *v = &w->v;
    char head[4096];

    if (v->fd < 0 && is_readable(v->listener))
        server_accepts(v);
    if (v->fd < 0)
        return;
    while (server_takes(v, SIZE_MAX))
        ;
    if (w->step == 0 && (!w->is_proxied || server_has_head(v, head))) {
        if (w->is_proxied)
            server_tries(v, "HTTP/1.1 200 OK\r\n\r\n", 19);
        w->step = 1;
    }
    if (w->step == 1 && server_has_head(v, head)) {
        const char *key = request_field(head, "Sec-WebSocket-Key");
        const char *answer = agreeing(key, "Sec-WebSocket-Protocol: chat\r\n");

        server_tries(v, answer, strlen(answer));
        server_tries_hex(v, "8101 61 0101 62 8000 8901 71");
        w->step = 2;
    }
    if (w->step == 2)
        server_reads_frames(w);
    if (w->step == 3 || v->got_end || v->got_error) {
        server_hangs_up(v);
        w->step = 4;
    }
}

/* ---- The bystander ------------------------------------------------------- */

/* The server's ping tells that the first half of the message is there. */
static inline void bystander_enters(struct whole_visit *w)
{
    visit_init_on(&w->bystander, w->v.loop);
    visit_enters(&w->bystander);
    server_frames(&w->bystander, "0103 666972 8900");
    visit_expect(&w->bystander, "open ping:");
    visit_forget(&w->bystander);
    server_expect(&w->bystander, "pong:");
}

/* Nothing fails any more: it has heard nothing, and goes on where it was. */
static inline void bystander_goes_on(struct whole_visit *w)
{
    assert_string_equal(visit_words(&w->bystander), "");
    server_frames(&w->bystander, "8002 7374");
    visit_expect(&w->bystander, "text:first");
    assert_int_equal(user_send(&w->bystander, "undisturbed"), 0);
    server_expect(&w->bystander, "text:undisturbed");
}

/* ---- The conversation ---------------------------------------------------- */

/* Ends it all; what failed does so no more. */
static inline void whole_visit_close(struct whole_visit *w)
{
    bystander_goes_on(w);
    visit_close(&w->bystander);
    visit_close(&w->v);
}

static inline void whole_visit_open(struct whole_visit *w, bool is_proxied)
{
    static const char *const protocols[] = {"chat", NULL};

    *w = (struct whole_visit){.is_proxied = is_proxied};
    visit_init(&w->v);
    w->v.opts.protocols = protocols;
    w->v.at = whole_visit_acts;
    if (is_proxied) {
        snprintf(w->proxy, sizeof(w->proxy), "127.0.0.1:%u",
                 ntohs(w->v.at_address.sin_port));
        w->v.opts.proxy = w->proxy;
        snprintf(w->v.url, sizeof(w->v.url), "ws://far.example/chat");
    }
    bystander_enters(w);
}

static inline void whole_visit_turn(struct whole_visit *w)
{
    if (w->before_turn)
        w->before_turn();
    (void)weft_loop_turn(w->v.loop, w->step == 4 ? 10 : 1);
    if (w->after_turn)
        w->after_turn();
}

/* Whether the words are all that there are to say. They may also be the
 * beginning of that, if it ends with an error, or the user has given up. */
static inline bool whole_visit_judge(const struct whole_visit *w)
{
    const char *got = visit_words(&w->v), *want = WHOLE_WORDS;
    static char big[64];
    struct bytes words = {0};
    bool is_all;

    if (!big[0]) {
        text_add_payload(&words, big_payload(), BIG);
        snprintf(big, sizeof(big), "%s", text_of(&words));
        bytes_release(&words);
    }
    for (; *got && *got == *want; got++, want++) {
        if (!strncmp(got, "binary:", 7)) {
            got += 6;
            want += 6;
            CHECK(!strncmp(got + 1, big, strlen(big)), "%s: \"%s\"", w->what,
                  visit_words(&w->v));
            got += strlen(big);
        }
    }
    is_all = *got == '\0' && *want == '\0';
    CHECK(is_all || !strcmp(got, "error close:1006") ||
              (w->v.has_closed && !strcmp(got, "close:1000/bye")),
          "%s: \"%s\"", w->what, visit_words(&w->v));
    return is_all;
}

/* Begins it, and goes on to its end. The result of weft_socket_new; *is_all
 * tells whether all was as if nothing had failed. */
static inline int whole_visit_run(struct whole_visit *w, bool *is_all)
{
    struct visit *v = &w->v;
    uint64_t until = weft_clock() + PATIENCE_NS;
    int err;

    *is_all = false;
    if (w->before_turn)
        w->before_turn();
    err = visit_try(v);
    if (w->after_turn)
        w->after_turn();
    if (err) {
        v->ws = NULL;
        return err;
    }
    while (!v->told[AT_CLOSE]) {
        CHECK(weft_clock() < until, "%s: \"%s\" and no end", w->what,
              visit_words(v));
        whole_visit_turn(w);
        server_goes_on(w);
        if (v->scratch == 1) {
            v->scratch = 2;
            user_resume(v);
        }
    }
    *is_all = whole_visit_judge(w);
    return 0;
}

#endif
