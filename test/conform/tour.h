/* SPDX-License-Identifier: MIT */
/* Judges clients: each case has a path of its own, and who comes there is led
 * through it. */
#ifndef CONFORM_TOUR_H
#define CONFORM_TOUR_H

#include "door.h"
#include "fresh.h"
#include "guide.h"

/* One case, and who is there. */
struct stop {
    enum {
        STOP_CLOSED,  /* nobody is to come */
        STOP_AWAITED, /* somebody is */
        STOP_TAKEN,
        STOP_LEFT, /* the verdict is there */
    } state;
    bool was_left;
    struct verdict verdict;
    struct seen seen;
    char *told;    /* by the client's interface */
    size_t extras; /* connections that nobody waited for */
};

struct tour {
    struct judge_opts opts;
    const struct test_case *cases;
    size_t count;
    /* For anybody: called for each case that somebody went through. */
    void (*done)(void *user, const struct test_case *tc,
                 const struct verdict *v);
    void *user;

    struct door door;
    struct guide guide;
    struct fresh fresh;
    bool is_guided;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t news;
    struct stop *stops;
    bool ready; /* the guide is there */
    bool alone; /* the guide has gone */
    size_t left;
    size_t strays;   /* connections that asked for no case */
    char stray[100]; /* what was wrong with the first */
};

/* Listens. Returns NULL, or what is wrong. */
const char *tour_open(struct tour *t, const char *address);

/* Starts the client's program. Returns NULL, or what is wrong. */
const char *tour_guide(struct tour *t, const char *command);
/* Sends the client through one case, as struct runner calls it. */
void tour_case(void *tour, const struct test_case *tc, struct verdict *v);

/* Takes whoever comes, until all cases were visited or a signal (SIGINT or
 * SIGTERM, which must be blocked) arrives. Returns the number of cases that
 * nobody visited. */
size_t tour_anybody(struct tour *t);

/* Ends, and calls done for what can be said of the whole. */
void tour_close(struct tour *t);

#endif
