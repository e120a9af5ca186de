/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL names what is wrong for those who know its code. What happens to
 * people is said here in other words: certificates that are not trusted or have
 * expired, versions and ciphers that do not meet, and what is not TLS at all.
 * What the peer chose is escaped.
 */
#include "tls/tls_why.h"

#include "base/escape.h"
#include "base/mem.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#define NAMES_SHOWN 3
#define NAME_SHOWN 100 /* bytes of a name, escaped */

static const char *peer_of(const struct weft_tls_filter *f)
{
    return f->tls->is_client ? "server" : "client";
}

/* ---- Certificates -------------------------------------------------------- */

static void say_date(const ASN1_TIME *time, char out[32])
{
    struct tm tm;

    if (ASN1_TIME_to_tm(time, &tm) != 1 ||
        strftime(out, 32, "%Y-%m-%d", &tm) == 0)
        snprintf(out, 32, "an unknown date");
}

/* The names of a certificate, a few, as "a.example, b.example"; "" if it has
 * none. */
static void say_names(X509 *x509, char *out, size_t size)
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    size_t len = 0;
    int shown = 0;

    out[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        char text[NAME_SHOWN];

        if (name->type != GEN_DNS || len + NAME_SHOWN + 16 > size)
            continue;
        if (shown++ == NAMES_SHOWN) {
            snprintf(out + len, size - len, " and others");
            break;
        }
        weft_escape(text, sizeof(text),
                    (const char *)ASN1_STRING_get0_data(name->d.dNSName),
                    (size_t)ASN1_STRING_length(name->d.dNSName));
        len += (size_t)snprintf(out + len, size - len, "%s%s",
                                shown > 1 ? ", " : "", text);
    }
    GENERAL_NAMES_free(names);
}

static void say_wrong_host(const struct weft_tls_filter *f, X509 *x509,
                           char why[WEFT_TLS_WHY])
{
    char names[3 * NAME_SHOWN + 48];

    say_names(x509, names, sizeof(names));
    snprintf(why, WEFT_TLS_WHY, "the %s's certificate is not for %.100s%s%s",
             peer_of(f), f->host ? f->host : "it", *names ? ", but for " : "",
             names);
}

/* "from Example Authority", by the issuer's name. */
static void say_issuer(X509 *x509, char out[NAME_SHOWN])
{
    X509_NAME *name = X509_get_issuer_name(x509);
    char text[NAME_SHOWN];
    int len =
        X509_NAME_get_text_by_NID(name, NID_commonName, text, sizeof(text));

    if (len < 0)
        len = X509_NAME_get_text_by_NID(name, NID_organizationName, text,
                                        sizeof(text));
    if (len > 0)
        weft_escape(out, NAME_SHOWN, text, strlen(text));
    else
        snprintf(out, NAME_SHOWN, "without a name");
}

/* What is wrong with a certificate, which is whose. */
static void say_wrong(const char *whose, X509 *x509, int error,
                      char why[WEFT_TLS_WHY])
{
    char text[NAME_SHOWN];

    switch (error) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        snprintf(why, WEFT_TLS_WHY,
                 "%s is self-signed, and is not one of those that are trusted",
                 whose);
        return;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        say_issuer(x509, text);
        snprintf(why, WEFT_TLS_WHY,
                 "%s comes from \"%s\", an authority that is not trusted here",
                 whose, text);
        return;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        say_date(X509_get0_notAfter(x509), text);
        snprintf(why, WEFT_TLS_WHY, "%s has expired on %s", whose, text);
        return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        say_date(X509_get0_notBefore(x509), text);
        snprintf(why, WEFT_TLS_WHY, "%s is not valid before %s", whose, text);
        return;
    case X509_V_ERR_INVALID_PURPOSE:
        snprintf(why, WEFT_TLS_WHY, "%s was made for another purpose", whose);
        return;
    default:
        snprintf(why, WEFT_TLS_WHY, "%s is refused: %s", whose,
                 X509_verify_cert_error_string(error));
    }
}

