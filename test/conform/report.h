/* SPDX-License-Identifier: MIT */
/* What the user reads. */
#ifndef CONFORM_REPORT_H
#define CONFORM_REPORT_H

#include "cases.h"
#include "verdict.h"

struct report {
    bool json; /* an object on each line instead of text */
    bool colour;
    bool verbose; /* also the script, and what was sent and received */
    bool strict;  /* what is soft has failed */
    size_t count[GRADE_FAIL + 1];
    size_t known; /* of those that are OK */
};

void report_case(struct report *r, const struct test_case *tc,
                 const struct verdict *v);
/* The last line. Returns the number of cases that failed. */
size_t report_end(const struct report *r, int64_t took_ms);
/* A line of the list. */
void report_name(const struct report *r, const struct test_case *tc);

#endif
