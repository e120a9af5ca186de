/* SPDX-License-Identifier: MIT */
/*
 * Rights that are given up for good: by the thread that calls, and by all
 * threads and programs that it starts from then on. So it must be called while
 * there is one thread.
 */
#ifndef WEFT_CLI_SANDBOX_H
#define WEFT_CLI_SANDBOX_H

#include "cli/sandbox_files.h"
#include <stddef.h>

#define SANDBOX_TEXT 160 /* bytes that sandbox_describe writes at most */

/* Gives up: getting rights by starting a program (no_new_privs), all files but
 * those allowed, capabilities but root's to read files of others, and some
 * system calls. What the kernel does not have is left out. false with errno. */
bool sandbox_enter(struct sandbox_files *files);

/* What it is made of, in a line: "no_new_privs, …". */
void sandbox_describe(const struct sandbox_files *files,
                      char text[SANDBOX_TEXT]);

#endif
