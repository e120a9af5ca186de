/* SPDX-License-Identifier: MIT */
#include "caller.h"

#include <stdio.h>
#include <string.h>

#define TURNS_MAX 2000
#define TURN_MS 10 /* together the 20 s of serve.c */

static struct caller *caller_of(struct weft_socket *ws)
{
    return weft_socket_user(ws);
}

static void word(struct caller *c, const char *text)
{
    text_add(&c->words, "%s%s", c->words.len > 0 ? " " : "", text);
}

static void on_request(struct weft_socket *ws, const char *head, size_t len)
{
    (void)head;
    (void)len;
    word(caller_of(ws), "request");
}

static void on_open(struct weft_socket *ws)
{
    word(caller_of(ws), "open");
}

static void on_message(struct weft_socket *ws, const struct weft_message *msg)
{
    struct caller *c = caller_of(ws);

    word(c, "text:");
    text_add_payload(&c->words, msg->data, msg->len);
}

static void on_error(struct weft_socket *ws, int err, const char *why)
{
    struct caller *c = caller_of(ws);

    c->err = err;
    snprintf(c->why, sizeof(c->why), "%s", why);
    word(c, "error");
}

static void on_close(struct weft_socket *ws, const struct weft_closed *how)
{
    struct caller *c = caller_of(ws);
    char text[16];

    c->how = *how;
    snprintf(text, sizeof(text), "close:%u", how->code);
    word(c, text);
    weft_socket_free(ws);
    c->ws = NULL;
}

static const struct weft_socket_events events = {
    .request = on_request,
    .open = on_open,
    .message = on_message,
    .error = on_error,
    .close = on_close,
};

void serve_listen_tls(struct serve *s, const struct weft_tls_opts *opts)
{
    char why[512] = "";
    const struct weft_listen_opts listen = {
        .size = sizeof(listen), .tls = opts, .why = why, .why_size = 512};
    int err = weft_server_listen(s->srv, "127.0.0.1:0", &listen);

    CHECK(err == 0, "%s: %s", weft_strerror(err), why);
}

const char *caller_url(struct serve *s, size_t i, const char *path)
{
    static char url[128];
    const char *address = weft_server_address(s->srv, i);

    snprintf(url, sizeof(url), "wss://localhost%s%s", strrchr(address, ':'),
             path);
    return url;
}

int caller_begin(struct caller *c, struct weft_loop *loop, const char *url,
                 const struct weft_socket_opts *opts)
{
    struct weft_socket_opts own = {.size = sizeof(own)};

    if (opts)
        own = *opts;
    own.events = &events;
    own.user = c;
    own.proxy = "";
    *c = (struct caller){.loop = loop};
    return weft_socket_new(&c->ws, loop, url, &own);
}

static bool ends_with(const struct bytes *text, const char *end)
{
    size_t len = strlen(end);

    return text->len >= len && !memcmp(text->data + text->len - len, end, len);
}

void caller_expect(struct caller *c, const char *words)
{
    for (int i = 0; !ends_with(&c->words, words); i++) {
        CHECK(i < TURNS_MAX && c->ws, "\"%s\", not \"%s\": %s",
              text_of(&c->words), words, c->why);
        assert_int_equal(weft_loop_turn(c->loop, TURN_MS), 0);
    }
    c->words.len = 0;
}

void caller_ends(struct caller *c)
{
    for (int i = 0; c->ws; i++) {
        CHECK(i < TURNS_MAX, "\"%s\" and no end", text_of(&c->words));
        assert_int_equal(weft_loop_turn(c->loop, TURN_MS), 0);
    }
}

void caller_say(struct caller *c, const char *text)
{
    assert_int_equal(weft_socket_send(c->ws, WEFT_TEXT, text, strlen(text)), 0);
}

void caller_release(struct caller *c)
{
    weft_socket_free(c->ws);
    c->ws = NULL;
    bytes_release(&c->words);
}
