/* SPDX-License-Identifier: MIT */
/* Cuts what is read into lines. */
#ifndef WEFT_CLI_LINES_H
#define WEFT_CLI_LINES_H

#include "cli/fifo.h"

/* All but end and limit begin as zero. */
struct lines {
    struct fifo fifo; /* what was read: add to it */
    char end;         /* the byte behind each line */
    uint64_t limit;   /* bytes of a line */
    size_t scanned;   /* bytes known to hold no end */
    size_t taking;    /* bytes of the line that was told, with its end */
};

enum lines_result {
    LINES_NONE,     /* more must be read */
    LINES_LINE,     /* a line */
    LINES_TOO_LONG, /* it is, or will be, beyond the limit */
};

/*
 * The next line, without its end; the same one until lines_take. Behind the
 * last end, what is left is a line too when nothing more will come: is_last.
 */
enum lines_result lines_next(struct lines *lines, bool is_last,
                             const char **line, size_t *len);

/* The line was used. */
void lines_take(struct lines *lines);

#endif
