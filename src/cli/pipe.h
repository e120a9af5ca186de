/* SPDX-License-Identifier: MIT */
/* `weft connect` in a pipe: lines, or bytes, in and out. */
#ifndef WEFT_CLI_PIPE_H
#define WEFT_CLI_PIPE_H

#include "cli/connect_options.h"

struct pipe_ends {
    int in, out; /* descriptors */
    int signals; /* that of interrupt_begin, or -1 */
};

/* Runs until the connection has ended and all is written. The exit status. */
int pipe_run(const struct connect_options *options,
             const struct pipe_ends *ends);

#endif
