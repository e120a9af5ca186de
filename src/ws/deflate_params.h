/* SPDX-License-Identifier: MIT */
/*
 * The negotiation of permessage-deflate (RFC 7692 sections 5 and 7.1), over
 * the values of Sec-WebSocket-Extensions. What is agreed says nothing of who
 * we are: the parameters have the names of the RFC.
 */
#ifndef WEFT_WS_DEFLATE_PARAMS_H
#define WEFT_WS_DEFLATE_PARAMS_H

#include "base/buf.h"
#include "base/slice.h"
#include <weft/deflate.h>

/* What two endpoints have agreed on. */
struct weft_deflate_params {
    bool server_no_context_takeover;
    bool client_no_context_takeover;
    uint8_t server_max_window_bits; /* 8 to 15; not named is 15 */
    uint8_t client_max_window_bits;
    /* The client offered server_max_window_bits, and the answer names it; or
     * client_max_window_bits, and the answer may (section 7.1.2.2). */
    bool server_has_window, client_has_window;
};

/* Fills *out from what a user gave, who may have given NULL; USAGE when it
 * makes no sense. */
WEFT_CHECK int weft_deflate_opts_fill(struct weft_deflate_opts *out,
                                      const struct weft_deflate_opts *opts);

/*
 * A server's choice: the first offer of the fields that the options can meet,
 * in the client's order of preference. 1: *params is what is agreed; 0: none,
 * go on without; PROTOCOL: a field is malformed (section 9.1 of RFC 6455), for
 * which the handshake is refused. An offer that is well formed as an extension
 * but not as permessage-deflate (unknown, repeated or wrong parameters) is
 * declined, and the next is looked at (section 5.1). opts->is_off: 0, though
 * malformed fields are still told.
 */
WEFT_CHECK int weft_deflate_accept(struct weft_deflate_params *params,
                                   const struct weft_field *fields,
                                   size_t count,
                                   const struct weft_deflate_opts *opts);

/* Appends the server's answer, "permessage-deflate; …". 0, LIMIT, NOMEM. */
WEFT_CHECK int weft_deflate_answer(struct weft_buf *out,
                                   const struct weft_deflate_params *params);

/* Appends a client's offer: what the options want, and behind it, where that
 * asks more than every server knows, a plainer one to fall back on. */
WEFT_CHECK int weft_deflate_offer(struct weft_buf *out,
                                  const struct weft_deflate_opts *opts);

/*
 * A client's check of the server's answer against what weft_deflate_offer made
 * of the same options (section 5.1 and 7.1). extensions is the value of the
 * answer's field, perhaps of several joined with commas. 1: *params; 0: there
 * is none; PROTOCOL and *why, static: malformed, not offered, twice there, or
 * with parameters that the offer does not allow.
 */
WEFT_CHECK int weft_deflate_verify(struct weft_deflate_params *params,
                                   struct weft_slice extensions,
                                   const struct weft_deflate_opts *opts,
                                   const char **why);

/* The parameters of an agreement that others have made: the value of a
 * server's answer, taken as it is. 1; 0: empty; PROTOCOL. */
WEFT_CHECK int weft_deflate_params_read(struct weft_deflate_params *params,
                                        struct weft_slice extensions);

#endif
