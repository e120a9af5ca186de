/* SPDX-License-Identifier: MIT */
#include "tls/tls_file.h"

#include "certs.h"
#include "support.h"
#include <fcntl.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char folder[64];
static struct cert ca, leaf;

static const char *path_of(const char *file)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, file);
    return path;
}

static void write_text(const char *file, const char *text, size_t len)
{
    int fd = open(path_of(file), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    close(fd);
}

static int up(void **state)
{
    static char large[(1 << 20) + 1];
    const struct cert_opts ca_opts = {.name = "ca", .is_authority = true};
    const struct cert_opts leaf_opts = {.name = "leaf", .issuer = &ca};
    static const char bad[] = "-----BEGIN CERTIFICATE-----\nAAAA\n"
                              "-----END CERTIFICATE-----\n";

    static const char bad_key[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n"
                                  "-----END PRIVATE KEY-----\n";

    (void)state;
    certs_folder_make(folder);
    cert_make(&ca, &ca_opts);
    cert_make(&leaf, &leaf_opts);
    cert_write(&ca, folder, "ca");
    cert_write(&leaf, folder, "leaf");
    cert_write_locked(&leaf, path_of("locked.key"));
    cert_append(&leaf, path_of("chain.pem"));
    cert_append(&ca, path_of("chain.pem"));
    cert_append(&leaf, path_of("half.pem"));
    {
        FILE *file = fopen(path_of("half.pem"), "a");

        assert_non_null(file);
        fputs(bad, file);
        fclose(file);
    }
    write_text("empty", "", 0);
    write_text("text", "no PEM\n", 7);
    write_text("bad", bad, sizeof(bad) - 1);
    write_text("large", large, sizeof(large));
    write_text("bad.key", bad_key, sizeof(bad_key) - 1);
    return 0;
}

static int down(void **state)
{
    (void)state;
    cert_release(&ca);
    cert_release(&leaf);
    certs_folder_remove(folder);
    return 0;
}

static void test_certificates(void **state)
{
    static const struct {
        const char *file;
        int err, count;
        const char *why;
    } cases[] = {
        {"leaf.pem", 0, 1, NULL},
        {"chain.pem", 0, 2, NULL},
        {"none", WEFT_ERR_MISSING, 0, "No such file"},
        {"leaf.pem/x", WEFT_ERR_MISSING, 0, "Not a directory"},
        {".", WEFT_ERR_INVALID, 0, "Is a directory"},
        {"empty", WEFT_ERR_INVALID, 0, "no certificate"},
        {"text", WEFT_ERR_INVALID, 0, "BEGIN CERTIFICATE"},
        {"leaf.key", WEFT_ERR_INVALID, 0, "no certificate"},
        {"bad", WEFT_ERR_INVALID, 0, "certificate 1"},
        {"half.pem", WEFT_ERR_INVALID, 0, "certificate 2"},
        {"large", WEFT_ERR_INVALID, 0, "larger than a megabyte"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct stack_st_X509 *all = NULL;
        char why[WEFT_TLS_WHY] = "";
        int err = weft_tls_read_certificates(&all, path_of(cases[i].file), why);

        CHECK(err == cases[i].err, "%s: %d", cases[i].file, err);
        CHECK(err ? !all : sk_X509_num(all) == cases[i].count, "%s",
              cases[i].file);
        if (err) {
            CHECK(strstr(why, cases[i].why), "%s: %s", cases[i].file, why);
            CHECK(strstr(why, path_of(cases[i].file)), "%s", why);
        }
        assert_int_equal(ERR_peek_error(), 0);
        sk_X509_pop_free(all, X509_free);
    }
}

static void test_keys(void **state)
{
    static const struct {
        const char *file;
        int err;
        const char *why;
    } cases[] = {
        {"leaf.key", 0, NULL},
        {"none", WEFT_ERR_MISSING, "No such file"},
        {"leaf.pem", WEFT_ERR_INVALID, "no private key"},
        {"empty", WEFT_ERR_INVALID, "no private key"},
        {"bad.key", WEFT_ERR_INVALID, "cannot be read"},
        {"locked.key", WEFT_ERR_INVALID, "locked by a passphrase"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        EVP_PKEY *key = NULL;
        char why[WEFT_TLS_WHY] = "";
        int err = weft_tls_read_key(&key, path_of(cases[i].file), why);

        CHECK(err == cases[i].err, "%s: %d", cases[i].file, err);
        CHECK(err ? !key : EVP_PKEY_eq(key, leaf.key) == 1, "%s",
              cases[i].file);
        if (err) {
            CHECK(strstr(why, cases[i].why), "%s: %s", cases[i].file, why);
            CHECK(strstr(why, path_of(cases[i].file)), "%s", why);
        }
        assert_int_equal(ERR_peek_error(), 0);
        EVP_PKEY_free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_keys),
    };

    return cmocka_run_group_tests(tests, up, down);
}
