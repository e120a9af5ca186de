/* SPDX-License-Identifier: MIT */
/*
 * One question to the system's resolver, and the threads that ask it, without a
 * loop: net/resolve.h joins them to one. Threads are made when questions come
 * and end when none is waiting.
 */
#ifndef WEFT_NET_LOOKUP_H
#define WEFT_NET_LOOKUP_H

#include "base/list.h"
#include "net/address.h"

#define WEFT_LOOKUP_THREADS 16 /* in the process; getaddrinfo waits in each */
#define WEFT_LOOKUP_MAX 16     /* addresses of a name that are kept */

/* Where the threads leave what they have found. */
struct weft_lookup_box {
    struct weft_list found; /* the threads' and weft_lookup_take's */
    int bell;               /* a socket: a byte is sent for each */
};

struct weft_lookup {
    struct weft_list node;       /* the threads' until it is taken */
    struct weft_lookup_box *box; /* likewise; NULL: the owner has dropped it */
    bool is_running;             /* likewise */
    void *owner;                 /* for the owner */

    /* The question. */
    int family; /* AF_INET, AF_INET6 or AF_UNSPEC */
    uint16_t port;

    /* The answer: count addresses, each once, or an error of getaddrinfo. */
    int count, error;
    struct weft_address list[WEFT_LOOKUP_MAX];

    char host[];
};

/* Not asked yet. NULL: no memory. */
struct weft_lookup *weft_lookup_new(const char *host, uint16_t port,
                                    int family);

/* Answers at once what nobody has to be asked for: an address as text, and the
 * names of this machine (RFC 6761 section 6.3). Whether it did. */
bool weft_lookup_known(struct weft_lookup *lookup);

/* Has a thread answer; then it lies in the box. The box must live, and its bell
 * be open, until all that are to come there were taken or dropped. 0, or SYSTEM
 * when there is no thread: then it may be started again, or dropped. */
WEFT_CHECK int weft_lookup_start(struct weft_lookup *lookup,
                                 struct weft_lookup_box *box);

/* Moves what was found to the end of a list, in the order of the answers. */
void weft_lookup_take(struct weft_lookup_box *box, struct weft_list *list);

/* Frees it, in every state; one that a thread is busy with is the thread's to
 * free from now on. A list of the owner's that it is on loses it. NULL is
 * allowed. */
void weft_lookup_drop(struct weft_lookup *lookup);

#endif
