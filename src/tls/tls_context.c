/* SPDX-License-Identifier: MIT */
/*
 * What servers and clients have in common. A context holds no memory for a
 * connection at rest that OpenSSL can do without: SSL_MODE_RELEASE_BUFFERS
 * gives its buffers back between two records, and nothing is read ahead.
 */
#include "tls/tls_context.h"

#include "base/mem.h"
#include "tls/tls_bio.h"
#include "tls/tls_file.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

/* ---- Life ---------------------------------------------------------------- */

struct weft_tls *weft_tls_new(const struct weft_mem *mem, size_t ctx_room)
{
    struct weft_tls *tls = weft_zalloc(mem, sizeof(*tls));

    if (!tls)
        return NULL;
    tls->mem = mem;
    tls->refs = 1;
    tls->expires = INT64_MAX;
    weft_list_init(&tls->node);
    weft_tls_sessions_init(&tls->sessions, mem);
    tls->ctxs = weft_zalloc(mem, ctx_room * sizeof(SSL_CTX *));
    tls->ctx_room = ctx_room;
    if (!tls->ctxs) {
        weft_tls_unref(tls);
        return NULL;
    }
    return tls;
}

static void tls_free(struct weft_tls *tls)
{
    const struct weft_mem *mem = tls->mem;

    weft_tls_sessions_release(&tls->sessions);
    for (size_t i = 0; i < tls->ctx_count; i++)
        SSL_CTX_free(tls->ctxs[i]);
    weft_free(mem, tls->ctxs, tls->ctx_room * sizeof(SSL_CTX *));
    weft_strfree(mem, tls->ca_file);
    weft_strfree(mem, tls->certificate);
    weft_strfree(mem, tls->key);
    weft_free(mem, tls, sizeof(*tls));
}

struct weft_tls *weft_tls_ref(struct weft_tls *tls)
{
    __atomic_fetch_add(&tls->refs, 1, __ATOMIC_RELAXED);
    return tls;
}

void weft_tls_unref(struct weft_tls *tls)
{
    if (tls && __atomic_sub_fetch(&tls->refs, 1, __ATOMIC_ACQ_REL) == 0)
        tls_free(tls);
}

int64_t weft_tls_expires(const struct weft_tls *tls)
{
    return tls->expires;
}

/* ---- What is the same for all -------------------------------------------- */

SSL_CTX *weft_tls_add_ctx(struct weft_tls *tls, const SSL_METHOD *method)
{
    SSL_CTX *ctx;

    ERR_clear_error();
    ctx = SSL_CTX_new(method);
    if (!ctx)
        return NULL;
    tls->ctxs[tls->ctx_count++] = ctx;
    /* What is weak in older versions would fill a page here; RFC 8996. */
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    /* RFC 7457 has the reasons against compression and renegotiation. */
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    /* A chain is what the file says, not what a handshake can find. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    weft_tls_bio_watch(ctx);
    return ctx;
}

/* ---- Identities ---------------------------------------------------------- */

static int use_certificates(SSL_CTX *ctx, struct stack_st_X509 *all,
                            const char *path, char why[WEFT_TLS_WHY])
{
    bool is_well = SSL_CTX_use_certificate(ctx, sk_X509_value(all, 0)) == 1;

    for (int i = 1; is_well && i < sk_X509_num(all); i++)
        is_well = SSL_CTX_add1_chain_cert(ctx, sk_X509_value(all, i)) == 1;
    if (is_well)
        return 0;
    snprintf(why, WEFT_TLS_WHY, "the certificate in \"%.300s\" is refused: %s",
             path, weft_tls_reason());
    return WEFT_ERR_INVALID;
}

static int use_key(SSL_CTX *ctx, const struct weft_tls_identity *identity,
                   char why[WEFT_TLS_WHY])
{
    const char *path = identity->key ? identity->key : identity->certificate;
    EVP_PKEY *key;
    int err = weft_tls_read_key(&key, path, why);

    if (err)
        return err;
    if (X509_check_private_key(SSL_CTX_get0_certificate(ctx), key) != 1) {
        snprintf(why, WEFT_TLS_WHY,
                 "the key in \"%.200s\" does not belong to the first "
                 "certificate in \"%.200s\"",
                 path, identity->certificate);
        err = WEFT_ERR_INVALID;
    } else if (SSL_CTX_use_PrivateKey(ctx, key) != 1) {
        snprintf(why, WEFT_TLS_WHY, "the key in \"%.300s\" is refused: %s",
                 path, weft_tls_reason());
        err = WEFT_ERR_INVALID;
    }
    EVP_PKEY_free(key);
    return err;
}

int weft_tls_use(SSL_CTX *ctx, const struct weft_tls_identity *identity,
                 char why[WEFT_TLS_WHY])
{
    struct stack_st_X509 *all;
    int err = weft_tls_read_certificates(&all, identity->certificate, why);

    if (err)
        return err;
    ERR_clear_error();
    err = use_certificates(ctx, all, identity->certificate, why);
    sk_X509_pop_free(all, X509_free);
    if (!err)
        err = use_key(ctx, identity, why);
    ERR_clear_error();
    return err;
}
