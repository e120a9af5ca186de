/* SPDX-License-Identifier: MIT */
/* Socket addresses and their text. */
#ifndef WEFT_NET_ADDRESS_H
#define WEFT_NET_ADDRESS_H

#include <sys/socket.h>
#include <weft/error.h>
#include <weft/types.h>

#define WEFT_ADDRESS_TEXT 128 /* enough for any address's text and NUL */

struct weft_address {
    struct sockaddr_storage sa;
    socklen_t len;
};

/* Reads "host:port", "[v6]:port", ":port", "*:port" or "unix:/path" into at
 * most max addresses; names are looked up. The number of them, or ADDRESS
 * (syntax, unknown name, path too long). ":port" and "*:port" give [::], which
 * takes IPv4 too, or 0.0.0.0 where the machine has no IPv6. */
WEFT_CHECK int weft_address_parse(struct weft_address *out, int max,
                                  const char *text);

/* "192.0.2.1:80", "[2001:db8::1]:80", "unix:/path"; an IPv4 address mapped
 * into IPv6 is shown as IPv4. Returns text. */
const char *weft_address_text(const struct weft_address *address,
                              char text[WEFT_ADDRESS_TEXT]);

/* The same without the port and the brackets, "unix" for a Unix socket. */
const char *weft_address_host(const struct weft_address *address,
                              char text[WEFT_ADDRESS_TEXT]);

/* 127.0.0.0/8, ::1, the former mapped, and Unix sockets. */
bool weft_address_is_loopback(const struct weft_address *address);

/* The bytes that say which machine it is, for counting peers: 4 for IPv4, also
 * mapped; the first 8 of IPv6, as one machine commonly has a whole /64; none
 * for Unix sockets. Returns the number written to key. */
size_t weft_address_key(const struct weft_address *address, uint8_t key[16]);

/* Of a connected socket. 0 or SYSTEM. */
int weft_address_of_peer(struct weft_address *out, int fd);
int weft_address_of_socket(struct weft_address *out, int fd);

#endif
