/* SPDX-License-Identifier: MIT */
/* Where log lines go: a file, standard error, or standard output. */
#ifndef WEFT_CLI_LOGFILE_H
#define WEFT_CLI_LOGFILE_H

#include <weft/server.h>

struct logfile {
    const char *path; /* NULL: fd was not opened here */
    int fd;           /* -1: lines are dropped */
    bool has_color;
    bool has_level; /* each line says its level */
};

/* path "-" is the descriptor dash. false with errno when it cannot be opened
 * for appending. */
bool logfile_open(struct logfile *log, const char *path, int dash);
void logfile_close(struct logfile *log);

/* Opens the path again, after its file was moved away; when that fails the old
 * file goes on. */
void logfile_reopen(struct logfile *log);

/* Writes one line, with the time, in one call. */
void logfile_write(struct logfile *log, enum weft_log_level level,
                   const char *line);

#endif
