/* SPDX-License-Identifier: MIT */
/*
 * Our client and our server, over TCP or TLS, with compression that keeps its
 * context: a conversation in which something fails on either side. The server
 * is a thread of its own, the client runs on the test's.
 *
 * Whatever fails, the client is told the beginning of what it would have been
 * told, and the end; and a second connection between the two, over the same
 * way, goes on in the middle of its context.
 */
#ifndef WEFT_TEST_FAULT_PAIR_H
#define WEFT_TEST_FAULT_PAIR_H

#include "caller.h"
#include "cert_files.h"

#include "base/sizes.h"
#include "loop/poller.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIR_TEXT ((size_t)WEFT_SIZE(100 * 1024, 4000))

/* One who waits for TLS that never comes is cut after this. */
#define PAIR_PATIENCE_MS 5000

struct pair {
    bool has_tls, has_deflate;
    struct serve *serve;
    struct weft_loop *loop;
    struct fail_mem fm; /* the client's */
    struct weft_mem mem;
    struct caller bystander;
    void (*spare)(struct pair *pair, bool on); /* nothing fails while on */
    char what[100];
};

/* ---- The server ---------------------------------------------------------- */

static inline void pair_on_message(struct weft_conn *conn,
                                   const struct weft_message *msg)
{
    if (weft_send(conn, msg->kind, msg->data, msg->len) != 0 &&
        weft_close(conn, WEFT_CLOSE_INTERNAL, "no memory") != 0)
        weft_abort(conn);
}

static const struct weft_handler pair_echo = {
    .size = sizeof(pair_echo),
    .message = pair_on_message,
};

static inline struct weft_deflate_opts pair_deflate(const struct pair *pair)
{
    return (struct weft_deflate_opts){
        .size = sizeof(struct weft_deflate_opts),
        .is_off = !pair->has_deflate,
        .has_takeover = true,
        .peer_takeover = true,
    };
}

static inline void pair_serve(struct pair *pair)
{
    const struct weft_tls_identity identity = {cert_path("server.pem"),
                                               cert_path("server.key")};
    const struct weft_tls_opts tls = {
        .size = sizeof(tls), .identities = &identity, .identity_count = 1};
    struct weft_deflate_opts deflate = pair_deflate(pair);
    struct weft_handler handler = pair_echo;

    handler.deflate = &deflate;
    pair->serve = serve_new();
    pair->serve->opts.handshake_ms = PAIR_PATIENCE_MS;
    pair->serve->opts.close_ms = PAIR_PATIENCE_MS;
    serve_open_at(pair->serve, "/echo", &handler);
    if (pair->has_tls)
        serve_listen_tls(pair->serve, &tls);
    else
        assert_int_equal(
            weft_server_listen(pair->serve->srv, "127.0.0.1:0", NULL), 0);
    serve_spawn(pair->serve);
}

/* ---- The client ---------------------------------------------------------- */

static inline int pair_begin(struct pair *pair, struct caller *c)
{
    const struct weft_deflate_opts deflate = pair_deflate(pair);
    const struct weft_socket_opts opts = {.size = sizeof(opts),
                                          .deflate = &deflate,
                                          .is_insecure = true,
                                          .connect_ms = PAIR_PATIENCE_MS,
                                          .close_ms = PAIR_PATIENCE_MS};
    char url[100];

    snprintf(url, sizeof(url), "%s://%s/echo", pair->has_tls ? "wss" : "ws",
             weft_server_address(pair->serve->srv, 0));
    return caller_begin(c, pair->loop, url, &opts);
}

/* Its text resembles itself, and is no text of another's. */
static inline const char *pair_text(void)
{
    static char text[PAIR_TEXT + 1];

    for (size_t i = 0; i < PAIR_TEXT; i++)
        text[i] = (char)('a' + (i * i / 7 + i % 11) % 26);
    return text;
}

/* What the conversation is when nothing fails. */
static inline const char *pair_words(void)
{
    static char words[200];
    struct bytes text = {0};

    text_add(&text, "request open text:Hello text:");
    text_add_payload(&text, pair_text(), PAIR_TEXT);
    snprintf(words, sizeof(words), "%s text:Hello close:1000", text_of(&text));
    bytes_release(&text);
    return words;
}

