/* SPDX-License-Identifier: MIT */
/* Files in PEM: certificates and keys. On failure why names the file and says
 * what to do; the errors are those of weft_tls_new_server. */
#ifndef WEFT_TLS_TLS_FILE_H
#define WEFT_TLS_TLS_FILE_H

#include "tls/tls.h"
#include <openssl/x509.h>

/* All the certificates of a file, at least one; free them with
 * sk_X509_pop_free. */
WEFT_CHECK int weft_tls_read_certificates(struct stack_st_X509 **out,
                                          const char *path,
                                          char why[WEFT_TLS_WHY]);

/* The first private key. One that is locked by a passphrase is refused: there
 * may be nobody to ask. */
WEFT_CHECK int weft_tls_read_key(EVP_PKEY **out, const char *path,
                                 char why[WEFT_TLS_WHY]);

/* Why OpenSSL refused something last, in its own words; static memory. */
const char *weft_tls_reason(void);

#endif
