/* SPDX-License-Identifier: MIT */
/*
 * What a server sends, read as fast as it can be told from something wrong:
 * opcode and length of each message are checked and its payload is passed over,
 * but for the first of a connection, which is compared byte by byte. Of one
 * that is packed the length is not known, and to unpack it would cost more than
 * the server spends on it. Frames may be cut anywhere.
 */
#ifndef WEFT_LOAD_ANSWERS_H
#define WEFT_LOAD_ANSWERS_H

#include "base/buf.h"
#include "load/payload.h"
#include "ws/frame.h"

#include <sys/uio.h>

#define LOAD_HEAD_MAX 10 /* bytes of a header without a key */

/* What each message has to be; shared by connections. */
struct load_want {
    uint8_t opcode;
    bool may_be_packed;
    bool has_tag;           /* the first bytes tell the sender */
    const uint8_t *payload; /* of all that differ, one after the other */
    size_t size;            /* of each */

    /* A whole frame, as nearly all servers send it. */
    uint8_t head[LOAD_HEAD_MAX];
    size_t head_len, frame_len;
};

/* Fills head and what follows. */
void load_want_init(struct load_want *want);

/* How far one connection has come. Zero but for tag, which, and mem of the
 * buffers, at first: see load_answers_init. */
struct load_answers {
    struct weft_frame frame; /* at hand, if is_inside */
    uint64_t left;           /* bytes of it that are to come */
    uint64_t message_len;    /* of the message, without this frame */
    size_t which;            /* of the messages the first answer has to be */
    struct weft_buf control; /* what has come of a control frame */
    struct weft_buf first;   /* what has come of the first answer, packed */
    uint8_t part[LOAD_HEAD_MAX + LOAD_TAG]; /* of a header, with a tag */
    uint8_t part_len;
    uint8_t opcode; /* of the message */
    bool is_inside;
    bool is_fragmented; /* a message has begun and not ended */
    bool is_packed;     /* it is */
    bool is_own;        /* it has our tag */
    bool is_proven;     /* the first answer was right */
    uint8_t tag[LOAD_TAG];
};

void load_answers_init(struct load_answers *a, const struct weft_mem *mem);
void load_answers_release(struct load_answers *a);

enum load_event_kind {
    LOAD_EVENT_ANSWERS,
    LOAD_EVENT_PING,
    LOAD_EVENT_CLOSE,
};

struct load_event {
    enum load_event_kind kind;
    size_t count, own;      /* of messages; of which with our tag */
    const uint8_t *payload; /* of a ping or close; until the next call */
    size_t len;
    char why[160]; /* after an error: a sentence without full stop */
};

/*
 * Takes bytes off the front of *in up to something that is to be told: 1, and
 * *event; 0 when all are taken; PROTOCOL and event->why; or NOMEM. After an
 * error the connection is of no more use.
 */
WEFT_CHECK int load_answers_next(struct load_answers *a,
                                 const struct load_want *want, struct iovec *in,
                                 struct load_event *event);

#endif
