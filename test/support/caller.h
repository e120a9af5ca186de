/* SPDX-License-Identifier: MIT */
/*
 * The library's own client, on a loop of the test's thread, against a server in
 * another thread: for what plain sockets cannot say, such as TLS. What is
 * waited for is waited for with a bound.
 */
#ifndef WEFT_TEST_CALLER_H
#define WEFT_TEST_CALLER_H

#include "serve.h"
#include "wire.h"
#include <weft/client.h>

struct caller {
    struct weft_loop *loop; /* of the test's, and common to several */
    struct weft_socket *ws; /* NULL: it has closed, or was never made */
    struct bytes words;     /* "request open text:Hello error close:1006" */
    struct weft_closed how;
    int err; /* of the error event */
    char why[256];
};

/* Listens with TLS on a free port of 127.0.0.1. Fails the test when it cannot.
 */
void serve_listen_tls(struct serve *s, const struct weft_tls_opts *opts);

/* "wss://localhost:PORT/path" of the i-th address. Lives until the next call.
 */
const char *caller_url(struct serve *s, size_t i, const char *path);

/* Connects; opts may be NULL, its events and user are the caller's. The result
 * of weft_socket_new. */
int caller_begin(struct caller *c, struct weft_loop *loop, const char *url,
                 const struct weft_socket_opts *opts);

/* Waits until the words end with these; they are forgotten. Fails the test
 * when the socket closes without. */
void caller_expect(struct caller *c, const char *words);

/* Waits for the close event. */
void caller_ends(struct caller *c);

void caller_say(struct caller *c, const char *text);

/* Also closes what is open. */
void caller_release(struct caller *c);

#endif
