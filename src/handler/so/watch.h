/* SPDX-License-Identifier: MIT */
/* Waits for changes in folders. What has changed is not told: the answer to
 * any change is to look at the folders again. */
#ifndef WEFT_HANDLER_WATCH_H
#define WEFT_HANDLER_WATCH_H

#include <weft/error.h>

struct weft_watch {
    int fd;   /* of inotify; -1: released */
    int stop; /* descriptor, readable when waiting must end; borrowed */

    /* After a change, waiting goes on until there was none for quiet_ms, but
     * not longer than longest_ms. */
    int quiet_ms, longest_ms;

    /* The folder in which only one name matters. */
    int parent; /* its watch; -1: none */
    char name[256];
};

/* 0 or SYSTEM. */
WEFT_CHECK int weft_watch_init(struct weft_watch *watch, int stop);
void weft_watch_release(struct weft_watch *watch);

/* Watches the folder that is open as fd, in place of its watch if it has one.
 * A watch ends with its folder. 0; LIMIT when the user has too many watches;
 * SYSTEM. */
WEFT_CHECK int weft_watch_folder(struct weft_watch *watch, int fd);

/* Watches whether the folder of that path itself is moved, replaced or made
 * again. Results as before; USAGE for a path without a last name (".", "/"),
 * which cannot be replaced. */
WEFT_CHECK int weft_watch_parent(struct weft_watch *watch, const char *path);

/* Waits for a change. 1: there was one, and it has settled. 0: stop. SYSTEM. */
WEFT_CHECK int weft_watch_wait(struct weft_watch *watch);

#endif
