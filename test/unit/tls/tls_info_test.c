/* SPDX-License-Identifier: MIT */
#include "ends.h"

static void test_plain(void **state)
{
    struct fixture fx;
    struct end end;
    char text[16] = "?";
    int fds[2];

    (void)state;
    unix_pair(fds);
    end_open(&end, start_loop(&fx, READ_SIZE), fds[0]);
    assert_false(weft_tls_is_on(&end.stream));
    assert_false(weft_tls_is_ready(&end.stream));
    assert_false(weft_tls_is_resumed(&end.stream));
    assert_string_equal(weft_tls_why(&end.stream), "");
    assert_false(weft_tls_peer_subject(&end.stream, text, sizeof(text)));
    assert_string_equal(text, "");
    assert_string_equal(weft_tls_describe(&end.stream, text, sizeof(text)), "");
    end_close(&end);
    close(fds[1]);
    end_loop(&fx);
}

static void test_describe(void **state)
{
    static const struct {
        int version;
        const char *text;
    } cases[] = {
        {TLS1_2_VERSION, "TLSv1.2 ECDHE-ECDSA-"},
        {TLS1_3_VERSION, "TLSv1.3 TLS_"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pair pair;
        char text[64], subject[64], small[5];

        pair_start(&pair, cases[i].version);
        assert_true(weft_tls_is_on(&pair.client.stream));
        assert_false(weft_tls_is_ready(&pair.client.stream));
        assert_string_equal(
            weft_tls_describe(&pair.client.stream, text, sizeof(text)), "");
        pair_shake(&pair);
        weft_tls_describe(&pair.client.stream, text, sizeof(text));
        assert_memory_equal(text, cases[i].text, strlen(cases[i].text));
        assert_string_equal(
            weft_tls_describe(&pair.server.stream, small, sizeof(small)),
            "TLSv");

        assert_true(weft_tls_peer_subject(&pair.client.stream, subject,
                                          sizeof(subject)));
        assert_string_equal(subject, "CN=a.test");
        assert_true(
            weft_tls_peer_subject(&pair.client.stream, small, sizeof(small)));
        assert_string_equal(small, "CN=a");
        weft_tls_describe(&pair.client.stream, small, 0);
        weft_tls_peer_subject(&pair.client.stream, small, 0);
        assert_string_equal(small, "CN=a");
        assert_false(weft_tls_peer_subject(&pair.server.stream, subject,
                                           sizeof(subject)));
        assert_string_equal(weft_tls_why(&pair.client.stream), "");
        pair_end(&pair);
    }
}

/* A certificate that nobody has checked says nothing. */
static void test_insecure_subject(void **state)
{
    const struct weft_tls_client_opts opts = {.is_insecure = true};
    struct pair pair = {0};
    char text[64], why[WEFT_TLS_WHY];

    (void)state;
    pair.loop = start_loop(&pair.fx, READ_SIZE);
    pair.server_tls = server_of(&certs.server);
    assert_int_equal(
        weft_tls_new_client(&pair.client_tls, pair.loop, &opts, why), 0);
    pair_join(&pair, "a.test");
    pair_shake(&pair);
    assert_true(weft_tls_is_ready(&pair.client.stream));
    assert_false(
        weft_tls_peer_subject(&pair.client.stream, text, sizeof(text)));
    pair_end(&pair);
}

/* What could break a line or a header does not come out of a subject. */
static void test_escaped_subject(void **state)
{
    static const struct {
        const char *name, *subject;
    } cases[] = {
        {"a,b+c\"d\\e<f>g;h", "CN=a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h"},
        {"\r\nX: y", "CN=\\0D\\0AX: y"},
        {"J\xc3\xb6rg", "CN=J\\C3\\B6rg"},
    };
    const struct weft_tls_identity identity = {certs.server.path,
                                               certs.server.key_path};
    const struct weft_tls_opts opts = {
        .size = sizeof(opts),
        .identities = &identity,
        .identity_count = 1,
        .client_auth = WEFT_TLS_CLIENT_REQUIRED,
        .client_ca = certs.ca.path,
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct cert_opts named = {.name = cases[i].name,
                                        .issuer = &certs.ca};
        struct pair pair = {0};
        struct cert cert;
        char text[64], why[WEFT_TLS_WHY];

        cert_make(&cert, &named);
        cert_write(&cert, certs.folder, "named");
        pair.loop = start_loop(&pair.fx, READ_SIZE);
        assert_int_equal(
            weft_tls_new_server(&pair.server_tls, &opts, NULL, why), 0);
        pair.client_tls = client_of(pair.loop, &cert);
        pair_join(&pair, "a.test");
        pair_shake(&pair);
        assert_true(
            weft_tls_peer_subject(&pair.server.stream, text, sizeof(text)));
        assert_string_equal(text, cases[i].subject);
        pair_end(&pair);
        cert_release(&cert);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_insecure_subject),
        cmocka_unit_test(test_escaped_subject),
    };

    return cmocka_run_group_tests(tests, certs_up, certs_down);
}
