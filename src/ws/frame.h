/* SPDX-License-Identifier: MIT */
/* Frame headers (RFC 6455 section 5.2). */
#ifndef WEFT_WS_FRAME_H
#define WEFT_WS_FRAME_H

#include <weft/error.h>
#include <weft/types.h>

enum weft_opcode {
    WEFT_OP_CONTINUATION = 0,
    WEFT_OP_TEXT = 1,
    WEFT_OP_BINARY = 2,
    WEFT_OP_CLOSE = 8,
    WEFT_OP_PING = 9,
    WEFT_OP_PONG = 10,
};

#define WEFT_FRAME_HEADER_MAX 14
#define WEFT_CONTROL_MAX 125 /* payload of a control frame, section 5.5 */

struct weft_frame {
    bool fin;
    uint8_t rsv; /* RSV1 is 4, RSV2 is 2, RSV3 is 1 */
    uint8_t opcode;
    bool masked;
    uint64_t payload; /* bytes, below 2^63 */
    uint8_t key[4];   /* the masking key when masked */
};

/* Which data frame may come next (section 5.4). */
enum weft_frame_turn {
    WEFT_TURN_ANY,          /* whatever comes is passed over */
    WEFT_TURN_FIRST,        /* of a message */
    WEFT_TURN_CONTINUATION, /* of the message that has begun */
};

/* What the receiving end allows beyond the syntax. */
struct weft_frame_rules {
    enum weft_frame_turn turn;
    bool masked; /* frames must be (true) or must not be (section 5.1) */
    uint8_t rsv; /* bits an extension may set on the first frame of a message */
};

static inline bool weft_opcode_is_control(uint8_t opcode)
{
    return opcode >= WEFT_OP_CLOSE;
}

/*
 * Reads a frame header. Returns its length, at most 14; 0 when more bytes are
 * needed; or PROTOCOL, as soon as the bytes at hand show it, with the reason
 * in *why (static). *frame is complete only when the result is positive.
 */
int weft_frame_parse(struct weft_frame *frame, const uint8_t *in, size_t len,
                     const struct weft_frame_rules *rules, const char **why);

/* A frame as nearly all are that a server gets. */
struct weft_simple_frame {
    uint8_t opcode;   /* TEXT or BINARY */
    uint8_t *payload; /* masked */
    size_t len;       /* of the payload */
    const uint8_t *key;
};

/*
 * Reads a masked frame that is a message by itself, has no reserved bit, a
 * length below 64 KiB, and lies whole in the len bytes from in on. Whatever is
 * otherwise, right or wrong, is false: weft_frame_parse judges it.
 */
static inline bool weft_frame_simple(struct weft_simple_frame *frame,
                                     uint8_t *in, size_t len)
{
    size_t head = 6, payload;

    if (len < 6 || in[0] < (0x80 | WEFT_OP_TEXT) ||
        in[0] > (0x80 | WEFT_OP_BINARY) || in[1] < 0x80)
        return false;
    payload = in[1] & 127;
    if (payload > 125) {
        payload = len < 8 || payload > 126 ? 0 : (size_t)(in[2] << 8 | in[3]);
        head = 8;
        if (payload < 126)
            return false; /* not the shortest form, or another one */
    }
    if (payload > len - head)
        return false;
    frame->opcode = in[0] & 15;
    frame->payload = in + head;
    frame->len = payload;
    frame->key = in + head - 4;
    return true;
}

/* The length of the header that weft_frame_write writes. */
size_t weft_frame_header_len(uint64_t payload, bool masked);

/* Writes a header in its shortest form; returns its length. */
size_t weft_frame_write(uint8_t out[WEFT_FRAME_HEADER_MAX],
                        const struct weft_frame *frame);

#endif
