/* SPDX-License-Identifier: MIT */
/*
 * Certificates for tests in C, made when they are needed: EC keys on P-256, so
 * that it takes no time. Whatever fails ends the program.
 */
#ifndef WEFT_TEST_CERTS_H
#define WEFT_TEST_CERTS_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

#define CERT_HOUR 3600L

/* A certificate and its key. */
struct cert {
    X509 *x509;
    EVP_PKEY *key;
    char path[256]; /* where cert_write has put it; "" before */
    char key_path[256];
};

struct cert_opts {
    const char *name;          /* the subject's common name */
    const char *names;         /* the alternative names as OpenSSL's
                                * configuration has them: "DNS:a.test,
                                * IP:127.0.0.1"; NULL: none */
    const struct cert *issuer; /* NULL: signed by itself */
    bool is_authority;
    long from_s, until_s; /* from now; both 0: from an hour ago for a day */
};

void cert_make(struct cert *cert, const struct cert_opts *opts);
void cert_release(struct cert *cert);

/* Writes FOLDER/NAME.pem and FOLDER/NAME.key, and notes the paths. */
void cert_write(struct cert *cert, const char *folder, const char *name);

/* Writes the key to a file that wants a passphrase. */
void cert_write_locked(const struct cert *cert, const char *path);

/* Adds the certificate to the end of a file: a chain, or several authorities.
 */
void cert_append(const struct cert *cert, const char *path);

/* A folder for such files, and its end with all that is in it. */
void certs_folder_make(char path[64]);
void certs_folder_remove(const char *path);

#endif
