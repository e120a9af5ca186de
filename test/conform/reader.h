/* SPDX-License-Identifier: MIT */
/* What the other side says, as events. */
#ifndef CONFORM_READER_H
#define CONFORM_READER_H

#include "frames.h"
#include "pack.h"

enum event_kind {
    EVENT_NONE, /* more bytes are needed */
    EVENT_MESSAGE,
    EVENT_PING,
    EVENT_PONG,
    EVENT_CLOSE,
    EVENT_FAULT, /* the other side broke the RFC: `fault` says how */
    EVENT_SILENCE,
    EVENT_END,
};

struct event {
    enum event_kind kind;
    uint8_t opcode; /* of a message */
    bool is_packed; /* it came compressed */
    int code;       /* of a Close frame, -1 for an empty one */
    const char *fault;
    const uint8_t *data; /* of messages, pings and pongs; lives until the next
                            event is read */
    size_t len;
    char text[160]; /* the whole in words */
};

/* Starts as zero but for side. */
struct reader {
    enum side side; /* ours */
    bool closed;    /* a Close frame came: no frame may follow */
    bool open;      /* a fragmented message is not at its end */
    uint8_t opcode; /* of that message */
    struct bytes message;
    struct bytes plain;      /* a frame without its mask */
    struct bytes masks;      /* keys of all frames so far, 4 bytes each */
    const struct flow *flow; /* of compressed messages; NULL: there are none */
    bool is_packed;          /* the message is one */
    size_t packed;           /* how many there were */
    struct bytes inflated;
    struct unpacker unpacker;
    bool may_pong; /* a pong may follow the Close frame (5.5.2) */
};

/* Takes the next event out of the bytes. Returns how many were used. */
size_t reader_next(struct reader *r, struct event *ev, const uint8_t *in,
                   size_t len);
void reader_release(struct reader *r);

/* Fills in the text of an event. */
void event_describe(struct event *ev);

#endif
