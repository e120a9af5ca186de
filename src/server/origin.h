/* SPDX-License-Identifier: MIT */
/* Who may open a connection, by the Origin and Host of the request. */
#ifndef WEFT_SERVER_ORIGIN_H
#define WEFT_SERVER_ORIGIN_H

#include "base/slice.h"

/*
 * Whether a page of this origin may connect. allowed is a list of origins
 * ended by NULL, or NULL; "any" in it allows all. Beyond the list, an http or
 * https origin whose host is the request's own host is allowed, on any port,
 * so that another site's page is not (cross-site hijacking). Scheme and host
 * are compared without regard to case, default ports are filled in.
 */
bool weft_origin_is_allowed(struct weft_slice origin, struct weft_slice host,
                            const char *const *allowed);

/*
 * Whether a server on loopback answers to this Host: localhost, 127.0.0.1,
 * [::1], names below .localhost, or one of the list, on any port. Others mean
 * that a foreign name was made to point here (DNS rebinding).
 */
bool weft_host_is_local(struct weft_slice host, const char *const *allowed);

#endif
