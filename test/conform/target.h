/* SPDX-License-Identifier: MIT */
/* The server that is judged. */
#ifndef CONFORM_TARGET_H
#define CONFORM_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct target {
    char host[256]; /* without the brackets of IPv6 */
    char port[6];
    char authority[272]; /* as it stands in the URL, for the Host field */
    char resource[1024]; /* path and query */
    bool is_secure;      /* wss */
    struct sockaddr_storage addr;
    socklen_t addr_len;
};

/* Takes a ws:// or wss:// URL apart. Returns NULL, or what is wrong with it. */
const char *target_parse(struct target *t, const char *url);

/* Finds the address and connects once, to see that somebody is there.
 * Returns NULL, or why it cannot be reached. */
const char *target_reach(struct target *t);

#endif
