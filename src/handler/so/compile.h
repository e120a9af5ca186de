/* SPDX-License-Identifier: MIT */
/* One run of a program whose output is collected: the compiler. */
#ifndef WEFT_HANDLER_COMPILE_H
#define WEFT_HANDLER_COMPILE_H

#include "base/buf.h"
#include <sys/types.h>
#include <weft/error.h>

/* Bytes of output that are kept. One wrong line in a header can give
 * thousands; the first ones tell. */
#define WEFT_COMPILE_OUTPUT 65536

struct weft_compile {
    pid_t pid;  /* also of its process group; 0: not running */
    int exited; /* descriptor: readable once the program has ended */
    int output; /* descriptor: what it writes; -1: it has closed that */
    struct weft_buf text;
    bool is_cut; /* there was more output than is kept */
};

/* Starts args[0], found along $PATH, with no input. 0, MISSING when there is
 * no such program, SYSTEM. */
WEFT_CHECK int weft_compile_start(struct weft_compile *run,
                                  const struct weft_mem *mem,
                                  const char *const args[]);

/* Takes what was written so far. 1 when the program has ended, 0 when not yet.
 * Never waits. NOMEM. */
WEFT_CHECK int weft_compile_read(struct weft_compile *run);

/* Only after read has said 1. Whether it ended with success; otherwise why
 * says how, in at most size bytes. */
bool weft_compile_succeeded(struct weft_compile *run, char *why, size_t size);

/* Ends the program, if it still runs, with all that it started, and frees
 * all. A zeroed run is allowed. */
void weft_compile_release(struct weft_compile *run);

#endif
