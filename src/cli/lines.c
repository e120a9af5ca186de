/* SPDX-License-Identifier: MIT */
/* A byte is looked at once, however small the pieces are in which it comes,
 * and a line that is too long is refused before all of it has come. */
#include "cli/lines.h"

static enum lines_result found(struct lines *lines, size_t len, size_t end_len,
                               size_t *out)
{
    if (len > lines->limit)
        return LINES_TOO_LONG;
    lines->scanned = len;
    lines->taking = len + end_len;
    *out = len;
    return LINES_LINE;
}

enum lines_result lines_next(struct lines *lines, bool is_last,
                             const char **line, size_t *len)
{
    size_t have = lines->fifo.len;
    const char *end;

    if (have == 0)
        return LINES_NONE;
    *line = fifo_bytes(&lines->fifo);
    end = memchr(*line + lines->scanned, lines->end, have - lines->scanned);
    if (end)
        return found(lines, (size_t)(end - *line), 1, len);
    lines->scanned = have;
    if (is_last)
        return found(lines, have, 0, len);
    return have > lines->limit ? LINES_TOO_LONG : LINES_NONE;
}

void lines_take(struct lines *lines)
{
    fifo_take(&lines->fifo, lines->taking);
    lines->scanned = 0;
    lines->taking = 0;
}
