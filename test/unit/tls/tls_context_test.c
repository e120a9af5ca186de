/* SPDX-License-Identifier: MIT */
#include "tls/tls_context.h"

#include "ends.h"

static void test_count(void **state)
{
    struct fail_mem fm = {.left = -1};
    const struct weft_mem mem = {fail_realloc, &fm};
    struct weft_tls *tls = weft_tls_new(&mem, 2);

    (void)state;
    assert_non_null(tls);
    assert_ptr_equal(weft_tls_ref(tls), tls);
    weft_tls_unref(tls);
    assert_true(fm.live > 0);
    assert_non_null(weft_tls_add_ctx(tls, TLS_server_method()));
    weft_tls_unref(tls);
    assert_int_equal(fm.live, 0);
    weft_tls_unref(NULL);
}

static void test_without_memory(void **state)
{
    struct weft_tls *tls = NULL;

    (void)state;
    for (long n = 0; !tls; n++) {
        struct fail_mem fm = {.left = n};
        const struct weft_mem mem = {fail_realloc, &fm};

        tls = weft_tls_new(&mem, 1);
        weft_tls_unref(tls);
        assert_int_equal(fm.live, 0);
    }
}

static void test_settings(void **state)
{
    struct weft_tls *tls = weft_tls_new(&weft_mem_libc, 1);
    SSL_CTX *ctx = weft_tls_add_ctx(tls, TLS_server_method());

    (void)state;
    assert_int_equal(SSL_CTX_get_min_proto_version(ctx), TLS1_2_VERSION);
    assert_true(SSL_CTX_get_options(ctx) & SSL_OP_NO_RENEGOTIATION);
    assert_true(SSL_CTX_get_options(ctx) & SSL_OP_NO_COMPRESSION);
    assert_true(SSL_CTX_get_mode(ctx) & SSL_MODE_RELEASE_BUFFERS);
    assert_false(SSL_CTX_get_read_ahead(ctx));
    weft_tls_unref(tls);
}

/* The key may stand in the file of the certificate, and authorities follow. */
static void test_use(void **state)
{
    struct weft_tls *tls = weft_tls_new(&weft_mem_libc, 1);
    SSL_CTX *ctx = weft_tls_add_ctx(tls, TLS_server_method());
    struct weft_tls_identity identity = {certs.server.key_path, NULL};
    STACK_OF(X509) * chain;
    char why[WEFT_TLS_WHY];

    (void)state;
    cert_append(&certs.server, certs.server.key_path);
    cert_append(&certs.ca, certs.server.key_path);
    assert_int_equal(weft_tls_use(ctx, &identity, why), 0);
    assert_int_equal(X509_cmp(SSL_CTX_get0_certificate(ctx), certs.server.x509),
                     0);
    assert_int_equal(SSL_CTX_get0_chain_certs(ctx, &chain), 1);
    assert_int_equal(sk_X509_num(chain), 1);
    assert_int_equal(
        EVP_PKEY_eq(SSL_CTX_get0_privatekey(ctx), certs.server.key), 1);
    weft_tls_unref(tls);
}

static void test_use_fails(void **state)
{
    const struct {
        struct weft_tls_identity identity;
        int err;
        const char *why;
    } cases[] = {
        {{"/none", NULL}, WEFT_ERR_MISSING, "cannot read \"/none\""},
        {{certs.ca.path, "/none"}, WEFT_ERR_MISSING, "cannot read \"/none\""},
        {{certs.ca.path, certs.lone.key_path},
         WEFT_ERR_INVALID,
         "does not belong to the first certificate"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weft_tls *tls = weft_tls_new(&weft_mem_libc, 1);
        SSL_CTX *ctx = weft_tls_add_ctx(tls, TLS_server_method());
        char why[WEFT_TLS_WHY] = "";
        int err = weft_tls_use(ctx, &cases[i].identity, why);

        CHECK(err == cases[i].err, "%zu: %d", i, err);
        CHECK(strstr(why, cases[i].why), "%zu: %s", i, why);
        assert_int_equal(ERR_peek_error(), 0);
        weft_tls_unref(tls);
    }
}

/* A key that OpenSSL finds too weak is refused in its words. */
static void test_weak(void **state)
{
    struct weft_tls *tls = weft_tls_new(&weft_mem_libc, 1);
    SSL_CTX *ctx = weft_tls_add_ctx(tls, TLS_server_method());
    const struct weft_tls_identity identity = {certs.lone.path,
                                               certs.lone.key_path};
    char why[WEFT_TLS_WHY];

    (void)state;
    SSL_CTX_set_security_level(ctx, 5);
    assert_int_equal(weft_tls_use(ctx, &identity, why), WEFT_ERR_INVALID);
    CHECK(strstr(why, "is refused: ee key too small"), "%s", why);
    weft_tls_unref(tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),     cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_settings),  cmocka_unit_test(test_use),
        cmocka_unit_test(test_use_fails), cmocka_unit_test(test_weak),
    };

    return cmocka_run_group_tests(tests, certs_up, certs_down);
}
