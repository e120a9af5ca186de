/* SPDX-License-Identifier: MIT */
/* Why TLS failed, in words for a person. */
#ifndef WEFT_TLS_TLS_WHY_H
#define WEFT_TLS_TLS_WHY_H

#include "tls/tls_filter.h"

/* Why the last call of OpenSSL failed. */
void weft_tls_explain(const struct weft_tls_filter *f, char why[WEFT_TLS_WHY]);

/* For a connection that ended in the middle of its handshake. */
const char *weft_tls_cut_text(const struct weft_tls_filter *f, int err);

/* SSL_CTX_set_verify: notes what is wrong with a certificate while it is at
 * hand, in f->why. */
int weft_tls_on_verify(int is_well, X509_STORE_CTX *store);

#endif
