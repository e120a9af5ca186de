/* SPDX-License-Identifier: MIT */
/* Compresses what we send (RFC 7692 7.2.1), also in ways that nobody is used
 * to, and reads what the other side compressed (7.2.2). */
#ifndef CONFORM_PACK_H
#define CONFORM_PACK_H

#include "bargain.h"
#include "bytes.h"

#include <zlib.h>

/* How a message, or a part of one, is compressed. All zero but `on`: as anybody
 * would. */
struct pack_way {
    bool on;
    bool stored; /* blocks without compression */
    bool fixed;  /* blocks with the fixed codes */
    bool coded;  /* blocks with codes only: no distances */
    bool blocks; /* a block for each few bytes */
    bool final;  /* the last block has BFINAL (7.2.3.4) */
    bool fresh;  /* refers to no earlier message, although it could */
    bool keep;   /* refers to earlier messages, although it must not */
    bool wide;   /* distances of 15 bits, whatever was agreed on */
};

/* Reads "word,word". Returns NULL, or what is wrong. */
const char *pack_way_parse(struct pack_way *way, const char **p);

/* All zero at first. */
struct packer {
    z_stream z;
    int bits;     /* of z; 0: there is none */
    bool is_used; /* it has seen a message */
};

/* A part of a message, before it is compressed. */
struct pack_part {
    const uint8_t *p;
    size_t len;
    bool is_first, is_last;
};

/* Appends the payload of one part. */
void pack(struct packer *p, const struct flow *flow, const struct pack_way *way,
          const struct pack_part *part, struct bytes *out);
void packer_release(struct packer *p);

/* Appends a payload that inflates to so many MiB of zeros. */
void pack_bomb(struct bytes *out, size_t mib);

struct unpacker {
    z_stream z;
    bool is_ready;
};

/* Appends what a compressed message holds. Returns what is wrong with it, or
 * NULL. The flow is that of the other side: no distance is taken that it does
 * not allow. */
const char *unpack(struct unpacker *u, const struct flow *flow,
                   const struct bytes *in, struct bytes *out);
void unpacker_release(struct unpacker *u);

#endif
