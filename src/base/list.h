/* SPDX-License-Identifier: MIT */
/* A doubly linked ring. The list is a node too; a node on no list points to
 * itself, so removing it twice does no harm. */
#ifndef WEFT_BASE_LIST_H
#define WEFT_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct weft_list {
    struct weft_list *prev, *next;
};

/* The struct of which ptr, const or not, is the given member. */
#define WEFT_OF(ptr, type, member)                                             \
    ((type *)((uintptr_t)(ptr)-offsetof(type, member)))

static inline void weft_list_init(struct weft_list *list)
{
    list->prev = list->next = list;
}

static inline bool weft_list_is_empty(const struct weft_list *list)
{
    return list->next == list;
}

/* Puts node behind pos: at the front when pos is the list itself. */
static inline void weft_list_insert(struct weft_list *pos,
                                    struct weft_list *node)
{
    node->prev = pos;
    node->next = pos->next;
    pos->next->prev = node;
    pos->next = node;
}

static inline void weft_list_append(struct weft_list *list,
                                    struct weft_list *node)
{
    weft_list_insert(list->prev, node);
}

static inline void weft_list_remove(struct weft_list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    weft_list_init(node);
}

/* Moves all nodes of from to the end of to. */
static inline void weft_list_move(struct weft_list *to, struct weft_list *from)
{
    if (weft_list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    weft_list_init(from);
}

#endif
