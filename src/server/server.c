/* SPDX-License-Identifier: MIT */
/*
 * The server as its user sees it: made, given routes and addresses, run until
 * it is stopped. Its workers exist from the beginning, so that posts find
 * their loops at any time; their threads live only while it runs.
 */
#include "server/server.h"

#include "base/mem.h"
#include "base/opts.h"
#include "server/answer.h"
#include "server/conn.h"
#include "server/options.h"
#include "tls/crypto.h"
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#define NS_PER_MS UINT64_C(1000000)
#define ADDRESSES_MAX 16 /* of one name */

/* ---- Life ---------------------------------------------------------------- */

static int init_workers(struct weft_server *srv)
{
    srv->workers =
        weft_zalloc(srv->mem, srv->opts.threads * sizeof(*srv->workers));
    if (!srv->workers)
        return WEFT_ERR_NOMEM;
    srv->threads = srv->opts.threads;
    for (unsigned i = 0; i < srv->threads; i++) {
        int err = weft_worker_init(&srv->workers[i], srv, i);

        if (err)
            return err;
    }
    return 0;
}

static size_t to_size(uint64_t limit)
{
    return limit > SIZE_MAX ? SIZE_MAX : (size_t)limit;
}

static int init(struct weft_server *srv)
{
    int err = weft_random(NULL, srv->seed, sizeof(srv->seed));

    srv->files.root = -1;
    weft_log_init(&srv->log, srv->opts.log, srv->opts.log_user,
                  !srv->opts.no_access_log);
    weft_routes_init(&srv->routes, srv->mem, srv->seed);
    weft_peers_init(&srv->peers, srv->mem, srv->seed);
    srv->origins = weft_strings_copy(srv->mem, srv->opts.origins, &err);
    srv->hosts = weft_strings_copy(srv->mem, srv->opts.hosts, &err);
    if (!err)
        err = weft_deflate_opts_fill(&srv->deflate, srv->opts.deflate);
    srv->deflate_budget.ceiling = to_size(srv->deflate.ceiling);
    srv->opts.deflate = NULL; /* the caller's, who may let it go */
    if (!err)
        err = weft_files_init(&srv->files, srv->opts.document_root);
    return err ? err : init_workers(srv);
}

int weft_server_new(struct weft_server **out,
                    const struct weft_server_opts *opts)
{
    struct weft_server_opts known;
    struct weft_server *srv;
    int err = weft_server_opts_fill(&known, opts);

    if (err)
        return err;
    srv = weft_zalloc(known.mem, sizeof(*srv));
    if (!srv)
        return WEFT_ERR_NOMEM;
    srv->mem = known.mem;
    srv->opts = known;
    err = init(srv);
    if (err) {
        weft_server_free(srv);
        return err;
    }
    *out = srv;
    return 0;
}

static size_t fds_size(const struct weft_server *srv)
{
    return srv->threads * sizeof(int);
}

static void close_listeners(struct weft_server *srv)
{
    for (size_t i = 0; i < srv->listener_count; i++) {
        struct weft_listener *l = &srv->listeners[i];

        weft_listen_close(l->fds, (int)srv->threads, &l->address);
        weft_free(srv->mem, l->fds, fds_size(srv));
    }
    weft_free(srv->mem, srv->listeners,
              srv->listener_count * sizeof(*srv->listeners));
    srv->listeners = NULL;
    srv->listener_count = 0;
    weft_keyrings_free(srv->keyrings);
    srv->keyrings = NULL;
}

void weft_server_free(struct weft_server *srv)
{
    if (!srv)
        return;
    for (int round = 0; round < 2; round++)
        for (unsigned i = 0; i < srv->threads; i++)
            weft_worker_finish(&srv->workers[i]);
    for (unsigned i = 0; i < srv->threads; i++)
        weft_worker_release(&srv->workers[i]);
    weft_free(srv->mem, srv->workers, srv->threads * sizeof(*srv->workers));
    close_listeners(srv);
    weft_files_release(&srv->files);
    weft_routes_release(&srv->routes);
    weft_peers_release(&srv->peers);
    weft_strings_free(srv->mem, srv->origins);
    weft_strings_free(srv->mem, srv->hosts);
    weft_log_release(&srv->log);
    weft_free(srv->mem, srv, sizeof(*srv));
}

/* ---- Routes -------------------------------------------------------------- */

static uint64_t to_ns(uint64_t ms)
{
    return ms > UINT64_MAX / NS_PER_MS ? 0 : ms * NS_PER_MS;
}

