/* SPDX-License-Identifier: MIT */
/* One case: plays its script over a connection, as the client or as the server,
 * and gives the verdict. */
#ifndef CONFORM_JUDGE_H
#define CONFORM_JUDGE_H

#include "asked.h"
#include "cases.h"
#include "conn.h"
#include "model.h"
#include "reader.h"
#include "reply.h"
#include "request.h"
#include "script.h"
#include "seen.h"
#include "verdict.h"

struct judge_opts {
    const struct target *target; /* of our connections; NULL for a server */
    int64_t silence_ms;          /* so long is waited for a byte */
    bool singly;                 /* every byte in a segment of its own */
    bool trace;
};

struct judge {
    const struct judge_opts *opts;
    const struct script *script;
    struct verdict *verdict;
    enum side side; /* ours */
    struct conn conn;
    struct request request; /* a client's: ours */
    struct reply reply;     /* a server's: ours */
    struct reader reader;
    struct model model;
    struct deal deal;
    const char *refusal; /* why our answer about compression is wrong; NULL */
    struct packer packer;
    struct pack_way way; /* of the message that is not at its end */
    struct bytes packed;
    struct bytes out;   /* not sent yet */
    uint32_t seed;      /* of masking keys: the same in each run */
    bool shaken;        /* the handshake is done */
    bool wrong;         /* what is sent breaks the RFC from now on */
    struct seen seen;   /* by a client */
    size_t used;        /* bytes of conn.in that event was made of */
    bool over;          /* nothing more can be learned */
    bool held;          /* event is still to be taken */
    struct event event; /* the latest */
};

/* Judges what a server does in one case. The verdict was zeroed but for
 * tracing. */
void judge_case(const struct judge_opts *opts, const struct test_case *tc,
                struct verdict *v);

/* A client that has connected and asked for a case. */
struct visitor {
    struct conn conn; /* with what came behind the request */
    struct asked asked;
    struct bytes masks; /* the masking keys of its frames, afterwards */
};

/* Judges what it does then; the request was judged before. */
void judge_visitor(const struct judge_opts *opts, const struct test_case *tc,
                   struct visitor *visitor, struct verdict *v,
                   struct seen *seen);

#endif
