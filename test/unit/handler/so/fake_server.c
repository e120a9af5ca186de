/* SPDX-License-Identifier: MIT */
#include "fake_server.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct route {
    struct route *next;
    char *path;
    struct weft_handler handler;
    struct weft_route_opts opts;
};

struct line {
    struct line *next;
    enum weft_log_level level;
    char text[1024];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct route *routes;
static struct line *lines;
static size_t mounts, gone;
static int refusal;

struct weft_server *fake_server(void)
{
    static char place;

    return (struct weft_server *)(void *)&place;
}

static void free_route(struct route *route)
{
    gone++;
    if (route->opts.gone)
        route->opts.gone(route->opts.gone_arg);
    free(route->path);
    free(route);
}

void fake_server_reset(void)
{
    while (routes) {
        struct route *next = routes->next;

        free_route(routes);
        routes = next;
    }
    while (lines) {
        struct line *next = lines->next;

        free(lines);
        lines = next;
    }
    mounts = gone = 0;
    refusal = 0;
}

static struct route **find(const char *path)
{
    struct route **at = &routes;

    while (*at && strcmp((*at)->path, path) != 0)
        at = &(*at)->next;
    return at;
}

static int unroute(const char *path)
{
    struct route **at = find(path), *route = *at;

    if (!route)
        return WEFT_ERR_MISSING;
    *at = route->next;
    free_route(route);
    return 0;
}

int weft_server_mount(struct weft_server *srv, const char *path,
                      const struct weft_handler *handler,
                      const struct weft_route_opts *opts)
{
    struct route *route = calloc(1, sizeof(*route));
    int err;

    CHECK(srv == fake_server(), "another server");
    CHECK(path[0] == '/' && handler->size && opts->gone, "%s", path);
    pthread_mutex_lock(&lock);
    err = refusal;
    if (err) {
        free(route);
    } else {
        unroute(path);
        route->path = strdup(path);
        memcpy(&route->handler, handler,
               handler->size < sizeof(*handler) ? handler->size
                                                : sizeof(*handler));
        route->opts = *opts;
        route->next = routes;
        routes = route;
        mounts++;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
    return err;
}

int weft_server_unroute(struct weft_server *srv, const char *path)
{
    int err;

    CHECK(srv == fake_server(), "another server");
    pthread_mutex_lock(&lock);
    err = unroute(path);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return err;
}

void weft_server_log(struct weft_server *srv, enum weft_log_level level,
                     const char *format, ...)
{
    struct line *line = calloc(1, sizeof(*line));
    va_list args;

    CHECK(srv == fake_server() && line, "another server");
    line->level = level;
    va_start(args, format);
    vsnprintf(line->text, sizeof(line->text), format, args);
    va_end(args);
    if (getenv("SHOW_LOG"))
        fprintf(stderr, "log %d: %s\n", (int)level, line->text);
    pthread_mutex_lock(&lock);
    line->next = lines;
    lines = line;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static int ask(const char *path)
{
    struct route *route = *find(path);

    return route && route->handler.request ? route->handler.request(NULL) : -1;
}

int fake_server_ask(const char *path)
{
    int answer;

    pthread_mutex_lock(&lock);
    answer = ask(path);
    pthread_mutex_unlock(&lock);
    return answer;
}

void fake_server_refuse(int err)
{
    pthread_mutex_lock(&lock);
    refusal = err;
    pthread_mutex_unlock(&lock);
}

static size_t count_lines(int level, const char *text)
{
    size_t n = 0;

    for (const struct line *line = lines; line; line = line->next)
        if ((level < 0 || (int)line->level == level) &&
            strstr(line->text, text))
            n++;
    return n;
}

size_t fake_server_logged(int level, const char *text)
{
    size_t n;

    pthread_mutex_lock(&lock);
    n = count_lines(level, text);
    pthread_mutex_unlock(&lock);
    return n;
}

bool fake_server_has_line(enum weft_log_level level, const char *text)
{
    bool found = false;

    pthread_mutex_lock(&lock);
    for (const struct line *line = lines; line && !found; line = line->next)
        found = line->level == level && strcmp(line->text, text) == 0;
    pthread_mutex_unlock(&lock);
    return found;
}

/* Waits for the next change, with the lock held. */
static void wait_for_change(const struct timespec *until, const char *what)
{
    if (!pthread_cond_timedwait(&changed, &lock, until))
        return;
    pthread_mutex_unlock(&lock);
    CHECK(false, "waited in vain for %s", what);
}

static struct timespec in_ten_seconds(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    return until;
}

void fake_server_wait_answer(const char *path, int answer)
{
    struct timespec until = in_ten_seconds();

    pthread_mutex_lock(&lock);
    while (ask(path) != answer)
        wait_for_change(&until, path);
    pthread_mutex_unlock(&lock);
}

void fake_server_wait_log(const char *text)
{
    struct timespec until = in_ten_seconds();

    pthread_mutex_lock(&lock);
    while (count_lines(-1, text) == 0)
        wait_for_change(&until, text);
    pthread_mutex_unlock(&lock);
}

size_t fake_server_mounts(void)
{
    return mounts;
}

size_t fake_server_gone(void)
{
    return gone;
}
