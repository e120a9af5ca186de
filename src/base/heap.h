/* SPDX-License-Identifier: MIT */
/*
 * A pairing heap of nodes that live inside the caller's structs: the least key
 * on top, equal keys in the order of their insertion. No call allocates, so
 * none can fail. Insert and top are O(1), remove is O(log n) amortized; no
 * function recurses, so the shape cannot exhaust the stack.
 */
#ifndef WEFT_BASE_HEAP_H
#define WEFT_BASE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct weft_heap_node {
    struct weft_heap_node *child, *next;
    struct weft_heap_node **link; /* what points here; NULL: not in a heap */
    uint64_t key, seq;
};

struct weft_heap {
    struct weft_heap_node *top; /* NULL: empty */
    uint64_t seq;
};

void weft_heap_insert(struct weft_heap *heap, struct weft_heap_node *node,
                      uint64_t key);

/* A node that is in no heap is left alone; a zeroed node is in none. */
void weft_heap_remove(struct weft_heap *heap, struct weft_heap_node *node);

static inline bool weft_heap_has(const struct weft_heap_node *node)
{
    return node->link != 0;
}

#endif
