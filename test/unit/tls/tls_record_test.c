/* SPDX-License-Identifier: MIT */
#include "tls/tls_record.h"

#include "support.h"

static const struct {
    const char *what, *hex;
    size_t whole;
    bool is_strange;
} cases[] = {
    {"nothing", "", 0, false},
    {"a header", "1603010002", 0, false},
    {"one record", "16030100021122", 7, false},
    {"one and a byte", "1603010002112217", 7, false},
    {"two", "160301000211221703030001ff", 13, false},
    {"two and the header of a third", "160301000211221703030001ff1503030002",
     13, false},
    {"an empty one", "1703030000", 5, false},
    {"the longest that may be", "1703034800", 0, false},
    {"one that is longer", "1703034801", 5, true},
    {"no record", "2a", 1, true},
    {"a record, then none", "170303000111ff", 7, true},
    {"a hello of SSL 2", "802e01030100150000001000", 12, true},
};

/* However the bytes lie in the two pieces, and whatever is still missing. */
static void test_cases(void **state)
{
    uint8_t raw[64];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n = unhex(raw, cases[i].hex);

        for (size_t cut = 0; cut <= n; cut++) {
            const struct weft_buf kept = {.data = at_page_end(raw, cut),
                                          .len = cut};
            const uint8_t *b = at_page_end(raw + cut, n - cut);
            bool is_strange = false;
            size_t whole = weft_tls_whole(&kept, b, n - cut, &is_strange);

            CHECK(whole == cases[i].whole, "%s cut at %zu: %zu", cases[i].what,
                  cut, whole);
            CHECK(is_strange == cases[i].is_strange, "%s cut at %zu",
                  cases[i].what, cut);
        }
    }
}

/* With fewer bytes there are no more records, and what was strange stays so. */
static void test_prefixes(void **state)
{
    uint8_t raw[64];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n = unhex(raw, cases[i].hex), last = 0;
        bool was_strange = false;

        for (size_t len = 0; len <= n; len++) {
            const struct weft_buf kept = {.data = at_page_end(raw, len),
                                          .len = len};
            bool is_strange = false;
            size_t whole = weft_tls_whole(&kept, NULL, 0, &is_strange);

            CHECK(whole >= last && whole <= len, "%s: %zu", cases[i].what, len);
            CHECK(is_strange || !was_strange, "%s: %zu", cases[i].what, len);
            last = whole;
            was_strange = is_strange;
        }
    }
}

/* Once strange, all that comes is for OpenSSL to refuse. */
static void test_strange_stays(void **state)
{
    uint8_t raw[64];
    size_t n = unhex(raw, "160301000211");
    const struct weft_buf kept = {.data = raw, .len = 2};
    bool is_strange = true;

    (void)state;
    assert_int_equal(weft_tls_whole(&kept, raw + 2, n - 2, &is_strange), n);
    assert_true(is_strange);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_strange_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
