/* SPDX-License-Identifier: MIT */
/* The server's half of the handshake. */
#ifndef CONFORM_RESPONSE_H
#define CONFORM_RESPONSE_H

#include "bargain.h"
#include "fields.h"
#include "request.h"
#include "verdict.h"

struct response {
    int minor; /* of HTTP/1.x */
    int status;
    struct fields fields;
};

/* Reads the head of a response. Returns its size with the empty line, 0 when
 * more bytes are needed, or -1 with *fault when it is none. */
int response_read(struct response *r, const uint8_t *in, size_t len,
                  const char **fault);

/* Judges a response with status 101 (RFC 6455 4.2.2), and fills in what was
 * agreed on. Returns false when the connection is not one of WebSocket. */
bool response_judge(const struct response *r, const struct request *request,
                    struct deal *deal, struct verdict *v);

#endif
