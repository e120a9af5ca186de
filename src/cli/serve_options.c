/* SPDX-License-Identifier: MIT */
/*
 * The names of the options come from man/serve, with their help; here stands
 * what each of them does. Limits and times are rows of a table.
 */
#include "cli/serve_options.h"

#include "cli/complain.h"
#include "cli/deflate_option.h"
#include "cli/number.h"
#include "man/serve_help.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_POLL_US 100 /* unless it is said */

enum { OPT_FIRST = OPTION_FIRST, WEFT_SERVE_OPTIONS(OPTION_NAME) };

static const struct option_row rows[] = {WEFT_SERVE_OPTIONS(OPTION_ROW)};

static bool set(void *to, int opt, const char *text);

static const struct option_set serve_set = {
    .command = "weft serve",
    .help = weft_serve_help,
    .rows = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .set = set,
};

#define SERVER(field) offsetof(struct serve_options, server.field)

/* Options that set a number of the server's. */
static const struct option_number numbers[] = {
    {OPT_HEADER_LIMIT, SERVER(header_limit), number_parse_size, "a size",
     false},
    {OPT_FIELD_LIMIT, SERVER(field_limit), number_parse, "a number", false},
    {OPT_MESSAGE_LIMIT, SERVER(message_limit), number_parse_size, "a size",
     true},
    {OPT_FRAGMENT_LIMIT, SERVER(fragment_limit), number_parse, "a number",
     true},
    {OPT_QUEUE_LIMIT, SERVER(queue_limit), number_parse_size, "a size", true},
    {OPT_TOPIC_LIMIT, SERVER(topic_limit), number_parse, "a number", true},
    {OPT_CONNECTION_LIMIT, SERVER(connection_limit), number_parse, "a number",
     true},
    {OPT_PER_ADDRESS_LIMIT, SERVER(per_address_limit), number_parse, "a number",
     true},
    {OPT_HANDSHAKE_TIMEOUT, SERVER(handshake_ms), number_parse_time, "a time",
     true},
    {OPT_HTTP_IDLE_TIMEOUT, SERVER(idle_http_ms), number_parse_time, "a time",
     true},
    {OPT_PING_INTERVAL, SERVER(ping_ms), number_parse_time, "a time", true},
    {OPT_PONG_TIMEOUT, SERVER(pong_ms), number_parse_time, "a time", true},
    {OPT_CLOSE_TIMEOUT, SERVER(close_ms), number_parse_time, "a time", true},
    {OPT_DRAIN_TIMEOUT, SERVER(drain_ms), number_parse_time, "a time", true},
};

static bool set_threads(struct serve_options *options, const char *text)
{
    uint64_t value;

    if (!number_parse(&value, text) || value < 1 || value > 256) {
        complain("--threads takes a number from 1 to 256, not '%s'", text);
        return false;
    }
    options->server.threads = (unsigned)value;
    return true;
}

static bool set_busy_poll(struct serve_options *options, const char *text)
{
    uint64_t us = BUSY_POLL_US;

    if (text && (!number_parse(&us, text) || us < 1 || us > 1000000)) {
        complain("--busy-poll takes 1 to 1000000 microseconds, not '%s'", text);
        return false;
    }
    options->server.busy_poll_us = us;
    return true;
}

static bool set_port(char port[6], int opt, const char *text)
{
    uint64_t value;

    if (!number_parse(&value, text) || value > 65535) {
        complain("--%s takes a number from 0 to 65535, not '%s'",
                 option_set_name(&serve_set, opt), text);
        return false;
    }
    snprintf(port, 6, "%u", (unsigned)value);
    return true;
}

static bool set_level(struct serve_options *options, const char *text)
{
    static const char *const words[] = {"error", "warn", "info", "debug", NULL};
    unsigned level;

    if (!option_word_set(&serve_set, OPT_LOG_LEVEL, words, text, &level))
        return false;
    options->level = (enum weft_log_level)level;
    return true;
}

/* scheme://host, perhaps with a port: a path would match no request. */
static bool set_origin(struct serve_options *options, const char *text)
{
    const char *host = strstr(text, "://");

    if (strcmp(text, "any") == 0 || strcmp(text, "null") == 0 ||
        (host && host > text && host[3] && !strchr(host + 3, '/')))
        return option_list_add(&serve_set, &options->origins, OPT_ORIGIN, text);
    complain("--origin takes an origin such as https://a.example, or any, not "
             "'%s'",
             text);
    return false;
}

/* Options whose text is kept as it is. */
static const char **text_of(struct serve_options *options, int opt)
{
    switch (opt) {
    case OPT_WEBSOCK_HANDLERS:
        return &options->handlers_dir;
    case OPT_DOCUMENT_ROOT:
        return &options->server.document_root;
    case OPT_CACHE_DIR:
        return &options->handlers.cache;
    case OPT_CC:
        return &options->handlers.compiler;
    case OPT_CFLAGS:
        return &options->handlers.cflags;
    case OPT_INCLUDE_DIR:
        return &options->handlers.include;
    case OPT_TLS_CLIENT_CA:
        return &options->tls.client_ca;
    case OPT_ACCESS_LOG:
        return &options->access_log;
    case OPT_ERROR_LOG:
        return &options->error_log;
    default:
        return NULL;
    }
}

