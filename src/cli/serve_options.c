/* SPDX-License-Identifier: MIT */
/*
 * The names of the options come from man/serve, with their help; here stands
 * what each of them does. Limits and times are rows of a table.
 */
#include "cli/serve_options.h"

#include "cli/number.h"
#include "cli/suggest.h"
#include "man/serve_help.h"
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    OPT_FIRST = 255, /* above every letter */
#define X(name, text, letter, has_arg) OPT_##name,
    WEFT_SERVE_OPTIONS(X)
#undef X
};

static const struct option long_options[] = {
#define X(name, text, letter, has_arg) {text, has_arg, NULL, OPT_##name},
    WEFT_SERVE_OPTIONS(X)
#undef X
        {NULL, 0, NULL, 0},
};

/* The short form of an option, or 0. */
static const struct {
    char letter;
    int opt;
} letters[] = {
#define X(name, text, letter, has_arg) {letter, OPT_##name},
    WEFT_SERVE_OPTIONS(X)
#undef X
};

#define SERVER(field) offsetof(struct serve_options, server.field)

/* Options that set a number of the server's. */
static const struct number {
    int opt;
    size_t offset;
    bool (*parse)(uint64_t *value, const char *text);
    const char *what;
    bool may_be_off;
} numbers[] = {
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

void complain(const char *format, ...)
{
    va_list args;

    fputs("weft serve: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

static const char *name_of(int opt)
{
    const struct option *o = long_options;

    while (o->val != opt)
        o++;
    return o->name;
}

static bool set_number(struct serve_options *options,
                       const struct number *number, const char *text)
{
    char *field = (char *)options + number->offset;
    uint64_t value;

    if (number->may_be_off && strcmp(text, "off") == 0) {
        value = WEFT_UNLIMITED;
    } else if (!number->parse(&value, text) || value == 0) {
        complain("--%s takes %s%s, not '%s'", name_of(number->opt),
                 number->what, number->may_be_off ? " or off" : "", text);
        return false;
    }
    memcpy(field, &value, sizeof(value));
    return true;
}

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

static bool set_port(struct serve_options *options, const char *text)
{
    uint64_t value;

    if (!number_parse(&value, text) || value > 65535) {
        complain("--port takes a number from 0 to 65535, not '%s'", text);
        return false;
    }
    snprintf(options->port, sizeof(options->port), "%u", (unsigned)value);
    return true;
}

static bool set_level(struct serve_options *options, const char *text)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(text, names[i]) != 0)
            continue;
        options->level = (enum weft_log_level)i;
        return true;
    }
    complain("--log-level takes error, warn, info or debug, not '%s'", text);
    return false;
}

static bool list_add(struct option_list *list, int opt, const char *text)
{
    if (list->count == OPTION_LIST_MAX) {
        complain("--%s may be given %d times at most", name_of(opt),
                 OPTION_LIST_MAX);
        return false;
    }
    list->items[list->count++] = text;
    return true;
}

/* scheme://host, perhaps with a port: a path would match no request. */
static bool set_origin(struct serve_options *options, const char *text)
{
    const char *host = strstr(text, "://");

    if (strcmp(text, "any") == 0 || strcmp(text, "null") == 0 ||
        (host && host > text && host[3] && !strchr(host + 3, '/')))
        return list_add(&options->origins, OPT_ORIGIN, text);
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
    case OPT_ACCESS_LOG:
        return &options->access_log;
    case OPT_ERROR_LOG:
        return &options->error_log;
    default:
        return NULL;
    }
}

static bool set_other(struct serve_options *options, int opt, const char *text)
{
    switch (opt) {
    case OPT_PORT:
        return set_port(options, text);
    case OPT_THREADS:
        return set_threads(options, text);
    case OPT_LOG_LEVEL:
        return set_level(options, text);
    case OPT_SERVER_HOST:
        if (!*text) {
            /* An unset variable in a script must not open it to the world. */
            complain("-H takes an address, not nothing");
            return false;
        }
        return list_add(&options->addresses, opt, text);
    case OPT_ORIGIN:
        return set_origin(options, text);
    case OPT_HOST:
        return list_add(&options->hosts, opt, text);
    case OPT_NO_WATCH:
        options->handlers.watch = false;
        return true;
    case OPT_QUIET:
        options->is_quiet = true;
        return true;
    default:
        return false;
    }
}

