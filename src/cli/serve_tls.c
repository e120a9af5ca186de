/* SPDX-License-Identifier: MIT */
/*
 * Names and rules are those of pywebsocket's server, but for --tls-port, and
 * for what would be ignored there: whoever names a certificate and does not get
 * TLS should hear of it.
 */
#include "cli/serve_tls.h"

#include "cli/complain.h"

bool serve_tls_is_on(const struct serve_tls *tls)
{
    return tls->is_everywhere || tls->port[0];
}

/* What is wrong with the options, or NULL. */
static const char *fault_of(const struct serve_tls *tls)
{
    bool has_client_rule = tls->asks_clients || tls->may_lack || tls->client_ca;

    if (tls->is_everywhere && tls->port[0])
        return "--tls-port is for TLS beside the port of -p, which with --tls "
               "has TLS itself: give one of them";
    if (!serve_tls_is_on(tls) && tls->certificates.count + tls->keys.count > 0)
        return "-c and -k are for TLS: add --tls, or --tls-port";
    if (!serve_tls_is_on(tls) && has_client_rule)
        return "client certificates are for TLS: add --tls, or --tls-port";
    if (serve_tls_is_on(tls) && tls->certificates.count == 0)
        return "TLS needs a certificate: give its file with -c, and that of "
               "its key with -k";
    if (tls->keys.count > 0 && tls->keys.count != tls->certificates.count)
        return "-c and -k come in pairs, unless each certificate's file has "
               "its key";
    if (tls->may_lack && !tls->asks_clients)
        return "--tls-client-cert-optional needs --tls-client-auth";
    if (tls->client_ca && !tls->asks_clients)
        return "--tls-client-ca needs --tls-client-auth";
    if (tls->asks_clients && !tls->client_ca)
        return "--tls-client-auth needs --tls-client-ca, the file of those who "
               "may vouch for clients";
    return NULL;
}

bool serve_tls_settle(struct serve_tls *tls)
{
    const char *fault = fault_of(tls);

    if (fault) {
        complain("%s", fault);
        return false;
    }
    for (size_t i = 0; i < tls->certificates.count; i++) {
        tls->identities[i].certificate = tls->certificates.items[i];
        tls->identities[i].key = tls->keys.items[i]; /* or NULL */
    }
    tls->opts = (struct weft_tls_opts){
        .size = sizeof(tls->opts),
        .identities = tls->identities,
        .identity_count = tls->certificates.count,
        .client_auth = !tls->asks_clients ? WEFT_TLS_CLIENT_NONE
                       : tls->may_lack    ? WEFT_TLS_CLIENT_OPTIONAL
                                          : WEFT_TLS_CLIENT_REQUIRED,
        .client_ca = tls->client_ca,
    };
    return true;
}
