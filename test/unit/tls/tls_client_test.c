/* SPDX-License-Identifier: MIT */
#include "peer.h"

static struct weft_tls *make(struct weft_loop *loop,
                             const struct weft_tls_client_opts *opts)
{
    char why[WEFT_TLS_WHY];
    struct weft_tls *tls;
    int err = weft_tls_new_client(&tls, loop, opts, why);

    CHECK(err == 0, "%d %s", err, why);
    return tls;
}

/* ---- Whom it trusts ------------------------------------------------------ */

struct case_of_trust {
    const char *what;
    const struct cert *server;
    const struct cert *ca; /* NULL: the system's */
    const char *host;
    bool is_insecure;
    const char *why; /* NULL: it succeeds */
};

static void check_trust(const struct case_of_trust *c)
{
    const struct weft_tls_client_opts opts = {
        .ca_file = c->ca ? c->ca->path : NULL, .is_insecure = c->is_insecure};
    struct pair pair = {0};

    pair.loop = start_loop(&pair.fx, READ_SIZE);
    pair.server_tls = server_of(c->server);
    pair.client_tls = make(pair.loop, &opts);
    pair_join(&pair, c->host);
    TURN_UNTIL(pair.loop, end_is_settled(&pair.client));
    if (c->why) {
        CHECK(pair.client.end_err == WEFT_ERR_TLS, "%s: %d", c->what,
              pair.client.end_err);
        CHECK(strstr(pair.client.why, c->why), "%s: %s", c->what,
              pair.client.why);
        CHECK(strncmp(pair.client.why, "TLS handshake failed: ", 22) == 0, "%s",
              pair.client.why);
        /* And the server hears why. */
        end_close(&pair.client);
        TURN_UNTIL(pair.loop, pair.server.ends == 1);
        CHECK(strstr(pair.server.why, "alert"), "%s: %s", c->what,
              pair.server.why);
    } else {
        CHECK(pair.client.ends == 0, "%s: %s", c->what, pair.client.why);
    }
    pair_end(&pair);
}

