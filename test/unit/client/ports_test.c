/* SPDX-License-Identifier: MIT */
/* The ports that the fetch standard blocks, counted and by some of either
 * kind. */
#include "client/url.h"
#include "support.h"

static void test_blocked(void **state)
{
    static const uint16_t cases[] = {
        0,   1,   7,    21,   22,   23,   25,   53,   110,   143,
        465, 587, 993,  995,  1723, 2049, 4190, 5060, 5061,  6000,
        636, 989, 6566, 6665, 6667, 6669, 6679, 6697, 10080,
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(weft_url_port_is_blocked(cases[i]), "%u", cases[i]);
}

static void test_others(void **state)
{
    static const uint16_t cases[] = {
        2,    80,   81,   443,  444,  1024, 1080,  3000,  3128,  5000,  6001,
        6664, 6670, 6696, 6698, 8080, 8443, 10079, 10081, 65534, 65535,
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(!weft_url_port_is_blocked(cases[i]), "%u", cases[i]);
}

static void test_count(void **state)
{
    int count = 0;

    (void)state;
    for (unsigned port = 0; port <= UINT16_MAX; port++)
        count += weft_url_port_is_blocked((uint16_t)port);
    assert_int_equal(count, 83);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocked),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
