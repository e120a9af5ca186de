/* SPDX-License-Identifier: MIT */
/*
 * A file is read whole and then parsed, so that what is wrong with the file and
 * what is wrong with its contents are told apart. Keys are wiped from the
 * memory that held them.
 */
#include "tls/tls_file.h"

#include "base/buf.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <unistd.h>

/* The largest file that is read: a bundle of all authorities there are has a
 * quarter of it. */
#define FILE_MAX ((size_t)1 << 20)

const char *weft_tls_reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());

    return text ? text : "no reason given";
}

/* ---- Reading ------------------------------------------------------------- */

static int file_error(int error, const char *path, char why[WEFT_TLS_WHY])
{
    char text[128];

    snprintf(why, WEFT_TLS_WHY, "cannot read \"%.300s\": %s", path,
             strerror_r(error, text, sizeof(text)));
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return WEFT_ERR_MISSING;
    case EACCES:
    case EPERM:
        return WEFT_ERR_DENIED;
    case ENOMEM:
        return WEFT_ERR_NOMEM;
    default:
        return WEFT_ERR_INVALID;
    }
}

/* Reads to the end: 0, a positive errno, or NOMEM or LIMIT. */
static int read_all(int fd, struct weft_buf *text)
{
    for (;;) {
        ssize_t n;
        int err = weft_buf_reserve(text, 4096);

        if (err)
            return err;
        n = read(fd, text->data + text->len, text->cap - text->len);
        if (n == 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0)
            text->len += (size_t)n;
    }
}

static int read_file(struct weft_buf *text, const char *path,
                     char why[WEFT_TLS_WHY])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int error;

    weft_buf_init(text, &weft_mem_libc, FILE_MAX);
    if (fd < 0)
        return file_error(errno, path, why);
    error = read_all(fd, text);
    close(fd);
    if (error > 0)
        return file_error(error, path, why);
    if (error == WEFT_ERR_LIMIT) {
        snprintf(why, WEFT_TLS_WHY,
                 "\"%.300s\" is larger than a megabyte: it cannot be a file of "
                 "certificates or keys",
                 path);
        return WEFT_ERR_INVALID;
    }
    return error;
}

static void forget(struct weft_buf *text)
{
    if (text->data)
        OPENSSL_cleanse(text->data, text->cap);
    weft_buf_release(text);
}

/* A BIO over the contents of a file; free it before the contents. */
static int open_file(BIO **bio, struct weft_buf *text, const char *path,
                     char why[WEFT_TLS_WHY])
{
    int err = read_file(text, path, why);

    if (err) {
        forget(text);
        return err;
    }
    ERR_clear_error();
    *bio = BIO_new_mem_buf(text->len > 0 ? (const char *)text->data : "",
                           (int)text->len);
    if (*bio)
        return 0;
    forget(text);
    return WEFT_ERR_NOMEM;
}

/* ---- Contents ------------------------------------------------------------ */

/* Called for what is locked. Asking at a terminal would hold up a server. */
static int refuse_passphrase(char *buf, int size, int for_writing, void *asked)
{
    (void)buf;
    (void)size;
    (void)for_writing;
    *(bool *)asked = true;
    return -1;
}

/* Reading comes to its end by an error: no further beginning of anything. */
static bool is_at_end(void)
{
    unsigned long error = ERR_peek_last_error();

    return ERR_GET_LIB(error) == ERR_LIB_PEM &&
           ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static int parse_certificates(struct stack_st_X509 *all, BIO *bio,
                              const char *path, char why[WEFT_TLS_WHY])
{
    X509 *x509;

    while ((x509 = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)))
        if (sk_X509_push(all, x509) <= 0) {
            X509_free(x509);
            return WEFT_ERR_NOMEM;
        }
    if (!is_at_end()) {
        snprintf(why, WEFT_TLS_WHY,
                 "certificate %d in \"%.300s\" cannot be read: %s",
                 sk_X509_num(all) + 1, path, weft_tls_reason());
        return WEFT_ERR_INVALID;
    }
    if (sk_X509_num(all) == 0) {
        snprintf(why, WEFT_TLS_WHY,
                 "there is no certificate in \"%.300s\": in PEM one begins "
                 "with -----BEGIN CERTIFICATE-----",
                 path);
        return WEFT_ERR_INVALID;
    }
    return 0;
}

int weft_tls_read_certificates(struct stack_st_X509 **out, const char *path,
                               char why[WEFT_TLS_WHY])
{
    struct weft_buf text;
    struct stack_st_X509 *all;
    BIO *bio;
    int err = open_file(&bio, &text, path, why);

    if (err)
        return err;
    all = sk_X509_new_null();
    err = all ? parse_certificates(all, bio, path, why) : WEFT_ERR_NOMEM;
    ERR_clear_error();
    BIO_free(bio);
    forget(&text);
    if (err) {
        sk_X509_pop_free(all, X509_free);
        return err;
    }
    *out = all;
    return 0;
}

/* OpenSSL calls all that is no key unsupported. */
static bool has_key(const struct weft_buf *text)
{
    static const char mark[] = "PRIVATE KEY-----";

    return text->len > 0 &&
           memmem(text->data, text->len, mark, sizeof(mark) - 1);
}

static int refuse_key(const char *path, bool is_locked,
                      const struct weft_buf *text, char why[WEFT_TLS_WHY])
{
    if (is_locked)
        snprintf(why, WEFT_TLS_WHY,
                 "the key in \"%.200s\" is locked by a passphrase: write it "
                 "without one (openssl pkey -in FILE -out NEW) and let only "
                 "the server read it",
                 path);
    else if (!has_key(text))
        snprintf(why, WEFT_TLS_WHY,
                 "there is no private key in \"%.300s\": in PEM one begins "
                 "with -----BEGIN PRIVATE KEY-----",
                 path);
    else
        snprintf(why, WEFT_TLS_WHY,
                 "the private key in \"%.300s\" cannot be read: %s", path,
                 weft_tls_reason());
    return WEFT_ERR_INVALID;
}

int weft_tls_read_key(EVP_PKEY **out, const char *path, char why[WEFT_TLS_WHY])
{
    bool is_locked = false;
    struct weft_buf text;
    BIO *bio;
    int err = open_file(&bio, &text, path, why);

    if (err)
        return err;
    *out = PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &is_locked);
    if (!*out)
        err = refuse_key(path, is_locked, &text, why);
    ERR_clear_error();
    BIO_free(bio);
    forget(&text);
    return err;
}
