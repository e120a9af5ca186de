/* SPDX-License-Identifier: MIT */
/* Certificates that listeners share, and read again. */
#include "server/keyring.h"

#include "cert_files.h"
#include "support.h"
#include <stdio.h>

#define YEAR (INT64_C(366) * 86400)

static char lines[2048];

static void keep(void *user, enum weft_log_level level, const char *line)
{
    size_t len = strlen(lines);

    (void)user;
    snprintf(lines + len, sizeof(lines) - len, "%d %s\n", (int)level, line);
}

static struct weft_log open_log(void)
{
    struct weft_log log;

    lines[0] = '\0';
    weft_log_init(&log, keep, NULL, true);
    return log;
}

static struct weft_tls_opts opts_of(const struct weft_tls_identity *identities,
                                    size_t count)
{
    return (struct weft_tls_opts){.size = sizeof(struct weft_tls_opts),
                                  .identities = identities,
                                  .identity_count = count};
}

/* The same files and rules are the same keyring; whatever differs is another.
 */
static void test_shared(void **state)
{
    const struct weft_tls_identity both = {cert_path("both.pem"), NULL};
    const struct weft_tls_identity apart = {cert_path("server.pem"),
                                            cert_path("server.key")};
    const struct weft_tls_identity two[] = {both, apart};
    const struct weft_tls_identity copy = {cert_path("both.pem"), NULL};
    struct weft_tls_opts all[] = {
        opts_of(&both, 1), opts_of(&apart, 1), opts_of(two, 2),
        opts_of(&both, 1), opts_of(&both, 1),  opts_of(&both, 1),
    };
    struct weft_tls_opts same = opts_of(&copy, 1);
    struct weft_keyring *keyrings[COUNT(all)], *list = NULL, *again;
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    char why[WEFT_TLS_WHY];

    (void)state;
    all[3].client_auth = WEFT_TLS_CLIENT_REQUIRED;
    all[3].client_ca = cert_path("ca.pem");
    all[4] = all[3];
    all[4].client_auth = WEFT_TLS_CLIENT_OPTIONAL;
    all[5].ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
    for (size_t i = 0; i < COUNT(all); i++) {
        int err = weft_keyring_open(&keyrings[i], &list, &mem, &all[i], why);

        CHECK(err == 0, "%zu: %s", i, why);
        for (size_t j = 0; j < i; j++)
            CHECK(keyrings[i] != keyrings[j], "%zu and %zu", i, j);
    }
    for (size_t i = 0; i < COUNT(all); i++) {
        assert_int_equal(weft_keyring_open(&again, &list, &mem, &all[i], why),
                         0);
        assert_ptr_equal(again, keyrings[i]);
    }
    assert_int_equal(weft_keyring_open(&again, &list, &mem, &same, why), 0);
    assert_ptr_equal(again, keyrings[0]);
    weft_keyrings_free(list);
    assert_int_equal(fm.live, 0);
}

static void test_wrong(void **state)
{
    const struct weft_tls_identity missing = {"/none/such.pem", NULL};
    const struct weft_tls_identity keyless = {cert_path("server.pem"), NULL};
    const struct weft_tls_identity nobody = {NULL, NULL};
    const struct {
        struct weft_tls_opts opts;
        int err;
        const char *about;
    } cases[] = {
        {opts_of(&missing, 1), WEFT_ERR_MISSING, "/none/such.pem"},
        {opts_of(&keyless, 1), WEFT_ERR_INVALID, "server.pem"},
        {opts_of(&nobody, 1), WEFT_ERR_USAGE, ""},
        {opts_of(NULL, 0), WEFT_ERR_USAGE, ""},
        {{.size = 1}, WEFT_ERR_USAGE, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weft_keyring *keyring, *list = NULL;
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {fail_realloc, &fm};
        char why[WEFT_TLS_WHY];
        int err = weft_keyring_open(&keyring, &list, &mem, &cases[i].opts, why);

        CHECK(err == cases[i].err, "%zu: %d %s", i, err, why);
        CHECK(strstr(why, cases[i].about), "%zu: %s", i, why);
        assert_null(list);
        assert_int_equal(fm.live, 0);
    }
}

static void test_without_memory(void **state)
{
    const struct weft_tls_identity apart = {cert_path("server.pem"),
                                            cert_path("server.key")};
    struct weft_tls_opts opts = opts_of(&apart, 1);
    long n = 0;
    int err;

    (void)state;
    opts.client_auth = WEFT_TLS_CLIENT_OPTIONAL;
    opts.client_ca = cert_path("ca.pem");
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_keyring *keyring, *list = NULL;
        char why[WEFT_TLS_WHY];

        err = weft_keyring_open(&keyring, &list, &mem, &opts, why);
        assert_true(err == 0 || err == WEFT_ERR_NOMEM);
        weft_keyrings_free(list);
        CHECK(fm.live == 0, "%zu bytes left at step %ld", fm.live, n);
    } while (err);
    assert_true(n > 4);
}