static bool set_tls(struct serve_tls *tls, int opt, const char *text)
{
    switch (opt) {
    case OPT_TLS:
        tls->is_everywhere = true;
        return true;
    case OPT_TLS_PORT:
        return set_port(tls->port, opt, text);
    case OPT_CERTIFICATE:
        return option_list_add(&serve_set, &tls->certificates, opt, text);
    case OPT_PRIVATE_KEY:
        return option_list_add(&serve_set, &tls->keys, opt, text);
    case OPT_TLS_CLIENT_AUTH:
        tls->asks_clients = true;
        return true;
    case OPT_TLS_CLIENT_CERT_OPTIONAL:
        tls->may_lack = true;
        return true;
    default:
        return false;
    }
}

static bool set_other(struct serve_options *options, int opt, const char *text)
{
    switch (opt) {
    case OPT_PORT:
        return set_port(options->port, opt, text);
    case OPT_THREADS:
        return set_threads(options, text);
    case OPT_BUSY_POLL:
        return set_busy_poll(options, text);
    case OPT_LOG_LEVEL:
        return set_level(options, text);
    case OPT_SERVER_HOST:
        if (!*text) {
            /* An unset variable in a script must not open it to the world. */
            complain("-H takes an address, not nothing");
            return false;
        }
        return option_list_add(&serve_set, &options->addresses, opt, text);
    case OPT_ORIGIN:
        return set_origin(options, text);
    case OPT_HOST:
        return option_list_add(&serve_set, &options->hosts, opt, text);
    case OPT_DEFLATE:
        return deflate_option_set(&serve_set, opt, &options->deflate, text);
    case OPT_NO_WATCH:
        options->handlers.watch = false;
        return true;
    case OPT_QUIET:
        options->is_quiet = true;
        return true;
    case OPT_USER:
        options->has_user = user_find(&options->user, text);
        return options->has_user;
    case OPT_NO_SANDBOX:
        options->has_sandbox = false;
        return true;
    case OPT_ALLOW_READ:
        return option_list_add(&serve_set, &options->readable, opt, text);
    case OPT_ALLOW_WRITE:
        return option_list_add(&serve_set, &options->writable, opt, text);
    default:
        return set_tls(&options->tls, opt, text);
    }
}

static bool set(void *to, int opt, const char *text)
{
    struct serve_options *options = to;
    const char **field = text_of(options, opt);

    if (field) {
        *field = text;
        return true;
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i].opt == opt)
            return option_number_set(&serve_set, &numbers[i], options, text);
    return set_other(options, opt, text);
}

static bool is_folder(const char *path, const char *option)
{
    struct stat st;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    complain("%s: no such folder: %s", option, path);
    return false;
}

static bool all_exist(const struct option_list *paths, const char *option)
{
    for (size_t i = 0; i < paths->count; i++)
        if (access(paths->items[i], F_OK) != 0) {
            complain("%s: %s: %s", option, paths->items[i], strerror(errno));
            return false;
        }
    return true;
}

/* What can be told to be wrong before anything is begun. */
static bool is_sound(const struct serve_options *options)
{
    if (!options->handlers_dir && !options->server.document_root) {
        complain("nothing to serve: give a folder of handlers with -w, of "
                 "pages with -d, or both");
        return false;
    }
    if (!all_exist(&options->readable, "--allow-read") ||
        !all_exist(&options->writable, "--allow-write"))
        return false;
    if (options->handlers_dir && !is_folder(options->handlers_dir, "-w"))
        return false;
    if (options->handlers.include &&
        !is_folder(options->handlers.include, "--include-dir"))
        return false;
    return !options->server.document_root ||
           is_folder(options->server.document_root, "-d");
}

static void set_defaults(struct serve_options *options)
{
    *options = (struct serve_options){
        .server.size = sizeof(options->server),
        .handlers.size = sizeof(options->handlers),
        .handlers.watch = true,
        .port = "9998",
        .error_log = "-",
        .level = WEFT_LOG_INFO,
        .has_sandbox = true,
    };
}

enum options_result serve_options_parse(struct serve_options *options, int argc,
                                        char **argv)
{
    enum options_result result;

    set_defaults(options);
    result = option_set_read(&serve_set, options, argc, argv);
    if (result != OPTIONS_RUN)
        return result;
    if (options->origins.count > 0)
        options->server.origins = options->origins.items;
    if (options->hosts.count > 0)
        options->server.hosts = options->hosts.items;
    if (options->deflate.size > 0)
        options->server.deflate = &options->deflate;
    return is_sound(options) && serve_tls_settle(&options->tls) ? OPTIONS_RUN
                                                                : OPTIONS_BAD;
}
