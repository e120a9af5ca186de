/* SPDX-License-Identifier: MIT */
/*
 * Messages packed before the run, each alone (RFC 7692 section 7.2.1), and a
 * check of what came back. zlib by itself, and nothing of ours: the judge is
 * not the one that is judged, and the bytes stay the same whatever Weft
 * chooses.
 */
#ifndef WEFT_LOAD_PACKED_H
#define WEFT_LOAD_PACKED_H

#include "base/buf.h"

/* Appends a packed message, by level 6 with a window of 15 bits. 0, NOMEM or
 * LIMIT. */
WEFT_CHECK int load_pack(struct weft_buf *out, const void *data, size_t len);

/* Whether a packed message, the first with its window, stands for these bytes.
 * 0; INVALID_DATA: it does not; or NOMEM. */
WEFT_CHECK int load_packed_check(const struct weft_buf *packed,
                                 const uint8_t *data, size_t len);

#endif
