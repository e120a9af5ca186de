/* SPDX-License-Identifier: MIT */
/*
 * What the TLS of a loop's connections shares: the buffers that each of them
 * needs only while something comes or goes, those that wait for a later turn,
 * and the contexts of clients.
 */
#ifndef WEFT_TLS_TLS_SHARE_H
#define WEFT_TLS_TLS_SHARE_H

#include "base/sizes.h"
#include "loop/loop.h"
#include "tls/tls_bio.h"
#include "tls/tls_context.h"

struct weft_tls_filter;

struct weft_tls_share {
    struct weft_loop *loop;
    const struct weft_mem *mem;
    struct weft_tls_bio bio;
    struct weft_buf plain;           /* what was decrypted last */
    uint8_t *record;                 /* gathers small pieces for one record */
    struct weft_tls_filter *current; /* whose call of OpenSSL this is */
    struct weft_tx nothing; /* to be told when a socket takes bytes again */

    struct weft_list waiting; /* connections, in the order they came */
    struct weft_alarm alarm;  /* rings in the next turn for them */
    uint64_t turn_ns;         /* the turn that steps is of */
    unsigned steps;           /* of handshakes */

    struct weft_list clients; /* contexts, those used last first */
};

/* The loop's, made when it is first asked for. 0 or NOMEM. */
WEFT_CHECK int weft_tls_share_get(struct weft_tls_share **out,
                                  struct weft_loop *loop);

/* Whether a server's handshake may go one step further in this turn; counts
 * it. */
bool weft_tls_share_step(struct weft_tls_share *share);

/* Has the alarm ring in the next turn. */
void weft_tls_share_wake(struct weft_tls_share *share);

#endif
