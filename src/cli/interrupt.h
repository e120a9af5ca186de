/* SPDX-License-Identifier: MIT */
/* Signals as something to wait for, in a program that polls. */
#ifndef WEFT_CLI_INTERRUPT_H
#define WEFT_CLI_INTERRUPT_H

#include <weft/types.h>

/*
 * From now on SIGINT, SIGTERM and SIGHUP are told by interrupt_take, the first
 * time each comes; a second one ends the program. With a terminal, so is
 * SIGQUIT (Ctrl-\), which would leave it as the prompt had it, and SIGWINCH and
 * SIGTSTP are told whenever they come. SIGPIPE is ignored. What was ignored
 * when the program began stays so. Returns a descriptor that is readable when
 * there is a signal to take, or -1.
 */
int interrupt_begin(bool has_terminal);

/* The number of a signal that came, or 0. */
int interrupt_take(void);

/* Signals do again what they do by default. */
void interrupt_end(void);

#endif
