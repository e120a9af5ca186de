/* SPDX-License-Identifier: MIT */
/* The two functions of a cryptographic library that the engine is given, since
 * it includes none: the digest of the opening handshake, and random bytes. */
#ifndef WEFT_TLS_CRYPTO_H
#define WEFT_TLS_CRYPTO_H

#include <weft/error.h>
#include <weft/types.h>

/* The SHA-1 digest of len bytes (RFC 6455 section 4.2.2 asks for it; it
 * protects nothing). 0 or WEFT_ERR_SYSTEM. May be called from any thread. */
WEFT_CHECK int weft_sha1(const void *data, size_t len, uint8_t out[20]);

/* Fills out with unpredictable bytes, fit for masking keys and seeds. ud is
 * not used. 0, or WEFT_ERR_SYSTEM: then out must not be used. May be called
 * from any thread. */
WEFT_CHECK int weft_random(void *ud, void *out, size_t len);

#endif