static void test_trust(void **state)
{
    const struct case_of_trust cases[] = {
        {"well", &certs.server, &certs.ca, "a.test", false, NULL},
        {"a dot", &certs.server, &certs.ca, "a.test.", false, NULL},
        {"letters", &certs.server, &certs.ca, "A.TEST", false, NULL},
        {"IPv4", &certs.server, &certs.ca, "127.0.0.1", false, NULL},
        {"IPv6", &certs.server, &certs.ca, "::1", false, NULL},
        {"wildcard", &certs.other, &certs.ca, "x.wild.test", false, NULL},
        {"wrong host", &certs.server, &certs.ca, "c.test", false,
         "the server's certificate is not for c.test, but for a.test"},
        {"wrong address", &certs.server, &certs.ca, "127.0.0.9", false,
         "not for 127.0.0.9"},
        {"two levels", &certs.other, &certs.ca, "x.y.wild.test", false,
         "but for b.test, *.wild.test"},
        {"part of a name", &certs.server, &certs.ca, "est", false, "not for"},
        {"expired", &certs.expired, &certs.ca, "a.test", false,
         "has expired on "},
        {"self-signed", &certs.lone, &certs.ca, "a.test", false,
         "the server's certificate is self-signed"},
        {"another authority", &certs.stranger, &certs.ca, "a.test", false,
         "comes from \"Another authority\""},
        {"the system's store", &certs.server, NULL, "a.test", false,
         "comes from \"Weft authority\""},
        {"itself in the file", &certs.lone, &certs.lone, "a.test", false, NULL},
        {"itself, not a root", &certs.server, &certs.server, "a.test", false,
         NULL},
        {"insecure", &certs.expired, &certs.ca, "c.test", true, NULL},
        {"insecure, no file", &certs.lone, NULL, "c.test", true, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_trust(&cases[i]);
}

/* OpenSSL finds the system's store, and may be told of another. */
static void test_system_store(void **state)
{
    const struct case_of_trust c = {"SSL_CERT_FILE", &certs.server, NULL,
                                    "a.test",        false,         NULL};

    (void)state;
    setenv("SSL_CERT_FILE", certs.ca.path, 1);
    check_trust(&c);
    unsetenv("SSL_CERT_FILE");
}

static void test_not_yet_valid(void **state)
{
    const struct cert_opts opts = {.name = "a.test",
                                   .names = "DNS:a.test",
                                   .issuer = &certs.ca,
                                   .from_s = 24 * CERT_HOUR,
                                   .until_s = 48 * CERT_HOUR};
    struct cert early;
    struct case_of_trust c = {"early",  &early, &certs.ca,
                              "a.test", false,  "is not valid before 2"};

    (void)state;
    cert_make(&early, &opts);
    cert_write(&early, certs.folder, "early");
    check_trust(&c);
    cert_release(&early);
}

/* A chain of two comes with the server; the root does not. */
static void test_chain(void **state)
{
    const struct cert_opts middle_opts = {
        .name = "Middle", .issuer = &certs.ca, .is_authority = true};
    struct cert middle, leaf;
    const struct cert_opts leaf_opts = {
        .name = "a.test", .names = "DNS:a.test", .issuer = &middle};
    struct case_of_trust c = {
        "a hole in the chain",  &leaf, &certs.ca, "a.test", false,
        "comes from \"Middle\""};

    (void)state;
    cert_make(&middle, &middle_opts);
    cert_make(&leaf, &leaf_opts);
    cert_write(&leaf, certs.folder, "leaf");
    check_trust(&c);
    cert_append(&middle, leaf.path);
    c.why = NULL;
    check_trust(&c);
    cert_release(&middle);
    cert_release(&leaf);
}

static int note_name(SSL *ssl, int *alert, void *arg)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert;
    snprintf(arg, 64, "%s", name ? name : "none");
    return SSL_TLSEXT_ERR_OK;
}

/* Names are sent, without a dot at the end, and addresses are not. */
static void test_server_name(void **state)
{
    static const struct {
        const char *host, *sent;
    } cases[] = {
        {"a.test", "a.test"},
        {"a.test.", "a.test"},
        {"127.0.0.1", "none"},
        {"::1", "none"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture fx;
        struct weft_loop *loop = start_loop(&fx, READ_SIZE);
        struct weft_tls *tls = client_of(loop, NULL);
        struct end client;
        struct peer peer;
        char sent[64] = "";
        const unsigned char *protocol;
        unsigned len;

        end_open(&client, loop, peer_open(&peer, loop, TLS_server_method()));
        SSL_CTX_set_tlsext_servername_callback(peer.ctx, note_name);
        SSL_CTX_set_tlsext_servername_arg(peer.ctx, sent);
        peer_use(&peer, &certs.server);
        SSL_set_accept_state(peer.ssl);
        assert_int_equal(
            weft_tls_connect(&client.stream, tls, cases[i].host, 443), 0);
        assert_int_equal(peer_shake(&peer), 0);
        TURN_UNTIL(loop, end_is_settled(&client));
        assert_string_equal(sent, cases[i].sent);
        SSL_get0_alpn_selected(weft_tls_filter_of(&client.stream)->ssl,
                               &protocol, &len);
        assert_int_equal(len, 0); /* this server does not speak of it */
        end_close(&client);
        peer_close(&peer);
        weft_tls_unref(tls);
        end_loop(&fx);
    }
}

/* No name is not any name. */
static void test_bad_names(void **state)
{
    static char long_name[400];
    const char *const names[] = {"", long_name};

    (void)state;
    memset(long_name, 'a', sizeof(long_name) - 1);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct fixture fx;
        struct weft_loop *loop = start_loop(&fx, READ_SIZE);
        struct weft_tls *tls = client_of(loop, NULL);
        struct end client;
        int fds[2];

        unix_pair(fds);
        end_open(&client, loop, fds[0]);
        assert_int_equal(weft_tls_connect(&client.stream, tls, names[i], 443),
                         WEFT_ERR_TLS);
        assert_false(weft_tls_is_on(&client.stream));
        assert_false(is_readable(fds[1]));
        end_close(&client);
        close(fds[1]);
        weft_tls_unref(tls);
        end_loop(&fx);
    }
}

/* ---- Its own certificate ------------------------------------------------- */

static void test_own_certificate(void **state)
{
    const struct weft_tls_identity identity = {certs.server.path,
                                               certs.server.key_path};
    const struct weft_tls_opts opts = {
        .size = sizeof(opts),
        .identities = &identity,
        .identity_count = 1,
        .client_auth = WEFT_TLS_CLIENT_REQUIRED,
        .client_ca = certs.ca.path,
    };
    const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(versions); i++) {
        bool has_one = i % 2;
        char why[WEFT_TLS_WHY], subject[64];
        struct pair pair = {0};

        pair.loop = start_loop(&pair.fx, READ_SIZE);
        assert_int_equal(
            weft_tls_new_server(&pair.server_tls, &opts, NULL, why), 0);
        limit_version(pair.server_tls, versions[i / 2]);
        pair.client_tls = client_of(pair.loop, has_one ? &certs.client : NULL);
        pair_join(&pair, "a.test");
        TURN_UNTIL(pair.loop, has_one ? weft_tls_is_ready(&pair.server.stream)
                                      : pair.client.ends == 1);
        weft_tls_peer_subject(&pair.server.stream, subject, sizeof(subject));
        assert_string_equal(subject, has_one ? "CN=alice" : "");
        if (!has_one)
            CHECK(strstr(pair.client.why, "certificate"), "%s",
                  pair.client.why);
        pair_end(&pair);
    }
}

/* ---- Resuming ------------------------------------------------------------ */

/* A session is resumed with the same server under the same rules, and not with
 * another. */
