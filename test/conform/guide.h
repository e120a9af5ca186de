/* SPDX-License-Identifier: MIT */
/*
 * The program that drives the client: it is given one line for each case and
 * gives one back.
 *
 * It first writes "ready". Then each line that it reads is the number of a
 * case, a URL, and perhaps words: "protocol=NAME" for each subprotocol to ask
 * for, "close=CODE:REASON" if it is to close the connection when it is open
 * (both may be empty, %XX in the reason is a byte), and "deflate=TERMS" to
 * offer permessage-deflate with these parameters, as they stand in the field
 * but without blanks, and to compress whatever it sends. Without that word it
 * offers none. A client that cannot choose is judged by what it offers. It
 * connects, sends back every message, and, when all is over, writes the number
 * of the case and what its interface has told: the words of seen.h. Lines may
 * be answered in any order. At the end of its input it ends.
 */
#ifndef CONFORM_GUIDE_H
#define CONFORM_GUIDE_H

#include "bytes.h"

#include <pthread.h>
#include <sys/types.h>

struct guide {
    /* A whole line came, without its end; NULL: there will be no more. By
     * a thread of the guide's. */
    void (*line)(void *arg, const char *line);
    void *arg;

    pid_t pid;
    int to, from;
    pthread_t reader;
    pthread_mutex_t lock; /* of writing */
};

/* Starts a command of the shell. False, with errno, if that cannot be. */
bool guide_start(struct guide *g, const char *command);
void guide_say(struct guide *g, const char *text, size_t len);
/* Lets it end, or ends it after wait_ms. Returns what waitpid says. */
int guide_end(struct guide *g, int64_t wait_ms);

#endif
