/* SPDX-License-Identifier: MIT */
/*
 * The server's log: one line an event, made safe, to the function of the
 * options, one line at a time. What came from a peer is passed as %s and
 * escaped with the rest of the line; nothing that may be a secret is passed at
 * all (query strings, cookies, credentials, subprotocols).
 */
#ifndef WEFT_SERVER_LOG_H
#define WEFT_SERVER_LOG_H

#include <pthread.h>
#include <stdarg.h>
#include <weft/server.h>

struct weft_log {
    pthread_mutex_t lock;
    weft_log_fn *fn;
    void *user;
    bool has_access; /* the lines of ACCESS are wanted */
};

/* fn NULL: lines go to standard error, but for ACCESS and DEBUG. */
void weft_log_init(struct weft_log *log, weft_log_fn *fn, void *user,
                   bool has_access);
void weft_log_release(struct weft_log *log);

void weft_log_line(struct weft_log *log, enum weft_log_level level,
                   const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void weft_log_vline(struct weft_log *log, enum weft_log_level level,
                    const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
