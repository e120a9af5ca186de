/* SPDX-License-Identifier: MIT */
/* Where a load goes: a URL, and the addresses of its host. */
#ifndef WEFT_LOAD_TARGET_H
#define WEFT_LOAD_TARGET_H

#include "load/payload.h"
#include "net/address.h"

#define LOAD_ADDRESSES_MAX 8

struct load_target {
    char host[256];      /* without brackets */
    char authority[300]; /* for Host: as the URL has it */
    char resource[4096]; /* path and query */
    uint16_t port;
    bool is_secure;
    struct weft_address addresses[LOAD_ADDRESSES_MAX];
    int count; /* of them, after load_target_look_up */
};

/* Reads ws://, wss://, http:// or https://, which are taken as they stand:
 * nothing is repaired. 0; or USAGE and why. */
WEFT_CHECK int load_target_parse(struct load_target *target, const char *url,
                                 char why[LOAD_WHY]);

/* Waits for the answer. 0; or ADDRESS and why. */
WEFT_CHECK int load_target_look_up(struct load_target *target,
                                   char why[LOAD_WHY]);

/* Whether all of it stays on 127.0.0.0/8, which has addresses to spare. */
bool load_target_is_loopback(const struct weft_address *address);

#endif
