/* SPDX-License-Identifier: MIT */
/*
 * The folder for compiled handlers. Code is loaded from it, so it must belong
 * to the user we run as, and nobody else may be able to write to it. A file
 * gets its name only when it is complete, and is never written again, so
 * several servers can share one folder.
 */
#ifndef WEFT_HANDLER_CACHE_H
#define WEFT_HANDLER_CACHE_H

#include "handler/so/digest.h"
#include <weft/error.h>

#define WEFT_CACHE_NAME 128 /* bytes of a file name, with the NUL */

struct weft_cache {
    const struct weft_mem *mem;
    char *path;      /* absolute */
    int fd;          /* of the folder */
    bool is_private; /* made for this process, removed by release */
};

/*
 * Opens the folder, which is made if need be. NULL: below $XDG_CACHE_HOME or
 * ~/.cache, or, where that cannot be, a private one. 0; DENIED when it is not
 * safe to load code from; SYSTEM when it cannot be made; NOMEM.
 */
WEFT_CHECK int weft_cache_init(struct weft_cache *cache,
                               const struct weft_mem *mem, const char *path);
void weft_cache_release(struct weft_cache *cache); /* a zeroed one too */

/* The name of a file that is made of the handler file `name` and named by a
 * digest; end is ".so" or ".d". */
void weft_cache_name(char out[WEFT_CACHE_NAME], const char *name,
                     const struct weft_digest *digest, const char *end);

/* Makes an empty file with a name of its own, ending in ".so". Its descriptor,
 * or SYSTEM. */
WEFT_CHECK int weft_cache_temp(const struct weft_cache *cache,
                               char name[WEFT_CACHE_NAME]);

/* Gives a file its lasting name. 0 or SYSTEM. */
WEFT_CHECK int weft_cache_publish(const struct weft_cache *cache,
                                  const char *temp, const char *name);

/* Whether there is such a file; if so, it counts as used today. */
bool weft_cache_has(const struct weft_cache *cache, const char *name);

void weft_cache_remove(const struct weft_cache *cache, const char *name);

/* The file's whole name, to be freed with weft_strfree and the cache's mem;
 * NULL: no memory. */
char *weft_cache_path(const struct weft_cache *cache, const char *name);

/* Removes our files that nobody has used since then. */
void weft_cache_prune(const struct weft_cache *cache, int64_t before_s);

#endif
