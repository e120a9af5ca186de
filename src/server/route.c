/* SPDX-License-Identifier: MIT */
/* A route's last reference may go on any thread; gone is called there, outside
 * the lock. */
#include "server/route.h"

#include "base/list.h"
#include "base/mem.h"

static struct weft_slice key_of(const struct weft_map_node *node)
{
    return weft_slice(WEFT_OF(node, const struct weft_route, node)->path);
}

void weft_routes_init(struct weft_routes *routes, const struct weft_mem *mem,
                      const uint64_t seed[2])
{
    pthread_mutex_init(&routes->lock, NULL);
    routes->mem = mem;
    weft_map_init(&routes->map, mem, key_of, seed);
}

static struct weft_route *route_of(struct weft_map_node *node)
{
    return node ? WEFT_OF(node, struct weft_route, node) : NULL;
}

void weft_routes_release(struct weft_routes *routes)
{
    struct weft_map_node *node;

    while ((node = weft_map_next(&routes->map, NULL))) {
        weft_map_remove(&routes->map, node);
        weft_route_unref(route_of(node));
    }
    weft_map_release(&routes->map);
    pthread_mutex_destroy(&routes->lock);
}

static size_t route_size(unsigned threads)
{
    return sizeof(struct weft_route) +
           threads * sizeof(struct weft_session_conf);
}

struct weft_route *weft_route_new(const struct weft_mem *mem, const char *path,
                                  const struct weft_handler *handler,
                                  unsigned threads)
{
    struct weft_route *route = weft_zalloc(mem, route_size(threads));

    if (!route)
        return NULL;
    route->mem = mem;
    route->refs = 1;
    route->threads = threads;
    route->handler = *handler;
    route->path = weft_strdup(mem, path);
    if (!route->path) {
        weft_free(mem, route, route_size(threads));
        return NULL;
    }
    return route;
}

void weft_route_unref(struct weft_route *route)
{
    if (!route || __atomic_sub_fetch(&route->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    if (route->gone)
        route->gone(route->gone_arg);
    weft_strfree(route->mem, route->path);
    weft_free(route->mem, route, route_size(route->threads));
}

int weft_routes_put(struct weft_routes *routes, struct weft_route *route)
{
    struct weft_map_node *old;
    int err;

    pthread_mutex_lock(&routes->lock);
    old = weft_map_find(&routes->map, weft_slice(route->path));
    if (old)
        weft_map_remove(&routes->map, old);
    /* Once there has been a node there is a table, and this cannot fail. */
    err = weft_map_insert(&routes->map, &route->node);
    pthread_mutex_unlock(&routes->lock);
    weft_route_unref(route_of(old));
    return err;
}

struct weft_route *weft_routes_find(struct weft_routes *routes,
                                    const char *path)
{
    struct weft_route *route;

    pthread_mutex_lock(&routes->lock);
    route = route_of(weft_map_find(&routes->map, weft_slice(path)));
    if (route)
        __atomic_add_fetch(&route->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&routes->lock);
    return route;
}

int weft_routes_remove(struct weft_routes *routes, const char *path)
{
    struct weft_map_node *node;

    pthread_mutex_lock(&routes->lock);
    node = weft_map_find(&routes->map, weft_slice(path));
    if (node)
        weft_map_remove(&routes->map, node);
    pthread_mutex_unlock(&routes->lock);
    weft_route_unref(route_of(node));
    return node ? 0 : WEFT_ERR_MISSING;
}
