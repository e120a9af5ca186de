/* SPDX-License-Identifier: MIT */
/*
 * Makes the server agree with the folder. There is one way to do that, taken
 * at the start and after every change: look at all files, find or build the
 * object of each, mount those that are not what is served already, and take
 * away the paths whose files have gone. What has not changed is found in the
 * cache under the name of what is served, and is left alone.
 *
 * New paths are mounted before old ones are taken away, so that a path that
 * passes from one file to another is served all the time.
 */
#include "base/mem.h"
#include "handler/so/handlers.h"
#include "handler/so/module.h"
#include "handler/so/scan.h"
#include <errno.h>
#include <string.h>
#include <weft/server.h>

/* When to say that a compiler is at work: after what a person calls waiting. */
#define SLOW_MS 1000

/* More than any handler takes, also on a small machine. */
#define LIMIT_MS 120000

/* One pass over the folder. */
struct pass {
    struct weft_handlers *h;
    struct weft_scan scan;
    struct weft_build *builds; /* as many as the roster has entries */
    struct weft_build **queue; /* those to be compiled */
    size_t count, queued;
};

static void watch_folder(void *arg, int fd)
{
    struct weft_handlers *h = arg;
    int err;

    if (!h->is_watching)
        return;
    err = weft_watch_folder(&h->watch, fd);
    if (!err || h->told_watch)
        return;
    h->told_watch = true;
    weft_server_log(h->srv, WEFT_LOG_WARN,
                    "changes in %s will not all be noticed: %s", h->dir,
                    err == WEFT_ERR_LIMIT ? "raise fs.inotify.max_user_watches"
                                          : weft_strerror(err));
}

static void tell_passed_over(void *arg, const char *name, const char *why)
{
    struct weft_handlers *h = arg;

    weft_server_log(h->srv, WEFT_LOG_WARN, "%s is passed over: %s", name, why);
}

static void gone(void *arg)
{
    weft_module_free(arg);
}

/* What a failed attempt depended on, as far as we can know: the file and all
 * that lies beside it. */
static struct weft_digest surroundings(const struct pass *pass,
                                       const struct weft_build *build)
{
    struct weft_digest d = build->own;

    weft_digest_add(&d, &pass->scan.others, sizeof(pass->scan.others));
    return d;
}

static void failed(const struct pass *pass, const struct weft_build *build)
{
    struct weft_handlers *h = pass->h;
    struct weft_roster_entry *entry = build->user;

    weft_report_failure(h, entry, build->err, build->why);
    pthread_mutex_lock(h->lock);
    entry->has_failed = true;
    entry->tried = surroundings(pass, build);
    pthread_mutex_unlock(h->lock);
}

static void served(const struct pass *pass, const struct weft_build *build)
{
    struct weft_handlers *h = pass->h;
    struct weft_roster_entry *entry = build->user, *rival;

    /* At the start, whoever opens the folder tells what is served. */
    weft_server_log(h->srv, h->is_open ? WEFT_LOG_INFO : WEFT_LOG_DEBUG,
                    "%s %s %s", entry->path,
                    entry->is_served ? "has new code from" : "is served by",
                    entry->name);
    pthread_mutex_lock(h->lock);
    entry->is_served = true;
    entry->has_failed = false;
    entry->served = build->key;
    rival = weft_roster_rival(&h->roster, entry);
    if (rival)
        rival->is_served = false;
    pthread_mutex_unlock(h->lock);
}

/* Loads the object and gives it to the server. 0 or as build->err says. */
static int mount(const struct pass *pass, struct weft_build *build)
{
    struct weft_handlers *h = pass->h;
    const struct weft_roster_entry *entry = build->user;
    struct weft_route_opts opts = {.size = sizeof(opts), .gone = gone};
    char *path = weft_cache_path(&h->cache, build->object);
    struct weft_module *module;
    int err;

    if (!path)
        return weft_build_fail(build, WEFT_ERR_NOMEM, "out of memory");
    err = weft_module_new(&module, h->mem, path, build->why);
    weft_strfree(h->mem, path);
    if (err) {
        build->err = err;
        return err;
    }
    opts.gone_arg = module;
    err = weft_server_mount(h->srv, entry->path, module->handler, &opts);
    if (err) {
        weft_module_free(module);
        return weft_build_fail(build, err, "the server does not take it: %s",
                               weft_strerror(err));
    }
    return 0;
}

/* The object is in the cache. */
static void deploy(const struct pass *pass, struct weft_build *build)
{
    if (mount(pass, build))
        failed(pass, build);
    else
        served(pass, build);
}

static void compiled(void *arg, struct weft_build *build,
                     const struct weft_crew_words *words)
{
    const struct pass *pass = arg;

    weft_report_words(pass->h, build->err ? WEFT_LOG_ERROR : WEFT_LOG_WARN,
                      build->name, words);
    if (!build->err) {
        deploy(pass, build);
        return;
    }
    weft_report_hint(pass->h, words);
    failed(pass, build);
}

static void slow(void *arg, struct weft_build *build)
{
    const struct pass *pass = arg;

    weft_server_log(pass->h->srv, WEFT_LOG_INFO, "%s is still being compiled",
                    build->name);
}

