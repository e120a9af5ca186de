/* SPDX-License-Identifier: MIT */
/* The machine at the other end, in 16 bytes: what is kept of a connection's
 * address, as the kernel forgets it when the peer resets. */
#ifndef WEFT_NET_HOST_H
#define WEFT_NET_HOST_H

#include "net/address.h"

struct weft_host {
    uint8_t ip[16]; /* IPv6, or IPv4 mapped into it; all 0: a Unix socket */
};

struct weft_host weft_host_of(const struct weft_address *address);

/* "192.0.2.1", "2001:db8::1" or "unix". Returns text. */
const char *weft_host_text(const struct weft_host *host,
                           char text[WEFT_ADDRESS_TEXT]);

bool weft_host_is_unix(const struct weft_host *host);

#endif
