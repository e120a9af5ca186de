/* SPDX-License-Identifier: MIT */
/* What all threads of a load share: made before they run, and then only read,
 * but for what is said to be otherwise. */
#ifndef WEFT_LOAD_PLAN_H
#define WEFT_LOAD_PLAN_H

#include "load/answers.h"
#include "load/batch.h"
#include "load/hello.h"
#include "load/load.h"
#include "load/target.h"
#include <pthread.h>
#include <stdatomic.h>

/* Messages of a broadcast whose times are known: who is further behind the
 * sender is counted without a latency. */
#define LOAD_TIMES ((size_t)1 << 17)

struct load_plan {
    const struct load_opts *opts;
    const struct weft_mem *mem;
    struct load_target target;
    struct load_hello hello;

    size_t variety;        /* messages that differ */
    uint8_t *payload;      /* all of them */
    size_t packed_bytes;   /* of all, without headers; 0: they are not packed */
    struct load_want want; /* each message that comes back */
    struct load_batch batch; /* what is sent, but by who has a tag */
    uint8_t *bulk_payload;
    struct load_want bulk_want;
    struct load_batch bulk_batch;

    /* Written by the thread of a broadcast's sender. */
    _Atomic uint64_t *times; /* LOAD_TIMES; when message i left, at i modulo */
    atomic_uint_least64_t broadcast; /* messages so far */

    atomic_bool is_lost; /* the sender is, and with it the work */

    int news_fd; /* an eventfd: a thread has something to tell */

    pthread_mutex_t lock; /* of what is below */
    unsigned faults;      /* told so far */
};

/* 0; USAGE and why; NOMEM or SYSTEM. In any case there is something to
 * release. */
WEFT_CHECK int load_plan_init(struct load_plan *plan,
                              const struct load_opts *opts, char why[LOAD_WHY]);
void load_plan_release(struct load_plan *plan);

/* The frames of one sender that bears a tag. 0 or NOMEM. */
WEFT_CHECK int load_plan_tagged(const struct load_plan *plan,
                                struct load_batch *batch, uint32_t sender);

/* Tells the user of a fault, if it is one of the first. Any thread. */
void load_plan_fault(struct load_plan *plan, const char *text);

/* Wakes the thread that waits for news. Any thread. */
void load_plan_news(const struct load_plan *plan);

#endif
