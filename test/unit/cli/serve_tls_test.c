/* SPDX-License-Identifier: MIT */
#include "capture.h"
#include "cli/complain.h"
#include "cli/serve_tls.h"
#include "support.h"
#include <unistd.h>

/* What is given, and NULL where it makes sense, or else what the one line about
 * it must contain. */
static const struct {
    struct serve_tls given;
    const char *about;
    enum weft_tls_client_auth auth;
} cases[] = {
    {{0}, NULL},
    {{.is_everywhere = true, .certificates = {{"c"}, 1}, .keys = {{"k"}, 1}},
     NULL},
    {{.port = "0", .certificates = {{"c"}, 1}}, NULL},
    {{.is_everywhere = true,
      .certificates = {{"c", "d"}, 2},
      .keys = {{"k", "l"}, 2},
      .asks_clients = true,
      .client_ca = "a"},
     NULL,
     WEFT_TLS_CLIENT_REQUIRED},
    {{.is_everywhere = true,
      .certificates = {{"c"}, 1},
      .asks_clients = true,
      .may_lack = true,
      .client_ca = "a"},
     NULL,
     WEFT_TLS_CLIENT_OPTIONAL},

    {{.is_everywhere = true, .port = "1", .certificates = {{"c"}, 1}},
     "--tls-port is for TLS beside"},
    {{.is_everywhere = true}, "needs a certificate"},
    {{.port = "1", .keys = {{"k"}, 1}}, "needs a certificate"},
    {{.certificates = {{"c"}, 1}}, "-c and -k are for TLS: add --tls"},
    {{.keys = {{"k"}, 1}}, "-c and -k are for TLS: add --tls"},
    {{.asks_clients = true}, "client certificates are for TLS: add --tls"},
    {{.may_lack = true}, "client certificates are for TLS"},
    {{.client_ca = "a"}, "client certificates are for TLS"},
    {{.port = "1", .certificates = {{"c", "d"}, 2}, .keys = {{"k"}, 1}},
     "come in pairs"},
    {{.port = "1", .certificates = {{"c"}, 1}, .keys = {{"k", "l"}, 2}},
     "come in pairs"},
    {{.port = "1", .certificates = {{"c"}, 1}, .may_lack = true},
     "--tls-client-cert-optional needs --tls-client-auth"},
    {{.port = "1", .certificates = {{"c"}, 1}, .client_ca = "a"},
     "--tls-client-ca needs --tls-client-auth"},
    {{.port = "1", .certificates = {{"c"}, 1}, .asks_clients = true},
     "--tls-client-auth needs --tls-client-ca"},
};

static void test_cases(void **state)
{
    (void)state;
    complain_as("weft serve");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct serve_tls tls = cases[i].given;
        const char *said;
        bool is_sound;

        capture_begin(STDERR_FILENO);
        is_sound = serve_tls_settle(&tls);
        said = capture_end();
        CHECK(is_sound == !cases[i].about, "%zu: %s", i, said);
        CHECK(strstr(said, is_sound ? "" : cases[i].about), "%zu: %s", i, said);
        CHECK(is_sound == !*said, "%zu: %s", i, said);
        if (is_sound)
            assert_int_equal(tls.opts.client_auth, cases[i].auth);
    }
}

static void test_identities(void **state)
{
    struct serve_tls tls = {.is_everywhere = true,
                            .certificates = {{"c", "d"}, 2},
                            .keys = {{"k", "l"}, 2}};
    struct serve_tls keyless = {.port = "1", .certificates = {{"c"}, 1}};

    (void)state;
    assert_false(serve_tls_is_on(&(struct serve_tls){0}));
    assert_true(serve_tls_is_on(&tls) && serve_tls_is_on(&keyless));
    assert_true(serve_tls_settle(&tls));
    assert_int_equal(tls.opts.size, sizeof(tls.opts));
    assert_int_equal(tls.opts.identity_count, 2);
    assert_string_equal(tls.opts.identities[0].certificate, "c");
    assert_string_equal(tls.opts.identities[0].key, "k");
    assert_string_equal(tls.opts.identities[1].certificate, "d");
    assert_string_equal(tls.opts.identities[1].key, "l");
    assert_true(serve_tls_settle(&keyless));
    assert_null(keyless.opts.identities[0].key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_identities),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
