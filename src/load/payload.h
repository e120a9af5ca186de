/* SPDX-License-Identifier: MIT */
/* What the messages of a load say: the same bytes in every run. */
#ifndef WEFT_LOAD_PAYLOAD_H
#define WEFT_LOAD_PAYLOAD_H

#include <weft/types.h>

#define LOAD_WHY 512 /* bytes of a text that says why, with the NUL */

enum load_kind {
    LOAD_ASCII,  /* English-like text */
    LOAD_MIXED,  /* Cyrillic and Japanese */
    LOAD_JSON,   /* records, one a line */
    LOAD_BINARY, /* bytes that look random */
};

/* Message number of a kind, of which no two say the same. All but binary is
 * whole UTF-8, whatever the size. */
void load_payload_fill(uint8_t *out, size_t size, enum load_kind kind,
                       uint32_t number);

#define LOAD_TAG 8 /* bytes at the front that tell the sender */

/* Writes the number of a sender, in hexadecimal. */
void load_payload_tag(uint8_t out[LOAD_TAG], uint32_t sender);

#endif
