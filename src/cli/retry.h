/* SPDX-License-Identifier: MIT */
/* How long to wait before a connection is tried again. */
#ifndef WEFT_CLI_RETRY_H
#define WEFT_CLI_RETRY_H

#include <weft/types.h>

struct retry {
    unsigned failures; /* in a row; connections that did not last are some */
};

/* A connection was open for this long; if that was long enough, the waits
 * begin anew. */
void retry_lasted(struct retry *retry, uint64_t open_ms);

/* Counts a failure: the milliseconds to wait now. random is any number, evenly
 * distributed. */
uint64_t retry_wait_ms(struct retry *retry, uint64_t random);

#endif
