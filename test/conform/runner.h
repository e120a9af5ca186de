/* SPDX-License-Identifier: MIT */
/* Judges many cases at the same time. */
#ifndef CONFORM_RUNNER_H
#define CONFORM_RUNNER_H

#include "cases.h"
#include "verdict.h"

struct runner {
    void (*judge)(void *arg, const struct test_case *tc, struct verdict *v);
    void *arg;
    int jobs; /* cases at the same time */
    bool trace;
    const struct test_case *cases;
    size_t count;
    /* Called for each case in the order of the table, by one thread at a
     * time; the verdict is gone afterwards. */
    void (*done)(void *user, const struct test_case *tc,
                 const struct verdict *v);
    void *user;
};

void runner_run(const struct runner *r);

#endif
