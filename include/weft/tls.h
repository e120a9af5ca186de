/* SPDX-License-Identifier: MIT */
/*
 * TLS (1.2 and 1.3) for the listeners of a server. Clients have theirs in
 * <weft/client.h>.
 */
#ifndef WEFT_TLS_H
#define WEFT_TLS_H

#include <weft/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Who the server is: files in PEM. */
struct weft_tls_identity {
    const char *certificate; /* with the chain up to, not with, the root */
    const char *key;         /* NULL: in the same file */
};

/* What is asked of clients. */
enum weft_tls_client_auth {
    WEFT_TLS_CLIENT_NONE,     /* nothing */
    WEFT_TLS_CLIENT_OPTIONAL, /* a certificate, which must be good if it comes
                               */
    WEFT_TLS_CLIENT_REQUIRED, /* a certificate, or the handshake fails */
};

struct weft_tls_opts {
    size_t size; /* of this struct */

    /* At least one. Which one a client gets is told by the name it asks for
     * (SNI, RFC 6066 section 3) and the names in the certificates, wildcards
     * included; the first is for all others, and for clients that ask for
     * none. */
    const struct weft_tls_identity *identities;
    size_t identity_count;

    enum weft_tls_client_auth client_auth;
    const char *client_ca; /* PEM file of the authorities that clients' must
                            * come from; needed with client_auth */
    const char *ciphers;   /* of TLS 1.2, as OpenSSL names them [its own
                            * choice, without what is weak] */
};

#ifdef __cplusplus
}
#endif

#endif
