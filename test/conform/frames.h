/* SPDX-License-Identifier: MIT */
/* Frames as bytes: built, also wrongly where a case says so, and read. */
#ifndef CONFORM_FRAMES_H
#define CONFORM_FRAMES_H

#include "bytes.h"

enum opcode {
    OP_CONT = 0,
    OP_TEXT = 1,
    OP_BIN = 2,
    OP_CLOSE = 8,
    OP_PING = 9,
    OP_PONG = 10,
};

/* As struct frame has it. */
#define RSV1 4

/* Who we are; the other one is judged. */
enum side { SIDE_CLIENT, SIDE_SERVER };

struct frame {
    bool fin;
    uint8_t rsv; /* RSV1 is 4, RSV3 is 1 */
    uint8_t opcode;
    bool masked;
    uint8_t key[4];
    uint8_t form;   /* the length stands in 7, 16 or 64 bits; 0: shortest */
    bool has_claim; /* when built: the header says claim, not len */
    uint64_t claim; /* the length that the header says */
    const uint8_t *data; /* without the mask when built, as it came when read */
    size_t len;
};

void frame_write(struct bytes *out, const struct frame *f);

/* Reads the frame at the beginning of the bytes. Returns its size, or 0 when
 * more bytes are needed. The header is in *f, complete, when *header is true
 * afterwards, also with a result of 0. Judges nothing. */
size_t frame_read(struct frame *f, bool *header, const uint8_t *in, size_t len);

/* What is wrong with a header that the other side sent, or NULL. May a message
 * be compressed, RSV1 says so in its first frame. */
const char *frame_fault(const struct frame *f, enum side side, bool may_pack);

/* What is wrong with the body of a Close frame, or NULL. */
const char *close_fault(const uint8_t *body, size_t len);
/* The code in the body of a Close frame, or -1 when it is empty. */
int close_code(const uint8_t *body, size_t len);
/* True for the codes that may stand in a Close frame: those of 7.4.1, those
 * that were registered later (1012 to 1014) and the free ranges of 7.4.2. */
bool close_code_valid(int code);

bool utf8_valid(const uint8_t *p, size_t len);

/* "text", "ping" and so on. */
const char *opcode_name(uint8_t opcode);

#endif
