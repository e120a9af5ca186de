/* SPDX-License-Identifier: MIT */
/* Arguments of a command, and what it says when they are wrong. */
#ifndef WEFT_TEST_COMMAND_LINE_H
#define WEFT_TEST_COMMAND_LINE_H

#include <stddef.h>
#include <sys/types.h>

#define COMMAND_LINE_MAX 32

/* Copies, as programs may write to theirs. */
struct command_line {
    char text[COMMAND_LINE_MAX][128];
    char *argv[COMMAND_LINE_MAX + 1]; /* ended by NULL */
    int argc;
};

/* The command's name and the arguments, the last one NULL. */
void command_line_fill(struct command_line *line, const char *name,
                       const char *const *args);

/* Checks that what was said is one line, begins with the command, and has the
 * text in it; which is the number of the case. */
void command_line_check(const char *said, const char *command,
                        const char *about, size_t which);

/* The exit status of a process, or -1 - the signal that ended it. */
int command_line_wait(pid_t pid);

#endif
