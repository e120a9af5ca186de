/* SPDX-License-Identifier: MIT */
#include "cli/number.h"
#include "support.h"

enum { PLAIN = 1, SIZE = 2, TIME = 4 };

static const struct {
    const char *text;
    int valid; /* which of the three take it */
    uint64_t plain, size, ms;
} cases[] = {
    {"0", PLAIN | SIZE | TIME, 0, 0, 0},
    {"1", PLAIN | SIZE | TIME, 1, 1, 1000},
    {"007", PLAIN | SIZE | TIME, 7, 7, 7000},
    {"18446744073709551615", PLAIN | SIZE, UINT64_MAX, UINT64_MAX, 0},
    {"18446744073709551616", 0, 0, 0, 0},
    {"99999999999999999999", 0, 0, 0, 0},
    {"18446744073709551", PLAIN | SIZE | TIME, 18446744073709551,
     18446744073709551, 18446744073709551000u},
    {"18446744073709552", PLAIN | SIZE, 18446744073709552, 18446744073709552,
     0},
    {"8K", SIZE, 0, 8192, 0},
    {"16M", SIZE, 0, 16777216, 0},
    {"2G", SIZE, 0, 2147483648, 0},
    {"17179869183G", SIZE, 0, 18446744072635809792u, 0},
    {"17179869184G", 0, 0, 0, 0},
    {"500ms", TIME, 0, 0, 500},
    {"30s", TIME, 0, 0, 30000},
    {"2m", TIME, 0, 0, 120000},
    {"8k", 0, 0, 0, 0},
    {"8KB", 0, 0, 0, 0},
    {"8 K", 0, 0, 0, 0},
    {"1h", 0, 0, 0, 0},
    {"1.5s", 0, 0, 0, 0},
    {"", 0, 0, 0, 0},
    {"K", 0, 0, 0, 0},
    {"ms", 0, 0, 0, 0},
    {"-1", 0, 0, 0, 0},
    {"+1", 0, 0, 0, 0},
    {" 1", 0, 0, 0, 0},
    {"1 ", 0, 0, 0, 0},
    {"0x10", 0, 0, 0, 0},
    {"off", 0, 0, 0, 0},
};

static void check(const char *text, bool valid, bool is_right, const char *as)
{
    CHECK(is_right, "'%s' as %s, which is %s", text, as,
          valid ? "valid" : "not valid");
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *text = cases[i].text;
        uint64_t value;
        bool valid;

        valid = cases[i].valid & PLAIN;
        check(text, valid,
              number_parse(&value, text) == valid &&
                  (!valid || value == cases[i].plain),
              "a number");
        valid = cases[i].valid & SIZE;
        check(text, valid,
              number_parse_size(&value, text) == valid &&
                  (!valid || value == cases[i].size),
              "a size");
        valid = cases[i].valid & TIME;
        check(text, valid,
              number_parse_time(&value, text) == valid &&
                  (!valid || value == cases[i].ms),
              "a time");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
