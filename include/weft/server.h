/* SPDX-License-Identifier: MIT */
/*
 * The server, for programs of one's own and for `weft serve`.
 *
 *     struct weft_server *srv;
 *     int err = weft_server_new(&srv, NULL);
 *
 *     if (!err)
 *         err = weft_server_route(srv, "/echo", &echo);
 *     if (!err)
 *         err = weft_server_listen(srv, "0.0.0.0:9998", NULL);
 *     if (!err)
 *         err = weft_server_run(srv);
 *     weft_server_free(srv);
 *
 * It has one thread for each core, each with a loop and a listening socket of
 * its own; a connection stays on the thread that accepted it.
 */
#ifndef WEFT_SERVER_H
#define WEFT_SERVER_H

#include <weft/error.h>
#include <weft/handler.h>
#include <weft/tls.h>
#include <weft/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum weft_log_level {
    WEFT_LOG_ERROR, /* something failed that should not */
    WEFT_LOG_WARN,  /* a peer or a file was refused, a limit was reached */
    WEFT_LOG_INFO,  /* start, stop, routes */
    WEFT_LOG_DEBUG,
    WEFT_LOG_ACCESS, /* one line for each request and each connection's end */
};

/* Takes one line of the log: null-terminated, without a line feed, control
 * characters escaped, secrets (query strings, cookies, credentials) left out.
 * Called from any of the server's threads, one at a time. */
typedef void weft_log_fn(void *user, enum weft_log_level level,
                         const char *line);

/* All numbers: 0 takes the default, which is given in brackets.
 * WEFT_UNLIMITED switches a limit or a timeout off, but for header_limit and
 * field_limit, which may be 64 MiB and 10,000 at most. */
#define WEFT_UNLIMITED ((uint64_t)-1)

struct weft_server_opts {
    size_t size;                /* of this struct */
    const struct weft_mem *mem; /* NULL: malloc. Called from every thread */
    unsigned threads;           /* [one for each core that it may run on] */
    weft_log_fn *log;           /* [lines to standard error, no access log] */
    void *log_user;

    /* Static files are served from this folder; NULL: none. */
    const char *document_root;

    /* Origins allowed besides the request's own Host, as "https://a.example",
     * ended by NULL; "any" allows all. */
    const char *const *origins;
    /* Values of Host allowed besides localhost, 127.0.0.1 and [::1] while all
     * listeners are on loopback addresses; "any" allows all. */
    const char *const *hosts;

    uint64_t header_limit;      /* [8192] bytes of a request's head: 431 */
    uint64_t field_limit;       /* [100] header fields: 431 */
    uint64_t handshake_ms;      /* [10000] to send a request: 408 */
    uint64_t idle_http_ms;      /* [10000] between requests: cut */
    uint64_t message_limit;     /* [16 MiB] bytes of a message: 1009 */
    uint64_t fragment_limit;    /* [131072] frames of a message: 1008 */
    uint64_t queue_limit;       /* [1 MiB] waiting for one connection */
    uint64_t ping_ms;           /* [30000] silence before a ping */
    uint64_t pong_ms;           /* [15000] silence after it: cut, 1006 */
    uint64_t close_ms;          /* [5000] closing handshake: cut */
    uint64_t drain_ms;          /* [10000] closing handshakes at stop */
    uint64_t connection_limit;  /* [from the descriptor limit]: 503 */
    uint64_t per_address_limit; /* [off] connections of one address: 503 */
    uint64_t topic_limit;       /* [1024] subscriptions of one connection */

    /* Compression, for handlers that have no rule of their own; NULL: the
     * defaults of <weft/deflate.h>, so without context takeover. */
    const struct weft_deflate_opts *deflate;

    uint64_t busy_poll_us; /* [0] as of <weft/loop.h>, for every thread */
    bool no_access_log;    /* [false] lines of WEFT_LOG_ACCESS are not made */
};

/* What the server counts; all since it was made, except open. */
struct weft_server_stats {
    uint64_t accepted; /* TCP connections */
    uint64_t requests; /* HTTP requests, upgrades included */
    uint64_t opened;   /* WebSocket connections */
    uint64_t open;     /* of these, open now */
    uint64_t messages_in, messages_out;
    uint64_t bytes_in, bytes_out; /* of the transport */
    uint64_t dropped;             /* messages, for slow peers */
    uint64_t silent;              /* connections cut for silence */
    uint64_t refused;             /* connections over a limit: 503 */
    uint64_t slow_closed;         /* connections closed with 1013 */
};

/* opts may be NULL. 0, NOMEM, MISSING or DENIED (document root), SYSTEM, or
 * USAGE for options that make no sense. */
WEFT_API WEFT_CHECK int weft_server_new(struct weft_server **out,
                                        const struct weft_server_opts *opts);

/* Closes what is open, without a handshake, and frees all. Not while
 * weft_server_run runs. NULL is allowed. */
WEFT_API void weft_server_free(struct weft_server *srv);

struct weft_route_opts {
    size_t size;
    /* Called once, when the route has been replaced or removed, or the server
     * freed, and the last connection that used it has gone: the handler's code
     * and data may then go too. On any thread. */
    void (*gone)(void *arg);
    void *gone_arg;
};

/*
 * Serves a path, which begins with "/" and is compared whole after percent-
 * decoding. The handler is copied; what it points to must stay until gone. A
 * path that is served already gets the new handler for new connections. May
 * be called from any thread, also while the server runs. opts may be NULL
 * (weft_server_route passes that). 0, NOMEM, or USAGE.
 */
WEFT_API WEFT_CHECK int weft_server_mount(struct weft_server *srv,
                                          const char *path,
                                          const struct weft_handler *handler,
                                          const struct weft_route_opts *opts);
