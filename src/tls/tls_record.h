/* SPDX-License-Identifier: MIT */
/* Where the records of TLS end (RFC 8446 section 5.1). */
#ifndef WEFT_TLS_TLS_RECORD_H
#define WEFT_TLS_TLS_RECORD_H

#include "base/buf.h"

/*
 * How many of the bytes that were kept and that came are whole records.
 * *is_strange becomes true, and the answer is all of them, when what follows
 * cannot be a record, whatever may still come: then OpenSSL is to say so.
 */
size_t weft_tls_whole(const struct weft_buf *kept, const uint8_t *p, size_t len,
                      bool *is_strange);

#endif
