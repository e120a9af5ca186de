/* SPDX-License-Identifier: MIT */
/*
 * `weft serve`: a server, its addresses, its folder of handlers, its logs and
 * its signals, from options to exit status. What is wrong with the command
 * line is exit status 2, what goes wrong later is 1. A signal that comes before
 * the server runs ends the program as it does any.
 */
#include "cli/serve.h"

#include "cli/complain.h"
#include "cli/confine.h"
#include "cli/greeting.h"
#include "cli/logfile.h"
#include "cli/serve_options.h"
#include "cli/signals.h"
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FAILED = 1, BAD_USAGE = 2 };

#define ADDRESS_SIZE 512
#define PORT_SIZE 8 /* "65535", and room */
#define WHY_SIZE 512

struct serve {
    struct serve_options options;
    struct weft_server *server;
    struct weft_handlers *handlers;
    struct logfile access, errors;
    struct confine confine;
};

/* ---- Logs ---------------------------------------------------------------- */

/* Called by one thread at a time. */
static void on_log(void *user, enum weft_log_level level, const char *line)
{
    struct serve *serve = user;

    if (signals_take_reopen()) {
        logfile_reopen(&serve->access);
        logfile_reopen(&serve->errors);
    }
    if (level == WEFT_LOG_ACCESS)
        logfile_write(&serve->access, level, line);
    else if (level <= serve->options.level)
        logfile_write(&serve->errors, level, line);
}

