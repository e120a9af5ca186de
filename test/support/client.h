/* SPDX-License-Identifier: MIT */
/*
 * Clients of a server under test: plain blocking sockets, which fail the test
 * when they have waited for 20 s.
 */
#ifndef WEFT_TEST_CLIENT_H
#define WEFT_TEST_CLIENT_H

#include "wire.h"

#include "support.h"

struct serve; /* serve.h */

struct client {
    int fd;
    struct bytes in; /* what has come, from at on not looked at */
    size_t at;
    struct bytes head; /* of the last answer, as text */
    struct bytes body;
};

/* The i-th address the server listens on. */
void client_open_at(struct client *c, struct serve *s, size_t i);
void client_open(struct client *c, struct serve *s);

/* With the smallest receive buffer the kernel gives. */
void client_open_slow(struct client *c, struct serve *s);

/* Whether a connection can be made at all. */
bool client_can_connect(struct serve *s);

/* From 127.0.0.host. */
void client_open_from(struct client *c, struct serve *s, unsigned host);

void client_close(struct client *c);

/* With a RST. */
void client_reset(struct client *c);

/* Ends our half of the stream. */
void client_finish(struct client *c);

void client_send(struct client *c, const void *bytes, size_t len);
void client_say(struct client *c, const char *text);

/* Whether the other side can still be written to: sends and does not mind. */
bool client_try(struct client *c, const void *bytes, size_t len);

/* Reads an answer, with a body as long as Content-Length says, and returns its
 * status. */
int client_answer(struct client *c);

/* The same for an answer that has no body, such as one to HEAD. */
int client_answer_head(struct client *c);

/* The value of a field of the last answer, or NULL. Lives until the next call
 * of it. How often a field is there. */
const char *client_field(const struct client *c, const char *name);
size_t client_fields(const struct client *c, const char *name);
const char *client_body(const struct client *c);

/* One GET, and its status. */
int client_get(struct client *c, const char *path, const char *fields);

/* Waits for the end of the stream: true for a FIN with nothing before it that
 * was not read, false for a reset. Other bytes fail the test. */
bool client_ended(struct client *c);

/* Reads and forgets whatever comes until the connection ends either way. */
void client_await_end(struct client *c);

/* A handshake that is right; fields is text of more lines, or "". */
const char *handshake(const char *path, const char *fields);

/* Asks for a WebSocket and returns the status of the answer. */
int client_upgrade(struct client *c, const char *path, const char *fields);

/* Opens a connection and upgrades it; fails the test for less than 101. */
void client_join(struct client *c, struct serve *s, const char *path);

/* One masked frame, with FIN. */
void client_frame(struct client *c, unsigned opcode, const void *payload,
                  size_t len);
void client_text(struct client *c, const char *text);
void client_close_frame(struct client *c, unsigned code);

/* The next frame in words: "text:Hello", "close:1000". Lives until the next
 * call for this client. */
const char *client_words(struct client *c);

/* Fails the test unless the next frame is this one. */
void client_expect(struct client *c, const char *words);

/* The payload of the next frame, whose opcode it must be. Free it. */
uint8_t *client_payload(struct client *c, unsigned opcode, size_t *len);

#endif
