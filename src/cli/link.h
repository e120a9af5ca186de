/* SPDX-License-Identifier: MIT */
/*
 * A connection for as long as it is wanted: it is made, made again where that
 * was asked for, and ends with an exit status. Failures are told on standard
 * error; what else happens is told to whoever uses it.
 */
#ifndef WEFT_CLI_LINK_H
#define WEFT_CLI_LINK_H

#include "cli/connect_options.h"
#include "cli/retry.h"
#include "cli/show.h"

enum { LINK_FAILED = 1, LINK_BAD_USAGE = 2 }; /* exit statuses */

#define LINK_WHY_SIZE 512

struct link;

/* Each but drained may be NULL. */
struct link_events {
    void (*opened)(struct link *link);
    /* A message that options ask for; others whoever uses it sends. */
    void (*sent)(struct link *link, const struct weft_message *msg);
    void (*message)(struct link *link, const struct weft_message *msg);
    void (*control)(struct link *link, const struct weft_message *msg);
    void (*drained)(struct link *link); /* after a send that was BUSY */
    void (*closed)(struct link *link, const struct weft_closed *how);
};

/* To be read, not written, by whoever uses it. */
struct link {
    const struct connect_options *options;
    const struct link_events *events;
    void *user;
    struct show log; /* to standard error, for -v and failures */

    struct weft_socket_events socket_events;
    struct weft_loop *loop;
    struct weft_socket *ws;   /* NULL between connections */
    struct weft_timer *timer; /* until the next attempt */
    struct retry retry;
    uint64_t opened_ns;      /* when it became open; 0: it did not */
    uint64_t messages;       /* that came, in all */
    char why[LINK_WHY_SIZE]; /* of the error event; "" for none */
    bool is_leaving;         /* we end it: it is not made again */
    bool is_last;            /* it is not made again for another reason */
    bool has_failed;         /* the exit status is 1, however it ends */
    bool has_ended;          /* nothing happens any more */
    int status;              /* then: the exit status */
};

/* Makes the loop and connects. When false is returned, it has been said why,
 * and status is set. The rest is set in *link before; it is zero, but for
 * options, events, user and log. Release it in either case. */
bool link_begin(struct link *link);
void link_release(struct link *link);

bool link_is_open(const struct link *link);

/* Closes the connection, or gives up trying, and ends. false: the code or
 * reason cannot be, and nothing has changed. */
bool link_leave(struct link *link, uint16_t code, const char *reason);

/* Says what went wrong on our side, in one line, and leaves; the exit status
 * will be 1. */
void link_fail(struct link *link, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
