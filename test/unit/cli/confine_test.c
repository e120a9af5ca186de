/* SPDX-License-Identifier: MIT */
/* From options to rights. test/system/sandbox.test.mjs has the whole. */
#include "apart.h"
#include "capture.h"
#include "cli/complain.h"
#include "cli/confine.h"
#include "command_line.h"
#include "support.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char logged[4096];

static void on_log(void *user, enum weft_log_level level, const char *line)
{
    size_t len = strlen(logged);

    (void)user;
    (void)level;
    snprintf(logged + len, sizeof(logged) - len, "%s\n", line);
}

static bool has_landlock(void)
{
    struct sandbox_files files;
    bool has = sandbox_files_begin(&files) && files.abi > 0;

    sandbox_files_end(&files);
    return has;
}

/* EACCES where there is Landlock. */
static int denied(void)
{
    return has_landlock() ? EACCES : 0;
}

/* All kinds of files that options name, in the folder of the test. */
static void name_all(struct serve_options *options)
{
    static char cache[128], document_root[128], log[128], address[128];

    *options = (struct serve_options){
        .handlers.size = sizeof(options->handlers),
        .handlers.cache = cache,
        .server.document_root = document_root,
        .handlers_dir = apart_mkdir("h"),
        .access_log = log,
        .error_log = "-",
        .has_sandbox = true,
    };
    snprintf(cache, sizeof(cache), "%s", apart_path("cache"));
    snprintf(document_root, sizeof(document_root), "%s", apart_mkdir("www"));
    snprintf(log, sizeof(log), "%s", apart_write("log/access", "", 0644));
    snprintf(address, sizeof(address), "unix:%s",
             apart_write("run/socket", "", 0600));
    options->addresses.items[options->addresses.count++] = "localhost";
    options->addresses.items[options->addresses.count++] = address;
    options->readable.items[options->readable.count++] =
        apart_write("readable", "x", 0644);
    options->writable.items[options->writable.count++] =
        apart_mkdir("writable");
    apart_write("h/file", "x", 0644);
    apart_write("www/file", "x", 0644);
    apart_write("other/file", "x", 0644);
}

static int begin(struct confine *confine, const struct serve_options *options)
{
    struct weft_server_opts opts = {.size = sizeof(opts), .log = on_log};
    struct weft_server *server;

    if (weft_server_new(&server, &opts))
        return 254;
    if (!confine_begin(confine, options, server))
        return 253;
    confine_tell(confine, options, server);
    weft_server_free(server);
    return 0;
}

/* A number for the first thing that is not as it should be. */
static int look(const void *arg)
{
    const struct serve_options *options = arg;
    struct confine confine;
    const char *temp;

    if (begin(&confine, options))
        return 1;
    temp = getenv("TMPDIR");
    if (!temp || strcmp(temp, options->handlers.cache) != 0 ||
        apart_make(apart_path("cache/new")))
        return 2;
    if (apart_read(apart_path("h/file")) || apart_read(apart_path("www/file")))
        return 3;
    if (apart_make(apart_path("h/new")) != denied() ||
        apart_make(apart_path("www/new")) != denied())
        return 4;
    if (apart_read(apart_path("readable")) ||
        apart_make(apart_path("readable")) != denied())
        return 5;
    if (apart_make(apart_path("writable/new")) ||
        unlink(apart_path("writable/new")))
        return 6;
    if (apart_make(apart_path("log/new")) ||
        apart_read(apart_path("log/new")) != denied())
        return 7;
    if (unlink(apart_path("run/socket")) ||
        apart_make(apart_path("run/new")) != denied())
        return 8;
    if (apart_read(apart_path("other/file")) != denied())
        return 9;
    confine_end(&confine);
    return strstr(logged, "sandbox: no_new_privs") ? 0 : 10;
}

static void test_named(void **state)
{
    struct serve_options options;

    (void)state;
    name_all(&options);
    assert_int_equal(apart(look, &options), 0);
}

/* A folder that does not last is made, and leaves nothing. */
static int look_at_temp(const void *arg)
{
    const struct serve_options *options = arg;
    struct confine confine;
    const char *temp;
    struct stat st;

    if (setenv("HOME", "/dev/null", 1) || unsetenv("XDG_CACHE_HOME") ||
        setenv("TMPDIR", apart_path("temp"), 1))
        return 254;
    if (begin(&confine, options))
        return 1;
    temp = getenv("TMPDIR");
    if (!temp || strcmp(temp, confine.temp) != 0 || stat(temp, &st) ||
        (st.st_mode & 0777) != 0700)
        return 2;
    if (apart_make(apart_path("temp/new")) != denied())
        return 3;
    confine_end(&confine);
    return stat(temp, &st) && errno == ENOENT ? 0 : 4;
}

static void test_temp(void **state)
{
    struct serve_options options;

    (void)state;
    name_all(&options);
    options.handlers.cache = NULL;
    apart_mkdir("temp");
    assert_int_equal(apart(look_at_temp, &options), 0);
}

static int look_outside(const void *arg)
{
    const struct serve_options *options = arg;
    struct confine confine;
    const char *before = getenv("TMPDIR");

    if (begin(&confine, options))
        return 1;
    if (apart_read(apart_path("other/file")) ||
        apart_make(apart_path("h/new")) || getenv("TMPDIR") != before)
        return 2;
    confine_end(&confine);
    return strstr(logged, "sandbox: none") ? 0 : 3;
}

static void test_no_sandbox(void **state)
{
    struct serve_options options;

    (void)state;
    name_all(&options);
    options.has_sandbox = false;
    assert_int_equal(apart(look_outside, &options), 0);
}

/* A folder for compiled handlers that cannot be used, with a sandbox or not. */
static void test_bad_cache(void **state)
{
    struct serve_options options;
    struct confine confine = {0};

    (void)state;
    complain_as("weft serve");
    name_all(&options);
    options.has_sandbox = false;
    for (size_t i = 0; i < 2; i++) {
        bool is_confined;

        if (i == 0)
            chmod(apart_mkdir("cache"), 0777);
        else
            options.handlers.cache = "/dev/null/cache";
        capture_begin(STDERR_FILENO);
        is_confined = confine_begin(&confine, &options, NULL);
        command_line_check(capture_end(), "weft serve",
                           i == 0 ? "the cache folder" : "--cache-dir", i);
        assert_false(is_confined);
        confine_end(&confine);
    }
    confine_end(&confine); /* twice, and a zeroed one: nothing */
}

#define IN_DIR(test)                                                           \
    cmocka_unit_test_setup_teardown(test, apart_setup, apart_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(test_named),
        IN_DIR(test_temp),
        IN_DIR(test_no_sandbox),
        IN_DIR(test_bad_cache),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