static void test_reload(void **state)
{
    const struct weft_tls_identity own = {cert_copy("both.pem", "own.pem"),
                                          NULL};
    struct weft_tls_opts opts = opts_of(&own, 1);
    struct weft_keyring *keyring, *list = NULL;
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_log log = open_log();
    struct weft_tls *before, *after;
    char why[WEFT_TLS_WHY];

    (void)state;
    weft_keyrings_reload(NULL, &log);
    assert_string_equal(lines, "");
    assert_int_equal(weft_keyring_open(&keyring, &list, &mem, &opts, why), 0);
    before = weft_keyring_take(keyring);
    weft_keyrings_reload(list, &log);
    assert_string_equal(lines, "2 certificates read again\n");
    after = weft_keyring_take(keyring);
    assert_ptr_not_equal(before, after);
    weft_tls_unref(before);

    weft_log_release(&log);
    log = open_log();
    cert_copy("ca.key", "own.pem");
    weft_keyrings_reload(list, &log);
    assert_true(strncmp(lines, "0 the old certificates stay", 27) == 0);
    assert_non_null(strstr(lines, "own.pem"));
    before = weft_keyring_take(keyring);
    assert_ptr_equal(before, after);
    weft_tls_unref(before);
    weft_tls_unref(after);
    weft_keyrings_free(list);
    assert_int_equal(fm.live, 0);
    weft_log_release(&log);
}

static void test_warn(void **state)
{
    const struct weft_tls_identity two[] = {
        {cert_path("server.pem"), cert_path("server.key")},
        {cert_path("b.pem"), cert_path("b.key")}};
    struct weft_tls_opts one = opts_of(two, 1), both = opts_of(two, 2);
    struct weft_keyring *keyring, *list = NULL;
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_log log = open_log();
    char why[WEFT_TLS_WHY], want[600];
    int64_t end;

    (void)state;
    assert_int_equal(weft_keyring_open(&keyring, &list, &mem, &one, why), 0);
    end = weft_tls_expires(keyring->tls);
    weft_keyrings_warn(list, &log, end - 15 * 86400);
    weft_keyrings_warn(list, &log, 0);
    assert_string_equal(lines, "");
    weft_keyrings_warn(list, &log, end - 13 * 86400);
    snprintf(want, sizeof(want), "1 the certificate in %s expires on ",
             two[0].certificate);
    assert_true(strncmp(lines, want, strlen(want)) == 0);

    weft_log_release(&log);
    log = open_log();
    assert_int_equal(weft_keyring_open(&keyring, &list, &mem, &both, why), 0);
    weft_keyrings_warn(list, &log, end + YEAR);
    snprintf(want, sizeof(want),
             "1 the certificate in %s or another has expired on ",
             two[0].certificate);
    assert_true(strncmp(lines, want, strlen(want)) == 0);
    assert_non_null(strstr(lines, "server.pem has expired on "));
    weft_keyrings_free(list);
    assert_int_equal(fm.live, 0);
    weft_log_release(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared),         cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_without_memory), cmocka_unit_test(test_reload),
        cmocka_unit_test(test_warn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
