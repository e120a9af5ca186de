/* SPDX-License-Identifier: MIT */
/* How handlers are compiled: the command, and where <weft/handler.h> is. */
#ifndef WEFT_HANDLER_COMPILER_H
#define WEFT_HANDLER_COMPILER_H

#include "handler/so/digest.h"
#include <weft/error.h>

#define WEFT_COMPILER_WORDS 64 /* of the command and of the flags, each */

/* Text that was cut at its spaces. */
struct weft_words {
    char *text; /* size bytes; the words point in here */
    size_t size, count;
    char *word[WEFT_COMPILER_WORDS];
};

struct weft_compiler {
    const struct weft_mem *mem;
    struct weft_words command, flags;
    char *include;         /* folder of weft/handler.h; NULL: the compiler's */
    struct weft_digest id; /* of all that makes a difference to the result */
};

/* Each may be NULL. */
struct weft_compiler_opts {
    const char *command; /* NULL or blank: $CC, or cc */
    const char *include; /* NULL: $WEFT_INCLUDE, or beside the program */
    const char *flags;
};

/* 0, NOMEM, or LIMIT for too many words. */
WEFT_CHECK int weft_compiler_init(struct weft_compiler *cc,
                                  const struct weft_mem *mem,
                                  const struct weft_compiler_opts *opts);
void weft_compiler_release(struct weft_compiler *cc);

/* The three files of one run. */
struct weft_compiler_files {
    const char *source;
    const char *object; /* shared object to be written */
    const char *rule;   /* what the object depends on, to be written */
};

#define WEFT_COMPILER_ARGS (2 * WEFT_COMPILER_WORDS + 16)

/* The arguments of a run, ended by NULL. They point into cc and files. */
void weft_compiler_args(const struct weft_compiler *cc,
                        const struct weft_compiler_files *files,
                        const char *args[WEFT_COMPILER_ARGS]);

#endif
