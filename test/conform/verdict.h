/* SPDX-License-Identifier: MIT */
/* What is said of one case. */
#ifndef CONFORM_VERDICT_H
#define CONFORM_VERDICT_H

#include "bytes.h"

/* From good to bad; only the last one is a failure. */
enum grade {
    GRADE_OK,
    GRADE_NOTE, /* what the RFC leaves open, worth telling */
    GRADE_SOFT, /* less than the RFC's SHOULD; with --strict a failure */
    GRADE_FAIL,
};

struct verdict {
    enum grade grade;
    char text[400];     /* why the grade is what it is; empty when OK */
    bool known;         /* it fails, which known.h expects; the grade is OK */
    struct bytes trace; /* what was sent and received, when asked for */
    bool tracing;
    int64_t took_ms;
};

/* Lowers the grade to this one and gives the reason. What is already as bad
 * or worse stays as it is. */
void verdict_say(struct verdict *v, enum grade grade, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A line of the trace. */
void verdict_trace(struct verdict *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *grade_name(enum grade grade);

/* Bytes for people: the first of them, quoted, others escaped. Returns buf. */
const char *quoted(char *buf, size_t size, const void *p, size_t len);

#endif
