/* SPDX-License-Identifier: MIT */
/* Close codes and the payload of close frames (RFC 6455 sections 5.5.1, 7.4).
 */
#ifndef WEFT_WS_CLOSE_H
#define WEFT_WS_CLOSE_H

#include "ws/frame.h"

#define WEFT_REASON_MAX (WEFT_CONTROL_MAX - 2)

struct weft_close {
    uint16_t code; /* 1005: the frame has none */
    const char *reason;
    size_t reason_len;
};

/* Whether a close frame may carry the code: 1000 to 1003, 1007 to 1014 and
 * 3000 to 4999. */
bool weft_close_code_is_valid(unsigned code);

/* Reads the payload of a close frame. 0; PROTOCOL for one byte or a code that
 * may not be sent; UTF8 for a reason that is none. */
int weft_close_parse(struct weft_close *close, const uint8_t *payload,
                     size_t len, const char **why);

/* Writes the payload: nothing for code 0. Returns its length, or USAGE. */
int weft_close_write(uint8_t out[WEFT_CONTROL_MAX],
                     const struct weft_close *close);

#endif
