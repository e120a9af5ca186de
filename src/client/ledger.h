/* SPDX-License-Identifier: MIT */
/*
 * How much of what was queued is payload that has not gone out yet: the
 * bufferedAmount of a WebSocket, which counts what a program sends and not what
 * frames add. The frames are written down as they are queued, and struck off as
 * the network takes their bytes.
 *
 * Invariant: wire is the bytes of all frames written down and not yet struck
 * off; payload those of them that count.
 */
#ifndef WEFT_CLIENT_LEDGER_H
#define WEFT_CLIENT_LEDGER_H

#include <weft/error.h>
#include <weft/types.h>

struct weft_ledger_entry {
    uint64_t before;  /* bytes that do not count, in front of the rest */
    uint64_t wire;    /* bytes that stand for the payload; fewer, if they are
                       * compressed */
    uint64_t payload; /* bytes of the message */
};

struct weft_ledger {
    const struct weft_mem *mem;
    struct weft_ledger_entry *entries; /* a ring */
    size_t first, count, room;
    uint64_t behind; /* bytes that do not count, behind the last payload */
    uint64_t wire, payload;
};

/* Allocates nothing. */
void weft_ledger_init(struct weft_ledger *ledger, const struct weft_mem *mem);
void weft_ledger_release(struct weft_ledger *ledger);

/* Makes room for one message. 0 or NOMEM. */
WEFT_CHECK int weft_ledger_reserve(struct weft_ledger *ledger);

/* Writes down a frame: after weft_ledger_reserve one that counts, and at any
 * time one that does not. */
void weft_ledger_add_message(struct weft_ledger *ledger, size_t head,
                             uint64_t wire, uint64_t payload);
void weft_ledger_add_control(struct weft_ledger *ledger, uint64_t bytes);

/* Only the last unsent bytes have not gone out. The payload among them: a
 * compressed message is struck off byte for byte too, and what is left of it
 * when its last byte has gone. */
uint64_t weft_ledger_settle(struct weft_ledger *ledger, uint64_t unsent);

#endif
