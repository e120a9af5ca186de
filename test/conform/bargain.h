/* SPDX-License-Identifier: MIT */
/* permessage-deflate in the handshake: what was offered, what was answered, and
 * what follows for either side (RFC 7692 5 and 7.1). */
#ifndef CONFORM_BARGAIN_H
#define CONFORM_BARGAIN_H

#include "frames.h"

/* How the messages of one side are compressed. */
struct flow {
    int bits;   /* of the window: no distance is longer than 2^bits */
    bool fresh; /* no message refers to an earlier one */
};

/* What was agreed on. All zero: no compression. */
struct deal {
    bool on;
    bool odd;            /* the answer has more max_window_bits than were
                            offered, and yet is right: 7.1.2.2 does not limit
                            the client's, and another offer had no limit */
    struct flow flow[2]; /* of what the client sends, and the server */
};

/* Both are values of Sec-WebSocket-Extensions, or "". Returns NULL, or what is
 * wrong with the answer, also with what it says of other extensions; the deal
 * is off then. */
const char *bargain_judge(struct deal *deal, const char *offers,
                          const char *answer);

/* What is wrong with the offers that a client makes, or NULL. */
const char *bargain_offer_fault(const char *offers);

/* A right answer to the first offer that is right, with the parameters that are
 * wanted (as they stand in the field, or "") as far as that offer lets them
 * be. Leaves out empty when nothing right was offered. */
void bargain_answer(char *out, size_t size, const char *offers,
                    const char *wants);

#endif
