/* SPDX-License-Identifier: MIT */
/*
 * One at a time: RFC 6455 section 4.1 (item 2 of the first list) allows a
 * client one connection to a host that is CONNECTING, and has the others wait
 * until that one is open or has failed, so that a page cannot flood a server.
 * Whoever connects goes through the gate of its name, and then through that of
 * its address.
 *
 * Gates belong to a loop, and there is one only while somebody is inside.
 */
#ifndef WEFT_CLIENT_GATE_H
#define WEFT_CLIENT_GATE_H

#include "base/list.h"
#include "loop/loop.h"

struct weft_gate;

/* In its owner's struct; zeroed while it is neither waiting nor inside. */
struct weft_gate_pass {
    struct weft_gate *gate;
    struct weft_list node; /* of the gate: the first is inside */

    /* Its turn has come. Called inside another's weft_gate_leave, so it may do
     * no more than take note. */
    void (*admit)(struct weft_gate_pass *pass);
};

/* Goes through the gate that key stands for, or gets in line: see
 * weft_gate_is_inside. 0 or NOMEM. */
WEFT_CHECK int weft_gate_enter(struct weft_gate_pass *pass,
                               struct weft_loop *loop, const char *key);

/* Lets the next one in, or leaves the line; in any state. */
void weft_gate_leave(struct weft_gate_pass *pass);

bool weft_gate_is_inside(const struct weft_gate_pass *pass);
bool weft_gate_is_waiting(const struct weft_gate_pass *pass);

#endif
