/* SPDX-License-Identifier: MIT */
/* What `weft serve` gives up once it listens. */
#ifndef WEFT_CLI_CONFINE_H
#define WEFT_CLI_CONFINE_H

#include "cli/sandbox.h"
#include "cli/serve_options.h"
#include <limits.h>

struct confine {
    struct sandbox_files files;
    char cache[PATH_MAX]; /* for compiled handlers; "": none that lasts */
    char temp[PATH_MAX];  /* a folder of this run alone; "": none */
};

/* Becomes the user of the options, and enters the sandbox. Must be called while
 * there is one thread, when the server listens and the logs are open, before
 * handlers are compiled. false after it has complained. */
bool confine_begin(struct confine *confine, const struct serve_options *options,
                   struct weft_server *server);

/* Tells the server's log what was given up. Not before nothing can fail any
 * more: a start that fails has one line to say. */
void confine_tell(const struct confine *confine,
                  const struct serve_options *options,
                  struct weft_server *server);

/* At the end of the program, also where begin failed or was not called for a
 * zeroed struct. */
void confine_end(struct confine *confine);

#endif