/* The rules of a route's connections on one thread. */
static void fill_conf(struct weft_session_conf *conf,
                      const struct weft_worker *worker,
                      const struct weft_handler *handler)
{
    const struct weft_server_opts *opts = &worker->server->opts;

    conf->ops = &weft_conn_ops;
    conf->ep = (struct weft_endpoint_conf){
        .mem = &worker->pool.mem,
        .message_limit = handler->message_limit ? handler->message_limit
                                                : to_size(opts->message_limit),
        .out_limit = handler->queue_limit ? handler->queue_limit
                                          : to_size(opts->queue_limit),
        .ping_ns = to_ns(opts->ping_ms),
        .pong_ns = to_ns(opts->pong_ms),
        .close_ns = to_ns(opts->close_ms),
        .fragment_limit = opts->fragment_limit > UINT32_MAX
                              ? UINT32_MAX
                              : (uint32_t)opts->fragment_limit,
        .drops = handler->slow == WEFT_SLOW_DROP_NEWEST ||
                 handler->slow == WEFT_SLOW_DROP_OLDEST,
        .drops_oldest = handler->slow == WEFT_SLOW_DROP_OLDEST,
    };
}

/* A window that moves on with each message must not meet messages that are
 * dropped once they are compressed. */
static int fill_deflate(struct weft_deflate_opts *deflate,
                        const struct weft_server *srv,
                        const struct weft_handler *handler)
{
    int err = 0;

    if (handler->deflate)
        err = weft_deflate_opts_fill(deflate, handler->deflate);
    else
        *deflate = srv->deflate;
    if (handler->slow == WEFT_SLOW_DROP_OLDEST)
        deflate->has_takeover = false;
    return err;
}

int weft_server_mount(struct weft_server *srv, const char *path,
                      const struct weft_handler *handler,
                      const struct weft_route_opts *opts)
{
    struct weft_route_opts known;
    struct weft_handler copy;
    struct weft_route *route;
    int err = weft_opts_copy(&copy, sizeof(copy), handler);

    if (!err)
        err = weft_opts_copy(&known, sizeof(known), opts);
    if (err || !handler || !path || path[0] != '/' ||
        copy.slow > WEFT_SLOW_DRAIN)
        return err ? err : WEFT_ERR_USAGE;
    route = weft_route_new(srv->mem, path, &copy, srv->threads);
    if (!route)
        return WEFT_ERR_NOMEM;
    err = fill_deflate(&route->deflate, srv, &copy);
    if (err) {
        weft_route_unref(route);
        return err;
    }
    for (unsigned i = 0; i < srv->threads; i++)
        fill_conf(&route->confs[i], &srv->workers[i], &copy);
    /* Once it is in the table another thread may already replace it. */
    route->gone = known.gone;
    route->gone_arg = known.gone_arg;
    err = weft_routes_put(&srv->routes, route);
    if (err) {
        route->gone = NULL; /* it was never served */
        weft_route_unref(route);
    }
    return err;
}

int weft_server_route(struct weft_server *srv, const char *path,
                      const struct weft_handler *handler)
{
    return weft_server_mount(srv, path, handler, NULL);
}

int weft_server_unroute(struct weft_server *srv, const char *path)
{
    return weft_routes_remove(&srv->routes, path);
}

/* ---- Addresses ----------------------------------------------------------- */

static int add_listener(struct weft_server *srv, const struct weft_listener *l)
{
    size_t count = srv->listener_count;
    struct weft_listener *all =
        weft_resize(srv->mem, srv->listeners, count * sizeof(*all),
                    (count + 1) * sizeof(*all));

    if (!all)
        return WEFT_ERR_NOMEM;
    all[count] = *l;
    srv->listeners = all;
    srv->listener_count = count + 1;
    srv->is_local =
        weft_address_is_loopback(&l->address) && (count == 0 || srv->is_local);
    return 0;
}

static int listen_on(struct weft_server *srv,
                     const struct weft_address *address, int backlog,
                     struct weft_keyring *keyring)
{
    struct weft_listener l = {.address = *address, .keyring = keyring};
    int err;

    l.fds = weft_alloc(srv->mem, fds_size(srv));
    if (!l.fds)
        return WEFT_ERR_NOMEM;
    err = weft_listen(l.fds, (int)srv->threads, &l.address, backlog);
    if (!err) {
        weft_address_text(&l.address, l.text);
        err = add_listener(srv, &l);
        if (err)
            weft_listen_close(l.fds, (int)srv->threads, &l.address);
    }
    if (err)
        weft_free(srv->mem, l.fds, fds_size(srv));
    return err;
}

/* The TLS that is asked for; NULL for none. */
static int open_keyring(struct weft_server *srv,
                        const struct weft_listen_opts *opts,
                        struct weft_keyring **keyring)
{
    char why[WEFT_TLS_WHY] = "";
    int err = 0;

    *keyring = NULL;
    if (opts->tls)
        err = weft_keyring_open(keyring, &srv->keyrings, srv->mem, opts->tls,
                                why);
    if (opts->why && opts->why_size > 0)
        snprintf(opts->why, opts->why_size, "%s",
                 err && !*why ? weft_strerror(err) : why);
    return err;
}

