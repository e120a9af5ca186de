/* SPDX-License-Identifier: MIT */
#include "certs.h"

#include <dirent.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void need(bool is_well, const char *what)
{
    if (is_well)
        return;
    fprintf(stderr, "certs: %s failed\n", what);
    ERR_print_errors_fp(stderr);
    abort();
}

/* ---- Making -------------------------------------------------------------- */

static void add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *ext;
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    need(ext && X509_add_ext(x509, ext, -1) == 1, value);
    X509_EXTENSION_free(ext);
}

static void set_validity(X509 *x509, const struct cert_opts *opts)
{
    bool is_usual = opts->from_s == 0 && opts->until_s == 0;
    long from = is_usual ? -CERT_HOUR : opts->from_s;
    long until = is_usual ? 24 * CERT_HOUR : opts->until_s;

    need(X509_gmtime_adj(X509_getm_notBefore(x509), from), "notBefore");
    need(X509_gmtime_adj(X509_getm_notAfter(x509), until), "notAfter");
}

static void set_names(X509 *x509, X509 *issuer, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(x509);

    need(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                    (const unsigned char *)name, -1, -1,
                                    0) == 1,
         "subject");
    need(X509_set_issuer_name(x509, X509_get_subject_name(issuer)) == 1,
         "issuer");
}

/* A serial number of its own: the same name and number twice would be the same
 * certificate to whoever builds a chain. */
static void set_serial(X509 *x509)
{
    BIGNUM *number = BN_new();

    need(number && BN_rand(number, 64, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
             BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)),
         "serial number");
    BN_free(number);
}

void cert_make(struct cert *cert, const struct cert_opts *opts)
{
    X509 *issuer;

    *cert = (struct cert){.x509 = X509_new(), .key = EVP_EC_gen("P-256")};
    need(cert->x509 && cert->key, "making a key");
    issuer = opts->issuer ? opts->issuer->x509 : cert->x509;

    X509_set_version(cert->x509, X509_VERSION_3);
    set_serial(cert->x509);
    set_validity(cert->x509, opts);
    set_names(cert->x509, issuer, opts->name);
    need(X509_set_pubkey(cert->x509, cert->key) == 1, "public key");
    add_extension(cert->x509, issuer, NID_basic_constraints,
                  opts->is_authority ? "critical,CA:TRUE" : "CA:FALSE");
    add_extension(cert->x509, issuer, NID_subject_key_identifier, "hash");
    if (opts->names)
        add_extension(cert->x509, issuer, NID_subject_alt_name, opts->names);
    need(X509_sign(cert->x509, opts->issuer ? opts->issuer->key : cert->key,
                   EVP_sha256()) > 0,
         "signing");
}

void cert_release(struct cert *cert)
{
    X509_free(cert->x509);
    EVP_PKEY_free(cert->key);
    *cert = (struct cert){0};
}

/* ---- Files --------------------------------------------------------------- */

static FILE *open_file(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);

    need(file != NULL, path);
    return file;
}

void cert_append(const struct cert *cert, const char *path)
{
    FILE *file = open_file(path, "a");

    need(PEM_write_X509(file, cert->x509) == 1, path);
    fclose(file);
}

static void write_key(const struct cert *cert, const char *path,
                      const EVP_CIPHER *lock)
{
    FILE *file = open_file(path, "w");

    need(PEM_write_PKCS8PrivateKey(file, cert->key, lock,
                                   lock ? "secret" : NULL, lock ? 6 : 0, NULL,
                                   NULL) == 1,
         path);
    fclose(file);
}

void cert_write(struct cert *cert, const char *folder, const char *name)
{
    snprintf(cert->path, sizeof(cert->path), "%s/%s.pem", folder, name);
    snprintf(cert->key_path, sizeof(cert->key_path), "%s/%s.key", folder, name);
    unlink(cert->path);
    cert_append(cert, cert->path);
    write_key(cert, cert->key_path, NULL);
}

void cert_write_locked(const struct cert *cert, const char *path)
{
    write_key(cert, path, EVP_aes_256_cbc());
}

void certs_folder_make(char path[64])
{
    snprintf(path, 64, "/tmp/weft-certs-XXXXXX");
    need(mkdtemp(path) != NULL, path);
}

void certs_folder_remove(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    need(dir != NULL, path);
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            need(unlinkat(dirfd(dir), entry->d_name, 0) == 0, entry->d_name);
    closedir(dir);
    need(rmdir(path) == 0, path);
}
