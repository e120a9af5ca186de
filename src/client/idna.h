/* SPDX-License-Identifier: MIT */
/* Names in all the world's letters, as the ASCII that DNS knows. */
#ifndef WEFT_CLIENT_IDNA_H
#define WEFT_CLIENT_IDNA_H

#include "base/buf.h"
#include "base/slice.h"

/*
 * Appends the domain to out as "domain to ASCII" of the URL standard does,
 * beStrict being false. It is UTF-8 without NUL; the result is ASCII, and may
 * hold characters that no host may. 0; LIMIT; NOMEM; or INVALID, with *reason
 * as in url.h.
 */
WEFT_CHECK int weft_idna_to_ascii(struct weft_buf *out,
                                  struct weft_slice domain,
                                  const char **reason);

#endif
