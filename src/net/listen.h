/* SPDX-License-Identifier: MIT */
/* Listening sockets. */
#ifndef WEFT_NET_LISTEN_H
#define WEFT_NET_LISTEN_H

#include "net/address.h"

/*
 * Opens count non-blocking sockets that listen on one address, among which the
 * kernel spreads connections (SO_REUSEPORT); for a Unix socket, one socket and
 * copies of its descriptor. Port 0 becomes a free port, the same for all, and
 * *address is updated. That another program, or another server of ours,
 * listens there already is found out and is IN_USE. A Unix socket's file left
 * behind by a server that is gone is replaced; one that answers is IN_USE.
 *
 * 0 and fds[0..count), which the caller closes; or IN_USE, ADDRESS, DENIED,
 * SYSTEM, and nothing is open.
 */
WEFT_CHECK int weft_listen(int *fds, int count, struct weft_address *address,
                           int backlog);

/* Closes them, and removes the file of a Unix socket. */
void weft_listen_close(int *fds, int count, const struct weft_address *address);

#endif