int weft_tls_on_verify(int is_well, X509_STORE_CTX *store)
{
    const SSL *ssl;
    struct weft_tls_filter *f;
    X509 *x509 = X509_STORE_CTX_get_current_cert(store);
    int depth = X509_STORE_CTX_get_error_depth(store);
    int error = X509_STORE_CTX_get_error(store);
    char whose[64], why[WEFT_TLS_WHY];

    if (is_well || !x509)
        return is_well;
    ssl =
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    f = WEFT_OF(weft_tls_bio_of(ssl), struct weft_tls_share, bio)->current;
    if (depth == 0)
        snprintf(whose, sizeof(whose), "the %s's certificate", peer_of(f));
    else
        snprintf(whose, sizeof(whose),
                 "authority %d above the %s's certificate", depth, peer_of(f));
    if (error == X509_V_ERR_HOSTNAME_MISMATCH ||
        error == X509_V_ERR_IP_ADDRESS_MISMATCH)
        say_wrong_host(f, x509, why);
    else
        say_wrong(whose, x509, error, why);
    weft_strfree(f->share->mem, f->why);
    f->why = weft_strdup(f->share->mem, why);
    return is_well;
}

/* ---- Alerts and reasons -------------------------------------------------- */

/* The peer's last words. */
static void say_alert(const struct weft_tls_filter *f, int alert,
                      char why[WEFT_TLS_WHY])
{
    const char *name = SSL_alert_desc_string_long(alert), *what;

    switch (alert) {
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
        what = "does not trust our certificate";
        break;
    case SSL_AD_CERTIFICATE_EXPIRED:
        what = "says that our certificate has expired";
        break;
    case SSL_AD_CERTIFICATE_REQUIRED:
        what = "wants a certificate of us";
        break;
    case SSL_AD_PROTOCOL_VERSION:
        what = "knows no version of TLS from 1.2 on";
        break;
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_INSUFFICIENT_SECURITY:
        what = "has no cipher, or other means, in common with us, or misses a "
               "certificate";
        break;
    default:
        what = "ended it";
    }
    snprintf(why, WEFT_TLS_WHY, "the %s %s (alert %s)", peer_of(f), what, name);
}

static const char *of_reason(const struct weft_tls_filter *f, int reason)
{
    bool is_client = f->tls->is_client;

    switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return "the client sent no certificate";
    case SSL_R_NO_SHARED_CIPHER:
        return "the client offers no cipher that we take";
    case SSL_R_NO_APPLICATION_PROTOCOL:
        return "the client wants another protocol than HTTP/1.1 (ALPN)";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
        return is_client ? "the server wants a version of TLS before 1.2"
                         : "the client wants a version of TLS before 1.2";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_RECORD_LENGTH_MISMATCH:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_ENCRYPTED_LENGTH_TOO_LONG:
        return is_client ? "what the server says is not TLS"
                         : "what the client says is not TLS";
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case SSL_R_BAD_RECORD_TYPE:
        return "bytes were changed on their way";
    default:
        return NULL;
    }
}

/* The first error that is of TLS, or else the first; the queue is empty then.
 */
static unsigned long take_error(void)
{
    unsigned long found = 0, error;

    while ((error = ERR_get_error()))
        if (!found || (ERR_GET_LIB(found) != ERR_LIB_SSL &&
                       ERR_GET_LIB(error) == ERR_LIB_SSL))
            found = error;
    return found;
}

void weft_tls_explain(const struct weft_tls_filter *f, char why[WEFT_TLS_WHY])
{
    unsigned long error = take_error();
    int reason = ERR_GET_REASON(error);
    bool is_tls = ERR_GET_LIB(error) == ERR_LIB_SSL;
    const char *text = NULL;

    if (weft_tls_bio_is_flooded(&f->share->bio)) {
        snprintf(why, WEFT_TLS_WHY,
                 "the %s sends messages of the handshake without end",
                 peer_of(f));
        return;
    }
    if (is_tls && reason > SSL_AD_REASON_OFFSET &&
        reason < SSL_AD_REASON_OFFSET + 256) {
        say_alert(f, reason - SSL_AD_REASON_OFFSET, why);
        return;
    }
    if (f->share->bio.is_full || reason == ERR_R_MALLOC_FAILURE)
        text = weft_strerror(WEFT_ERR_NOMEM);
    else if (is_tls && reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        text = f->why;
    else if (is_tls)
        text = of_reason(f, reason);
    if (!text)
        text = ERR_reason_error_string(error);
    snprintf(why, WEFT_TLS_WHY, "%s", text ? text : "OpenSSL does not say why");
}

const char *weft_tls_cut_text(const struct weft_tls_filter *f, int err)
{
    if (!f->tls->is_client)
        return err ? "the client reset the connection in the middle of it"
                   : "the client ended the connection in the middle of it";
    return err ? "the server reset the connection in the middle of it"
               : "the server ended the connection in the middle of it";
}
