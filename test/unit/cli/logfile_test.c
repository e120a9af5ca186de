/* SPDX-License-Identifier: MIT */
#include "cli/logfile.h"
#include "support.h"
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], path[80], moved[80];

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/weft-log-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/log", dir);
    snprintf(moved, sizeof(moved), "%s/moved", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    unlink(moved);
    return rmdir(dir);
}

static const char *contents(const char *name)
{
    static char text[8192];
    int fd = open(name, O_RDONLY);
    ssize_t n = read(fd, text, sizeof(text) - 1);

    CHECK(n >= 0, "%s", name);
    text[n] = '\0';
    close(fd);
    return text;
}

static void check_match(const char *text, const char *pattern)
{
    regex_t regex;

    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    CHECK(regexec(&regex, text, 0, NULL, 0) == 0, "'%s' is not %s", text,
          pattern);
    regfree(&regex);
}

#define TIME                                                                   \
    "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]"           \
    "\\.[0-9]{3}Z "

static void test_lines(void **state)
{
    static const struct {
        enum weft_log_level level;
        const char *word;
    } levels[] = {
        {WEFT_LOG_ERROR, "error"},
        {WEFT_LOG_WARN, "warn "},
        {WEFT_LOG_INFO, "info "},
        {WEFT_LOG_DEBUG, "debug"},
    };
    struct logfile log = {.has_level = true};
    char pattern[200];

    (void)state;
    for (size_t i = 0; i < COUNT(levels); i++) {
        unlink(path);
        assert_true(logfile_open(&log, path, -1));
        logfile_write(&log, levels[i].level, "what happened");
        snprintf(pattern, sizeof(pattern), "^" TIME "%s what happened\n$",
                 levels[i].word);
        check_match(contents(path), pattern);
        logfile_close(&log);
    }
}

static void test_access_lines(void **state)
{
    struct logfile log = {.fd = -1};

    (void)state;
    assert_true(logfile_open(&log, path, -1));
    logfile_write(&log, WEFT_LOG_ACCESS, "127.0.0.1 GET /");
    logfile_write(&log, WEFT_LOG_ACCESS, "");
    check_match(contents(path), "^" TIME "127.0.0.1 GET /\n" TIME "\n$");
    logfile_close(&log);
    logfile_close(&log);
    logfile_write(&log, WEFT_LOG_ACCESS, "dropped");
}

/* Several programs may append to one file; others may not read it. */
static void test_appends(void **state)
{
    struct logfile first = {.fd = -1}, second = {.fd = -1};
    struct stat st;

    (void)state;
    assert_true(logfile_open(&first, path, -1));
    assert_true(logfile_open(&second, path, -1));
    logfile_write(&first, WEFT_LOG_ACCESS, "one");
    logfile_write(&second, WEFT_LOG_ACCESS, "two");
    logfile_write(&first, WEFT_LOG_ACCESS, "three");
    check_match(contents(path), "^" TIME "one\n" TIME "two\n" TIME "three\n$");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0137, 0);
    logfile_close(&first);
    logfile_close(&second);
}

/* A line that is too long is cut, and still a line. */
static void test_long_line(void **state)
{
    struct logfile log = {.has_level = true};
    static char line[4096];
    const char *text;

    (void)state;
    memset(line, 'x', sizeof(line) - 1);
    assert_true(logfile_open(&log, path, -1));
    logfile_write(&log, WEFT_LOG_WARN, line);
    logfile_write(&log, WEFT_LOG_WARN, "next");
    text = contents(path);
    check_match(text, "^" TIME "warn  x+\n" TIME "warn  next\n$");
    assert_true(strlen(text) > 1024);
    logfile_close(&log);
}

static void test_reopen(void **state)
{
    struct logfile log = {.fd = -1};

    (void)state;
    assert_true(logfile_open(&log, path, -1));
    logfile_write(&log, WEFT_LOG_ACCESS, "before");
    assert_int_equal(rename(path, moved), 0);
    logfile_write(&log, WEFT_LOG_ACCESS, "meanwhile");
    logfile_reopen(&log);
    logfile_write(&log, WEFT_LOG_ACCESS, "after");
    check_match(contents(moved), "before\n.*meanwhile\n$");
    check_match(contents(path), "^" TIME "after\n$");
    logfile_close(&log);
}

/* The path cannot be opened any more: better the old file than none. */
static void test_reopen_in_vain(void **state)
{
    struct logfile log = {.fd = -1};

    (void)state;
    assert_true(logfile_open(&log, path, -1));
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    logfile_reopen(&log);
    logfile_write(&log, WEFT_LOG_ACCESS, "still");
    check_match(contents(moved), "still\n$");
    logfile_close(&log);
    assert_int_equal(rmdir(path), 0);
}

/* "-" is a descriptor that is not ours: not closed, not opened again; and no
 * colour where it is not a terminal. */
static void test_dash(void **state)
{
    struct logfile log = {.has_level = true};
    char text[200] = "";
    int fd[2];

    (void)state;
    assert_int_equal(pipe(fd), 0);
    assert_true(logfile_open(&log, "-", fd[1]));
    logfile_reopen(&log);
    logfile_write(&log, WEFT_LOG_ERROR, "hello");
    logfile_close(&log);
    assert_int_equal(write(fd[1], "!", 1), 1);
    assert_true(read(fd[0], text, sizeof(text) - 1) > 0);
    check_match(text, "^" TIME "error hello\n!$");
    close(fd[0]);
    close(fd[1]);
}

static void test_terminal(void **state)
{
    struct logfile log = {.has_level = true};
    int primary = posix_openpt(O_RDWR | O_NOCTTY), fd;
    char text[200] = "";

    (void)state;
    assert_int_equal(grantpt(primary) | unlockpt(primary), 0);
    fd = open(ptsname(primary), O_RDWR | O_NOCTTY);
    assert_true(logfile_open(&log, "-", fd));
    logfile_write(&log, WEFT_LOG_ERROR, "hello");
    assert_true(read(primary, text, sizeof(text) - 1) > 0);
    check_match(text, "^" TIME "\033\\[31merror\033\\[0m hello\r\n$");
    close(fd);
    close(primary);
}

static void test_cannot_be_opened(void **state)
{
    struct logfile log = {.fd = -1};

    (void)state;
    assert_false(logfile_open(&log, "/no/such/folder/log", -1));
    assert_int_equal(errno, ENOENT);
    assert_false(logfile_open(&log, dir, -1));
    assert_int_equal(errno, EISDIR);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(test_lines),
        IN_DIR(test_access_lines),
        IN_DIR(test_appends),
        IN_DIR(test_long_line),
        IN_DIR(test_reopen),
        IN_DIR(test_reopen_in_vain),
        IN_DIR(test_dash),
        IN_DIR(test_terminal),
        IN_DIR(test_cannot_be_opened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
