/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the opening share: one on an allocator that counts, with
 * options that the test fills in; and the server's part of the handshake,
 * which shares no code with src.
 */
#ifndef WEFT_TEST_UNIT_CLIENT_OPENING_FIXTURE_H
#define WEFT_TEST_UNIT_CLIENT_OPENING_FIXTURE_H

#include "client/opening.h"
#include "support.h"
#include "wire.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The value of a field in the head of a request, as text. */
static inline const char *request_field(const char *head, const char *name)
{
    static char value[256];
    char line[64];
    const char *at, *end;

    snprintf(line, sizeof(line), "\r\n%s: ", name);
    at = strcasestr(head, line);
    if (!at)
        return NULL;
    at += strlen(line);
    end = strstr(at, "\r\n");
    assert_non_null(end);
    snprintf(value, sizeof(value), "%.*s", (int)(end - at), at);
    return value;
}

/* Sec-WebSocket-Accept for a key, by RFC 6455 section 4.2.2. */
static inline const char *accept_for(const char *key)
{
    static char accept[64];
    char text[512];
    uint8_t sha[20];

    snprintf(text, sizeof(text), "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    SHA1((const uint8_t *)text, strlen(text), sha);
    EVP_EncodeBlock((uint8_t *)accept, sha, sizeof(sha));
    return accept;
}

/* The answer that agrees, with more fields as text or "". */
static inline const char *agreeing(const char *key, const char *fields)
{
    static char answer[1024];

    snprintf(answer, sizeof(answer),
             "HTTP/1.1 101 Switching Protocols\r\n"
             "Upgrade: websocket\r\n"
             "Connection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n"
             "%s\r\n",
             accept_for(key), fields);
    return answer;
}

struct ask {
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_socket_opts opts;
    const char *url;
    struct weft_opening *o;
    const char *why;
    int err;
};

/* No proxy, whatever the environment says, and no compression. */
static inline void ask_init(struct ask *ask, const char *url)
{
    static const struct weft_deflate_opts off = {.size = sizeof(off),
                                                 .is_off = true};

    *ask = (struct ask){.fm = {.left = -1}, .url = url, .why = ""};
    ask->mem = (struct weft_mem){fail_realloc, &ask->fm};
    ask->opts.size = sizeof(ask->opts);
    ask->opts.proxy = "";
    ask->opts.deflate = &off;
    ask->opts.header_limit = 65536;
}

/* The result is in err. */
static inline void ask_try(struct ask *ask)
{
    ask->o = NULL;
    ask->err =
        weft_opening_new(&ask->o, &ask->mem, ask->url, &ask->opts, &ask->why);
    if (ask->err)
        CHECK(ask->fm.live == 0, "%s: %zu bytes leaked", ask->url,
              ask->fm.live);
}

static inline void ask_open(struct ask *ask)
{
    ask_try(ask);
    CHECK(ask->err == 0, "%s: %d, %s", ask->url, ask->err, ask->why);
    assert_non_null(ask->o);
}

static inline void ask_close(struct ask *ask)
{
    if (ask->err == 0)
        weft_opening_free(ask->o);
    ask->o = NULL;
    CHECK(ask->fm.live == 0, "%zu bytes leaked", ask->fm.live);
}

/* What is to be sent, as text that lives until the next call. */
static inline const char *ask_output(const struct ask *ask)
{
    static struct bytes text;
    const struct weft_buf *out = weft_opening_output(ask->o);

    text.len = 0;
    bytes_add(&text, out->data, out->len);
    bytes_add(&text, "", 1);
    CHECK(strlen((char *)text.data) == out->len, "a NUL in the request");
    return (char *)text.data;
}

/* ---- Answers ------------------------------------------------------------- */

static inline void ask_feed(struct ask *ask, const char *text, size_t len)
{
    assert_int_equal(weft_opening_feed(ask->o, at_page_end(text, len), len), 0);
}

/* Looks at what was fed: the step, an error, or -1000 for more. *head is the
 * length of the head. */
#define ASK_MORE (-1000)
static inline int ask_look(struct ask *ask, size_t *head)
{
    int n = weft_opening_head(ask->o);

    *head = n > 0 ? (size_t)n : 0;
    return n == 0  ? ASK_MORE
           : n < 0 ? n
                   : weft_opening_judge(ask->o, (size_t)n);
}

static inline void ask_feed_text(struct ask *ask, const char *text)
{
    ask_feed(ask, text, strlen(text));
}

static inline void ask_expect(struct ask *ask, int step)
{
    size_t head;
    int result = ask_look(ask, &head);

    CHECK(result == step, "%d, not %d: %s", result, step, ask->o->why);
    if (head > 0)
        weft_opening_next(ask->o, head);
}

#endif
