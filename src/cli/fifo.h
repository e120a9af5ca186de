/* SPDX-License-Identifier: MIT */
/* Bytes that wait to be passed on: put in at the end, taken off the front. */
#ifndef WEFT_CLI_FIFO_H
#define WEFT_CLI_FIFO_H

#include <weft/types.h>

/* All zero is empty. The bytes that wait are len ones at data + start. */
struct fifo {
    char *data;
    size_t start, len, size;
};

/* Frees all; an empty one is left. */
void fifo_release(struct fifo *fifo);

/* The bytes that wait. Until the next call but fifo_take. */
const char *fifo_bytes(const struct fifo *fifo);

/* A place behind them for at least want bytes, or NULL: no memory. What was
 * written there counts once fifo_added says how much it is. */
char *fifo_room(struct fifo *fifo, size_t want);
void fifo_added(struct fifo *fifo, size_t len);

/* Both at once; false without memory. */
bool fifo_add(struct fifo *fifo, const void *bytes, size_t len);

/* Takes len bytes off the front. */
void fifo_take(struct fifo *fifo, size_t len);

#endif