static bool open_logs(struct serve *serve)
{
    const char *path = serve->options.error_log;

    serve->access.fd = serve->errors.fd = -1;
    serve->errors.has_level = true;
    if (!logfile_open(&serve->errors, path, STDERR_FILENO)) {
        complain("--error-log: cannot write to %s: %s", path, strerror(errno));
        return false;
    }
    path = serve->options.access_log;
    if (path && !logfile_open(&serve->access, path, STDOUT_FILENO)) {
        complain("--access-log: cannot write to %s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

/* ---- Addresses ----------------------------------------------------------- */

static bool is_unix(const char *address)
{
    return strncmp(address, "unix:", 5) == 0;
}

/* "host:port" for what -H was given; a bare IPv6 address gets its brackets. */
static void join_address(char out[ADDRESS_SIZE], const char *host,
                         const char *port)
{
    if (is_unix(host))
        snprintf(out, ADDRESS_SIZE, "%s", host);
    else if (host[0] != '[' && strchr(host, ':'))
        snprintf(out, ADDRESS_SIZE, "[%s]:%s", host, port);
    else
        snprintf(out, ADDRESS_SIZE, "%s:%s", host, port);
}

static void complain_of_address(int err, const char *address, const char *port,
                                bool is_tls_port)
{
    if (err == WEFT_ERR_IN_USE && is_unix(address))
        complain("%s is in use by another server, or is not a socket", address);
    else if (err == WEFT_ERR_ADDRESS && is_unix(address))
        complain("-H: %s: not the path of a socket that can be made: its "
                 "folder must be there, and 107 bytes are the most",
                 address);
    else if (err == WEFT_ERR_IN_USE)
        complain("port %s is in use; choose another with %s", port,
                 is_tls_port ? "--tls-port" : "-p");
    else if (err == WEFT_ERR_DENIED)
        complain("not allowed to listen on %s%s", address,
                 is_unix(address) ? "" : "; ports below 1024 are for root");
    else if (err == WEFT_ERR_ADDRESS)
        complain("-H: cannot listen on %s: no such address here (the port "
                 "goes to -p)",
                 address);
    else
        complain("cannot listen on %s: %s", address, weft_strerror(err));
}

/* The port to listen on: a free one that was taken for the first address is
 * the port of all, with TLS and without. */
static const char *port_of(const struct serve *serve, bool is_secure)
{
    const struct serve_options *options = &serve->options;
    const char *port =
        is_secure && options->tls.port[0] ? options->tls.port : options->port;
    const char *address;

    if (strcmp(port, "0") != 0)
        return port;
    for (size_t i = 0; (address = weft_server_address(serve->server, i)); i++)
        if (!is_unix(address) &&
            weft_server_address_is_secure(serve->server, i) == is_secure)
            return strrchr(address, ':') + 1;
    return port;
}

static bool listen_on(struct serve *serve, const char *host, bool is_secure)
{
    char port[PORT_SIZE], address[ADDRESS_SIZE], why[WHY_SIZE];
    struct weft_listen_opts opts = {
        .size = sizeof(opts),
        .tls = is_secure ? &serve->options.tls.opts : NULL,
        .why = why,
        .why_size = sizeof(why),
    };
    int err;

    snprintf(port, sizeof(port), "%s", port_of(serve, is_secure));
    join_address(address, host, port);
    err = weft_server_listen(serve->server, address, &opts);
    if (err && why[0])
        complain("TLS: %s", why);
    else if (err)
        complain_of_address(err, address, port,
                            is_secure && serve->options.tls.port[0]);
    return err == 0;
}

static bool listen_all(struct serve *serve, bool is_secure)
{
    static const struct option_list everywhere = {{"*"}, 1};
    const struct option_list *list = &serve->options.addresses;
    bool is_beside = is_secure && serve->options.tls.port[0];
    bool listens = true;
    size_t with_port = 0;

    if (list->count == 0)
        list = &everywhere;
    for (size_t i = 0; i < list->count && listens; i++) {
        if (is_beside && is_unix(list->items[i]))
            continue; /* there is no second port */
        listens = listen_on(serve, list->items[i], is_secure);
        with_port++;
    }
    if (with_port == 0)
        complain("--tls-port: no address of -H has ports");
    return listens && with_port > 0;
}

static bool listen_as_told(struct serve *serve)
{
    const struct serve_tls *tls = &serve->options.tls;

    return listen_all(serve, tls->is_everywhere) &&
           (!tls->port[0] || listen_all(serve, true));
}

/* ---- From beginning to end ----------------------------------------------- */

/* As many descriptors as the system lets us have: connections are made of
 * them. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static bool make_server(struct serve *serve)
{
    struct weft_server_opts *opts = &serve->options.server;
    int err;

    opts->log = on_log;
    opts->log_user = serve;
    opts->no_access_log = !serve->options.access_log;
    err = weft_server_new(&serve->server, opts);
    if (err == WEFT_ERR_DENIED)
        complain("-d: not allowed to read %s", opts->document_root);
    else if (err == WEFT_ERR_USAGE)
        complain("--header-limit or --field-limit is larger than can be");
    else if (err)
        complain("cannot start: %s", weft_strerror(err));
    return err == 0;
}

static bool open_handlers(struct serve *serve)
{
    const char *dir = serve->options.handlers_dir;
    int err;

    if (!dir)
        return true;
    err = weft_handlers_open(&serve->handlers, serve->server, dir,
                             &serve->options.handlers);
    if (err)
        complain("-w: cannot serve the handlers in %s: %s", dir,
                 weft_strerror(err));
    return err == 0;
}

static void greet(const struct serve *serve)
{
    const struct greeting greeting = {
        .server = serve->server,
        .handlers = serve->handlers,
        .handlers_dir = serve->options.handlers_dir,
        .pages_dir = serve->options.server.document_root,
        .is_terminal = isatty(STDOUT_FILENO),
    };

    if (!serve->options.is_quiet)
        greeting_print(stdout, &greeting);
}

static int run(struct serve *serve)
{
    int err;

    if (!open_logs(serve) || !make_server(serve) || !listen_as_told(serve) ||
        !confine_begin(&serve->confine, &serve->options, serve->server) ||
        !open_handlers(serve))
        return BAD_USAGE;
    signals_begin(serve->server, serve->access.path || serve->errors.path ||
                                     serve_tls_is_on(&serve->options.tls));
    confine_tell(&serve->confine, &serve->options, serve->server);
    greet(serve);
    err = weft_server_run(serve->server);
    if (err)
        complain("stopped: %s", weft_strerror(err));
    return err ? FAILED : 0;
}

int serve_main(int argc, char **argv)
{
    static struct serve serve;
    int status;

    switch (serve_options_parse(&serve.options, argc, argv)) {
    case OPTIONS_HELP:
        return 0;
    case OPTIONS_BAD:
        return BAD_USAGE;
    case OPTIONS_RUN:
        break;
    }
    signals_prepare();
    raise_descriptor_limit();
    status = run(&serve);
    weft_handlers_close(serve.handlers);
    signals_end(); /* the server they would reach is going */
    weft_server_free(serve.server);
    confine_end(&serve.confine);
    logfile_close(&serve.access);
    logfile_close(&serve.errors);
    return status;
}
