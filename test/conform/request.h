/* SPDX-License-Identifier: MIT */
/*
 * The client's half of the handshake: the ordinary request (RFC 6455 4.1),
 * changed by the edits of a case (draft.h). In them %t is the target, and %h
 * the host and port of the URL.
 */
#ifndef CONFORM_REQUEST_H
#define CONFORM_REQUEST_H

#include "bytes.h"
#include "target.h"

/* A thousand of them are a case. */
#define OFFERED_MAX 32768

/* All zero is empty. */
struct request {
    struct bytes text;
    char key[128];             /* the value of Sec-WebSocket-Key */
    char offered[OFFERED_MAX]; /* extensions, as in the fields, joined by
                                  commas */
    char asked[512];           /* subprotocols likewise */
};

/* edits: NULL for the ordinary request. seed: of the key. */
void request_make(struct request *r, const struct target *t, const char *edits,
                  uint32_t seed);
void request_release(struct request *r);

#endif