static bool set(struct serve_options *options, int opt, const char *text)
{
    const char **field = text_of(options, opt);

    if (field) {
        *field = text;
        return true;
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i].opt == opt)
            return set_number(options, &numbers[i], text);
    return set_other(options, opt, text);
}

/* ":p:w:" and so on: a colon first makes getopt say which argument is missing
 * and keep quiet. */
static void make_short_options(char *out)
{
    *out++ = ':';
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (!letters[i].letter)
            continue;
        *out++ = letters[i].letter;
        if (long_options[i].has_arg)
            *out++ = ':';
    }
    *out = '\0';
}

static int opt_of_letter(int opt)
{
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
        if (letters[i].letter && letters[i].letter == opt)
            return letters[i].opt;
    return opt;
}

/* The long option that was probably meant by "--prot" or "--prot=1". */
static const char *near_option(const char *arg)
{
    char typed[64];

    if (strncmp(arg, "--", 2) != 0)
        return NULL;
    snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(arg + 2, "="), arg + 2);
    for (const struct option *o = long_options; o->name; o++)
        if (suggest_is_near(typed, o->name))
            return o->name;
    return NULL;
}

/* What getopt_long stumbled over: a letter is in optopt, a long option is the
 * argument before optind. */
static void complain_of_argument(int opt, char **argv)
{
    const char *arg = argv[optind - 1], *meant = near_option(arg);
    char letter[] = {'-', (char)optopt, '\0'};

    if (optopt > 0 && optopt < OPT_FIRST)
        arg = letter;
    if (opt == ':')
        complain("a value is missing behind '%s'; see 'weft serve --help'",
                 arg);
    else if (optopt >= OPT_FIRST)
        complain("'%s': this option takes no value; see 'weft serve --help'",
                 arg);
    else if (meant && optopt == 0)
        complain("unknown option '%s', did you mean '--%s'? See 'weft serve "
                 "--help'",
                 arg, meant);
    else
        complain("unknown option '%s'; see 'weft serve --help'", arg);
}

static bool is_folder(const char *path, const char *option)
{
    struct stat st;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    complain("%s: no such folder: %s", option, path);
    return false;
}

/* What can be told to be wrong before anything is begun. */
static bool is_sound(const struct serve_options *options)
{
    if (!options->handlers_dir && !options->server.document_root) {
        complain("nothing to serve: give a folder of handlers with -w, of "
                 "pages with -d, or both");
        return false;
    }
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
    };
}

enum options_result options_parse(struct serve_options *options, int argc,
                                  char **argv)
{
    char short_options[3 * sizeof(letters) / sizeof(letters[0]) + 2];
    int opt;

    set_defaults(options);
    make_short_options(short_options);
    optind = 0;
    opterr = 0;
    while ((opt = getopt_long(argc, argv, short_options, long_options, NULL)) !=
           -1) {
        opt = opt_of_letter(opt);
        if (opt == OPT_HELP) {
            fputs(weft_serve_help, stdout);
            return OPTIONS_HELP;
        }
        if (opt == '?' || opt == ':') {
            complain_of_argument(opt, argv);
            return OPTIONS_BAD;
        }
        if (!set(options, opt, optarg))
            return OPTIONS_BAD;
    }
    if (optind < argc) {
        complain("unknown argument '%s'; see 'weft serve --help'",
                 argv[optind]);
        return OPTIONS_BAD;
    }
    if (options->origins.count > 0)
        options->server.origins = options->origins.items;
    if (options->hosts.count > 0)
        options->server.hosts = options->hosts.items;
    return is_sound(options) ? OPTIONS_RUN : OPTIONS_BAD;
}
