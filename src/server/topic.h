/* SPDX-License-Identifier: MIT */
/*
 * Topics of one worker: who of its connections has subscribed to what. A
 * message to a topic is framed once; the worker of the publisher delivers to
 * its own subscribers and posts the frame to the other workers.
 */
#ifndef WEFT_SERVER_TOPIC_H
#define WEFT_SERVER_TOPIC_H

#include "base/blob.h"
#include "base/map.h"

struct weft_conn;
struct weft_server;
struct weft_worker;

#define WEFT_TOPIC_MAX 255 /* bytes of a topic's name */

struct weft_topics {
    const struct weft_mem *mem;
    struct weft_map map;
};

void weft_topics_init(struct weft_topics *topics, const struct weft_mem *mem,
                      const uint64_t seed[2]);

/* No connection may be subscribed any more. */
void weft_topics_release(struct weft_topics *topics);

/* Ends all of a connection's subscriptions. */
void weft_topics_leave_all(struct weft_conn *conn);

#endif
