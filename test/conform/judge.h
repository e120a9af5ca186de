/* SPDX-License-Identifier: MIT */
/* One case: plays its script over a connection and gives the verdict. */
#ifndef CONFORM_JUDGE_H
#define CONFORM_JUDGE_H

#include "cases.h"
#include "conn.h"
#include "model.h"
#include "reader.h"
#include "request.h"
#include "script.h"
#include "verdict.h"

struct judge_opts {
    const struct target *target;
    int64_t silence_ms; /* so long is waited for a byte */
    bool singly;        /* every byte in a segment of its own */
    bool trace;
};

struct judge {
    const struct judge_opts *opts;
    const struct script *script;
    struct verdict *verdict;
    enum side side; /* ours */
    struct conn conn;
    struct request request;
    struct reader reader;
    struct model model;
    struct bytes out;   /* not sent yet */
    uint32_t seed;      /* of masking keys: the same in each run */
    bool shaken;        /* the handshake is done */
    size_t used;        /* bytes of conn.in that event was made of */
    bool over;          /* nothing more can be learned */
    bool held;          /* event is still to be taken */
    struct event event; /* the latest */
};

/* Judges one case. The verdict was zeroed but for tracing. */
void judge_case(const struct judge_opts *opts, const struct test_case *tc,
                struct verdict *v);

#endif
