/* SPDX-License-Identifier: MIT */
/*
 * A server's contexts: one for each identity, among which the name that the
 * client asks for chooses. All else is the same in all of them. Sessions are
 * kept by the clients, in tickets; the keys of the tickets go from one set of
 * contexts to the next, but a session is resumed only under the rules for
 * client certificates under which it began.
 */
#include "base/mem.h"
#include "base/opts.h"
#include "tls/tls_context.h"
#include "tls/tls_file.h"
#include "tls/tls_why.h"
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

/* Forward secrecy and authenticated encryption: what browsers have had since
 * 2013. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

/* A ticket's life. Longer would make an old key worth stealing. */
#define SESSION_S (2 * 60 * 60)

/* Each is used once (RFC 8446 appendix C.4). */
#define TICKETS 1

/* Of a session's tickets in OpenSSL 3: a name and two keys. */
#define TICKET_KEYS_MAX 128

/* What is the same for all identities: what clients' certificates must come
 * from, and how sessions are marked that began under that rule. */
struct rules {
    const struct weft_tls_opts *opts;
    struct stack_st_X509 *all; /* authorities; NULL: clients are not asked */
    X509_STORE *store;
    unsigned char mark[SHA256_DIGEST_LENGTH];
};

/* ---- Choosing ------------------------------------------------------------ */

static bool is_for(X509 *x509, const char *name, unsigned flags)
{
    return X509_check_host(x509, name, 0, flags, NULL) == 1 ||
           X509_check_ip_asc(x509, name, 0) == 1;
}

static SSL_CTX *find(const struct weft_tls *tls, const char *name,
                     unsigned flags)
{
    for (size_t i = 0; i < tls->ctx_count; i++)
        if (is_for(SSL_CTX_get0_certificate(tls->ctxs[i]), name, flags))
            return tls->ctxs[i];
    return NULL;
}

/* Exact names go before wildcards. */
static SSL_CTX *choose(const struct weft_tls *tls, const char *name)
{
    SSL_CTX *ctx = find(tls, name, X509_CHECK_FLAG_NO_WILDCARDS);

    return ctx ? ctx : find(tls, name, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
}

static int on_name(SSL *ssl, int *alert, void *arg)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    SSL_CTX *ctx = name ? choose(arg, name) : NULL;

    (void)alert;
    if (!ctx)
        return SSL_TLSEXT_ERR_NOACK; /* the default's */
    if (ctx != SSL_get_SSL_CTX(ssl) && !SSL_set_SSL_CTX(ssl, ctx))
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    return SSL_TLSEXT_ERR_OK;
}

