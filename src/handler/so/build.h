/* SPDX-License-Identifier: MIT */
/*
 * From a handler file to an object in the cache. Sources are compiled, unless
 * the cache has what compiling them would give; objects are copied, because a
 * file that is loaded must never be written again, and because the dynamic
 * linker takes a second file of one name for the first.
 */
#ifndef WEFT_HANDLER_BUILD_H
#define WEFT_HANDLER_BUILD_H

#include "handler/so/cache.h"
#include "handler/so/compiler.h"
#include "handler/so/digest.h"
#include "handler/so/module.h"
#include <time.h>

struct weft_builder {
    const struct weft_mem *mem;
    const char *dir; /* the folder, as the user wrote it; borrowed */
    const struct weft_cache *cache;
    const struct weft_compiler *compiler;
    struct weft_digest dir_id; /* set by init */
};

/* One file on its way. */
struct weft_build {
    const char *name; /* below the folder; borrowed */
    bool is_source;
    void *user; /* the caller's */

    /* What has become of it. */
    int err;                      /* 0: nothing has failed */
    char why[WEFT_MODULE_WHY];    /* what has, as the end of a sentence */
    struct weft_digest own;       /* of the file itself */
    struct weft_digest key;       /* of all that the object is made of */
    char object[WEFT_CACHE_NAME]; /* in the cache */
};

/* The caller has set all but dir_id. 0, MISSING or SYSTEM. */
WEFT_CHECK int weft_builder_init(struct weft_builder *b);

/* Looks at the file. 1: the object is in the cache; key and object are set. 0:
 * the source must be compiled. Negative: as build->err and why say. */
WEFT_CHECK int weft_build_find(const struct weft_builder *b,
                               struct weft_build *build);

/* What a run of the compiler has left in the cache, under names to be given
 * up, and when it began, by the clock of the file system. */
struct weft_build_files {
    char object[WEFT_CACHE_NAME], rule[WEFT_CACHE_NAME];
    struct timespec started;
};

/* Keeps the result of a successful run; sets key and object. 0; BUSY when a
 * file that it depends on may have changed meanwhile; or as build->err says. */
WEFT_CHECK int weft_build_settle(const struct weft_builder *b,
                                 struct weft_build *build,
                                 const struct weft_build_files *files);

/* The path of a file in the folder, to be freed with weft_strfree; NULL: no
 * memory. */
char *weft_build_path(const struct weft_builder *b, const char *name);

/* Sets err and why; returns err. */
int weft_build_fail(struct weft_build *build, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
