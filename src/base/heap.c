/* SPDX-License-Identifier: MIT */
/*
 * A pairing heap. Each node heads a list of its children, linked by next, and
 * knows the pointer that points to it, so any node can be cut out at once.
 * What a cut leaves behind, its children, is merged in pairs from front to
 * back and then into one from back to front: that is what makes removal
 * O(log n) amortized. Both passes are loops over lists; depth costs nothing.
 *
 * Invariants: no node comes before its parent; *node->link == node for every
 * node in the heap; the top has no siblings. The top's link points into the
 * heap struct, so that one must stay where it is while nodes are in it.
 */
#include "base/heap.h"

#include <stddef.h>

static bool is_before(const struct weft_heap_node *a,
                      const struct weft_heap_node *b)
{
    return a->key != b->key ? a->key < b->key : a->seq < b->seq;
}

/* Joins two heaps by their tops and returns the top of both, whose link and
 * next are the caller's to set. */
static struct weft_heap_node *meld(struct weft_heap_node *a,
                                   struct weft_heap_node *b)
{
    struct weft_heap_node *top = is_before(a, b) ? a : b;
    struct weft_heap_node *sub = top == a ? b : a;

    sub->next = top->child;
    if (sub->next)
        sub->next->link = &sub->next;
    sub->link = &top->child;
    top->child = sub;
    return top;
}

/* Melds neighbours, and lists the results from last to first. */
static struct weft_heap_node *meld_pairs(struct weft_heap_node *node)
{
    struct weft_heap_node *pairs = NULL;

    while (node) {
        struct weft_heap_node *pair = node, *second = node->next;

        node = NULL;
        if (second) {
            node = second->next;
            pair = meld(pair, second);
        }
        pair->next = pairs;
        pairs = pair;
    }
    return pairs;
}

/* Makes one heap of a list of siblings; NULL of none. */
static struct weft_heap_node *meld_all(struct weft_heap_node *siblings)
{
    struct weft_heap_node *node = meld_pairs(siblings), *top = NULL;

    while (node) {
        struct weft_heap_node *next = node->next;

        top = top ? meld(top, node) : node;
        node = next;
    }
    return top;
}

/* Melds a heap with what the struct holds. */
static void put(struct weft_heap *heap, struct weft_heap_node *node)
{
    heap->top = heap->top ? meld(heap->top, node) : node;
    heap->top->next = NULL;
    heap->top->link = &heap->top;
}

void weft_heap_insert(struct weft_heap *heap, struct weft_heap_node *node,
                      uint64_t key)
{
    *node = (struct weft_heap_node){.key = key, .seq = heap->seq++};
    put(heap, node);
}

void weft_heap_remove(struct weft_heap *heap, struct weft_heap_node *node)
{
    struct weft_heap_node *below;

    if (!node->link)
        return;
    *node->link = node->next; /* empties the heap when node is the top */
    if (node->next)
        node->next->link = node->link;

    below = meld_all(node->child);
    if (below)
        put(heap, below);
    node->child = node->next = NULL;
    node->link = NULL;
}
