/* SPDX-License-Identifier: MIT */
/* The table of routes: who holds a route, and that its end is told once. */
#include "base/mem.h"
#include "server/route.h"
#include "support.h"

#include <stdio.h>

static const uint64_t seed[2] = {1, 2};
static const struct weft_handler handler = {.size = sizeof(handler)};

static void count_gone(void *arg)
{
    ++*(int *)arg;
}

struct table {
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_routes routes;
};

static void table_open(struct table *t)
{
    *t = (struct table){.fm.left = -1};
    t->mem = (struct weft_mem){fail_realloc, &t->fm};
    weft_routes_init(&t->routes, &t->mem, seed);
}

static void table_close(struct table *t)
{
    weft_routes_release(&t->routes);
    assert_int_equal(t->fm.live, 0);
}

static struct weft_route *route_new(struct table *t, const char *path,
                                    int *gone)
{
    struct weft_route *route = weft_route_new(&t->mem, path, &handler, 3);

    assert_non_null(route);
    route->gone = count_gone;
    route->gone_arg = gone;
    return route;
}

static void put(struct table *t, const char *path, int *gone)
{
    assert_int_equal(weft_routes_put(&t->routes, route_new(t, path, gone)), 0);
}

static void test_find(void **state)
{
    static const char *const paths[] = {"/",      "/echo", "/Echo",  "/echo/",
                                        "/a/b/c", "//",    "/%65cho"};
    int gone[COUNT(paths)] = {0};
    struct table t;

    (void)state;
    table_open(&t);
    assert_null(weft_routes_find(&t.routes, "/echo"));
    for (size_t i = 0; i < COUNT(paths); i++)
        put(&t, paths[i], &gone[i]);
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct weft_route *route = weft_routes_find(&t.routes, paths[i]);

        assert_non_null(route);
        assert_string_equal(route->path, paths[i]);
        assert_int_equal(route->threads, 3);
        weft_route_unref(route);
        assert_int_equal(gone[i], 0);
    }
    assert_null(weft_routes_find(&t.routes, "/ech"));
    assert_null(weft_routes_find(&t.routes, "/echo2"));
    assert_null(weft_routes_find(&t.routes, ""));
    table_close(&t);
    for (size_t i = 0; i < COUNT(paths); i++)
        assert_int_equal(gone[i], 1);
}

static void test_replaced(void **state)
{
    int first = 0, second = 0;
    struct weft_route *old, *new;
    struct table t;

    (void)state;
    table_open(&t);
    put(&t, "/a", &first);
    old = weft_routes_find(&t.routes, "/a");
    put(&t, "/a", &second);
    new = weft_routes_find(&t.routes, "/a");
    assert_ptr_not_equal(old, new);
    assert_string_equal(old->path, "/a"); /* it lives while it is held */
    assert_int_equal(first, 0);
    weft_route_unref(old);
    assert_int_equal(first, 1);

    assert_int_equal(weft_routes_remove(&t.routes, "/a"), 0);
    assert_null(weft_routes_find(&t.routes, "/a"));
    assert_int_equal(weft_routes_remove(&t.routes, "/a"), WEFT_ERR_MISSING);
    assert_int_equal(second, 0);
    weft_route_unref(new);
    assert_int_equal(second, 1);
    weft_route_unref(NULL);
    table_close(&t);
    assert_int_equal(first, 1);
    assert_int_equal(second, 1);
}

/* A path may be taken again and again, also when it was not in use. */
static void test_many(void **state)
{
    int gone = 0, puts = 0;
    struct table t;
    char path[32];

    (void)state;
    table_open(&t);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 200; i++) {
            snprintf(path, sizeof(path), "/p/%d", i);
            put(&t, path, &gone);
            puts++;
        }
        for (int i = 0; i < 200; i += 2) {
            snprintf(path, sizeof(path), "/p/%d", i);
            assert_int_equal(weft_routes_remove(&t.routes, path), 0);
        }
    }
    table_close(&t);
    assert_int_equal(gone, puts);
}

/* A route that was not taken stays the caller's; one before it stays. */
static void test_without_memory(void **state)
{
    long n = 0;
    int err;

    (void)state;
    do {
        struct weft_route *route;
        struct table t;

        table_open(&t);
        t.fm.left = n++;
        err = WEFT_ERR_NOMEM;
        route = weft_route_new(&t.mem, "/a", &handler, 2);
        if (route)
            err = weft_routes_put(&t.routes, route);
        if (route && err)
            weft_route_unref(route);
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        table_close(&t);
    } while (err);
    assert_int_equal(n, 4); /* the route, its path, the table */
}

/* Replacing needs no memory but the new route's. */
static void test_replaced_without_memory(void **state)
{
    struct weft_route *route;
    int gone = 0;
    struct table t;

    (void)state;
    table_open(&t);
    put(&t, "/a", &gone);
    route = route_new(&t, "/a", &gone);
    t.fm.left = 0;
    assert_int_equal(weft_routes_put(&t.routes, route), 0);
    assert_int_equal(gone, 1);
    table_close(&t);
    assert_int_equal(gone, 2);
}

#define ROUNDS 3000

static struct table shared;

static void *look(void *arg)
{
    long *found = arg;

    for (int i = 0; i < ROUNDS; i++) {
        struct weft_route *route = weft_routes_find(&shared.routes, "/a");

        if (route)
            *found += route->handler.size == sizeof(handler);
        weft_route_unref(route);
    }
    return NULL;
}

static void count_shared(void *arg)
{
    __atomic_add_fetch((int *)arg, 1, __ATOMIC_RELAXED);
}

/* Found on two threads while a third replaces and removes it. The allocator
 * is not for several threads, so libc's is used. */
static void test_threads(void **state)
{
    pthread_t threads[2];
    long found[2] = {0};
    int gone = 0;

    (void)state;
    weft_routes_init(&shared.routes, &weft_mem_libc, seed);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, look, &found[i]);
    for (int i = 0; i < ROUNDS; i++) {
        struct weft_route *route =
            weft_route_new(&weft_mem_libc, "/a", &handler, 1);

        route->gone = count_shared;
        route->gone_arg = &gone;
        assert_int_equal(weft_routes_put(&shared.routes, route), 0);
        if (i % 3 == 0)
            assert_int_equal(weft_routes_remove(&shared.routes, "/a"), 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    weft_routes_release(&shared.routes);
    assert_int_equal(gone, ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_replaced_without_memory),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
