/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "handler/so/handlers.h"
#include "workshop.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_open(void **state)
{
    struct weft_handlers *handlers;

    (void)state;
    tree_write("h/one_wsh.c", ANSWERS("401"));
    tree_write("h/sub/two_wsh.c", "#include \"number.h\"\n" ANSWERS("NUMBER"));
    tree_write("h/sub/number.h", "#define NUMBER 402\n");
    tree_write("h/bad_wsh.c", "int x = ;\n");
    tree_write("h/warns_wsh.c", "static int unused;\n" ANSWERS("403"));
    tree_write("h/readme.txt", "");

    handlers = workshop_open();
    assert_string_equal(workshop_paths(handlers), "/one /sub/two /warns");
    assert_int_equal(weft_handlers_failed(handlers), 1);
    assert_int_equal(fake_server_ask("/one"), 401);
    assert_int_equal(fake_server_ask("/sub/two"), 402);
    assert_int_equal(fake_server_ask("/warns"), 403);
    assert_true(fake_server_logged(WEFT_LOG_ERROR, "h/bad_wsh.c:1:9: error:"));
    assert_true(fake_server_logged(WEFT_LOG_ERROR, "/bad is not served"));
    assert_true(fake_server_logged(WEFT_LOG_WARN, "unused"));

    /* Closing stops watching; what is served stays. */
    weft_handlers_close(handlers);
    assert_int_equal(fake_server_ask("/one"), 401);
    assert_int_equal(fake_server_gone(), 0);
}

static void test_second_start(void **state)
{
    struct weft_handlers *handlers;
    size_t before;

    (void)state;
    tree_write("h/one_wsh.c", "#include \"x.h\"\n" ANSWERS("NUMBER"));
    tree_write("h/x.h", "#define NUMBER 401\n");
    weft_handlers_close(workshop_open());
    before = workshop_runs();
    assert_true(before > 0);
    fake_server_reset();

    handlers = workshop_open();
    assert_int_equal(workshop_runs(), before);
    assert_int_equal(fake_server_ask("/one"), 401);
    weft_handlers_close(handlers);
    fake_server_reset();

    tree_write("h/x.h", "#define NUMBER 402\n");
    handlers = workshop_open();
    assert_true(workshop_runs() > before);
    assert_int_equal(fake_server_ask("/one"), 402);
    weft_handlers_close(handlers);
}

static void test_objects(void **state)
{
    struct weft_handlers *handlers;

    (void)state;
    workshop_object("h/one_wsh.so", ANSWERS("401"));
    workshop_object("h/two_wsh.so", ANSWERS("403"));
    tree_write("h/two_wsh.c", ANSWERS("402"));
    tree_write("h/three_wsh.so", "I am none");

    handlers = workshop_open();
    assert_string_equal(workshop_paths(handlers), "/one /two");
    assert_int_equal(weft_handlers_failed(handlers), 1);
    assert_int_equal(fake_server_ask("/one"), 401);
    assert_int_equal(fake_server_ask("/two"), 402);
    assert_true(fake_server_logged(WEFT_LOG_WARN, "two_wsh.so is passed over"));
    assert_true(fake_server_logged(WEFT_LOG_ERROR, "three_wsh.so: "));
    weft_handlers_close(handlers);
}

static void test_errors(void **state)
{
    struct {
        struct weft_handlers_opts known;
        char rest;
    } newer = {.known = workshop_opts, .rest = 1};
    struct weft_handlers *handlers;

    (void)state;
    tree_write("h/one_wsh.c", ANSWERS("401"));
    assert_int_equal(weft_handlers_open(&handlers, fake_server(),
                                        tree_path("none"), &workshop_opts),
                     WEFT_ERR_MISSING);
    assert_int_equal(weft_handlers_open(&handlers, fake_server(),
                                        tree_path("cc.sh"), &workshop_opts),
                     WEFT_ERR_MISSING);
    newer.known.size = sizeof(newer);
    assert_int_equal(weft_handlers_open(&handlers, fake_server(), workshop_dir,
                                        &newer.known),
                     WEFT_ERR_USAGE);
    assert_int_equal(chmod(workshop_cache, 0777), 0);
    assert_int_equal(weft_handlers_open(&handlers, fake_server(), workshop_dir,
                                        &workshop_opts),
                     WEFT_ERR_DENIED);
    workshop_opts.cache = workshop_compiler;
    assert_int_equal(weft_handlers_open(&handlers, fake_server(), workshop_dir,
                                        &workshop_opts),
                     WEFT_ERR_SYSTEM);
    assert_int_equal(fake_server_mounts(), 0);
    weft_handlers_close(NULL);
}

