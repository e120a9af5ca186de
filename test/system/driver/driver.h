/* SPDX-License-Identifier: MIT */
/*
 * What the files of the driver share: the sockets, each under a number that the
 * one who drives has given it.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include <weft/client.h>

#define SLOTS 4096 /* sockets at one time */

enum event {
    EVENT_OPEN,
    EVENT_MESSAGE,
    EVENT_ERROR,
    EVENT_CLOSE,
    EVENT_CONTROL,
    EVENT_DRAIN,
    EVENT_REQUEST,
    EVENT_RESPONSE,
    EVENT_FRAME,
    EVENT_COUNT,
};

struct slot {
    struct weft_socket *ws; /* NULL: free */
    struct weft_socket_events events;
    char *on[EVENT_COUNT];          /* a command to run inside that event */
    const struct weft_message *msg; /* while one is told */
    uint64_t to_pour, pour_size;    /* messages still to send, and their size */
};

extern struct weft_loop *loop;
extern struct slot slots[SLOTS];

/* The number of an event, EVENT_COUNT for none of that name. */
enum event event_named(const char *name);

/* Fills in the events: all but drain, and those that tell what goes over the
 * wire, only where they are wanted. */
void events_fill(struct weft_socket_events *events, bool drain, bool wire);

/* Runs a line, which is changed; the answer's second word is given. */
void command_run(char *line, const char *verb);

/* Sends what is left to pour, as far as the buffer takes it. */
void command_pour(struct slot *slot);

/* Gives back the socket of a slot, and what else it holds. */
void command_clear(struct slot *slot);

#endif
