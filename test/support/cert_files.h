/* SPDX-License-Identifier: MIT */
/* Certificates and keys for tests of TLS: the files that make-certs names. */
#ifndef WEFT_TEST_CERT_FILES_H
#define WEFT_TEST_CERT_FILES_H

/* The path of one of them, such as "server.pem". They are made at the first
 * call and removed when the process ends. Lives as long as the process, for the
 * last 32 calls. */
const char *cert_path(const char *file);

/* A new file beside them that may be written to, with the content of one. */
const char *cert_copy(const char *file, const char *as);

#endif
