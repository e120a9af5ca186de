/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing a folder of handlers, and the thread that follows its
 * changes. Compiling takes seconds, so it may not happen on a loop; that is
 * what the thread is for. It ends when the eventfd `stop` is written to,
 * wherever it waits: for a change or for a compiler.
 *
 * The watch is set up before the first look at the folder, and on every
 * subfolder before that one is read: a change between the two is seen.
 */
#include "handler/so/handlers.h"
#include "base/mem.h"
#include "base/opts.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <weft/server.h>

/* Objects that no start has used for so long are removed from the cache. */
#define KEEP_S (30 * 24 * 3600)

static void follow(struct weft_handlers *h)
{
    while (weft_watch_wait(&h->watch) > 0)
        if (weft_handlers_reload(h) == WEFT_ERR_GONE)
            return;
}

static void *thread_main(void *arg)
{
    follow(arg);
    return NULL;
}

static int start_thread(struct weft_handlers *h)
{
    sigset_t all, before;
    int err;

    /* Signals are for the program's own threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(&h->thread, NULL, thread_main, h);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err)
        return WEFT_ERR_SYSTEM;
    h->has_thread = true;
    pthread_setname_np(h->thread, "weft-handlers");
    return 0;
}

/* The folder's name without slashes at its end, and such that no compiler
 * takes a path in it for an option. NULL: no memory. */
static char *clean_dir(const struct weft_mem *mem, const char *dir)
{
    const char *before = dir[0] == '-' ? "./" : "";
    size_t len = strlen(dir), size;
    char *clean;

    while (len > 1 && dir[len - 1] == '/')
        len--;
    size = strlen(before) + len + 1;
    clean = weft_alloc(mem, size);
    if (clean)
        snprintf(clean, size, "%s%.*s", before, (int)len, dir);
    return clean;
}

static int open_cache(struct weft_handlers *h, const char *path)
{
    int err = weft_cache_init(&h->cache, h->mem, path);

    if (err == WEFT_ERR_SYSTEM)
        weft_server_log(h->srv, WEFT_LOG_ERROR,
                        "there is no folder for compiled handlers: %s cannot "
                        "be made or opened",
                        path ? path : "none in $HOME or /tmp");
    if (err)
        return err;
    if (h->cache.is_private)
        weft_server_log(h->srv, WEFT_LOG_INFO,
                        "compiled handlers are not kept: ~/.cache cannot be "
                        "used, or not safely");
    else
        weft_cache_prune(&h->cache, (int64_t)time(NULL) - KEEP_S);
    return 0;
}

/* Without a watch everything works but one thing, so that is no reason not to
 * serve. */
static void open_watch(struct weft_handlers *h)
{
    int err = weft_watch_init(&h->watch, h->stop);

    h->is_watching = !err;
    if (err) {
        weft_server_log(h->srv, WEFT_LOG_WARN,
                        "changes in %s will not be noticed: %s", h->dir,
                        strerror(errno));
        return;
    }
    err = weft_watch_parent(&h->watch, h->dir);
    if (err && err != WEFT_ERR_USAGE)
        weft_server_log(h->srv, WEFT_LOG_WARN,
                        "that %s itself is replaced would not be noticed",
                        h->dir);
}

/* A folder that cannot even be found is told of by the caller. */
static int open_builder(struct weft_handlers *h)
{
    int err;

    h->builder = (struct weft_builder){
        .mem = h->mem,
        .dir = h->dir,
        .cache = &h->cache,
        .compiler = &h->compiler,
    };
    err = weft_builder_init(&h->builder);
    if (err == WEFT_ERR_SYSTEM)
        weft_server_log(h->srv, WEFT_LOG_ERROR, "%s cannot be read: %s", h->dir,
                        strerror(errno));
    return err;
}

/* All but the thread. What is done so far, close takes back. */
static int set_up(struct weft_handlers *h, const char *dir,
                  const struct weft_handlers_opts *opts)
{
    const struct weft_compiler_opts compiler = {opts->compiler, opts->include,
                                                opts->cflags};
    int err;

    h->dir = clean_dir(h->mem, dir);
    h->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!h->dir || h->stop < 0)
        return h->dir ? WEFT_ERR_SYSTEM : WEFT_ERR_NOMEM;

    err = open_builder(h);
    if (!err)
        err = weft_compiler_init(&h->compiler, h->mem, &compiler);
    if (!err)
        err = open_cache(h, opts->cache);
    if (!err && opts->watch)
        open_watch(h);
    if (!err)
        err = weft_handlers_reload(h);
    h->is_open = !err;
    return err;
}

