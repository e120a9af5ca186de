/* SPDX-License-Identifier: MIT */
/*
 * A coarse timer wheel, for the many deadlines of connections that nearly
 * always move before they come. A node costs two pointers. A deadline beyond
 * the wheel's span waits in its last slot and is offered early; the owner
 * looks at its real deadline then and puts the node back.
 *
 * Nodes are never offered before their slot's time, and at most one tick plus
 * the span's rounding after their deadline when advance is called in time.
 */
#ifndef WEFT_BASE_WHEEL_H
#define WEFT_BASE_WHEEL_H

#include "base/list.h"
#include "base/sizes.h"
#include <stdint.h>

#define WEFT_WHEEL_TICK_NS UINT64_C(67108864) /* 2^26 ns: 67 ms */

struct weft_wheel {
    struct weft_list slots[WEFT_WHEEL_SLOTS];
    uint64_t used[WEFT_WHEEL_SLOTS / 64]; /* a bit for each slot that may hold
                                           * nodes; cleared when it is empty */
    uint64_t tick; /* all slots before this one have been offered */
};

void weft_wheel_init(struct weft_wheel *wheel, uint64_t now_ns);

/* Puts a node, which must be on no list, where its deadline is. A deadline
 * before the tick of the last advance comes at the next one. Take it out
 * with weft_list_remove. */
void weft_wheel_add(struct weft_wheel *wheel, struct weft_list *node,
                    uint64_t deadline_ns);

/* Moves every node whose slot has come to the list due. */
void weft_wheel_advance(struct weft_wheel *wheel, uint64_t now_ns,
                        struct weft_list *due);

/* When advance may next find something; UINT64_MAX when all slots are empty.
 * Costs a look at eight words. */
uint64_t weft_wheel_next(struct weft_wheel *wheel);

#endif
