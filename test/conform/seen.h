/* SPDX-License-Identifier: MIT */
/* What a client has seen of one connection, and what follows for the events of
 * its interface, if that is the WebSocket interface of the WHATWG standard. */
#ifndef CONFORM_SEEN_H
#define CONFORM_SEEN_H

#include "bytes.h"
#include "verdict.h"

enum seen_open { OPEN_NO, OPEN_MAYBE, OPEN_YES };

struct seen {
    enum seen_open open;
    bool close_sent; /* our Close frame, a right one */
    int code;        /* of it; -1 for an empty one */
    uint8_t reason[123];
    size_t reason_len;
    bool close_came; /* its own */
    bool dubious;    /* how it ended leaves open what is right */
    size_t messages; /* that we sent whole */
    size_t echoes;   /* that came back */
    char protocol[128];
};

/*
 * Judges what the client says of its interface: words with blanks between them,
 * name=value, in which %XX is a byte.
 *
 *   events=omec   each open, message (many are one m), error and close event
 *   messages=N    how many
 *   protocol=     of the socket at its end
 *   code=N reason= clean=1    of the close event
 */
void seen_judge(const struct seen *seen, const char *told, struct verdict *v);

#endif
