/* SPDX-License-Identifier: MIT */
/*
 * The handler files of a folder and what has become of each. Of a source and
 * an object that would serve the same path, the source counts.
 */
#ifndef WEFT_HANDLER_ROSTER_H
#define WEFT_HANDLER_ROSTER_H

#include "handler/so/digest.h"
#include "handler/so/scan.h"

struct weft_roster_entry {
    char *name;          /* below the folder: "sub/chat_wsh.c" */
    char *path;          /* "/sub/chat" */
    bool is_source;      /* a source that is not refused */
    bool is_seen;        /* it was there at the last merge */
    const char *why_not; /* why it is passed over; NULL: it is not */

    bool is_served;            /* new connections to path get its code */
    struct weft_digest served; /* what that code was made of */

    bool has_failed;          /* the last attempt */
    struct weft_digest tried; /* stands for the file and all beside it then */
};

struct weft_roster {
    const struct weft_mem *mem;
    struct weft_roster_entry *entries; /* in the order of a scan */
    size_t count, cap;
};

void weft_roster_init(struct weft_roster *roster, const struct weft_mem *mem);
void weft_roster_release(struct weft_roster *roster);

/* Told of a file that is passed over, and why. */
typedef void weft_roster_tell_fn(void *arg, const char *name, const char *why);

/*
 * Takes over what a scan has found, strings included. Entries that it did not
 * find stay, not seen. Entries move in memory. tell is called for each file
 * that is passed over and was not for this reason before. 0, or NOMEM: then
 * nothing has changed.
 */
WEFT_CHECK int weft_roster_merge(struct weft_roster *roster,
                                 struct weft_scan *scan,
                                 weft_roster_tell_fn *tell, void *arg);

/* Forgets the entries that are not seen. */
void weft_roster_sweep(struct weft_roster *roster);

/* Another entry whose code serves this one's path, or NULL. */
struct weft_roster_entry *
weft_roster_rival(const struct weft_roster *roster,
                  const struct weft_roster_entry *entry);

#endif
