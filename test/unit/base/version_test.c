/* SPDX-License-Identifier: MIT */
/* The library says the version of its headers, and words for what is in it. */
#include "support.h"
#include <weft/version.h>

static void test_version(void **state)
{
    (void)state;
    assert_string_equal(weft_version(), WEFT_VERSION);
}

static void test_features(void **state)
{
    const char *features = weft_features();
    size_t len = strlen(features);

    (void)state;
    /* Single spaces between words, none at the ends; the first two parts are
     * in every build. */
    assert_int_equal(strncmp(features, "epoll openssl", 13), 0);
    assert_true(features[13] == '\0' || features[13] == ' ');
    assert_null(strstr(features, "  "));
    assert_int_not_equal(features[len - 1], ' ');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_features),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
