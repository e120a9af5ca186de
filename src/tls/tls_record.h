/* SPDX-License-Identifier: MIT */
/* Where the records of TLS end (RFC 8446 section 5.1). */
#ifndef WEFT_TLS_TLS_RECORD_H
#define WEFT_TLS_TLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How many bytes of a and b, taken as one, are whole records. *is_strange
 * becomes true, and the answer is all of them, when what follows cannot be a
 * record, whatever may still come: then OpenSSL is to say so.
 */
size_t weft_tls_whole(const uint8_t *a, size_t a_len, const uint8_t *b,
                      size_t b_len, bool *is_strange);

#endif
