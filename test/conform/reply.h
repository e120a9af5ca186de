/* SPDX-License-Identifier: MIT */
/*
 * The server's half of the handshake, when we are the server: the ordinary
 * answer (RFC 6455 4.2.2), changed by the edits of a case (draft.h). In them %k
 * is the client's key, %r the right Sec-WebSocket-Accept, %s that of the
 * letters of the other case, and %u our URL without its path.
 */
#ifndef CONFORM_REPLY_H
#define CONFORM_REPLY_H

#include "asked.h"
#include "bytes.h"

/* All zero is empty. */
struct reply {
    struct bytes text;
    size_t split;         /* a segment ends after so many bytes; 0: none does */
    char protocol[128];   /* the one it names, or "" */
    char extensions[512]; /* as in the fields, joined by commas */
};

/* edits: NULL for the ordinary answer. */
void reply_make(struct reply *r, const struct asked *asked, const char *edits);
void reply_release(struct reply *r);

#endif
