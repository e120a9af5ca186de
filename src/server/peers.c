/* SPDX-License-Identifier: MIT */
/* An entry lives as long as its address has a connection. */
#include "server/peers.h"

#include "base/list.h"
#include "base/mem.h"

struct peer {
    struct weft_map_node node;
    uint64_t connections;
    struct weft_peer_key key;
};

static struct weft_slice key_of(const struct weft_map_node *node)
{
    const struct peer *peer = WEFT_OF(node, const struct peer, node);

    return (struct weft_slice){(const char *)peer->key.bytes, peer->key.len};
}

void weft_peers_init(struct weft_peers *peers, const struct weft_mem *mem,
                     const uint64_t seed[2])
{
    pthread_mutex_init(&peers->lock, NULL);
    peers->mem = mem;
    weft_map_init(&peers->map, mem, key_of, seed);
}

void weft_peers_release(struct weft_peers *peers)
{
    struct weft_map_node *node;

    while ((node = weft_map_next(&peers->map, NULL))) {
        weft_map_remove(&peers->map, node);
        weft_free(peers->mem, WEFT_OF(node, struct peer, node),
                  sizeof(struct peer));
    }
    weft_map_release(&peers->map);
    pthread_mutex_destroy(&peers->lock);
}

struct weft_peer_key weft_peer_key_of(const struct weft_address *address)
{
    struct weft_peer_key key = {0};

    key.len = (uint8_t)weft_address_key(address, key.bytes);
    return key;
}

static struct peer *find(struct weft_peers *peers,
                         const struct weft_peer_key *key)
{
    struct weft_slice text = {(const char *)key->bytes, key->len};
    struct weft_map_node *node = weft_map_find(&peers->map, text);

    return node ? WEFT_OF(node, struct peer, node) : NULL;
}

static struct peer *insert(struct weft_peers *peers,
                           const struct weft_peer_key *key)
{
    struct peer *peer = weft_zalloc(peers->mem, sizeof(*peer));

    if (!peer)
        return NULL;
    peer->key = *key;
    if (weft_map_insert(&peers->map, &peer->node) != 0) {
        weft_free(peers->mem, peer, sizeof(*peer));
        return NULL;
    }
    return peer;
}

int weft_peers_enter(struct weft_peers *peers, const struct weft_peer_key *key,
                     uint64_t limit)
{
    struct peer *peer;
    int err = 0;

    if (limit == 0)
        return WEFT_ERR_LIMIT;
    pthread_mutex_lock(&peers->lock);
    peer = find(peers, key);
    if (!peer)
        peer = insert(peers, key);
    if (!peer)
        err = WEFT_ERR_NOMEM;
    else if (peer->connections >= limit)
        err = WEFT_ERR_LIMIT;
    else
        peer->connections++;
    pthread_mutex_unlock(&peers->lock);
    return err;
}

void weft_peers_leave(struct weft_peers *peers, const struct weft_peer_key *key)
{
    struct peer *peer;

    pthread_mutex_lock(&peers->lock);
    peer = find(peers, key);
    if (peer && --peer->connections == 0) {
        weft_map_remove(&peers->map, &peer->node);
        weft_free(peers->mem, peer, sizeof(*peer));
    }
    pthread_mutex_unlock(&peers->lock);
}
