/* SPDX-License-Identifier: MIT */
/*
 * When messages are due that are sent at a rate, whether or not earlier ones
 * were answered. They go round the connections in turn, so the due time of any
 * follows from its place: nothing has to be kept.
 */
#ifndef WEFT_LOAD_PACE_H
#define WEFT_LOAD_PACE_H

#include <weft/types.h>

struct load_pace {
    uint64_t start_ns;
    double interval_ns; /* between two messages */
    size_t ways;        /* connections that take turns */
    uint64_t next;      /* the number of the next message */
};

/* rate: messages a second, above 0. The first is due at start_ns. */
void load_pace_start(struct load_pace *pace, uint64_t start_ns, double rate,
                     size_t ways);

/* When the message of this number is due. */
uint64_t load_pace_due(const struct load_pace *pace, uint64_t number);

/* When message n of one connection is due, both counted from 0. */
uint64_t load_pace_due_on(const struct load_pace *pace, size_t way, uint64_t n);

/* How many more have become due by now; they are taken. The first of them is
 * that of connection *way. */
uint64_t load_pace_take(struct load_pace *pace, uint64_t now_ns, size_t *way);

#endif
