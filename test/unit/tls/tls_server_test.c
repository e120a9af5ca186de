/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <pthread.h>

/* The server of both identities. */
static struct weft_tls *make(enum weft_tls_client_auth auth,
                             const char *client_ca,
                             const struct weft_tls *before)
{
    const struct weft_tls_identity identities[] = {
        {certs.server.path, certs.server.key_path},
        {certs.other.path, certs.other.key_path},
    };
    const struct weft_tls_opts opts = {
        .size = sizeof(opts),
        .identities = identities,
        .identity_count = COUNT(identities),
        .client_auth = auth,
        .client_ca = client_ca,
    };
    char why[WEFT_TLS_WHY];
    struct weft_tls *tls;
    int err = weft_tls_new_server(&tls, &opts, before, why);

    CHECK(err == 0, "%d %s", err, why);
    return tls;
}

static void trust(struct visit *visit, const struct cert *ca)
{
    SSL_set_verify(visit->peer.ssl, SSL_VERIFY_PEER, NULL);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(visit->peer.ctx), ca->x509);
}

/* ---- Choosing ------------------------------------------------------------ */

static void test_names(void **state)
{
    static const struct {
        const char *name;
        bool is_other;
    } cases[] = {
        {NULL, false},        {"a.test", false},       {"b.test", true},
        {"B.Test", true},     {"x.wild.test", true},   {"x.y.wild.test", false},
        {"wild.test", false}, {"unknown.test", false}, {"127.0.0.2", true},
        {"127.0.0.1", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct cert *want =
            cases[i].is_other ? &certs.other : &certs.server;
        struct visit visit;

        visit_start(&visit, make(WEFT_TLS_CLIENT_NONE, NULL, NULL));
        trust(&visit, &certs.ca);
        if (cases[i].name)
            peer_ask_for(&visit.peer, cases[i].name);
        visit_shake(&visit);
        CHECK(X509_cmp(SSL_get0_peer_certificate(visit.peer.ssl), want->x509) ==
                  0,
              "%s", cases[i].name ? cases[i].name : "no name");
        visit_end(&visit);
    }
}

/* A certificate that bears the name itself goes before one with a wildcard,
 * wherever they stand. */
static void test_exact_before_wildcard(void **state)
{
    const struct cert_opts opts = {
        .name = "x", .names = "DNS:x.wild.test", .issuer = &certs.ca};
    struct cert exact;
    struct weft_tls *tls;
    struct visit visit;
    char why[WEFT_TLS_WHY];

    (void)state;
    cert_make(&exact, &opts);
    cert_write(&exact, certs.folder, "exact");
    {
        const struct weft_tls_identity identities[] = {
            {certs.other.path, certs.other.key_path},
            {exact.path, exact.key_path},
        };
        const struct weft_tls_opts two = {
            .size = sizeof(two), .identities = identities, .identity_count = 2};

        assert_int_equal(weft_tls_new_server(&tls, &two, NULL, why), 0);
    }
    visit_start(&visit, tls);
    peer_ask_for(&visit.peer, "x.wild.test");
    visit_shake(&visit);
    assert_int_equal(
        X509_cmp(SSL_get0_peer_certificate(visit.peer.ssl), exact.x509), 0);
    visit_end(&visit);
    cert_release(&exact);
}

static void test_protocols(void **state)
{
    static const struct {
        const char *offer;
        const char *want; /* NULL: refused; "": not spoken of */
    } cases[] = {
        {"", ""},
        {"\x08http/1.1", "http/1.1"},
        {"\x02h2\x08http/1.1", "http/1.1"},
        {"\x02h2", NULL},
        {"\x08http/1.0", NULL},
        {"\x09http/1.1x", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const unsigned char *got = NULL;
        unsigned len = 0;
        struct visit visit;

        visit_start(&visit, make(WEFT_TLS_CLIENT_NONE, NULL, NULL));
        if (*cases[i].offer)
            SSL_set_alpn_protos(visit.peer.ssl,
                                (const unsigned char *)cases[i].offer,
                                (unsigned)strlen(cases[i].offer));
        if (!cases[i].want) {
            assert_int_equal(peer_shake(&visit.peer), SSL_ERROR_SSL);
            assert_int_equal(ERR_GET_REASON(ERR_peek_error()),
                             SSL_AD_REASON_OFFSET +
                                 SSL_AD_NO_APPLICATION_PROTOCOL);
            assert_non_null(strstr(weft_tls_why(&visit.server.stream), "ALPN"));
        } else {
            visit_shake(&visit);
            SSL_get0_alpn_selected(visit.peer.ssl, &got, &len);
            assert_int_equal(len, strlen(cases[i].want));
            if (len > 0)
                assert_memory_equal(got, cases[i].want, len);
        }
        visit_end(&visit);
    }
}

/* ---- Versions and ciphers ------------------------------------------------ */

static void test_versions(void **state)
{
    static const struct {
        int version;
        bool is_taken;
    } cases[] = {
        {TLS1_1_VERSION, false},
        {TLS1_2_VERSION, true},
        {TLS1_3_VERSION, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct visit visit;

        visit_start(&visit, make(WEFT_TLS_CLIENT_NONE, NULL, NULL));
        SSL_set_security_level(visit.peer.ssl, 0);
        SSL_set_min_proto_version(visit.peer.ssl, cases[i].version);
        SSL_set_max_proto_version(visit.peer.ssl, cases[i].version);
        if (cases[i].is_taken) {
            visit_shake(&visit);
            assert_int_equal(SSL_version(visit.peer.ssl), cases[i].version);
        } else {
            assert_int_equal(peer_shake(&visit.peer), SSL_ERROR_SSL);
            assert_non_null(
                strstr(weft_tls_why(&visit.server.stream), "before 1.2"));
        }
        visit_end(&visit);
    }
}

static void test_ciphers(void **state)
{
    static const char *const weak[] = {"AES128-SHA", "ECDHE-ECDSA-AES128-SHA",
                                       "AES128-GCM-SHA256"};

    (void)state;
    for (size_t i = 0; i < COUNT(weak); i++) {
        struct visit visit;

        visit_start(&visit, make(WEFT_TLS_CLIENT_NONE, NULL, NULL));
        SSL_set_max_proto_version(visit.peer.ssl, TLS1_2_VERSION);
        assert_int_equal(SSL_set_cipher_list(visit.peer.ssl, weak[i]), 1);
        assert_int_equal(peer_shake(&visit.peer), SSL_ERROR_SSL);
        assert_non_null(
            strstr(weft_tls_why(&visit.server.stream), "no cipher"));
        visit_end(&visit);
    }
}

/* ---- Client certificates ------------------------------------------------- */

static void test_client_auth(void **state)
{
    static const struct {
        enum weft_tls_client_auth auth;
        const struct cert *cert;
        const char *why; /* NULL: it succeeds */
        const char *subject;
    } cases[] = {
        {WEFT_TLS_CLIENT_NONE, NULL, NULL, ""},
        {WEFT_TLS_CLIENT_NONE, &certs.client, NULL, ""},
        {WEFT_TLS_CLIENT_OPTIONAL, NULL, NULL, ""},
        {WEFT_TLS_CLIENT_OPTIONAL, &certs.client, NULL, "CN=alice"},
        {WEFT_TLS_CLIENT_OPTIONAL, &certs.stranger, "Another authority", ""},
        {WEFT_TLS_CLIENT_REQUIRED, NULL, "sent no certificate", ""},
        {WEFT_TLS_CLIENT_REQUIRED, &certs.client, NULL, "CN=alice"},
        {WEFT_TLS_CLIENT_REQUIRED, &certs.stranger, "not trusted", ""},
        {WEFT_TLS_CLIENT_REQUIRED, &certs.lone, "self-signed", ""},
        {WEFT_TLS_CLIENT_REQUIRED, &certs.expired, "has expired", ""},
    };
    const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        const size_t n = i / 2;
        char subject[64], c;
        struct visit visit;

        visit_start(&visit, make(cases[n].auth, certs.ca.path, NULL));
        SSL_set_max_proto_version(visit.peer.ssl, versions[i % 2]);
        if (cases[n].cert)
            peer_use(&visit.peer, cases[n].cert);
        if (!cases[n].why) {
            visit_shake(&visit);
        } else {
            /* In TLS 1.3 a client hears of it after its handshake. */
            if (peer_shake(&visit.peer) == 0)
                assert_int_equal(peer_get(&visit.peer, &c, 1), 0);
            CHECK(strstr(weft_tls_why(&visit.server.stream), cases[n].why),
                  "%zu: %s", n, weft_tls_why(&visit.server.stream));
            CHECK(ERR_GET_REASON(ERR_peek_error()) > SSL_AD_REASON_OFFSET,
                  "%zu: no alert: %s", i,
                  ERR_reason_error_string(ERR_peek_error()));
        }
        assert_int_equal(weft_tls_peer_subject(&visit.server.stream, subject,
                                               sizeof(subject)),
                         *cases[n].subject != '\0');
        assert_string_equal(subject, cases[n].subject);
        visit_end(&visit);
    }
}

/* Clients are told which authorities are asked for. */
static void test_client_ca_names(void **state)
{
    const STACK_OF(X509_NAME) * names;
    struct visit visit;

    (void)state;
    visit_start(&visit, make(WEFT_TLS_CLIENT_OPTIONAL, certs.ca.path, NULL));
    visit_shake(&visit);
    names = SSL_get0_peer_CA_list(visit.peer.ssl);
    assert_int_equal(sk_X509_NAME_num(names), 1);
    assert_int_equal(X509_NAME_cmp(sk_X509_NAME_value(names, 0),
                                   X509_get_subject_name(certs.ca.x509)),
                     0);
    visit_end(&visit);
}

/* ---- Sessions ------------------------------------------------------------ */

/* Shakes hands with tls, and resumes *session if there is one; then there is
 * another. Returns whether it was resumed. */
static bool visit_again(struct weft_tls *tls, int version,
                        const struct cert *cert, SSL_SESSION **session)
{
    struct visit visit;
    bool is_resumed;
    char c;

    visit_start(&visit, tls);
    SSL_set_max_proto_version(visit.peer.ssl, version);
    if (cert)
        peer_use(&visit.peer, cert);
    if (*session)
        assert_int_equal(SSL_set_session(visit.peer.ssl, *session), 1);
    SSL_SESSION_free(*session);
    visit_shake(&visit);
    assert_int_equal(end_write(&visit.server, "x", 1), 1);
    assert_int_equal(peer_get(&visit.peer, &c, 1), 1); /* and the ticket */
    is_resumed = SSL_session_reused(visit.peer.ssl) == 1;
    assert_int_equal(weft_tls_is_resumed(&visit.server.stream), is_resumed);
    *session = SSL_get1_session(visit.peer.ssl);
    SSL_set_shutdown(visit.peer.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    visit_end(&visit);
    return is_resumed;
}

/* A ticket is good for the contexts it came from and those that took their
 * place, for no others, and not for other rules about clients. */
static void test_tickets(void **state)
{
    const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    (void)state;
    for (size_t i = 0; i < COUNT(versions); i++) {
        const int v = versions[i];
        struct weft_tls *first = make(WEFT_TLS_CLIENT_NONE, NULL, NULL);
        struct weft_tls *next = make(WEFT_TLS_CLIENT_NONE, NULL, first);
        struct weft_tls *strict =
            make(WEFT_TLS_CLIENT_REQUIRED, certs.ca.path, next);
        struct weft_tls *stricter =
            make(WEFT_TLS_CLIENT_REQUIRED, certs.stranger_ca.path, strict);
        SSL_SESSION *session = NULL;

        assert_false(visit_again(weft_tls_ref(first), v, NULL, &session));
        assert_true(visit_again(weft_tls_ref(first), v, NULL, &session));
        assert_true(visit_again(weft_tls_ref(next), v, NULL, &session));
        assert_false(visit_again(make(WEFT_TLS_CLIENT_NONE, NULL, NULL), v,
                                 NULL, &session));
        SSL_SESSION_free(session);
        session = NULL;
        assert_false(visit_again(weft_tls_ref(next), v, NULL, &session));
        assert_false(
            visit_again(weft_tls_ref(strict), v, &certs.client, &session));
        assert_true(
            visit_again(weft_tls_ref(strict), v, &certs.client, &session));
        assert_false(
            visit_again(weft_tls_ref(stricter), v, &certs.stranger, &session));
        SSL_SESSION_free(session);
        weft_tls_unref(first);
        weft_tls_unref(next);
        weft_tls_unref(strict);
        weft_tls_unref(stricter);
    }
}

/* ---- Threads ------------------------------------------------------------- */

#define THREADS 4

/* Each with a loop of its own. A check that fails here ends the program. */
static void *visit_often(void *arg)
{
    struct pair pair = {0};

    pair.loop = start_loop(&pair.fx, READ_SIZE);
    pair.server_tls = arg;
    pair.client_tls = client_of(pair.loop, NULL);
    for (int i = 0; i < 10; i++) {
        pair_join(&pair, "a.test");
        pair_shake(&pair);
        assert_int_equal(end_write(&pair.client, "x", 1), 1);
        TURN_UNTIL(pair.loop, pair.server.got_len == 1);
        pair_part(&pair);
    }
    pair_end(&pair);
    return NULL;
}

/* Threads share the contexts, and any of them may be the last to let go. */
static void test_threads(void **state)
{
    struct weft_tls *tls = make(WEFT_TLS_CLIENT_NONE, NULL, NULL);
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, visit_often, weft_tls_ref(tls)),
            0);
    weft_tls_unref(tls);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* ---- What is wrong with options ------------------------------------------ */

static void test_refused(void **state)
{
    const struct weft_tls_identity good = {certs.server.path,
                                           certs.server.key_path};
    const struct weft_tls_identity mixed = {certs.server.path,
                                            certs.other.key_path};
    const struct weft_tls_identity no_key = {certs.server.path, NULL};
    const struct weft_tls_identity none = {NULL, NULL};
    const struct {
        const char *why;
        int err;
        struct weft_tls_opts opts;
    } cases[] = {
        {"needs a certificate", WEFT_ERR_USAGE, {.identities = &good}},
        {"needs a certificate", WEFT_ERR_USAGE, {.identity_count = 1}},
        {"needs a certificate",
         WEFT_ERR_USAGE,
         {.identities = &none, .identity_count = 1}},
        {"does not belong",
         WEFT_ERR_INVALID,
         {.identities = &mixed, .identity_count = 1}},
        {"no private key",
         WEFT_ERR_INVALID,
         {.identities = &no_key, .identity_count = 1}},
        {"authorities",
         WEFT_ERR_USAGE,
         {.identities = &good,
          .identity_count = 1,
          .client_auth = WEFT_TLS_CLIENT_OPTIONAL}},
        {"",
         WEFT_ERR_USAGE,
         {.identities = &good,
          .identity_count = 1,
          .client_auth = (enum weft_tls_client_auth)3,
          .client_ca = "x"}},
        {"/none",
         WEFT_ERR_MISSING,
         {.identities = &good,
          .identity_count = 1,
          .client_auth = WEFT_TLS_CLIENT_OPTIONAL,
          .client_ca = "/none"}},
        {"no cipher by \"ROT13\"",
         WEFT_ERR_INVALID,
         {.identities = &good, .identity_count = 1, .ciphers = "ROT13"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weft_tls_opts opts = cases[i].opts;
        char why[WEFT_TLS_WHY] = "untouched";
        struct weft_tls *tls = NULL;
        int err;

        opts.size = sizeof(opts);
        err = weft_tls_new_server(&tls, &opts, NULL, why);
        CHECK(err == cases[i].err, "%zu: %d %s", i, err, why);
        CHECK(strstr(why, cases[i].why), "%zu: %s", i, why);
        assert_null(tls);
    }
}

static void test_expires(void **state)
{
    struct weft_tls *tls = make(WEFT_TLS_CLIENT_NONE, NULL, NULL);
    struct weft_tls *old = server_of(&certs.expired);
    int64_t now = time(NULL);

    (void)state;
    assert_true(weft_tls_expires(tls) > now);
    assert_true(weft_tls_expires(tls) <= now + 24 * CERT_HOUR);
    assert_true(weft_tls_expires(old) < now);
    weft_tls_unref(tls);
    weft_tls_unref(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_exact_before_wildcard),
        cmocka_unit_test(test_protocols),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_ciphers),
        cmocka_unit_test(test_client_auth),
        cmocka_unit_test(test_client_ca_names),
        cmocka_unit_test(test_tickets),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_expires),
    };

    return cmocka_run_group_tests(tests, certs_up, certs_down);
}
