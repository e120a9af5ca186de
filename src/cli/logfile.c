/* SPDX-License-Identifier: MIT */
/*
 * A line is one write to a file opened for appending, so that several programs
 * may share it. It begins with the time, in UTC, to the millisecond.
 */
#include "cli/logfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 2048
#define TIME_SIZE 32

static const struct {
    const char *name, *color;
} levels[] = {
    [WEFT_LOG_ERROR] = {"error", "\033[31m"},
    [WEFT_LOG_WARN] = {"warn", "\033[33m"},
    [WEFT_LOG_INFO] = {"info", "\033[32m"},
    [WEFT_LOG_DEBUG] = {"debug", "\033[2m"},
    [WEFT_LOG_ACCESS] = {"access", ""},
};

static int open_append(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

bool logfile_open(struct logfile *log, const char *path, int dash)
{
    bool is_dash = strcmp(path, "-") == 0;

    log->path = is_dash ? NULL : path;
    log->fd = is_dash ? dash : open_append(path);
    log->has_color = is_dash && isatty(dash);
    return log->fd >= 0;
}

void logfile_close(struct logfile *log)
{
    if (log->path && log->fd >= 0)
        close(log->fd);
    log->fd = -1;
}

void logfile_reopen(struct logfile *log)
{
    int fd = log->path ? open_append(log->path) : -1;

    if (fd < 0)
        return;
    close(log->fd);
    log->fd = fd;
}

/* "2026-11-22T10:31:07.123Z" */
static void put_time(char out[TIME_SIZE])
{
    struct timespec now;
    struct tm tm;
    size_t n;

    clock_gettime(CLOCK_REALTIME, &now);
    if (!gmtime_r(&now.tv_sec, &tm))
        memset(&tm, 0, sizeof(tm));
    n = strftime(out, TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, TIME_SIZE - n, ".%03ldZ", now.tv_nsec / 1000000);
}

void logfile_write(struct logfile *log, enum weft_log_level level,
                   const char *line)
{
    const char *color = log->has_color ? levels[level].color : "";
    const char *plain = *color ? "\033[0m" : "";
    char text[LINE_SIZE], when[TIME_SIZE];
    int len;

    if (log->fd < 0)
        return;
    put_time(when);
    if (log->has_level)
        len = snprintf(text, sizeof(text), "%s %s%-5s%s %s\n", when, color,
                       levels[level].name, plain, line);
    else
        len = snprintf(text, sizeof(text), "%s %s\n", when, line);
    if (len >= (int)sizeof(text)) {
        len = sizeof(text) - 1;
        text[len - 1] = '\n';
    }
    /* A log that cannot be written to is nothing to stop a server for. */
    if (write(log->fd, text, (size_t)len) < 0)
        return;
}