static inline void pair_says(struct caller *c, const char *text)
{
    if (c->ws && weft_socket_send(c->ws, WEFT_TEXT, text, strlen(text)) != 0)
        (void)weft_socket_close(c->ws, 3000, NULL);
}

/* Turns until so many words have come, or the end. */
static inline void pair_hears(struct pair *pair, struct caller *c, int words)
{
    uint64_t until = weft_clock() + UINT64_C(20000000000);

    for (;;) {
        int count = c->words.len > 0;

        for (size_t i = 0; i < c->words.len; i++)
            count += c->words.data[i] == ' ';
        if (!c->ws || count >= words)
            return;
        CHECK(weft_clock() < until, "%s: \"%s\" and no end", pair->what,
              text_of(&c->words));
        assert_int_equal(weft_loop_turn(c->loop, 10), 0);
    }
}

/* ---- Both ---------------------------------------------------------------- */

static inline void bystander_talks(struct pair *pair)
{
    serve_turn(pair->serve);
    if (pair->spare)
        pair->spare(pair, true);
    caller_say(&pair->bystander, "undisturbed-and-as-compressed-as-before");
    caller_expect(&pair->bystander,
                  "text:undisturbed-and-as-compressed-as-before");
    if (pair->spare)
        pair->spare(pair, false);
}

static inline void pair_open(struct pair *pair, bool has_tls, bool has_deflate)
{
    struct weft_loop_opts opts = {.size = sizeof(opts)};

    *pair = (struct pair){.has_tls = has_tls, .has_deflate = has_deflate};
    pair->fm.left = -1;
    pair->mem = (struct weft_mem){fail_realloc, &pair->fm};
    opts.mem = &pair->mem;
    assert_int_equal(weft_loop_new(&pair->loop, &opts), 0);
    pair_serve(pair);
    assert_int_equal(pair_begin(pair, &pair->bystander), 0);
    caller_expect(&pair->bystander, "open");
    bystander_talks(pair);
}

static inline void pair_close(struct pair *pair)
{
    pair->spare = NULL;
    SERVE_UNTIL(pair->serve, serve_connections(pair->serve) == 1);
    bystander_talks(pair);
    caller_release(&pair->bystander);
    weft_loop_free(pair->loop);
    CHECK(pair->fm.live == 0, "%s: the client left %zu bytes", pair->what,
          pair->fm.live);
    serve_close(pair->serve);
}

/* Whether heard is all, or else a beginning with an end. */
static inline bool pair_judge(const struct pair *pair, const struct caller *c)
{
    const char *heard = text_of(&c->words), *want = pair_words();
    size_t same = 0, word = 0;

    if (!strcmp(heard, want))
        return true;
    for (; heard[same] && heard[same] == want[same]; same++)
        if (want[same] == ' ')
            word = same + 1;
    CHECK(!strcmp(heard + word, "error close:1006") ||
              !strcmp(heard + word, "error close:1011") ||
              !strcmp(heard + word, "close:1011") ||
              !strcmp(heard + word, "close:3000"),
          "%s: \"%s\", %s", pair->what, heard, c->why);
    return false;
}

/* Holds the conversation: whether it was all. */
static inline bool pair_talk(struct pair *pair)
{
    struct caller c;
    bool is_all = false;
    int err = pair_begin(pair, &c);

    if (err) {
        bytes_release(&c.words);
        bystander_talks(pair);
        return false;
    }
    pair_hears(pair, &c, 2);
    bystander_talks(pair);
    pair_says(&c, "Hello");
    pair_hears(pair, &c, 3);
    pair_says(&c, pair_text());
    pair_hears(pair, &c, 4);
    bystander_talks(pair);
    pair_says(&c, "Hello");
    pair_hears(pair, &c, 5);
    if (c.ws)
        (void)weft_socket_close(c.ws, 1000, NULL);
    pair_hears(pair, &c, 1000);
    is_all = pair_judge(pair, &c);
    caller_release(&c);
    bystander_talks(pair);
    return is_all;
}

#endif
