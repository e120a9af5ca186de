/* SPDX-License-Identifier: MIT */
/*
 * System calls that fail on demand: the n-th of one kind, and as many behind it
 * as are asked for. The programs are linked so that these calls come here first
 * (ld's --wrap).
 */
#ifndef WEFT_TEST_FAULT_FAILING_H
#define WEFT_TEST_FAULT_FAILING_H

#include <limits.h>
#include <stdbool.h>

#define SHORT (-1)    /* no error: one byte is taken */
#define ALL INT_MAX   /* calls: that one and all behind it */
#define CALLS_MAX 500 /* far more than a conversation makes */

enum call {
    ACCEPT4,
    CONNECT,
    EPOLL_ADD, /* only adding takes memory; else epoll_ctl cannot fail */
    EPOLL_WAIT,
    GETSOCKOPT, /* of SO_ERROR */
    RECV,
    SENDMSG,
    SOCKET,
};

/* A row of a table. */
struct failure {
    const char *what;
    enum call call;
    int error;        /* errno or SHORT */
    int times;        /* calls that fail */
    bool is_harmless; /* the conversation is held to its end all the same */
};

/* What happens in both roles. */
extern const struct failure failing_waits[2];
extern const struct failure failing_receives[5];
extern const struct failure failing_sends[9];

/* Whether the calls of the present moment go on to the kernel untouched: asked
 * in the thread that makes one. */
extern bool (*failing_spares)(void);

/* Sets a failure up, behind so many calls that succeed; and takes it away:
 * whether it came to be. */
void failing_begin(const struct failure *failure, long after);
bool failing_end(void);

/* While on, nothing fails and no call is counted. */
void failing_spare(bool on);

#endif
