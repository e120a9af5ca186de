/* SPDX-License-Identifier: MIT */
#include "capture.h"
#include "cli/deflate_option.h"
#include "support.h"
#include <string.h>
#include <unistd.h>

static const struct option_row rows[] = {{"quiet", 0, false},
                                         {"deflate", 0, true}};
static const struct option_set set = {
    .command = "weft serve", .rows = rows, .count = COUNT(rows)};

#define OPT (OPTION_FIRST + 2)

static const struct {
    const char *text;
    struct weft_deflate_opts want; /* without size */
} good[] = {
    {"on", {0}},
    {"off", {.is_off = true}},
    {"level=1", {.level = 1}},
    {"level=9,memory=1,window=8,peer-window=15",
     {.level = 9, .memory_level = 1, .window_bits = 8, .peer_window_bits = 15}},
    {"takeover=none", {0}},
    {"takeover=own", {.has_takeover = true}},
    {"takeover=peer", {.peer_takeover = true}},
    {"takeover=both", {.has_takeover = true, .peer_takeover = true}},
    {"threshold=0", {.threshold = 1}},
    {"threshold=1K,ceiling=2M", {.threshold = 1024, .ceiling = 2097152}},
    {"level=1,level=2", {.level = 2}},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct weft_deflate_opts want = good[i].want, got = {0};

        want.size = sizeof(want);
        CHECK(deflate_option_set(&set, OPT, &got, good[i].text), "%s",
              good[i].text);
        CHECK(got.is_off == want.is_off && got.level == want.level &&
                  got.has_takeover == want.has_takeover &&
                  got.peer_takeover == want.peer_takeover &&
                  got.memory_level == want.memory_level &&
                  got.window_bits == want.window_bits &&
                  got.peer_window_bits == want.peer_window_bits &&
                  got.threshold == want.threshold &&
                  got.ceiling == want.ceiling && got.size == want.size,
              "%s", good[i].text);
    }
}

/* The last one counts, also after off. */
static void test_again(void **state)
{
    struct weft_deflate_opts got = {0};

    (void)state;
    assert_true(deflate_option_set(&set, OPT, &got, "off"));
    assert_true(deflate_option_set(&set, OPT, &got, "level=3"));
    assert_false(got.is_off);
    assert_int_equal(got.level, 3);
}

static const struct {
    const char *text, *said;
} bad[] = {
    {"", "--deflate takes on, off"},
    {"yes", "--deflate takes on, off"},
    {"level", "'level'"},
    {"level=", "from 1 to 9, not ''"},
    {"level=0", "from 1 to 9, not '0'"},
    {"level=10", "from 1 to 9, not '10'"},
    {"level=x", "not 'x'"},
    {"window=7", "from 8 to 15, not '7'"},
    {"window=16", "from 8 to 15, not '16'"},
    {"peer-window=-8", "from 8 to 15, not '-8'"},
    {"memory=18446744073709551617", "from 1 to 9"},
    {"takeover=some", "none, own, peer or both, not 'some'"},
    {"threshold=many", "threshold is a size, not 'many'"},
    {"speed=9", "no setting 'speed'"},
    {"level=9,", "not ''"},
    {",level=9", "not ''"},
};

/* Each is refused with one line, which says what is wrong. */
static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct weft_deflate_opts got = {0};
        const char *said, *end;
        bool is_set;

        capture_begin(STDERR_FILENO);
        is_set = deflate_option_set(&set, OPT, &got, bad[i].text);
        said = capture_end();
        end = strchr(said, '\n');
        CHECK(!is_set, "%s", bad[i].text);
        CHECK(strstr(said, bad[i].said) && end && !end[1], "%s: %s",
              bad[i].text, said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
