/* SPDX-License-Identifier: MIT */
#include "tls/tls_why.h"

#include "peer.h"
#include <openssl/sslerr.h>

/* A filter of a connection that there is not. */
struct stub {
    struct weft_tls_share share;
    struct weft_tls tls;
    struct weft_tls_filter filter;
};

static void stub_init(struct stub *stub, bool is_client)
{
    memset(stub, 0, sizeof(*stub));
    stub->tls.is_client = is_client;
    stub->filter.share = &stub->share;
    stub->filter.tls = &stub->tls;
    ERR_clear_error();
}

static void test_reasons(void **state)
{
    static char kept[] = "the server's certificate has expired";
    static const struct {
        int lib, reason;
        bool is_client;
        const char *why;
    } cases[] = {
        {ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER, false, "no cipher that we take"},
        {ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER, true,
         "what the server says is not TLS"},
        {ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER, false,
         "what the client says is not TLS"},
        {ERR_LIB_SSL, SSL_R_UNSUPPORTED_PROTOCOL, true, "before 1.2"},
        {ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED, true, kept},
        {ERR_LIB_SSL, SSL_R_BAD_LENGTH, false, "bad length"},
        {ERR_LIB_SSL, SSL_R_TLSV1_ALERT_UNKNOWN_CA, false,
         "the client does not trust our certificate (alert unknown CA)"},
        {ERR_LIB_SSL, SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, false,
         "has expired (alert certificate expired)"},
        {ERR_LIB_SSL, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, true,
         "the server knows no version of TLS from 1.2 on"},
        {ERR_LIB_SSL, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, true, "in common"},
        {ERR_LIB_SSL, SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, true,
         "the server wants a certificate of us"},
        {ERR_LIB_SSL, SSL_R_TLSV1_ALERT_INTERNAL_ERROR, true,
         "the server ended it (alert internal error)"},
        {ERR_LIB_SSL, ERR_R_MALLOC_FAILURE, true, "out of memory"},
        {ERR_LIB_EVP, ERR_R_INTERNAL_ERROR, true, "internal error"},
        {ERR_LIB_NONE, 0, true, "OpenSSL does not say why"},
    };

    (void)state;
    OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, NULL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char why[WEFT_TLS_WHY];
        struct stub stub;

        stub_init(&stub, cases[i].is_client);
        stub.filter.why = kept;
        if (cases[i].reason)
            ERR_raise(cases[i].lib, cases[i].reason);
        weft_tls_explain(&stub.filter, why);
        CHECK(strstr(why, cases[i].why), "%zu: %s", i, why);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

/* What TLS says of it is what counts, wherever it lies in the queue. */
static void test_first_of_tls(void **state)
{
    char why[WEFT_TLS_WHY];
    struct stub stub;

    (void)state;
    stub_init(&stub, true);
    ERR_raise(ERR_LIB_EVP, ERR_R_INTERNAL_ERROR);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_RECORD_TYPE);
    ERR_raise(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
    weft_tls_explain(&stub.filter, why);
    assert_string_equal(why, "bytes were changed on their way");
}

static void test_cut(void **state)
{
    struct stub stub;

    (void)state;
    for (int is_client = 0; is_client < 2; is_client++) {
        stub_init(&stub, is_client);
        assert_string_not_equal(weft_tls_cut_text(&stub.filter, 0),
                                weft_tls_cut_text(&stub.filter, WEFT_ERR_EOF));
        assert_non_null(strstr(weft_tls_cut_text(&stub.filter, 0),
                               is_client ? "server" : "client"));
    }
}

/* A certificate of a server that is up to no good: its names and its issuer's
 * are shown, safe for a terminal and cut to size. */
static void test_hostile_names(void **state)
{
    static char long_name[200];
    static const struct {
        const char *names, *why;
    } cases[] = {
        {"DNS:x\x1b[31m.test", "but for x\\x1b[31m.test"},
        {"DNS:1.test,DNS:2.test,DNS:3.test,DNS:4.test",
         "but for 1.test, 2.test, 3.test and others"},
        {long_name, "..."},
        {"IP:10.0.0.1", "is not for a.test"},
        {NULL, "is not for a.test"},
    };

    (void)state;
    snprintf(long_name, sizeof(long_name), "DNS:%0150d.test", 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct cert_opts opts = {
            .name = "x", .names = cases[i].names, .issuer = &certs.ca};
        struct pair pair = {0};
        struct cert cert;

        cert_make(&cert, &opts);
        cert_write(&cert, certs.folder, "hostile");
        pair.loop = start_loop(&pair.fx, READ_SIZE);
        pair.server_tls = server_of(&cert);
        pair.client_tls = client_of(pair.loop, NULL);
        pair_join(&pair, "a.test");
        TURN_UNTIL(pair.loop, pair.client.ends == 1);
        CHECK(strstr(pair.client.why, cases[i].why), "%zu: %s", i,
              pair.client.why);
        for (const char *p = pair.client.why; *p; p++)
            assert_true((unsigned char)*p >= ' ');
        pair_end(&pair);
        cert_release(&cert);
    }
}

/* What is wrong higher up in the chain is said of the authority. */
static void test_authority_expired(void **state)
{
    const struct cert_opts middle_opts = {.name = "Old",
                                          .issuer = &certs.ca,
                                          .is_authority = true,
                                          .from_s = -48 * CERT_HOUR,
                                          .until_s = -24 * CERT_HOUR};
    struct cert middle, leaf;
    const struct cert_opts leaf_opts = {
        .name = "a.test", .names = "DNS:a.test", .issuer = &middle};
    struct pair pair = {0};

    (void)state;
    cert_make(&middle, &middle_opts);
    cert_make(&leaf, &leaf_opts);
    cert_write(&leaf, certs.folder, "below");
    cert_append(&middle, leaf.path);
    pair.loop = start_loop(&pair.fx, READ_SIZE);
    pair.server_tls = server_of(&leaf);
    pair.client_tls = client_of(pair.loop, NULL);
    pair_join(&pair, "a.test");
    TURN_UNTIL(pair.loop, pair.client.ends == 1);
    CHECK(strstr(pair.client.why, "authority 1 above the server's certificate "
                                  "has expired"),
          "%s", pair.client.why);
    pair_end(&pair);
    cert_release(&middle);
    cert_release(&leaf);
}

/* The server's log says what the client thought of it. */
static void test_client_does_not_trust(void **state)
{
    const struct weft_tls_client_opts opts = {.ca_file = certs.lone.path};
    struct pair pair = {0};
    char why[WEFT_TLS_WHY];

    (void)state;
    pair.loop = start_loop(&pair.fx, READ_SIZE);
    pair.server_tls = server_of(&certs.server);
    assert_int_equal(
        weft_tls_new_client(&pair.client_tls, pair.loop, &opts, why), 0);
    pair_join(&pair, "a.test");
    TURN_UNTIL(pair.loop, pair.client.ends == 1);
    end_close(&pair.client);
    TURN_UNTIL(pair.loop, pair.server.ends == 1);
    assert_string_equal(pair.server.why,
                        "TLS handshake failed: the client does not trust our "
                        "certificate (alert unknown CA)");
    pair_end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_first_of_tls),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_authority_expired),
        cmocka_unit_test(test_client_does_not_trust),
    };

    return cmocka_run_group_tests(tests, certs_up, certs_down);
}
