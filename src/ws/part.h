/* SPDX-License-Identifier: MIT */
/*
 * What has come of a message that is not whole yet, or of a control frame that
 * was cut. Both may be under way at once: control frames come between the
 * fragments of a message (RFC 6455 section 5.4). Attached to an endpoint only
 * while there is something to keep.
 */
#ifndef WEFT_WS_PART_H
#define WEFT_WS_PART_H

#include "base/blob.h"
#include "base/buf.h"
#include "ws/frame.h"
#include "ws/utf8.h"

struct weft_part {
    struct weft_buf message;
    struct weft_blob *lent; /* keeps the message's block, or NULL */
    size_t encoded_len;     /* bytes of payload announced by its frames */
    uint32_t fragments;     /* frames of the message that have begun */
    enum weft_utf8 utf8;    /* where the text stands */
    uint8_t control_len;
    uint8_t control[WEFT_CONTROL_MAX];
    uint8_t pong_len; /* a pong that waits for the queue to fall */
    uint8_t pong[WEFT_CONTROL_MAX];
    bool has_pong;     /* pong is to be sent */
    bool has_message;  /* message holds one that has begun */
    bool is_delivered; /* the message's bytes are with the caller */
};

/* NULL when there is no memory. message_limit bounds the buffer. */
struct weft_part *weft_part_new(const struct weft_mem *mem,
                                size_t message_limit);
void weft_part_free(struct weft_part *part); /* NULL is allowed */

/* Adds n bytes of a frame of which left more are to come. They may lie in the
 * room already. 0, LIMIT or NOMEM. */
WEFT_CHECK int weft_part_add(struct weft_part *part, const uint8_t *p, size_t n,
                             uint64_t left);

/* Where the next bytes of a frame can be received, of which left are to come,
 * and how many; NULL: there is no room for them, or too little. */
uint8_t *weft_part_room(const struct weft_part *part, uint64_t left,
                        size_t *len);

/* What keeps the message's block, so that others may refer to it. The part's
 * own reference. NULL: no memory. */
struct weft_blob *weft_part_lend(struct weft_part *part);

/* Forgets the message and gives its memory back. */
void weft_part_end_message(struct weft_part *part);

/* Whether it holds nothing and may be freed. */
bool weft_part_is_idle(const struct weft_part *part);

#endif
