/* SPDX-License-Identifier: MIT */
/* One wait for everything: the terminal or pipes, the network, signals. */
#ifndef WEFT_CLI_WAIT_H
#define WEFT_CLI_WAIT_H

#include <weft/loop.h>

/* What is waited for, and what came of it. */
struct wait {
    int in;         /* a descriptor to read, or -1 */
    int out;        /* one to write, or -1 */
    bool wants_out; /* there is something to write; if not, only that nobody
                     * reads it is waited for */
    int signals;    /* that of interrupt_begin, or -1 */

    bool in_ready;   /* reading will not block */
    bool out_ready;  /* writing up to PIPE_BUF bytes will not block */
    bool out_broken; /* nobody will ever read what is written */
};

/* Waits until one of them is ready, or the loop has something to do, and gives
 * the loop a turn. 0, or SYSTEM. */
WEFT_CHECK int wait_turn(struct wait *wait, struct weft_loop *loop);

/* Whether writing up to PIPE_BUF bytes will not block now. */
bool wait_can_write(int fd);

#endif