/* Whether the last attempt failed and nothing has changed since. */
static bool is_hopeless(const struct pass *pass, const struct weft_build *build)
{
    const struct weft_roster_entry *entry = build->user;
    struct weft_digest now = surroundings(pass, build);

    return entry->has_failed && weft_digest_eq(&entry->tried, &now);
}

/* What is served is what the file says. */
static void confirm(const struct pass *pass, struct weft_roster_entry *entry)
{
    struct weft_handlers *h = pass->h;

    if (!entry->has_failed)
        return;
    weft_server_log(h->srv, WEFT_LOG_INFO, "%s is again what %s is served by",
                    entry->name, entry->path);
    pthread_mutex_lock(h->lock);
    entry->has_failed = false;
    pthread_mutex_unlock(h->lock);
}

/* Decides what is to be done about a file, and does it unless it takes a
 * compiler. */
static void look_at(struct pass *pass, struct weft_roster_entry *entry)
{
    struct weft_build *build = &pass->builds[pass->count++];
    int ret;

    build->name = entry->name;
    build->is_source = entry->is_source;
    build->user = entry;
    ret = weft_build_find(&pass->h->builder, build);

    if (ret > 0 && entry->is_served &&
        weft_digest_eq(&build->key, &entry->served))
        confirm(pass, entry);
    else if (is_hopeless(pass, build))
        return;
    else if (ret > 0)
        deploy(pass, build);
    else if (ret == 0)
        pass->queue[pass->queued++] = build;
    else
        failed(pass, build);
}

static int build_all(struct pass *pass)
{
    struct weft_handlers *h = pass->h;
    struct weft_crew_opts opts = {
        .builder = &h->builder,
        .stop = h->stop,
        .slow_ms = SLOW_MS,
        .limit_ms = LIMIT_MS,
        .done = compiled,
        .slow = slow,
        .arg = pass,
    };

    for (size_t i = 0; i < h->roster.count; i++) {
        struct weft_roster_entry *entry = &h->roster.entries[i];

        if (entry->is_seen && !entry->why_not)
            look_at(pass, entry);
    }
    return weft_crew_run(&opts, pass->queue, pass->queued);
}

/* Takes away the paths whose files have gone. */
static void remove_gone(struct weft_handlers *h)
{
    for (size_t i = 0; i < h->roster.count; i++) {
        const struct weft_roster_entry *entry = &h->roster.entries[i];

        if (entry->is_seen || !entry->is_served ||
            weft_roster_rival(&h->roster, entry))
            continue;
        weft_server_unroute(h->srv, entry->path);
        weft_server_log(h->srv, WEFT_LOG_INFO,
                        "%s is no longer served: %s is gone", entry->path,
                        entry->name);
    }
    pthread_mutex_lock(h->lock);
    weft_roster_sweep(&h->roster);
    pthread_mutex_unlock(h->lock);
}

/* The roster has what the scan has found; now for the server. */
static int act(struct pass *pass)
{
    struct weft_handlers *h = pass->h;
    size_t n = h->roster.count;
    int err = 0;

    if (n > 0) {
        pass->builds = weft_zalloc(h->mem, n * sizeof(*pass->builds));
        pass->queue = weft_zalloc(h->mem, n * sizeof(*pass->queue));
        err = pass->builds && pass->queue ? build_all(pass) : WEFT_ERR_NOMEM;
        weft_free(h->mem, pass->builds, n * sizeof(*pass->builds));
        weft_free(h->mem, pass->queue, n * sizeof(*pass->queue));
    }
    if (!err)
        remove_gone(h);
    return err;
}

/* Why there was no complete look at the folder. That it is missing at the
 * start is for the caller to tell. */
static void report(struct weft_handlers *h, int err)
{
    if (err == WEFT_ERR_SYSTEM)
        weft_server_log(h->srv, WEFT_LOG_ERROR, "%s cannot be read: %s", h->dir,
                        strerror(errno));
    else if (err == WEFT_ERR_LIMIT)
        weft_server_log(h->srv, WEFT_LOG_ERROR,
                        "there are more than %d files in %s and below",
                        WEFT_SCAN_ENTRIES, h->dir);
    else if (h->is_open || err != WEFT_ERR_MISSING)
        weft_server_log(h->srv, WEFT_LOG_ERROR, "handlers in %s: %s", h->dir,
                        weft_strerror(err));
}

/* What is in the folder; nothing, if there is none: MISSING says so. */
static int scan(struct pass *pass)
{
    struct weft_handlers *h = pass->h;
    int err;

    pass->scan.mem = h->mem;
    pass->scan.folder = watch_folder;
    pass->scan.arg = h;
    err = weft_scan_run(&pass->scan, h->dir);
    if (err)
        report(h, err);
    return err;
}

static int merge(struct pass *pass)
{
    struct weft_handlers *h = pass->h;
    int err;

    pthread_mutex_lock(h->lock);
    err = weft_roster_merge(&h->roster, &pass->scan, tell_passed_over, h);
    pthread_mutex_unlock(h->lock);
    return err;
}

int weft_handlers_reload(struct weft_handlers *h)
{
    struct pass pass = {.h = h};
    int seen, err;

    h->told_compiler = false;
    seen = scan(&pass);
    err = seen == WEFT_ERR_MISSING ? 0 : seen;
    if (!err)
        err = merge(&pass);
    if (!err)
        err = act(&pass);
    weft_scan_release(&pass.scan);
    return err ? err : seen;
}
