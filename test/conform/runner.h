/* SPDX-License-Identifier: MIT */
/* Judges many cases at the same time, over a connection each. */
#ifndef CONFORM_RUNNER_H
#define CONFORM_RUNNER_H

#include "judge.h"

struct runner {
    struct judge_opts opts;
    int jobs; /* cases at the same time */
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
