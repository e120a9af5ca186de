/* SPDX-License-Identifier: MIT */
/*
 * Encrypted bytes that the kernel has not taken at once, and the write that
 * takes them along. There is one only while there are such bytes.
 */
#ifndef WEFT_TLS_TLS_OUT_H
#define WEFT_TLS_TLS_OUT_H

#include "base/buf.h"
#include "loop/loop.h"

struct weft_tls_out;

/*
 * Sends bytes behind what *out holds, which may be NULL: offers them to the
 * kernel, unless a write is in progress, and keeps the rest. 0; EOF, SYSTEM,
 * NOMEM; or LIMIT when too much waits already.
 */
WEFT_CHECK int weft_tls_out_send(struct weft_tls_out **out, struct weft_io *io,
                                 const struct weft_buf *bytes,
                                 const struct weft_mem *mem);

/* A write of io has ended. Starts another if more has come meanwhile, or frees
 * *out. */
void weft_tls_out_sent(struct weft_tls_out **out, struct weft_io *io,
                       const struct weft_mem *mem);

void weft_tls_out_free(struct weft_tls_out **out, const struct weft_mem *mem);

#endif
