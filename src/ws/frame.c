/* SPDX-License-Identifier: MIT */
/*
 * A header is two bytes, then 0, 2 or 8 bytes of length, then 0 or 4 of
 * masking key. Everything is refused at the first byte that shows it: a bad
 * peer may never send the rest.
 */
#include "ws/frame.h"

enum { LEN16 = 126, LEN64 = 127 };

static size_t ext_size(uint8_t len7)
{
    if (len7 == LEN16)
        return 2;
    return len7 == LEN64 ? 8 : 0;
}

static uint64_t get_be(const uint8_t *p, size_t n)
{
    uint64_t value = 0;

    for (size_t i = 0; i < n; i++)
        value = value << 8 | p[i];
    return value;
}

static void put_be(uint8_t *p, size_t n, uint64_t value)
{
    while (n > 0) {
        p[--n] = (uint8_t)value;
        value >>= 8;
    }
}

static bool opcode_is_known(uint8_t opcode)
{
    return opcode <= WEFT_OP_BINARY ||
           (opcode >= WEFT_OP_CLOSE && opcode <= WEFT_OP_PONG);
}

static bool rsv_is_allowed(const struct weft_frame *frame,
                           const struct weft_frame_rules *rules)
{
    bool is_first =
        frame->opcode == WEFT_OP_TEXT || frame->opcode == WEFT_OP_BINARY;

    return (frame->rsv & ~(is_first ? rules->rsv : 0)) == 0;
}

/* Control frames may come at any time. */
static const char *turn_fault(const struct weft_frame *frame,
                              const struct weft_frame_rules *rules)
{
    bool is_continuation = frame->opcode == WEFT_OP_CONTINUATION;

    if (weft_opcode_is_control(frame->opcode))
        return NULL;
    if (is_continuation && rules->turn == WEFT_TURN_FIRST)
        return "continuation of no message";
    if (!is_continuation && rules->turn == WEFT_TURN_CONTINUATION)
        return "new message inside a fragmented one";
    return NULL;
}

/* What is wrong with the first byte, or NULL. */
static const char *first_fault(struct weft_frame *frame, uint8_t byte,
                               const struct weft_frame_rules *rules)
{
    frame->fin = byte >> 7;
    frame->rsv = byte >> 4 & 7;
    frame->opcode = byte & 15;
    if (!opcode_is_known(frame->opcode))
        return "reserved opcode"; /* section 5.2 */
    if (!rsv_is_allowed(frame, rules))
        return "reserved bit set without an extension"; /* section 5.2 */
    if (weft_opcode_is_control(frame->opcode) && !frame->fin)
        return "fragmented control frame"; /* section 5.5 */
    return turn_fault(frame, rules);
}

/* What is wrong with the second byte, or NULL. */
static const char *second_fault(struct weft_frame *frame, uint8_t byte,
                                const struct weft_frame_rules *rules)
{
    frame->masked = byte >> 7;
    if (frame->masked != rules->masked) /* section 5.1 */
        return frame->masked ? "masked frame from a server"
                             : "unmasked frame from a client";
    if (weft_opcode_is_control(frame->opcode) &&
        (byte & 127) > WEFT_CONTROL_MAX) /* section 5.5 */
        return "control frame over 125 bytes";
    return NULL;
}

/*
 * What is wrong with a long length, of which have bytes are here: it takes the
 * shortest form and has 63 bits (section 5.2).
 */
static const char *length_fault(uint8_t len7, const uint8_t *ext, size_t have)
{
    if (len7 == LEN64 && have >= 1 && ext[0] >> 7)
        return "payload length of 2^63 or more";
    if ((len7 == LEN16 && have >= 2 && get_be(ext, 2) < LEN16) ||
        (len7 == LEN64 && have >= 6 && get_be(ext, 6) == 0))
        return "payload length not in its shortest form";
    return NULL;
}

int weft_frame_parse(struct weft_frame *frame, const uint8_t *in, size_t len,
                     const struct weft_frame_rules *rules, const char **why)
{
    uint8_t len7;
    size_t ext, need;

    *why = NULL;
    if (len >= 1)
        *why = first_fault(frame, in[0], rules);
    if (!*why && len >= 2)
        *why = second_fault(frame, in[1], rules);
    if (*why)
        return WEFT_ERR_PROTOCOL;
    if (len < 2)
        return 0;

    len7 = in[1] & 127;
    ext = ext_size(len7);
    *why = length_fault(len7, in + 2, len - 2);
    if (*why)
        return WEFT_ERR_PROTOCOL;
    need = 2 + ext + (frame->masked ? 4 : 0);
    if (len < need)
        return 0;

    frame->payload = ext ? get_be(in + 2, ext) : len7;
    if (frame->masked)
        memcpy(frame->key, in + 2 + ext, 4);
    return (int)need;
}

static uint8_t len7_of(uint64_t payload)
{
    if (payload < LEN16)
        return (uint8_t)payload;
    return payload <= UINT16_MAX ? LEN16 : LEN64;
}

size_t weft_frame_header_len(uint64_t payload, bool masked)
{
    return 2 + ext_size(len7_of(payload)) + (masked ? 4 : 0);
}

size_t weft_frame_write(uint8_t out[WEFT_FRAME_HEADER_MAX],
                        const struct weft_frame *frame)
{
    uint8_t len7 = len7_of(frame->payload);
    size_t ext = ext_size(len7);

    out[0] = (uint8_t)(frame->fin << 7 | frame->rsv << 4 | frame->opcode);
    out[1] = (uint8_t)(frame->masked << 7 | len7);
    put_be(out + 2, ext, frame->payload);
    if (frame->masked)
        memcpy(out + 2 + ext, frame->key, 4);
    return 2 + ext + (frame->masked ? 4 : 0);
}
