/* SPDX-License-Identifier: MIT */
/* What `weft serve` was asked to do. */
#ifndef WEFT_CLI_SERVE_OPTIONS_H
#define WEFT_CLI_SERVE_OPTIONS_H

#include "cli/option_set.h"
#include "cli/serve_tls.h"
#include "cli/user.h"
#include <weft/server.h>

struct serve_options {
    struct weft_server_opts server;
    struct weft_handlers_opts handlers;
    struct weft_deflate_opts deflate; /* size 0: as the library has it */
    const char *handlers_dir;         /* NULL: none */
    char port[6];                     /* "0" to "65535" */
    struct option_list addresses, origins, hosts;
    struct serve_tls tls;
    const char *access_log, *error_log; /* access_log NULL: none */
    enum weft_log_level level;
    struct user user;                      /* to become; only if has_user */
    struct option_list readable, writable; /* inside the sandbox */
    bool has_user, has_sandbox, is_quiet;
};

/* Reads the arguments behind `weft serve`; argv[0] is "serve". The strings
 * stay argv's. */
enum options_result serve_options_parse(struct serve_options *options, int argc,
                                        char **argv);

#endif
