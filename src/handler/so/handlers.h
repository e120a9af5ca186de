/* SPDX-License-Identifier: MIT */
/* What the files of this folder share of struct weft_handlers. */
#ifndef WEFT_HANDLER_HANDLERS_H
#define WEFT_HANDLER_HANDLERS_H

#include "handler/so/build.h"
#include "handler/so/cache.h"
#include "handler/so/compiler.h"
#include "handler/so/crew.h"
#include "handler/so/roster.h"
#include "handler/so/watch.h"
#include <pthread.h>
#include <weft/server.h>

struct weft_handlers {
    const struct weft_mem *mem;
    struct weft_server *srv;
    char *dir; /* as the user wrote it, but for slashes at the end */
    struct weft_cache cache;
    struct weft_compiler compiler;
    struct weft_builder builder;

    /* Written by one thread at a time, the one that opens and then the
     * watching one, which needs the lock only while it writes. */
    struct weft_roster roster;
    pthread_mutex_t mutex;
    pthread_mutex_t *lock; /* mutex, for those who see a const struct */

    int stop; /* eventfd: written to by close; -1: none */
    struct weft_watch watch;
    bool is_watching; /* watch is in use */
    bool has_thread;
    pthread_t thread;

    bool is_open;       /* the first look at the folder is done */
    bool told_compiler; /* that there is none, since the last look */
    bool told_watch;    /* that not all changes will be noticed */
};

/* As weft_handlers_open, with memory from mem, which must outlive the server
 * too. */
WEFT_CHECK int weft_handlers_open_with(struct weft_handlers **out,
                                       struct weft_server *srv, const char *dir,
                                       const struct weft_handlers_opts *opts,
                                       const struct weft_mem *mem);

/*
 * Looks at the folder and makes the server serve what is there now. 0; MISSING
 * when there is no folder: nothing is served then; GONE at a stop; LIMIT,
 * NOMEM, SYSTEM.
 */
WEFT_CHECK int weft_handlers_reload(struct weft_handlers *h);

/* ---- report.c: what users are told --------------------------------------- */

/* What the compiler said about a file, line by line. */
void weft_report_words(struct weft_handlers *h, enum weft_log_level level,
                       const char *name, const struct weft_crew_words *words);

/* A file could not be made a handler. */
void weft_report_failure(struct weft_handlers *h,
                         const struct weft_roster_entry *entry, int err,
                         const char *why);

/* A hint at what is wrong with the compiler, where its words tell. */
void weft_report_hint(struct weft_handlers *h,
                      const struct weft_crew_words *words);

#endif
