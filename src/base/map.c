/* SPDX-License-Identifier: MIT */
/*
 * Chained buckets, a power of two of them, over SipHash-1-3. A node keeps its
 * hash, so chains are searched and the table is doubled without asking for
 * keys. A node that was removed keeps its next, which is what lets a walk
 * remove what it has passed.
 */
#include "base/map.h"
#include "base/mem.h"
#include "base/sizes.h"

static uint64_t rotl(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] = rotl(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] = rotl(v[2], 32);
}

/* Eight bytes, the first one lowest. Compilers make one load of it. */
static uint64_t load_word(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
           (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 |
           (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

/* The word of the last bytes, fewer than eight, and the length above them. */
static uint64_t load_last(const uint8_t *p, size_t left, size_t len)
{
    uint64_t word = (uint64_t)len << 56;

    for (size_t i = 0; i < left; i++)
        word |= (uint64_t)p[i] << 8 * i;
    return word;
}

static void absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF", section 2, with
 * one round for a word and three at the end. */
uint64_t weft_siphash13(const uint64_t seed[2], const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t v[4] = {
        seed[0] ^ UINT64_C(0x736f6d6570736575),
        seed[1] ^ UINT64_C(0x646f72616e646f6d),
        seed[0] ^ UINT64_C(0x6c7967656e657261),
        seed[1] ^ UINT64_C(0x7465646279746573),
    };
    size_t left;

    for (left = len; left >= 8; left -= 8, p += 8)
        absorb(v, load_word(p));
    absorb(v, load_last(p, left, len));

    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void weft_map_init(struct weft_map *map, const struct weft_mem *mem,
                   struct weft_slice (*key_of)(const struct weft_map_node *),
                   const uint64_t seed[2])
{
    *map = (struct weft_map){
        .mem = mem,
        .key_of = key_of,
        .seed = {seed[0], seed[1]},
    };
}

static size_t table_size(const struct weft_map *map)
{
    return (map->mask + 1) * sizeof(*map->buckets);
}

void weft_map_release(struct weft_map *map)
{
    if (map->buckets)
        weft_free(map->mem, map->buckets, table_size(map));
    *map = (struct weft_map){0};
}

static struct weft_map_node **bucket_of(const struct weft_map *map,
                                        uint64_t hash)
{
    return &map->buckets[hash & map->mask];
}

static void link_node(struct weft_map *map, struct weft_map_node *node)
{
    struct weft_map_node **bucket = bucket_of(map, node->hash);

    node->next = *bucket;
    *bucket = node;
}

/* Moves all nodes to a new table of count buckets. False: nothing changed. */
static bool resize(struct weft_map *map, size_t count)
{
    struct weft_map old = *map;
    struct weft_map_node **buckets =
        weft_zalloc(map->mem, count * sizeof(*buckets));

    if (!buckets)
        return false;
    map->buckets = buckets;
    map->mask = count - 1;
    if (!old.buckets)
        return true;

    for (size_t i = 0; i <= old.mask; i++) {
        while (old.buckets[i]) {
            struct weft_map_node *node = old.buckets[i];

            old.buckets[i] = node->next;
            link_node(map, node);
        }
    }
    weft_free(map->mem, old.buckets, table_size(&old));
    return true;
}

static bool is_at(const struct weft_map *map, const struct weft_map_node *node,
                  uint64_t hash, struct weft_slice key)
{
    struct weft_slice own;

    if (node->hash != hash)
        return false;
    own = map->key_of(node);
    return own.len == key.len &&
           (key.len == 0 || memcmp(own.ptr, key.ptr, key.len) == 0);
}

struct weft_map_node *weft_map_find(const struct weft_map *map,
                                    struct weft_slice key)
{
    struct weft_map_node *node;
    uint64_t hash;

    if (map->count == 0)
        return NULL;
    hash = weft_siphash13(map->seed, key.ptr, key.len);
    node = *bucket_of(map, hash);
    while (node && !is_at(map, node, hash, key))
        node = node->next;
    return node;
}

int weft_map_insert(struct weft_map *map, struct weft_map_node *node)
{
    struct weft_slice key = map->key_of(node);

    if (!map->buckets) {
        if (!resize(map, WEFT_MAP_FIRST_BUCKETS))
            return WEFT_ERR_NOMEM;
    } else if (map->count > map->mask) {
        resize(map, (map->mask + 1) * 2); /* without it: longer chains */
    }
    node->hash = weft_siphash13(map->seed, key.ptr, key.len);
    link_node(map, node);
    map->count++;
    return 0;
}

void weft_map_remove(struct weft_map *map, struct weft_map_node *node)
{
    struct weft_map_node **at = bucket_of(map, node->hash);

    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    map->count--;
}

struct weft_map_node *weft_map_next(const struct weft_map *map,
                                    const struct weft_map_node *prev)
{
    size_t i = 0;

    if (map->count == 0 && !prev)
        return NULL;
    if (prev) {
        if (prev->next)
            return prev->next;
        i = (prev->hash & map->mask) + 1;
    }
    for (; i <= map->mask; i++) {
        if (map->buckets[i])
            return map->buckets[i];
    }
    return NULL;
}
