/* SPDX-License-Identifier: MIT */
/*
 * Names to addresses, without holding up the loop: by the system's own
 * resolver (getaddrinfo), in threads, of which there are only so many at once
 * in the process however many names are asked for.
 */
#ifndef WEFT_NET_RESOLVE_H
#define WEFT_NET_RESOLVE_H

#include "loop/loop.h"
#include "net/address.h"

#define WEFT_RESOLVE_MAX 16 /* addresses of a host that are looked at */

struct weft_resolve;

/* count addresses with the port, 0 or more, in the resolver's order; 0 when
 * there are none, and error then is the EAI_… that gai_strerror knows. list is
 * gone when this returns. */
typedef void weft_resolved_fn(void *arg, const struct weft_address *list,
                              int count, int error);

/* What is looked up. */
struct weft_name {
    const char *host; /* a name, or an address as text */
    uint16_t port;    /* for the addresses */
    int family;       /* AF_INET, AF_INET6 or AF_UNSPEC */
};

/*
 * Looks up a name, which is copied. done is called once in a later turn of the
 * loop, unless it is cancelled before. "localhost" and names below it are the
 * loopback addresses, whatever a name server might say (RFC 6761 section 6.3);
 * they and addresses need no thread. 0, NOMEM or SYSTEM.
 */
WEFT_CHECK int weft_resolve_start(struct weft_resolve **out,
                                  struct weft_loop *loop,
                                  const struct weft_name *name,
                                  weft_resolved_fn *done, void *arg);

/* done will not be called. Also frees; not in done or after it. NULL is
 * allowed. */
void weft_resolve_cancel(struct weft_resolve *resolve);

#endif
