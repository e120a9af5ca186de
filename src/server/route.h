/* SPDX-License-Identifier: MIT */
/*
 * What is served at a path. Routes are counted: the table holds one reference
 * and each connection one, so that a route that was replaced lives, with the
 * code behind it, until its last connection has gone.
 *
 * The table is shared by all threads under a lock, which is taken once for
 * each handshake.
 */
#ifndef WEFT_SERVER_ROUTE_H
#define WEFT_SERVER_ROUTE_H

#include "base/map.h"
#include "session/session.h"
#include "ws/deflate.h"
#include <pthread.h>
#include <weft/server.h>

struct weft_route {
    struct weft_map_node node;
    unsigned refs; /* touched with __atomic only */
    const struct weft_mem *mem;
    struct weft_handler handler;
    struct weft_deflate_opts deflate; /* every default filled in */
    void (*gone)(void *arg);
    void *gone_arg;
    char *path;
    unsigned threads;
    struct weft_session_conf confs[]; /* one for each thread */
};

struct weft_routes {
    pthread_mutex_t lock;
    const struct weft_mem *mem; /* usable from every thread */
    struct weft_map map;
};

void weft_routes_init(struct weft_routes *routes, const struct weft_mem *mem,
                      const uint64_t seed[2]);
void weft_routes_release(struct weft_routes *routes);

/* A route with one reference and threads empty confs. NULL: no memory. */
struct weft_route *weft_route_new(const struct weft_mem *mem, const char *path,
                                  const struct weft_handler *handler,
                                  unsigned threads);
void weft_route_unref(struct weft_route *route);

/* Puts a route, whose reference it takes over, in the place of another. 0 or
 * NOMEM: then the reference is still the caller's. */
WEFT_CHECK int weft_routes_put(struct weft_routes *routes,
                               struct weft_route *route);

/* A new reference, or NULL. */
struct weft_route *weft_routes_find(struct weft_routes *routes,
                                    const char *path);

/* 0 or MISSING. */
int weft_routes_remove(struct weft_routes *routes, const char *path);

#endif
