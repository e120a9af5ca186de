/* SPDX-License-Identifier: MIT */
/*
 * The TLS of listeners: what was read from certificates and keys, and where it
 * came from, so that it can be read again. Listeners that were given the same
 * files and rules share one.
 */
#ifndef WEFT_SERVER_KEYRING_H
#define WEFT_SERVER_KEYRING_H

#include "server/log.h"
#include "tls/tls.h"
#include <pthread.h>

struct weft_keyring {
    const struct weft_mem *mem;
    struct weft_keyring *next; /* of the server's */
    struct weft_tls_opts opts; /* own copies */
    pthread_mutex_t lock;
    struct weft_tls *tls; /* under lock; counted */
};

/*
 * Finds in the list the one with these options, or reads their files and adds
 * it. On failure why says what is wrong, "" where weft_strerror has said all;
 * the errors are those of weft_tls_new_server.
 */
WEFT_CHECK int weft_keyring_open(struct weft_keyring **out,
                                 struct weft_keyring **list,
                                 const struct weft_mem *mem,
                                 const struct weft_tls_opts *opts,
                                 char why[WEFT_TLS_WHY]);
void weft_keyrings_free(struct weft_keyring *list);

/* What new connections get; a reference of the caller's. Any thread. */
struct weft_tls *weft_keyring_take(struct weft_keyring *keyring);

/* Reads all files again, and writes to the log what came of it. Where one is
 * wrong the old ones stay. One thread at a time. */
void weft_keyrings_reload(struct weft_keyring *list, struct weft_log *log);

/* Warns of certificates that have expired or soon will. now is in seconds since
 * 1970. */
void weft_keyrings_warn(struct weft_keyring *list, struct weft_log *log,
                        int64_t now);

#endif
