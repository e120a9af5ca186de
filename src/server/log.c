/* SPDX-License-Identifier: MIT */
/* A line is formatted on the stack, cut at its size, and escaped as a whole, so
 * that no format can let a control character through. */
#include "server/log.h"

#include "base/escape.h"
#include <stdio.h>

#define LINE_SIZE 1024

static void to_stderr(void *user, enum weft_log_level level, const char *line)
{
    if (level <= WEFT_LOG_INFO)
        fprintf(stderr, "weft: %s\n", line);
}

void weft_log_init(struct weft_log *log, weft_log_fn *fn, void *user,
                   bool has_access)
{
    pthread_mutex_init(&log->lock, NULL);
    log->fn = fn ? fn : to_stderr;
    log->user = user;
    log->has_access = fn && has_access;
}

void weft_log_release(struct weft_log *log)
{
    pthread_mutex_destroy(&log->lock);
}

void weft_log_vline(struct weft_log *log, enum weft_log_level level,
                    const char *format, va_list args)
{
    /* One byte longer, so that what is cut here is seen to be too long. */
    char raw[LINE_SIZE + 1], line[LINE_SIZE];
    int len;

    if (level == WEFT_LOG_ACCESS && !log->has_access)
        return;
    len = vsnprintf(raw, sizeof(raw), format, args);
    if (len < 0)
        return;
    if ((size_t)len >= sizeof(raw))
        len = sizeof(raw) - 1;
    weft_escape(line, sizeof(line), raw, (size_t)len);
    pthread_mutex_lock(&log->lock);
    log->fn(log->user, level, line);
    pthread_mutex_unlock(&log->lock);
}

void weft_log_line(struct weft_log *log, enum weft_log_level level,
                   const char *format, ...)
{
    va_list args;

    va_start(args, format);
    weft_log_vline(log, level, format, args);
    va_end(args);
}
