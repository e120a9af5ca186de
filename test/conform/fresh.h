/* SPDX-License-Identifier: MIT */
/* Whether what must be random in a client is: masking keys and the keys of
 * handshakes, over all connections of a run. */
#ifndef CONFORM_FRESH_H
#define CONFORM_FRESH_H

#include "verdict.h"

#include <pthread.h>

struct fresh {
    pthread_mutex_t lock;
    struct bytes masks;  /* 4 bytes each */
    struct bytes steps;  /* from each masking key to the next, likewise */
    struct bytes nonces; /* 16 bytes each */
};

/* The masking keys of one connection, in order, 4 bytes each. */
void fresh_add_masks(struct fresh *f, const uint8_t *p, size_t len);
void fresh_add_nonce(struct fresh *f, const uint8_t nonce[16]);

/* RFC 6455 5.3. */
void fresh_judge_masks(struct fresh *f, struct verdict *v);
/* RFC 6455 4.1 item 7. */
void fresh_judge_nonces(struct fresh *f, struct verdict *v);

void fresh_release(struct fresh *f);

#endif
