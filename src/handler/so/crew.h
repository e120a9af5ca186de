/* SPDX-License-Identifier: MIT */
/* Compiles a number of sources, a few at a time. */
#ifndef WEFT_HANDLER_CREW_H
#define WEFT_HANDLER_CREW_H

#include "handler/so/build.h"

/* Compilers at work at one time: more would take the machine from the
 * connections that are being served. */
#define WEFT_CREW_SIZE 2

/* What the compiler said about a source. */
struct weft_crew_words {
    const char *text;
    size_t len;
    bool is_cut; /* there was more */
};

struct weft_crew_opts {
    const struct weft_builder *builder;
    int stop;          /* descriptor, readable when all must end; -1: none */
    uint64_t slow_ms;  /* after which slow is called */
    uint64_t limit_ms; /* after which the compiler is stopped */

    /* A source has been compiled, or not: see build->err. words live until
     * this returns. */
    void (*done)(void *arg, struct weft_build *build,
                 const struct weft_crew_words *words);
    /* It takes long. */
    void (*slow)(void *arg, struct weft_build *build);
    void *arg;
};

/* Compiles them all and calls done for each. 0; GONE when stopped: the rest is
 * then not done; SYSTEM. */
WEFT_CHECK int weft_crew_run(const struct weft_crew_opts *opts,
                             struct weft_build *const builds[], size_t count);

#endif
