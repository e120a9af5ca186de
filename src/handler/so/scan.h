/* SPDX-License-Identifier: MIT */
/*
 * What lies in a folder of handlers: the files name_wsh.c and name_wsh.so in
 * it and below, in an order that depends on their names alone.
 *
 * Names that begin with a dot are passed over, folders too. A link to a file
 * is followed as long as it stays inside the folder; links to folders are not,
 * since they can form a ring.
 */
#ifndef WEFT_HANDLER_SCAN_H
#define WEFT_HANDLER_SCAN_H

#include "handler/so/digest.h"
#include <weft/error.h>

/* Bounds against a folder given by mistake, such as "/". */
#define WEFT_SCAN_DEPTH 16
#define WEFT_SCAN_ENTRIES 100000

enum weft_found_kind {
    WEFT_FOUND_SOURCE,  /* name_wsh.c */
    WEFT_FOUND_OBJECT,  /* name_wsh.so */
    WEFT_FOUND_REFUSED, /* looks like a handler and is none: see why */
};

struct weft_found {
    char *name; /* below the folder: "sub/chat_wsh.c" */
    char *path; /* where it is served: "/sub/chat" */
    enum weft_found_kind kind;
    const char *why; /* REFUSED: what is wrong; static */
};

struct weft_scan {
    const struct weft_mem *mem;

    /* Told of each folder, the first one included, before it is read: what
     * changes in it from then on must be noticed. May be NULL. */
    void (*folder)(void *arg, int fd);
    void *arg;

    /* By path, then name: a source before an object of the same path. */
    struct weft_found *found;
    size_t count, cap;

    /* Stands for names and times of all other files: headers, mostly. */
    struct weft_digest others;
    size_t entries; /* looked at so far */
};

/* The caller has set mem, folder and arg, and the rest to zero. 0, MISSING
 * when there is no such folder, LIMIT, NOMEM or SYSTEM. */
WEFT_CHECK int weft_scan_run(struct weft_scan *scan, const char *dir);

/* Also after an error. */
void weft_scan_release(struct weft_scan *scan);

/* The order of two files in found: below, equal to or above 0. */
int weft_scan_order(const char *path, const char *name, const char *other_path,
                    const char *other_name);

#endif