static void test_no_compiler(void **state)
{
    struct weft_handlers *handlers;

    (void)state;
    tree_write("h/one_wsh.c", ANSWERS("401"));
    tree_write("h/two_wsh.c", ANSWERS("402"));
    workshop_opts.compiler = "weft-no-such-compiler";
    handlers = workshop_open();
    assert_int_equal(weft_handlers_failed(handlers), 2);
    assert_string_equal(workshop_paths(handlers), "");
    assert_int_equal(fake_server_logged(WEFT_LOG_ERROR, "apt-get install"), 1);
    weft_handlers_close(handlers);
}

static void test_unwanted(void **state)
{
    struct weft_handlers *handlers;

    (void)state;
    tree_write("h/one_wsh.c", ANSWERS("401"));
    fake_server_refuse(WEFT_ERR_USAGE);
    handlers = workshop_open();
    assert_int_equal(weft_handlers_failed(handlers), 1);
    assert_int_equal(fake_server_ask("/one"), -1);
    weft_handlers_close(handlers);
}

/* ---- Following changes ----------------------------------------------------
 */

static void test_change(void **state)
{
    struct weft_handlers *handlers;

    (void)state;
    workshop_opts.watch = true;
    tree_write("h/one_wsh.c", "#include \"x.h\"\n" ANSWERS("NUMBER"));
    tree_write("h/x.h", "#define NUMBER 401\n");
    handlers = workshop_open();
    assert_int_equal(fake_server_ask("/one"), 401);

    /* The source is written in place, then replaced; then its header. */
    tree_write("h/one_wsh.c", "#include \"x.h\"\n" ANSWERS("NUMBER + 1"));
    fake_server_wait_answer("/one", 402);
    tree_replace("h/one_wsh.c", "#include \"x.h\"\n" ANSWERS("NUMBER + 2"));
    fake_server_wait_answer("/one", 403);
    tree_replace("h/x.h", "#define NUMBER 411\n");
    fake_server_wait_answer("/one", 413);

    /* Back to what was compiled before. */
    tree_replace("h/x.h", "#define NUMBER 401\n");
    fake_server_wait_answer("/one", 403);
    assert_int_equal(weft_handlers_failed(handlers), 0);
    weft_handlers_close(handlers);
}

static void test_come_and_go(void **state)
{
    struct weft_handlers *handlers;

    (void)state;
    workshop_opts.watch = true;
    handlers = workshop_open();
    assert_string_equal(workshop_paths(handlers), "");
    tree_write("h/one_wsh.c", ANSWERS("401"));
    fake_server_wait_answer("/one", 401);

    /* Folders below, made later, are followed too. */
    tree_write("h/a/b/two_wsh.c", ANSWERS("402"));
    fake_server_wait_answer("/a/b/two", 402);
    tree_write("h/a/b/two_wsh.c", ANSWERS("403"));
    fake_server_wait_answer("/a/b/two", 403);

    assert_int_equal(
        rename(tree_path("h/one_wsh.c"), tree_path("h/three_wsh.c")), 0);
    fake_server_wait_answer("/three", 401);
    fake_server_wait_answer("/one", -1);
    tree_remove("h/a");
    fake_server_wait_answer("/a/b/two", -1);
    fake_server_wait_log("/a/b/two is no longer served");
    weft_handlers_close(handlers);
}

/* The folder itself goes, and comes again. */
static void test_folder_replaced(void **state)
{
    struct weft_handlers *handlers;

    (void)state;
    workshop_opts.watch = true;
    tree_write("h/one_wsh.c", ANSWERS("401"));
    tree_write("next/one_wsh.c", ANSWERS("402"));
    tree_write("next/two_wsh.c", ANSWERS("403"));
    handlers = workshop_open();
    assert_int_equal(rename(workshop_dir, tree_path("old")), 0);
    fake_server_wait_answer("/one", -1);
    fake_server_wait_log("no such file or folder");
    assert_int_equal(rename(tree_path("next"), workshop_dir), 0);
    fake_server_wait_answer("/one", 402);
    fake_server_wait_answer("/two", 403);
    weft_handlers_close(handlers);
}