/* RFC 7301 section 3.2: a client that asks for none of ours is refused. */
static int on_protocols(SSL *ssl, const unsigned char **out,
                        unsigned char *out_len, const unsigned char *in,
                        unsigned in_len, void *arg)
{
    static const char ours[] = "http/1.1";
    const size_t len = sizeof(ours) - 1;

    (void)ssl;
    (void)arg;
    for (unsigned i = 0; i < in_len; i += 1u + in[i])
        if (in[i] == len && in_len - i > len &&
            memcmp(in + i + 1, ours, len) == 0) {
            *out = in + i + 1;
            *out_len = (unsigned char)len;
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* ---- Client certificates ------------------------------------------------- */

static void rules_release(struct rules *rules)
{
    X509_STORE_free(rules->store);
    sk_X509_pop_free(rules->all, X509_free);
}

static bool fill_store(struct rules *rules)
{
    rules->store = X509_STORE_new();
    if (!rules->store)
        return false;
    for (int i = 0; i < sk_X509_num(rules->all); i++)
        if (X509_STORE_add_cert(rules->store, sk_X509_value(rules->all, i)) !=
            1)
            return false;
    /* What is in the file is trusted, also if it is not a root. */
    return X509_STORE_set_flags(rules->store, X509_V_FLAG_PARTIAL_CHAIN) == 1;
}

/* A digest of the rules: who is asked, and who may sign. */
static bool set_mark(struct rules *rules)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned char byte = (unsigned char)rules->opts->client_auth,
                  print[EVP_MAX_MD_SIZE];
    unsigned len;
    bool is_well = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
                   EVP_DigestUpdate(md, &byte, 1) == 1;

    for (int i = 0; is_well && i < sk_X509_num(rules->all); i++)
        is_well = X509_digest(sk_X509_value(rules->all, i), EVP_sha256(), print,
                              &len) == 1 &&
                  EVP_DigestUpdate(md, print, len) == 1;
    is_well = is_well && EVP_DigestFinal_ex(md, rules->mark, NULL) == 1;
    EVP_MD_CTX_free(md);
    return is_well;
}

/* In either case they are to be released. */
static int rules_init(struct rules *rules, const struct weft_tls_opts *opts,
                      char why[WEFT_TLS_WHY])
{
    int err = 0;

    *rules = (struct rules){.opts = opts};
    if (opts->client_auth != WEFT_TLS_CLIENT_NONE)
        err = weft_tls_read_certificates(&rules->all, opts->client_ca, why);
    if (!err && rules->all && !fill_store(rules))
        err = WEFT_ERR_NOMEM;
    if (!err && !set_mark(rules))
        err = WEFT_ERR_NOMEM;
    return err;
}

static bool ask_clients(SSL_CTX *ctx, const struct rules *rules)
{
    int mode = SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE;

    SSL_CTX_set_session_id_context(ctx, rules->mark, sizeof(rules->mark));
    if (!rules->all)
        return true;
    if (rules->opts->client_auth == WEFT_TLS_CLIENT_REQUIRED)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(ctx, mode, weft_tls_on_verify);
    SSL_CTX_set1_cert_store(ctx, rules->store);
    for (int i = 0; i < sk_X509_num(rules->all); i++)
        if (SSL_CTX_add_client_CA(ctx, sk_X509_value(rules->all, i)) != 1)
            return false;
    return true;
}

/* ---- Sessions ------------------------------------------------------------ */

/* Tickets are made and read by the default context, whoever else it chooses. */
static void keep_tickets(const struct weft_tls *tls,
                         const struct weft_tls *before)
{
    unsigned char keys[TICKET_KEYS_MAX];
    long len = SSL_CTX_get_tlsext_ticket_keys(before->ctxs[0], NULL, 0);

    if (len > 0 && (size_t)len <= sizeof(keys) &&
        SSL_CTX_get_tlsext_ticket_keys(before->ctxs[0], keys, len) == 1)
        (void)SSL_CTX_set_tlsext_ticket_keys(tls->ctxs[0], keys, len);
    OPENSSL_cleanse(keys, sizeof(keys));
}

/* ---- Making -------------------------------------------------------------- */

static void note_expiry(struct weft_tls *tls, const SSL_CTX *ctx)
{
    const X509 *x509 = SSL_CTX_get0_certificate(ctx);
    struct tm tm;
    int64_t at;

    if (ASN1_TIME_to_tm(X509_get0_notAfter(x509), &tm) != 1)
        return;
    at = timegm(&tm);
    if (at < tls->expires)
        tls->expires = at;
}

static int set_ciphers(SSL_CTX *ctx, const char *ciphers,
                       char why[WEFT_TLS_WHY])
{
    if (SSL_CTX_set_cipher_list(ctx, ciphers ? ciphers : CIPHERS) == 1)
        return 0;
    snprintf(why, WEFT_TLS_WHY,
             "OpenSSL knows no cipher by \"%.300s\": openssl ciphers -v LIST "
             "shows what a list means",
             ciphers ? ciphers : CIPHERS);
    return WEFT_ERR_INVALID;
}

static int add_identity(struct weft_tls *tls, const struct rules *rules,
                        const struct weft_tls_identity *identity,
                        char why[WEFT_TLS_WHY])
{
    SSL_CTX *ctx = weft_tls_add_ctx(tls, TLS_server_method());
    int err;

    if (!ctx)
        return WEFT_ERR_NOMEM;
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(ctx, SESSION_S);
    SSL_CTX_set_num_tickets(ctx, TICKETS);
    SSL_CTX_set_alpn_select_cb(ctx, on_protocols, NULL);
    SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
    SSL_CTX_set_tlsext_servername_arg(ctx, tls);
    if (!ask_clients(ctx, rules))
        return WEFT_ERR_NOMEM;
    err = set_ciphers(ctx, rules->opts->ciphers, why);
    if (!err)
        err = weft_tls_use(ctx, identity, why);
    if (!err)
        note_expiry(tls, ctx);
    return err;
}

static int fill(struct weft_tls *tls, const struct weft_tls_opts *opts,
                char why[WEFT_TLS_WHY])
{
    struct rules rules;
    int err = rules_init(&rules, opts, why);

    for (size_t i = 0; !err && i < opts->identity_count; i++)
        err = add_identity(tls, &rules, &opts->identities[i], why);
    rules_release(&rules);
    ERR_clear_error();
    return err;
}

static int check(const struct weft_tls_opts *opts, char why[WEFT_TLS_WHY])
{
    bool has_all = opts->identity_count > 0 && opts->identities;

    for (size_t i = 0; has_all && i < opts->identity_count; i++)
        has_all = opts->identities[i].certificate;
    if (!has_all) {
        snprintf(why, WEFT_TLS_WHY, "TLS needs a certificate");
        return WEFT_ERR_USAGE;
    }
    if ((unsigned)opts->client_auth > WEFT_TLS_CLIENT_REQUIRED)
        return WEFT_ERR_USAGE;
    if (opts->client_auth != WEFT_TLS_CLIENT_NONE && !opts->client_ca) {
        snprintf(why, WEFT_TLS_WHY,
                 "to ask clients for certificates takes the file of the "
                 "authorities that these must come from");
        return WEFT_ERR_USAGE;
    }
    return 0;
}

int weft_tls_new_server(struct weft_tls **out, const struct weft_tls_opts *opts,
                        const struct weft_tls *before, char why[WEFT_TLS_WHY])
{
    struct weft_tls_opts given;
    struct weft_tls *tls;
    int err = weft_opts_copy(&given, sizeof(given), opts);

    *why = '\0';
    if (!err)
        err = check(&given, why);
    if (err)
        return err;
    tls = weft_tls_new(&weft_mem_libc, given.identity_count);
    if (!tls)
        return WEFT_ERR_NOMEM;
    err = fill(tls, &given, why);
    if (err) {
        weft_tls_unref(tls);
        return err;
    }
    if (before)
        keep_tickets(tls, before);
    *out = tls;
    return 0;
}