int weft_server_listen(struct weft_server *srv, const char *address,
                       const struct weft_listen_opts *opts)
{
    struct weft_address addresses[ADDRESSES_MAX];
    struct weft_listen_opts known;
    struct weft_keyring *keyring;
    int listening = 0;
    int err = weft_opts_copy(&known, sizeof(known), opts);
    int count;

    if (srv->has_run)
        return WEFT_ERR_USAGE;
    if (!err)
        err = open_keyring(srv, &known, &keyring);
    count = err ? err : weft_address_parse(addresses, ADDRESSES_MAX, address);
    if (count < 0)
        return count;
    if (known.backlog <= 0)
        known.backlog = SOMAXCONN;
    for (int i = 0; i < count; i++) {
        int rc = listen_on(srv, &addresses[i], known.backlog, keyring);

        /* A name may have an address of a family that is switched off. */
        if (rc && (rc != WEFT_ERR_ADDRESS || !err))
            err = rc;
        listening += rc == 0;
    }
    return err == WEFT_ERR_ADDRESS && listening > 0 ? 0 : err;
}

const char *weft_server_address(const struct weft_server *srv, size_t i)
{
    return i < srv->listener_count ? srv->listeners[i].text : NULL;
}

bool weft_server_address_is_secure(const struct weft_server *srv, size_t i)
{
    return i < srv->listener_count && srv->listeners[i].keyring;
}

/* ---- Running ------------------------------------------------------------- */

static void *run_worker(void *arg)
{
    struct weft_worker *worker = arg;
    int err = weft_loop_run(worker->loop);

    if (err)
        weft_log_line(&worker->server->log, WEFT_LOG_ERROR,
                      "thread %u ended: %s", worker->index, weft_strerror(err));
    return (void *)(intptr_t)err;
}

/* Signals are the first thread's business: the others block them all. */
static int spawn(struct weft_worker *worker)
{
    sigset_t all, before;
    int err;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(&worker->thread, NULL, run_worker, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err ? WEFT_ERR_SYSTEM : 0;
}

static int join(struct weft_worker *worker)
{
    void *result = NULL;

    pthread_join(worker->thread, &result);
    return (int)(intptr_t)result;
}

/* For whoever reads the log and did not see it begin. */
static void log_start(struct weft_server *srv)
{
    for (size_t i = 0; i < srv->listener_count; i++)
        weft_log_line(&srv->log, WEFT_LOG_INFO, "listening on %s%s",
                      srv->listeners[i].text,
                      srv->listeners[i].keyring ? " with TLS" : "");
    weft_keyrings_warn(srv->keyrings, &srv->log, weft_wall_clock());
}

static void log_stop(struct weft_server *srv)
{
    struct weft_server_stats stats;

    weft_server_stats(srv, &stats, sizeof(stats));
    weft_log_line(&srv->log, WEFT_LOG_INFO,
                  "stopped: %" PRIu64 " connections served, %" PRIu64
                  " refused, %" PRIu64 " messages dropped",
                  stats.opened, stats.refused, stats.dropped);
}

/* Runs the other workers on threads of their own. *running counts them, with
 * the first, which the caller runs. */
static int start(struct weft_server *srv, unsigned *running)
{
    int err = 0;

    for (unsigned i = 0; i < srv->threads && !err; i++)
        err = weft_worker_start(&srv->workers[i]);
    while (!err && *running < srv->threads) {
        err = spawn(&srv->workers[*running]);
        *running += !err;
    }
    return err;
}

int weft_server_run(struct weft_server *srv)
{
    unsigned running = 1;
    int err, rc;

    if (srv->has_run)
        return WEFT_ERR_USAGE;
    srv->has_run = true;
    err = start(srv, &running);
    if (err)
        weft_server_stop(srv);
    else
        log_start(srv);
    rc = (int)(intptr_t)run_worker(&srv->workers[0]);
    while (running > 1) {
        int other = join(&srv->workers[--running]);

        rc = rc ? rc : other;
    }
    log_stop(srv);
    return err ? err : rc;
}

void weft_server_stop(struct weft_server *srv)
{
    __atomic_add_fetch(&srv->stop, 1, __ATOMIC_ACQ_REL);
    for (unsigned i = 0; i < srv->threads; i++)
        weft_loop_wake(srv->workers[i].loop);
}

void weft_server_reload_tls(struct weft_server *srv)
{
    __atomic_store_n(&srv->reload, true, __ATOMIC_RELEASE);
    if (srv->threads > 0)
        weft_loop_wake(srv->workers[0].loop);
}

/* ---- Figures and the log ------------------------------------------------- */

void weft_server_stats(const struct weft_server *srv,
                       struct weft_server_stats *stats, size_t stats_size)
{
    enum { COUNT = sizeof(*stats) / sizeof(uint64_t) };
    uint64_t sums[COUNT] = {0};

    for (unsigned i = 0; i < srv->threads; i++) {
        const uint64_t *one = &srv->workers[i].stats.accepted;

        for (size_t j = 0; j < COUNT; j++)
            sums[j] += __atomic_load_n(&one[j], __ATOMIC_RELAXED);
    }
    memset(stats, 0, stats_size); /* what a newer header knows is zero */
    memcpy(stats, sums, stats_size < sizeof(sums) ? stats_size : sizeof(sums));
}

void weft_server_log(struct weft_server *srv, enum weft_log_level level,
                     const char *format, ...)
{
    va_list args;

    va_start(args, format);
    weft_log_vline(&srv->log, level, format, args);
    va_end(args);
}
