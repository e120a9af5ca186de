/* SPDX-License-Identifier: MIT */
/* The client's half of the handshake, when the client is judged. */
#ifndef CONFORM_ASKED_H
#define CONFORM_ASKED_H

#include "fields.h"
#include "verdict.h"

struct asked {
    struct fields fields; /* points into the bytes of the request */
    char target[512];
    char key[128];     /* the value of Sec-WebSocket-Key */
    uint8_t nonce[16]; /* what it stands for */
    char offered[512]; /* extensions, joined by commas */
    char first[64];    /* the first subprotocol */
};

/* What the client was told to ask for. */
struct asked_want {
    const char *authority; /* of our URL; NULL: any will do */
    const char *protocols; /* joined by ", "; NULL: any will do */
};

/* Reads the head of a request. Returns its size with the empty line, 0 when
 * more bytes are needed, or -1 with *fault when it is none. */
int asked_read(struct asked *a, const uint8_t *in, size_t len,
               const char **fault);

/* Judges it by RFC 6455 4.1, and fills in the nonce. */
void asked_judge(struct asked *a, const struct asked_want *want,
                 struct verdict *v);

#endif
