/* SPDX-License-Identifier: MIT */
/* Sec-WebSocket-Key and Sec-WebSocket-Accept: base64 (RFC 4648 4) and a hash.
 */
#ifndef CONFORM_NONCE_H
#define CONFORM_NONCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* With a closing NUL; out has room for 4 bytes for each 3 begun, and one. */
void base64(char *out, const uint8_t *p, size_t len);

/* Reads what must be len bytes; false if it is not. */
bool base64_read(uint8_t *out, size_t len, const char *text);

/* The value of Sec-WebSocket-Accept for a key (RFC 6455 4.2.2 step 5.4). */
void accept_value(char out[29], const char *key);

#endif