static void test_resumption(void **state)
{
    const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    (void)state;
    for (size_t i = 0; i < COUNT(versions); i++) {
        const struct weft_tls_client_opts insecure = {.is_insecure = true};
        struct weft_tls *trusting, *first;
        struct pair pair;

        pair_start(&pair, versions[i]);
        first = pair.client_tls;
        for (int round = 0; round < 4; round++) {
            pair_shake(&pair);
            CHECK(weft_tls_is_resumed(&pair.client.stream) == (round > 0),
                  "round %d", round);
            CHECK(weft_tls_is_resumed(&pair.server.stream) == (round > 0),
                  "round %d", round);
            assert_int_equal(end_write(&pair.server, "x", 1), 1);
            TURN_UNTIL(pair.loop, pair.client.got_len == 1);
            pair_part(&pair);
            pair_join(&pair, "a.test");
        }
        pair_part(&pair);

        pair_join(&pair, "127.0.0.1");
        pair_shake(&pair);
        assert_false(weft_tls_is_resumed(&pair.client.stream));
        pair_part(&pair);

        trusting = make(pair.loop, &insecure);
        pair.client_tls = trusting;
        pair_join(&pair, "a.test");
        pair_shake(&pair);
        assert_false(weft_tls_is_resumed(&pair.client.stream));
        pair_part(&pair);
        weft_tls_unref(trusting);
        pair.client_tls = first;
        pair_end(&pair);
    }
}

/* ---- Contexts ------------------------------------------------------------ */

/* The loop gives the same to whoever asks for the same. */
static void test_same(void **state)
{
    const struct weft_tls_client_opts all[] = {
        {0},
        {.is_insecure = true},
        {.ca_file = certs.ca.path},
        {.ca_file = certs.lone.path},
        {.ca_file = certs.ca.path,
         .certificate = certs.client.path,
         .key = certs.client.key_path},
    };
    struct weft_tls *made[COUNT(all)];
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, READ_SIZE);

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        made[i] = make(loop, &all[i]);
        for (size_t k = 0; k < i; k++)
            assert_ptr_not_equal(made[i], made[k]);
    }
    for (size_t i = 0; i < COUNT(all); i++) {
        struct weft_tls *again = make(loop, &all[i]);

        assert_true(again == made[i] || WEFT_TLS_CLIENTS < COUNT(all));
        weft_tls_unref(again);
        weft_tls_unref(made[i]);
    }
    end_loop(&fx);
}

/* It keeps a few, whatever it is asked for. */
static void test_few(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, READ_SIZE);
    struct weft_tls_share *share;
    size_t count = 0;
    char path[128];

    (void)state;
    for (unsigned i = 0; i < 2 * WEFT_TLS_CLIENTS; i++) {
        const struct weft_tls_client_opts opts = {.ca_file = path};

        /* Another name for the same file each time. */
        snprintf(path, sizeof(path), "%s%.*s/ca.pem", certs.folder, (int)i,
                 "////////////////");
        weft_tls_unref(make(loop, &opts));
    }
    assert_int_equal(weft_tls_share_get(&share, loop), 0);
    for (struct weft_list *n = share->clients.next; n != &share->clients;
         n = n->next)
        count++;
    assert_int_equal(count, WEFT_TLS_CLIENTS);
    end_loop(&fx);
}

static void test_refused(void **state)
{
    const struct {
        struct weft_tls_client_opts opts;
        int err;
        const char *why;
    } cases[] = {
        {{.ca_file = "/none/at/all"}, WEFT_ERR_MISSING, "/none/at/all"},
        {{.ca_file = certs.ca.key_path}, WEFT_ERR_INVALID, "no certificate"},
        {{.certificate = "/none"}, WEFT_ERR_MISSING, "/none"},
        {{.certificate = certs.client.path}, WEFT_ERR_INVALID, "no private"},
        {{.certificate = certs.client.path, .key = certs.ca.key_path},
         WEFT_ERR_INVALID,
         "does not belong"},
    };
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, READ_SIZE);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char why[WEFT_TLS_WHY];
        struct weft_tls *tls = NULL;
        int err = weft_tls_new_client(&tls, loop, &cases[i].opts, why);

        CHECK(err == cases[i].err, "%zu: %d", i, err);
        CHECK(strstr(why, cases[i].why), "%zu: %s", i, why);
        assert_null(tls);
    }
    end_loop(&fx);
}

static void test_without_memory(void **state)
{
    const struct weft_tls_client_opts opts = {
        .ca_file = certs.ca.path,
        .certificate = certs.client.path,
        .key = certs.client.key_path,
    };
    int err = WEFT_ERR_NOMEM;

    (void)state;
    for (long n = 0; err; n++) {
        struct fixture fx;
        struct weft_loop *loop = start_loop(&fx, READ_SIZE);
        struct weft_tls *tls = NULL;
        char why[WEFT_TLS_WHY];

        fx.fm.left = n;
        err = weft_tls_new_client(&tls, loop, &opts, why);
        assert_true(err == 0 || err == WEFT_ERR_NOMEM);
        weft_tls_unref(tls);
        end_loop(&fx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_system_store),
        cmocka_unit_test(test_not_yet_valid),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_server_name),
        cmocka_unit_test(test_bad_names),
        cmocka_unit_test(test_own_certificate),
        cmocka_unit_test(test_resumption),
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_few),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, certs_up, certs_down);
}
