/* SPDX-License-Identifier: MIT */
/* What `weft connect` was asked to do. */
#ifndef WEFT_CLI_CONNECT_OPTIONS_H
#define WEFT_CLI_CONNECT_OPTIONS_H

#include "cli/option_set.h"
#include <stdio.h>
#include <weft/client.h>

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct connect_options {
    struct weft_socket_opts socket;
    struct weft_deflate_opts deflate;
    const char *url;
    struct option_list protocols, headers, once_open;
    uint64_t linger_ms;       /* OPTION_OFF: until the server closes */
    uint64_t max_messages;    /* 0: no bound */
    uint64_t reconnect_limit; /* attempts in a row that may fail, OPTION_OFF:
                               * any number */
    enum color color;
    unsigned verbose; /* how often -v was given */
    bool reconnects, is_binary, has_times;
    char separator; /* behind each message in a pipe */
};

/* Reads the arguments behind `weft connect`; argv[0] is "connect". The strings
 * stay argv's, and the struct stays where it is. */
enum options_result connect_options_parse(struct connect_options *options,
                                          int argc, char **argv);

/* Whether what is printed there has colours. */
bool connect_options_has_color(const struct connect_options *options,
                               FILE *out);

#endif
