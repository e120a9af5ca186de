/* SPDX-License-Identifier: MIT */
/* One connection to who is judged, of TCP or TLS over it, with everything that
 * came and was not used yet. With TLS its end is what is called that of TCP. */
#ifndef CONFORM_CONN_H
#define CONFORM_CONN_H

#include "bytes.h"
#include "target.h"
#include "tunnel.h"

struct conn {
    int fd;
    struct tunnel *tunnel; /* NULL: no TLS */
    int64_t silence_ms;    /* how long to wait for a byte before giving up */
    bool singly;           /* every byte in a segment of its own */
    bool ended;            /* the other side's end of TCP was seen */
    bool reset;            /* and it was a reset */
    bool deaf;             /* it takes no more bytes: sending is over */
    bool finished;         /* our direction was ended */
    struct bytes in;
};

enum conn_news { CONN_SILENCE, CONN_BYTES, CONN_END };

/* Connects, with TLS where the target wants it. Returns 0, or the errno of the
 * failure. */
int conn_open(struct conn *c, const struct target *t, int64_t silence_ms);
/* Takes a connection that was accepted. */
void conn_take(struct conn *c, int fd, int64_t silence_ms);
void conn_close(struct conn *c);
/* Ends it with a reset, which also drops what was not sent yet. */
void conn_reset(struct conn *c);

/* Sends, and reads on the way what the other side says, so that neither can
 * block the other. When it has gone the rest is dropped: what it said before
 * that is in `in` and decides the case. */
void conn_send(struct conn *c, const uint8_t *p, size_t len);

/* Lets the other side read what it has before more comes. */
void conn_pause(void);

/* Ends our direction only; twice is once. */
void conn_finish(struct conn *c);

/* Waits for bytes until wait_ms have passed, or as long as silence_ms when
 * wait_ms is 0. */
enum conn_news conn_fill(struct conn *c, int64_t wait_ms);

#endif
