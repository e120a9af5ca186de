/* SPDX-License-Identifier: MIT */
#include "cli/history.h"
#include "support.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], path[HISTORY_PATH_SIZE];

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/weft-history-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    setenv("XDG_STATE_HOME", dir, 1);
    return history_path(path) ? 0 : -1;
}

static int tear_down(void **state)
{
    char folder[80];

    (void)state;
    snprintf(folder, sizeof(folder), "%s/weft", dir);
    unlink(path);
    rmdir(folder);
    return rmdir(dir);
}

static char first[64], last[64];
static size_t count;

static void take(void *arg, const char *line)
{
    assert_ptr_equal(arg, &count);
    snprintf(count == 0 ? first : last, sizeof(last), "%s", line);
    count++;
}

static size_t load(void)
{
    first[0] = last[0] = '\0';
    count = 0;
    history_load(path, take, &count);
    return count;
}

static void test_path(void **state)
{
    static const struct {
        const char *state_home, *home, *path;
    } cases[] = {
        {"/s", "/h", "/s/weft/connect_history"},
        {NULL, "/h", "/h/.local/state/weft/connect_history"},
        {"", "/h", "/h/.local/state/weft/connect_history"},
        {"relative", "/h", "/h/.local/state/weft/connect_history"},
        {NULL, NULL, NULL},
        {NULL, "h", NULL},
    };
    char out[HISTORY_PATH_SIZE], saved[64], *state_home, *home;
    char longest[HISTORY_PATH_SIZE];

    (void)state;
    snprintf(saved, sizeof(saved), "%s", dir);
    home = getenv("HOME");
    home = home ? strdup(home) : NULL;
    state_home = saved;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool found;

        unsetenv("XDG_STATE_HOME");
        unsetenv("HOME");
        if (cases[i].state_home)
            setenv("XDG_STATE_HOME", cases[i].state_home, 1);
        if (cases[i].home)
            setenv("HOME", cases[i].home, 1);
        found = history_path(out);
        CHECK(found == !!cases[i].path, "%zu", i);
        CHECK(!found || strcmp(out, cases[i].path) == 0, "%zu: %s", i, out);
    }
    memset(longest, '/', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    setenv("XDG_STATE_HOME", longest, 1);
    assert_false(history_path(out));
    setenv("XDG_STATE_HOME", state_home, 1);
    if (home)
        setenv("HOME", home, 1);
    free(home);
}

static void test_add_and_load(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(load(), 0); /* no file */
    history_add(path, "one");
    history_add(path, "zwei é");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(load(), 2);
    assert_string_equal(first, "one");
    assert_string_equal(last, "zwei é");
    assert_int_equal(unlink(path), 0);
}

/* A long file is cut down to its last lines, and they are what is read. */
static void test_long(void **state)
{
    FILE *file;
    struct stat st;

    (void)state;
    history_add(path, "0");
    file = fopen(path, "a");
    assert_non_null(file);
    for (int i = 1; i < 2 * HISTORY_MAX; i++)
        fprintf(file, "%d\n", i);
    fclose(file);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(load(), HISTORY_MAX);
        assert_string_equal(first, "1000");
        assert_string_equal(last, "1999");
    }
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, HISTORY_MAX * 5);
    assert_int_equal(st.st_mode & 0777, 0600);
    history_add(path, "2000");
    assert_int_equal(load(), HISTORY_MAX);
    assert_string_equal(first, "1001");
    assert_string_equal(last, "2000");
    assert_int_equal(unlink(path), 0);
}

/* Where nothing can be kept, nothing happens. */
static void test_nowhere(void **state)
{
    static const char *const paths[] = {"/dev/null/weft/history",
                                        "/proc/weft/history", "/dev/full"};

    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++)
        history_add(paths[i], "lost");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_add_and_load),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_nowhere),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
