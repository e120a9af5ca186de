/* SPDX-License-Identifier: MIT */
/*
 * The names of the options come from man/connect, with their help; here stands
 * what each of them does. What makes a good URL, subprotocol, header or proxy
 * is for the library to say.
 */
#include "cli/connect_options.h"

#include "cli/complain.h"
#include "cli/deflate_option.h"
#include "cli/number.h"
#include "man/connect_help.h"
#include <stdlib.h>
#include <unistd.h>

#define LINGER_MS 500

/* What waits to be sent before no more input is read. The less that is, the
 * sooner a close frame gets through. */
#define BUFFER_SIZE ((uint64_t)128 << 10)

enum { OPT_FIRST = OPTION_FIRST, WEFT_CONNECT_OPTIONS(OPTION_NAME) };

static const struct option_row rows[] = {WEFT_CONNECT_OPTIONS(OPTION_ROW)};

static bool set(void *to, int opt, const char *text);
static bool set_url(void *to, const char *text);

static const struct option_set connect_set = {
    .command = "weft connect",
    .help = weft_connect_help,
    .rows = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .set = set,
    .operand = set_url,
};

#define FIELD(field) offsetof(struct connect_options, field)

static const struct option_number numbers[] = {
    {OPT_TIMEOUT, FIELD(socket.connect_ms), number_parse_time, "a time", true},
    {OPT_PING_INTERVAL, FIELD(socket.ping_ms), number_parse_time, "a time",
     true},
    {OPT_MESSAGE_LIMIT, FIELD(socket.message_limit), number_parse_size,
     "a size", true},
    {OPT_LINGER, FIELD(linger_ms), number_parse_time, "a time", true, true},
    {OPT_MAX_MESSAGES, FIELD(max_messages), number_parse, "a number", false},
    {OPT_RECONNECT_LIMIT, FIELD(reconnect_limit), number_parse, "a number",
     true},
};

static bool set_color(struct connect_options *options, const char *text)
{
    static const char *const words[] = {"auto", "always", "never", NULL};
    unsigned color;

    if (!option_word_set(&connect_set, OPT_COLOR, words, text, &color))
        return false;
    options->color = (enum color)color;
    return true;
}

static struct option_list *list_of(struct connect_options *options, int opt)
{
    switch (opt) {
    case OPT_PROTOCOL:
        return &options->protocols;
    case OPT_HEADER:
        return &options->headers;
    case OPT_ONCE_OPEN:
        return &options->once_open;
    default:
        return NULL;
    }
}

/* Options whose text is kept as it is. */
static const char **text_of(struct connect_options *options, int opt)
{
    switch (opt) {
    case OPT_ORIGIN:
        return &options->socket.origin;
    case OPT_COOKIE:
        return &options->socket.cookie;
    case OPT_PROXY:
        return &options->socket.proxy;
    case OPT_CA_FILE:
        return &options->socket.ca_file;
    case OPT_CERTIFICATE:
        return &options->socket.certificate;
    case OPT_PRIVATE_KEY:
        return &options->socket.key;
    default:
        return NULL;
    }
}

static bool set_other(struct connect_options *options, int opt,
                      const char *text)
{
    switch (opt) {
    case OPT_BINARY:
        options->is_binary = true;
        return true;
    case OPT_INSECURE:
        options->socket.is_insecure = true;
        return true;
    case OPT_NULL_DATA:
        options->separator = '\0';
        return true;
    case OPT_TIMES:
        options->has_times = true;
        return true;
    case OPT_VERBOSE:
        options->verbose++;
        return true;
    case OPT_RECONNECT:
        options->reconnects = true;
        return true;
    case OPT_DEFLATE:
        options->deflate.is_off = false;
        return true;
    case OPT_DEFLATE_OPTIONS:
        return deflate_option_set(&connect_set, opt, &options->deflate, text);
    case OPT_NO_COLOR:
        return set_color(options, "never");
    case OPT_COLOR:
        return set_color(options, text);
    default:
        return false;
    }
}

static bool set(void *to, int opt, const char *text)
{
    struct connect_options *options = to;
    struct option_list *list = list_of(options, opt);
    const char **field = text_of(options, opt);

    if (list)
        return option_list_add(&connect_set, list, opt, text);
    if (field) {
        *field = text;
        return true;
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i].opt == opt)
            return option_number_set(&connect_set, &numbers[i], options, text);
    return set_other(options, opt, text);
}

static bool set_url(void *to, const char *text)
{
    struct connect_options *options = to;

    if (options->url) {
        complain("one URL at a time: '%s' is too many; see 'weft connect "
                 "--help'",
                 text);
        return false;
    }
    options->url = text;
    return true;
}

static void set_defaults(struct connect_options *options)
{
    *options = (struct connect_options){
        .socket.size = sizeof(options->socket),
        .socket.buffer_limit = BUFFER_SIZE,
        .socket.deflate = &options->deflate,
        .deflate = {.size = sizeof(options->deflate),
                    .is_off = true,
                    .has_takeover = true,
                    .peer_takeover = true},
        .linger_ms = UINT64_MAX - 1, /* not given */
        .reconnect_limit = OPTION_OFF,
        .separator = '\n',
    };
}

enum options_result connect_options_parse(struct connect_options *options,
                                          int argc, char **argv)
{
    enum options_result result;

    set_defaults(options);
    result = option_set_read(&connect_set, options, argc, argv);
    if (result != OPTIONS_RUN)
        return result;
    if (!options->url) {
        complain("the URL is missing, such as ws://localhost:9998/echo; see "
                 "'weft connect --help'");
        return OPTIONS_BAD;
    }
    if (options->socket.key && !options->socket.certificate) {
        complain("--private-key is that of --certificate, which is missing");
        return OPTIONS_BAD;
    }
    /* Who waits for a number of messages waits for as long as that takes. */
    if (options->linger_ms == UINT64_MAX - 1)
        options->linger_ms = options->max_messages > 0 ? OPTION_OFF : LINGER_MS;
    if (options->protocols.count > 0)
        options->socket.protocols = options->protocols.items;
    if (options->headers.count > 0)
        options->socket.headers = options->headers.items;
    return OPTIONS_RUN;
}

bool connect_options_has_color(const struct connect_options *options, FILE *out)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    if (options->color != COLOR_AUTO)
        return options->color == COLOR_ALWAYS;
    /* no-color.org: any value but an empty one. */
    if (no_color && *no_color)
        return false;
    return isatty(fileno(out)) && term && *term && strcmp(term, "dumb") != 0;
}
