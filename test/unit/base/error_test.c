/* SPDX-License-Identifier: MIT */
/* Every error has a number of its own and a text; unknown numbers have one
 * too. */
#include "support.h"
#include <weft/error.h>

static const struct {
    const char *name, *text;
    int value, close_code;
} errors[] = {
#define X(name, value, close_code, text) {#name, text, value, close_code},
    WEFT_ERR_MAP(X)
#undef X
};

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        const char *text = weft_strerror(errors[i].value);

        assert_string_equal(text, errors[i].text);
        CHECK(text[0] && text[strlen(text) - 1] != '.', "%s", errors[i].name);
        assert_string_not_equal(text, weft_strerror(1));
    }
    assert_string_equal(weft_strerror(WEFT_ERR_NOMEM), "out of memory");
    assert_string_equal(weft_strerror(0), "no error");
}

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        CHECK(errors[i].value < 0, "%s", errors[i].name);
        CHECK(errors[i].close_code >= 1000 && errors[i].close_code < 1015, "%s",
              errors[i].name);
        for (size_t j = 0; j < i; j++)
            CHECK(errors[i].value != errors[j].value, "%s and %s",
                  errors[i].name, errors[j].name);
    }
}

static void test_unknown(void **state)
{
    static const int unknown[] = {1, 1000, -1000, INT32_MIN, INT32_MAX};

    (void)state;
    for (size_t i = 0; i < COUNT(unknown); i++)
        assert_string_equal(weft_strerror(unknown[i]), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