static void test_bad_change(void **state)
{
    struct weft_handlers *handlers;

    (void)state;
    workshop_opts.watch = true;
    tree_write("h/one_wsh.c", ANSWERS("401"));
    handlers = workshop_open();
    tree_replace("h/one_wsh.c", ANSWERS("401 +"));
    fake_server_wait_log("/one keeps the code it has");
    assert_int_equal(fake_server_ask("/one"), 401);
    assert_int_equal(fake_server_mounts(), 1);
    tree_replace("h/one_wsh.c", ANSWERS("402"));
    fake_server_wait_answer("/one", 402);
    weft_handlers_close(handlers);
}

/* The compiler would run forever; close does not wait for it. */
static void test_close_while_compiling(void **state)
{
    struct weft_handlers *handlers;
    char script[PATH_MAX + 100], byte;
    int fd;

    (void)state;
    assert_int_equal(mkfifo(tree_path("fifo"), 0600), 0);
    snprintf(script, sizeof(script), "exec 3>'%s'; sleep 1000",
             tree_path("fifo"));
    tree_script("cc.sh", script);
    workshop_opts.watch = true;
    handlers = workshop_open();
    tree_write("h/one_wsh.c", ANSWERS("401"));
    fd = open(tree_path("fifo"), O_RDONLY); /* until the compiler runs */
    weft_handlers_close(handlers);
    assert_int_equal(read(fd, &byte, 1), 0); /* it does not any more */
    close(fd);
    assert_int_equal(fake_server_mounts(), 0);
    assert_int_equal(tree_count("cache", ".so"), 0);
}

static void test_no_memory(void **state)
{
    long n = 0;
    int err;

    (void)state;
    tree_write("h/one_wsh.c", ANSWERS("401"));
    tree_write("h/bad_wsh.c", "int x = ;\n");
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_handlers *handlers = NULL;

        err = weft_handlers_open_with(&handlers, fake_server(), workshop_dir,
                                      &workshop_opts, &mem);
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        weft_handlers_close(handlers);
        if (!err && fake_server_ask("/one") != 401)
            err = WEFT_ERR_NOMEM; /* one file failed for want of memory */
        fake_server_reset();
        CHECK(fm.live == 0, "%zu bytes leaked at step %ld", fm.live, n);
    } while (err);
}

/* The folder is found, and made, as open would; but none of this run alone. */
static void test_cache_dir(void **state)
{
    char path[PATH_MAX];

    (void)state;
    assert_int_equal(
        weft_handlers_cache_dir(path, sizeof(path), tree_path("a/../b/c")), 0);
    assert_string_equal(path, tree_path("b/c"));
    assert_true(tree_has("b/c"));
    assert_int_equal(weft_handlers_cache_dir(path, 4, tree_path("b/c")),
                     WEFT_ERR_LIMIT);
    assert_int_equal(chmod(tree_path("b/c"), 0777), 0);
    assert_int_equal(
        weft_handlers_cache_dir(path, sizeof(path), tree_path("b/c")),
        WEFT_ERR_DENIED);
    tree_mkdir("temp");
    setenv("XDG_CACHE_HOME", tree_path("home"), 1);
    assert_int_equal(weft_handlers_cache_dir(path, sizeof(path), NULL), 0);
    assert_string_equal(path, tree_path("home/weft/handlers"));
    setenv("XDG_CACHE_HOME", "/dev/null", 1);
    setenv("TMPDIR", tree_path("temp"), 1);
    assert_int_equal(weft_handlers_cache_dir(path, sizeof(path), NULL),
                     WEFT_ERR_SYSTEM);
    assert_int_equal(rmdir(tree_path("temp")), 0); /* it is empty */
    unsetenv("XDG_CACHE_HOME");
    unsetenv("TMPDIR");
}

#define IN_SHOP(test)                                                          \
    cmocka_unit_test_setup_teardown(test, workshop_setup, workshop_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SHOP(test_open),
        IN_SHOP(test_second_start),
        IN_SHOP(test_objects),
        IN_SHOP(test_errors),
        IN_SHOP(test_no_compiler),
        IN_SHOP(test_unwanted),
        IN_SHOP(test_change),
        IN_SHOP(test_come_and_go),
        IN_SHOP(test_folder_replaced),
        IN_SHOP(test_bad_change),
        IN_SHOP(test_close_while_compiling),
        IN_SHOP(test_no_memory),
        IN_SHOP(test_cache_dir),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
