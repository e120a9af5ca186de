/* SPDX-License-Identifier: MIT */
/* How many connections each address has. Shared by all threads, under a lock;
 * used only where there is a limit. */
#ifndef WEFT_SERVER_PEERS_H
#define WEFT_SERVER_PEERS_H

#include "base/map.h"
#include "net/address.h"
#include <pthread.h>

/* Which machine it is: see weft_address_key. */
struct weft_peer_key {
    uint8_t len;
    uint8_t bytes[16];
};

struct weft_peers {
    pthread_mutex_t lock;
    const struct weft_mem *mem;
    struct weft_map map;
};

void weft_peers_init(struct weft_peers *peers, const struct weft_mem *mem,
                     const uint64_t seed[2]);
void weft_peers_release(struct weft_peers *peers);

struct weft_peer_key weft_peer_key_of(const struct weft_address *address);

/* Counts a connection: 0; LIMIT when the address has limit of them; NOMEM. */
WEFT_CHECK int weft_peers_enter(struct weft_peers *peers,
                                const struct weft_peer_key *key,
                                uint64_t limit);

/* One of those counted has gone. */
void weft_peers_leave(struct weft_peers *peers,
                      const struct weft_peer_key *key);

#endif
