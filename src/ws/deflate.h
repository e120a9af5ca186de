/* SPDX-License-Identifier: MIT */
/*
 * permessage-deflate at work: an extension of an endpoint (extension.h).
 *
 * What costs memory is a pool's, one for each loop: compressors and
 * decompressors that wait for their next use, and the buffers in which whole
 * messages are packed and unpacked. A connection without context takeover
 * borrows from it for the time of one call, or of one message that comes in
 * pieces; one with takeover keeps what it has until it goes.
 */
#ifndef WEFT_WS_DEFLATE_H
#define WEFT_WS_DEFLATE_H

#include "ws/deflate_params.h"
#include "ws/extension.h"

/* What contexts that are kept may hold together, over all threads. Zero but
 * for ceiling at first; used is touched with __atomic only. */
struct weft_deflate_budget {
    size_t ceiling;
    size_t used;
};

struct weft_deflate_pool;

/* budget NULL: no ceiling. NULL when there is no memory. Allocates its parts
 * when they are first needed. */
struct weft_deflate_pool *
weft_deflate_pool_new(const struct weft_mem *mem,
                      struct weft_deflate_budget *budget);

/* Extensions made with it are gone by then. NULL is allowed. */
void weft_deflate_pool_free(struct weft_deflate_pool *pool);

/* Gives back what waits for its next use, and with it what was encoded and
 * decoded last. */
void weft_deflate_pool_trim(struct weft_deflate_pool *pool);

/*
 * The extension of one connection, in our role. Where the budget has no room
 * for a context, a server changes *params to do without it, as it may before it
 * has answered (sections 7.1.1.1 and 7.1.1.2); a client never does. opts are
 * whole (weft_deflate_opts_fill) and may go. 0, or NOMEM. With owns_pool the
 * pool goes with the extension, also when this fails.
 */
WEFT_CHECK int weft_deflate_new(struct weft_ext **out,
                                struct weft_deflate_pool *pool,
                                const struct weft_deflate_opts *opts,
                                struct weft_deflate_params *params,
                                bool is_client, bool owns_pool);

#endif
