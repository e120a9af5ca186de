/* SPDX-License-Identifier: MIT */
/* Where clients come in: listens, and reads the request of each that comes. */
#ifndef CONFORM_DOOR_H
#define CONFORM_DOOR_H

#include "judge.h"

#include <pthread.h>

struct door {
    int64_t silence_ms;
    /* A client came, and its request was read; fault: what is wrong with it, or
     * NULL. By a thread of the door's, many at the same time. The connection is
     * then whose it is called for. */
    void (*visit)(void *arg, struct visitor *visitor, const char *fault);
    void *arg;

    char authority[80]; /* host and port, as in our URL */
    char url[96];       /* "ws://" and that */
    int fd;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t quiet;
    size_t inside; /* visits that have not returned */
};

/* address: "HOST:PORT", "[::1]:0", or parts of it; NULL: 127.0.0.1 and any
 * port. Returns NULL, or what is wrong. */
const char *door_open(struct door *d, const char *address);
/* Waits for the visits that are not over. */
void door_close(struct door *d);

#endif
