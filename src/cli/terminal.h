/* SPDX-License-Identifier: MIT */
/* `weft connect` at a terminal: a prompt, and what happens above it. */
#ifndef WEFT_CLI_TERMINAL_H
#define WEFT_CLI_TERMINAL_H

#include "cli/connect_options.h"

/* Runs until the connection has ended. Standard input and output are a
 * terminal; signals is the descriptor of interrupt_begin, or -1. The exit
 * status. */
int terminal_run(const struct connect_options *options, int signals);

#endif
