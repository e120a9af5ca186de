/* SPDX-License-Identifier: MIT */
/*
 * The client's half of the handshake. A case changes the ordinary request
 * (RFC 6455 4.1) by edits, one on each line:
 *
 *   > GET %t HTTP/1.0     another request line
 *   -Name                 without this field
 *   Name: value           another value; a new field if there was none
 *   +Name: value          one more field, at the end
 *   200+Name: value       so many of them
 *   @reverse              the fields in reverse order
 *   @lower @upper         the fields' names so
 *   @lf                   lines end with LF alone
 *   @crlf                 an empty line in front
 *   =text                 this text and nothing else
 *
 * In all of them %t is the target, %h the host and port of the URL, %XX a
 * byte, and %(N) that many letters.
 */
#ifndef CONFORM_REQUEST_H
#define CONFORM_REQUEST_H

#include "bytes.h"
#include "target.h"

/* All zero is empty. */
struct request {
    struct bytes text;
    char key[128];     /* the value of Sec-WebSocket-Key */
    char offered[512]; /* extensions, as in the fields, joined by commas */
    char asked[512];   /* subprotocols likewise */
};

/* edits: NULL for the ordinary request. seed: of the key. */
void request_make(struct request *r, const struct target *t, const char *edits,
                  uint32_t seed);
void request_release(struct request *r);

/* Base64 (RFC 4648 4) with a closing NUL; out has room for 4 bytes for each 3
 * begun, and one. */
void base64(char *out, const uint8_t *p, size_t len);

#endif
