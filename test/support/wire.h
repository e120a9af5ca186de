/* SPDX-License-Identifier: MIT */
/*
 * Frames as bytes, for tests that stand where the peer of an endpoint stands.
 * Written from RFC 6455 section 5.2 alone: it shares no code with src/ws, so
 * that an error there is not repeated here.
 */
#ifndef WEFT_TEST_WIRE_H
#define WEFT_TEST_WIRE_H

#include <weft/endpoint.h>

/* Bytes that grow; release with bytes_release. */
struct bytes {
    uint8_t *data;
    size_t len, cap;
};

void bytes_add(struct bytes *b, const void *data, size_t len);
void bytes_release(struct bytes *b);

/* Text that grows, always null-terminated once something was added. */
void text_add(struct bytes *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *text_of(const struct bytes *text);

/* Adds payload so that it can be compared and read: printable bytes as they
 * are, others as \xHH, more than 64 bytes as their number and a checksum. */
void text_add_payload(struct bytes *text, const void *payload, size_t len);

/*
 * Takes frames written without mask (well or ill formed, the last one perhaps
 * unfinished) and adds them as the peer of an endpoint in this role sends them:
 * for a server each gets the mask bit and a key of its own.
 */
void wire_add_plain(struct bytes *out, enum weft_role receiver,
                    const void *plain, size_t len);

/* Adds one frame: the first byte as given, the shortest length, the payload. */
void wire_add_frame(struct bytes *out, enum weft_role receiver, unsigned first,
                    const void *payload, size_t len);

/* Adds the header of a frame that announces len bytes, and no payload. */
void wire_add_header(struct bytes *out, enum weft_role receiver, unsigned first,
                     uint64_t len);

/* A frame that was read; the payload is unmasked in a place of its own. */
struct wire_frame {
    bool fin, masked;
    unsigned rsv, opcode;
    uint8_t key[4];
    uint8_t *payload; /* free it */
    size_t len;
};

/* Reads the frame at the beginning of the bytes and returns its length on the
 * wire, 0 when it is not whole. Fails the test when the length is not in the
 * shortest form. */
size_t wire_read(struct wire_frame *frame, const uint8_t *in, size_t len);

/*
 * Adds what an endpoint in this role sent as words: "text:Hello pong:
 * close:1000". A frame without FIN has a "+" behind its kind. Fails the test
 * for anything that RFC 6455 does not let that role send: a wrong mask bit,
 * reserved bits or opcodes, control frames that are long or fragmented, a frame
 * after a close frame, a close code or reason that may not be sent, a frame
 * that is cut.
 */
void wire_describe(struct bytes *text, enum weft_role sender,
                   const uint8_t *out, size_t len);

/* Well-formed UTF-8 by table 3-7 of the Unicode standard: the index of the
 * first byte with which no well-formed text can begin; len when there is none.
 * *whole tells whether the text ends between characters. */
size_t utf8_reference(const uint8_t *text, size_t len, bool *whole);

/* A generator for tests, the same sequence for the same seed on every machine
 * (splitmix64). */
uint64_t test_random(uint64_t *state);

#endif
