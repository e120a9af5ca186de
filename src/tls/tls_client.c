/* SPDX-License-Identifier: MIT */
/*
 * A client's contexts. Those that were asked for last stay with the loop, and
 * with each of them the sessions that can be resumed under its rules. The
 * system's store is where OpenSSL has it by itself: SSL_CERT_FILE and
 * SSL_CERT_DIR, or else what it was built with.
 */
#include "base/mem.h"
#include "tls/tls_file.h"
#include "tls/tls_share.h"
#include "tls/tls_why.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

/* ---- The loop's ---------------------------------------------------------- */

static bool texts_are_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static struct weft_tls *find(const struct weft_tls_share *share,
                             const struct weft_tls_client_opts *opts)
{
    const struct weft_list *node = share->clients.next;

    for (; node != &share->clients; node = node->next) {
        struct weft_tls *tls = WEFT_OF(node, struct weft_tls, node);

        if (tls->is_insecure == opts->is_insecure &&
            texts_are_equal(tls->ca_file, opts->ca_file) &&
            texts_are_equal(tls->certificate, opts->certificate) &&
            texts_are_equal(tls->key, opts->key))
            return tls;
    }
    return NULL;
}

/* Puts it first, and lets go of the one that was asked for longest ago. */
static void keep(struct weft_tls_share *share, struct weft_tls *tls)
{
    struct weft_list *node;
    size_t count = 0;

    weft_list_remove(&tls->node);
    weft_list_insert(&share->clients, &tls->node);
    for (node = share->clients.next; node != &share->clients; node = node->next)
        count++;
    if (count > WEFT_TLS_CLIENTS) {
        tls = WEFT_OF(share->clients.prev, struct weft_tls, node);
        weft_list_remove(&tls->node);
        weft_tls_unref(tls);
    }
}

/* ---- Making -------------------------------------------------------------- */

static int use_authorities(SSL_CTX *ctx, const char *path,
                           char why[WEFT_TLS_WHY])
{
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    struct stack_st_X509 *all;
    int err = weft_tls_read_certificates(&all, path, why);

    if (err)
        return err;
    for (int i = 0; !err && i < sk_X509_num(all); i++)
        if (X509_STORE_add_cert(store, sk_X509_value(all, i)) != 1)
            err = WEFT_ERR_NOMEM;
    sk_X509_pop_free(all, X509_free);
    /* What is in the file is trusted, also if it is not a root. */
    if (!err && X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1)
        err = WEFT_ERR_NOMEM;
    return err;
}

static int set_trust(SSL_CTX *ctx, const struct weft_tls_client_opts *opts,
                     char why[WEFT_TLS_WHY])
{
    if (opts->is_insecure)
        return 0;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, weft_tls_on_verify);
    if (opts->ca_file)
        return use_authorities(ctx, opts->ca_file, why);
    if (SSL_CTX_set_default_verify_paths(ctx) == 1)
        return 0;
    snprintf(why, WEFT_TLS_WHY,
             "the system's store of certificates cannot be read: %s",
             weft_tls_reason());
    return WEFT_ERR_TLS;
}

/* The loop's bio is the same for all, and names whose call this is. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct weft_tls_filter *f =
        WEFT_OF(weft_tls_bio_of(ssl), struct weft_tls_share, bio)->current;

    weft_tls_sessions_put(&f->tls->sessions, f->host, f->port, session);
    return 1; /* the reference is taken */
}

static int set_up(struct weft_tls *tls, const struct weft_tls_client_opts *opts,
                  char why[WEFT_TLS_WHY])
{
    static const unsigned char protocols[] = "\x08http/1.1";
    const struct weft_tls_identity identity = {opts->certificate, opts->key};
    SSL_CTX *ctx = weft_tls_add_ctx(tls, TLS_client_method());
    int err;

    if (!ctx ||
        SSL_CTX_set_alpn_protos(ctx, protocols, sizeof(protocols) - 1) != 0)
        return WEFT_ERR_NOMEM;
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT |
                                            SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, on_session);
    err = set_trust(ctx, opts, why);
    if (!err && opts->certificate)
        err = weft_tls_use(ctx, &identity, why);
    ERR_clear_error();
    return err;
}

/* NULL stays NULL. false: no memory. */
static bool copy_text(const struct weft_tls *tls, char **to, const char *text)
{
    *to = text ? weft_strdup(tls->mem, text) : NULL;
    return *to || !text;
}

static int client_new(struct weft_tls **out, const struct weft_mem *mem,
                      const struct weft_tls_client_opts *opts,
                      char why[WEFT_TLS_WHY])
{
    struct weft_tls *tls = weft_tls_new(mem, 1);
    int err;

    if (!tls)
        return WEFT_ERR_NOMEM;
    tls->is_client = true;
    tls->is_insecure = opts->is_insecure;
    if (copy_text(tls, &tls->ca_file, opts->ca_file) &&
        copy_text(tls, &tls->certificate, opts->certificate) &&
        copy_text(tls, &tls->key, opts->key))
        err = set_up(tls, opts, why);
    else
        err = WEFT_ERR_NOMEM;
    if (err) {
        weft_tls_unref(tls);
        return err;
    }
    *out = tls;
    return 0;
}

int weft_tls_new_client(struct weft_tls **out, struct weft_loop *loop,
                        const struct weft_tls_client_opts *opts,
                        char why[WEFT_TLS_WHY])
{
    struct weft_tls_share *share;
    struct weft_tls *tls;
    int err = weft_tls_share_get(&share, loop);

    *why = '\0';
    if (err)
        return err;
    tls = find(share, opts);
    if (!tls)
        err = client_new(&tls, share->mem, opts, why);
    if (err)
        return err;
    *out = weft_tls_ref(tls); /* the other reference is the loop's */
    keep(share, tls);
    return 0;
}