WEFT_API WEFT_CHECK int weft_server_route(struct weft_server *srv,
                                          const char *path,
                                          const struct weft_handler *handler);

/* Takes a path away from new connections. 0, or MISSING. Any thread. */
WEFT_API int weft_server_unroute(struct weft_server *srv, const char *path);

struct weft_listen_opts {
    size_t size;
    int backlog;                     /* [the kernel's bound] */
    const struct weft_tls_opts *tls; /* NULL: none. Copied */
    /* If not NULL: what is wrong with tls when listen fails for it, as a
     * sentence without full stop; "" otherwise. why_size bytes at most. */
    char *why;
    size_t why_size;
};

/*
 * Listens on "127.0.0.1:9998", "[::1]:9998", "localhost:9998" (every address
 * of the name), ":9998" or "*:9998" (every address of the machine), or
 * "unix:/path/to/socket". Port 0 takes a free one: see weft_server_address.
 * May be called several times, before weft_server_run. opts may be NULL. 0,
 * IN_USE, ADDRESS, DENIED, SYSTEM, NOMEM; and for tls MISSING, DENIED, INVALID,
 * TLS or USAGE.
 */
WEFT_API WEFT_CHECK int weft_server_listen(struct weft_server *srv,
                                           const char *address,
                                           const struct weft_listen_opts *opts);

/* The i-th listening address as text, from 0; NULL past the last. */
WEFT_API const char *weft_server_address(const struct weft_server *srv,
                                         size_t i);

/* Whether that address has TLS. */
WEFT_API bool weft_server_address_is_secure(const struct weft_server *srv,
                                            size_t i);

/* Runs until weft_server_stop and its bound. The calling thread is one of the
 * server's. A server runs once. 0; NOMEM or SYSTEM when it cannot begin; USAGE
 * the second time. */
WEFT_API int weft_server_run(struct weft_server *srv);

/*
 * Stops: no new connections, 1001 to the open ones, and weft_server_run
 * returns when all have closed or drain_ms is over. A second call ends it at
 * once. May be called from any thread and from a signal handler.
 */
WEFT_API void weft_server_stop(struct weft_server *srv);

/*
 * Reads the certificates, keys and authorities of all listeners again. New
 * connections get the new ones, those that are open keep what they have; where
 * a file is wrong the old ones stay. Done by one of the server's threads, which
 * writes to the log what came of it. May be called from any thread and from a
 * signal handler.
 */
WEFT_API void weft_server_reload_tls(struct weft_server *srv);

/* As weft_publish, from any thread; nobody is left out. */
WEFT_API int weft_server_publish(struct weft_server *srv, const char *topic,
                                 enum weft_kind kind, const void *data,
                                 size_t len);

/* Fills the first stats_size bytes of *stats: sizeof(*stats) as the caller was
 * compiled. Any thread; the numbers of others may be a moment old. */
WEFT_API void weft_server_stats(const struct weft_server *srv,
                                struct weft_server_stats *stats,
                                size_t stats_size);

/* Writes a line to the server's log, escaped as the others. Any thread. */
WEFT_API void weft_server_log(struct weft_server *srv,
                              enum weft_log_level level, const char *format,
                              ...) __attribute__((format(printf, 3, 4)));

/* ---- Handlers as files in a folder --------------------------------------- */

struct weft_handlers;

struct weft_handlers_opts {
    size_t size;
    const char *cache;    /* folder for compiled handlers; NULL: a private one
                           * below $XDG_CACHE_HOME or ~/.cache */
    const char *compiler; /* NULL: $CC, or cc */
    const char *include;  /* folder that holds weft/handler.h; NULL: found */
    const char *cflags;   /* more arguments, split at spaces; NULL: none */
    bool watch;           /* follow changes while the server runs */
};

/*
 * Serves DIR/name_wsh.c and DIR/name_wsh.so at /name, and those in folders
 * below at /folder/name; of both, the source. Sources are compiled; what the
 * compiler says goes to the server's log, and a file that fails is left out.
 * The folder is looked at again under the name given here whenever something
 * changes, so the program should not change its current folder if that name is
 * relative. opts may be NULL. 0, MISSING when there is no such folder, DENIED
 * when others could write to the cache folder, from which code is loaded,
 * LIMIT for far too many files, NOMEM, USAGE, or SYSTEM, which the log
 * explains.
 */
WEFT_API WEFT_CHECK int
weft_handlers_open(struct weft_handlers **out, struct weft_server *srv,
                   const char *dir, const struct weft_handlers_opts *opts);

/*
 * Finds, and makes if need be, the folder in which weft_handlers_open would
 * keep compiled handlers, for programs that give up rights to files before they
 * open handlers. cache is that of the options, or NULL; the absolute path is
 * written to path. 0; SYSTEM when it cannot be had (open would then take a
 * folder of its own below $TMPDIR, if cache is NULL); DENIED as above; LIMIT
 * for more than size bytes; NOMEM.
 */
WEFT_API WEFT_CHECK int weft_handlers_cache_dir(char *path, size_t size,
                                                const char *cache);

/* The path of the i-th handler that is served, from 0, sorted; NULL past the
 * last. The string lives until the next change of the folder. */
WEFT_API const char *weft_handlers_path(const struct weft_handlers *handlers,
                                        size_t i);

/* How many files could not be compiled or loaded. */
WEFT_API size_t weft_handlers_failed(const struct weft_handlers *handlers);

/* Stops watching. Call it before weft_server_free; the handlers themselves go
 * with their last connection. NULL is allowed. */
WEFT_API void weft_handlers_close(struct weft_handlers *handlers);

#ifdef __cplusplus
}
#endif

#endif
