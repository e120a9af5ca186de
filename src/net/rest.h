/* SPDX-License-Identifier: MIT */
/*
 * Streams that rest: whose bytes were so much work that the others of the loop
 * come first for a while. They stand in a row; in each turn of the loop a
 * certain amount of work is forgiven, to the first in the row first, and who
 * has nothing left is read from again. So however many do it, and however much
 * they make of little, a turn stays short; and where nobody else is there to
 * be served, turns are over at once.
 */
#ifndef WEFT_NET_REST_H
#define WEFT_NET_REST_H

#include "net/stream.h"

/* The stream has cost so many bytes of work. Without the memory to note that it
 * goes on as it is. */
void weft_rest_begin(struct weft_stream *stream, size_t work);

/* The stream is about to be closed, whether it rests or not. */
void weft_rest_end(struct weft_stream *stream);

#endif
