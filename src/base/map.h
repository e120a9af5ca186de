/* SPDX-License-Identifier: MIT */
/*
 * A hash map from byte strings to nodes that live inside the caller's structs.
 * Keys come from peers, so they are hashed with SipHash-1-3 under a secret
 * seed; chains stay short whatever is sent. The map stores no keys: key_of
 * gives a node's.
 *
 * The table doubles when there are more nodes than buckets; when there is no
 * memory for that it stays as it is, slower but right.
 */
#ifndef WEFT_BASE_MAP_H
#define WEFT_BASE_MAP_H

#include "base/slice.h"
#include <weft/error.h>

struct weft_map_node {
    struct weft_map_node *next;
    uint64_t hash;
};

struct weft_map {
    const struct weft_mem *mem;
    struct weft_slice (*key_of)(const struct weft_map_node *node);
    struct weft_map_node **buckets; /* NULL until the first insert */
    size_t mask;                    /* buckets - 1, a power of two less one */
    size_t count;
    uint64_t seed[2];
};

void weft_map_init(struct weft_map *map, const struct weft_mem *mem,
                   struct weft_slice (*key_of)(const struct weft_map_node *),
                   const uint64_t seed[2]);

/* Frees the table. The nodes are the caller's. */
void weft_map_release(struct weft_map *map);

struct weft_map_node *weft_map_find(const struct weft_map *map,
                                    struct weft_slice key);

/* The key must not be in the map. 0 or NOMEM (only for the first table). */
WEFT_CHECK int weft_map_insert(struct weft_map *map,
                               struct weft_map_node *node);

/* The node must be in the map. */
void weft_map_remove(struct weft_map *map, struct weft_map_node *node);

/* Any order: the node after prev, or the first for NULL; NULL at the end. Do
 * not change the map meanwhile, but for removing what was returned before. */
struct weft_map_node *weft_map_next(const struct weft_map *map,
                                    const struct weft_map_node *prev);

uint64_t weft_siphash13(const uint64_t seed[2], const void *data, size_t len);

#endif