/* Takes back what was mounted before something failed. */
static void withdraw(struct weft_handlers *h)
{
    for (size_t i = 0; i < h->roster.count; i++)
        if (h->roster.entries[i].is_served)
            weft_server_unroute(h->srv, h->roster.entries[i].path);
}

int weft_handlers_open_with(struct weft_handlers **out, struct weft_server *srv,
                            const char *dir,
                            const struct weft_handlers_opts *opts,
                            const struct weft_mem *mem)
{
    struct weft_handlers_opts own;
    struct weft_handlers *h;
    int err = weft_opts_copy(&own, sizeof(own), opts);

    if (err)
        return err;
    h = weft_zalloc(mem, sizeof(*h));
    if (!h)
        return WEFT_ERR_NOMEM;
    h->mem = mem;
    h->srv = srv;
    h->stop = -1;
    weft_roster_init(&h->roster, mem);
    h->lock = &h->mutex;
    pthread_mutex_init(h->lock, NULL);

    err = set_up(h, dir, &own);
    if (!err && h->is_watching)
        err = start_thread(h);
    if (err) {
        withdraw(h);
        weft_handlers_close(h);
        return err;
    }
    *out = h;
    return 0;
}

int weft_handlers_open(struct weft_handlers **out, struct weft_server *srv,
                       const char *dir, const struct weft_handlers_opts *opts)
{
    return weft_handlers_open_with(out, srv, dir, opts, &weft_mem_libc);
}

int weft_handlers_cache_dir(char *path, size_t size, const char *cache)
{
    struct weft_cache folder;
    int err = weft_cache_init(&folder, &weft_mem_libc, cache), len;

    if (err)
        return err;
    len = snprintf(path, size, "%s", folder.path);
    if (folder.is_private)
        err = WEFT_ERR_SYSTEM;
    else if (len < 0 || (size_t)len >= size)
        err = WEFT_ERR_LIMIT;
    weft_cache_release(&folder);
    return err;
}

const char *weft_handlers_path(const struct weft_handlers *handlers, size_t i)
{
    const char *path = NULL;

    pthread_mutex_lock(handlers->lock);
    for (size_t k = 0; k < handlers->roster.count && !path; k++)
        if (handlers->roster.entries[k].is_served && i-- == 0)
            path = handlers->roster.entries[k].path;
    pthread_mutex_unlock(handlers->lock);
    return path;
}

size_t weft_handlers_failed(const struct weft_handlers *handlers)
{
    size_t failed = 0;

    pthread_mutex_lock(handlers->lock);
    for (size_t k = 0; k < handlers->roster.count; k++)
        failed += handlers->roster.entries[k].has_failed;
    pthread_mutex_unlock(handlers->lock);
    return failed;
}

void weft_handlers_close(struct weft_handlers *h)
{
    if (!h)
        return;
    if (h->has_thread) {
        eventfd_write(h->stop, 1);
        pthread_join(h->thread, NULL);
    }
    if (h->is_watching)
        weft_watch_release(&h->watch);
    if (h->stop >= 0)
        close(h->stop);
    weft_roster_release(&h->roster);
    weft_compiler_release(&h->compiler);
    weft_cache_release(&h->cache);
    pthread_mutex_destroy(h->lock);
    weft_strfree(h->mem, h->dir);
    weft_free(h->mem, h, sizeof(*h));
}
