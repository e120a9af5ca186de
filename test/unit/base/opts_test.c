/* SPDX-License-Identifier: MIT */
#include "base/opts.h"

#include "support.h"

/* The same options as three versions of the library know them. */
struct opts {
    size_t size;
    uint32_t first, second;
    uint64_t third;
};

static const struct {
    const char *what;
    size_t size;  /* that the caller states */
    size_t known; /* to the library */
    uint64_t third;
    int err;
} cases[] = {
    {"the same", 24, 24, 7, 0},
    {"an older caller", 16, 24, 7, 0},
    {"an older caller who knows nothing", 8, 24, 7, 0},
    {"an older caller, cut in a member", 13, 24, 7, 0},
    {"a newer caller, new member unused", 24, 16, 0, 0},
    {"a newer caller, new member used", 24, 16, 7, WEFT_ERR_USAGE},
    {"a newer caller, last byte used", 24, 16, (uint64_t)1 << 56,
     WEFT_ERR_USAGE},
    {"size never set", 0, 24, 0, WEFT_ERR_USAGE},
    {"size not even its own", 7, 24, 0, WEFT_ERR_USAGE},
    {"size is garbage", 4097, 24, 0, WEFT_ERR_USAGE},
    {"size is all ones", SIZE_MAX, 24, 0, WEFT_ERR_USAGE},
};

static void test_copy(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t seen =
            cases[i].size < cases[i].known ? cases[i].size : cases[i].known;
        struct opts src = {
            .size = cases[i].size,
            .first = 1,
            .second = 0x02020202,
            .third = cases[i].third,
        };
        size_t readable = src.size < sizeof(src) ? src.size : sizeof(src);
        struct opts want = {0}, got, before;
        int err;

        if (readable < sizeof(src.size))
            readable = sizeof(src.size);
        memset(&got, 0xee, sizeof(got));
        before = got;
        err = weft_opts_copy(&got, cases[i].known, at_page_end(&src, readable));
        CHECK(err == cases[i].err, "%s: %d", cases[i].what, err);
        if (err) {
            CHECK(memcmp(&got, &before, sizeof(got)) == 0, "%s: changed",
                  cases[i].what);
            continue;
        }
        memcpy(&want, &src, seen);
        want.size = cases[i].known;
        CHECK(memcmp(&got, &want, cases[i].known) == 0, "%s: differs",
              cases[i].what);
        CHECK(memcmp((char *)&got + cases[i].known,
                     (char *)&before + cases[i].known,
                     sizeof(got) - cases[i].known) == 0,
              "%s: wrote behind", cases[i].what);
    }
}

static void test_defaults(void **state)
{
    const struct opts want = {.size = sizeof(want)};
    struct opts got;

    (void)state;
    memset(&got, 0xee, sizeof(got));
    assert_int_equal(weft_opts_copy(&got, sizeof(got), NULL), 0);
    assert_memory_equal(&got, &want, sizeof(got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
