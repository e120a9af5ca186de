/* SPDX-License-Identifier: MIT */
/* What the TLS options of `weft serve` say together. */
#ifndef WEFT_CLI_SERVE_TLS_H
#define WEFT_CLI_SERVE_TLS_H

#include "cli/option_set.h"
#include <weft/tls.h>

struct serve_tls {
    bool is_everywhere; /* -t: every address has TLS */
    char port[6];       /* of addresses with TLS beside the others; "": none */
    struct option_list certificates, keys; /* keys in pairs with those */
    bool asks_clients, may_lack;           /* a certificate */
    const char *client_ca;

    /* Made of it. */
    struct weft_tls_identity identities[OPTION_LIST_MAX];
    struct weft_tls_opts opts;
};

/* Whether any address has TLS. */
bool serve_tls_is_on(const struct serve_tls *tls);

/* Fills identities and opts. false, and a complaint, when the options make no
 * sense together. */
bool serve_tls_settle(struct serve_tls *tls);

#endif
