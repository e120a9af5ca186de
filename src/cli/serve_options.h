/* SPDX-License-Identifier: MIT */
/* What `weft serve` was asked to do. */
#ifndef WEFT_CLI_SERVE_OPTIONS_H
#define WEFT_CLI_SERVE_OPTIONS_H

#include <weft/server.h>

#define OPTION_LIST_MAX 64 /* how often -H, --origin or --host may be given */

struct option_list {
    const char *items[OPTION_LIST_MAX + 1]; /* ended by NULL */
    size_t count;
};

struct serve_options {
    struct weft_server_opts server;
    struct weft_handlers_opts handlers;
    const char *handlers_dir; /* NULL: none */
    char port[6];             /* "0" to "65535" */
    struct option_list addresses, origins, hosts;
    const char *access_log, *error_log; /* access_log NULL: none */
    enum weft_log_level level;
    bool is_quiet;
};

enum options_result {
    OPTIONS_RUN,  /* all is said */
    OPTIONS_HELP, /* help was asked for, and is printed */
    OPTIONS_BAD,  /* one line on standard error says what is wrong */
};

/* Reads the arguments behind `weft serve`; argv[0] is "serve". The strings
 * stay argv's. */
enum options_result options_parse(struct serve_options *options, int argc,
                                  char **argv);

/* Prints "weft serve: …" to standard error. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
