/* SPDX-License-Identifier: MIT */
/* SHA-1 (FIPS 180-4), for Sec-WebSocket-Accept. */
#ifndef CONFORM_SHA1_H
#define CONFORM_SHA1_H

#include <stddef.h>
#include <stdint.h>

/* At most 2^29 - 1 bytes. */
void sha1(uint8_t out[20], const void *p, size_t len);

#endif
