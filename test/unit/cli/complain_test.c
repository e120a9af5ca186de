/* SPDX-License-Identifier: MIT */
#include "capture.h"
#include "cli/complain.h"
#include "support.h"
#include <unistd.h>

static void test_speaker(void **state)
{
    (void)state;
    capture_begin(STDERR_FILENO);
    complain("no %s", "command");
    assert_string_equal(capture_end(), "weft: no command\n");
    complain_as("weft serve");
    capture_begin(STDERR_FILENO);
    complain("%d of %s", 2, "them");
    assert_string_equal(capture_end(), "weft serve: 2 of them\n");
}

/* What is too long is cut, and is one line still. */
static void test_long(void **state)
{
    static char text[10000];
    const char *said;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    capture_begin(STDERR_FILENO);
    complain("%s", text);
    said = capture_end();
    CHECK(strlen(said) > 4000 && strlen(said) < 4200, "%zu", strlen(said));
    assert_int_equal(said[strlen(said) - 1], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_speaker),
        cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
