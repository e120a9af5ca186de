/* SPDX-License-Identifier: MIT */
/* No compiler is run: the test itself writes what one would. */
#include "base/mem.h"
#include "handler/so/build.h"
#include "tree.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct place {
    struct weft_cache cache;
    struct weft_compiler compiler;
    struct weft_builder builder;
    char dir[PATH_MAX];
};

static struct place place;

static int set_up(void **state)
{
    if (tree_setup(state))
        return -1;
    tree_mkdir("h");
    snprintf(place.dir, sizeof(place.dir), "%s", tree_path("h"));
    place.builder = (struct weft_builder){
        .mem = &weft_mem_libc,
        .dir = place.dir,
        .cache = &place.cache,
        .compiler = &place.compiler,
    };
    return weft_cache_init(&place.cache, &weft_mem_libc, tree_path("cache")) ||
                   weft_compiler_init(
                       &place.compiler, &weft_mem_libc,
                       &(struct weft_compiler_opts){"cc", "/i", NULL}) ||
                   weft_builder_init(&place.builder)
               ? -1
               : 0;
}

static int tear_down(void **state)
{
    weft_compiler_release(&place.compiler);
    weft_cache_release(&place.cache);
    return tree_teardown(state);
}

/* As if a compiler had begun long after the files were written. */
static void run_begins(struct weft_build_files *files)
{
    int fd = weft_cache_temp(&place.cache, files->object);

    CHECK(fd >= 0, "%d", fd);
    close(fd);
    snprintf(files->rule, sizeof(files->rule), "weft-tmp-1.d");
    clock_gettime(CLOCK_REALTIME, &files->started);
}

static void run_ends(const struct weft_build_files *files, const char *rule)
{
    char name[300];

    snprintf(name, sizeof(name), "cache/%s", files->object);
    tree_write(name, "object");
    snprintf(name, sizeof(name), "cache/%s", files->rule);
    tree_write(name, rule);
}

static void compile(struct weft_build *build, const char *rule)
{
    struct weft_build_files files;
    int err;

    run_begins(&files);
    run_ends(&files, rule);
    err = weft_build_settle(&place.builder, build, &files);
    CHECK(err == 0, "%s: %s", build->name, build->why);
}

static struct weft_build source(const char *name)
{
    return (struct weft_build){.name = name, .is_source = true};
}

static int found(const char *name, struct weft_build *build)
{
    *build = source(name);
    return weft_build_find(&place.builder, build);
}

static void test_source(void **state)
{
    struct weft_build build, again;
    char rule[2 * PATH_MAX];

    (void)state;
    tree_write("h/x_wsh.c", "1");
    tree_write("h/x.h", "1");
    snprintf(rule, sizeof(rule), "object: %s %s\n", tree_path("h/x_wsh.c"),
             tree_path("h/x.h"));
    assert_int_equal(found("x_wsh.c", &build), 0);
    compile(&build, rule);
    assert_true(weft_cache_has(&place.cache, build.object));
    assert_int_equal(found("x_wsh.c", &again), 1);
    assert_true(weft_digest_eq(&build.key, &again.key));
    assert_string_equal(build.object, again.object);

    /* The header changes, and then changes back. */
    tree_write("h/x.h", "2");
    assert_int_equal(found("x_wsh.c", &again), 0);
    compile(&again, rule);
    assert_false(weft_digest_eq(&build.key, &again.key));
    assert_string_not_equal(build.object, again.object);
    tree_write("h/x.h", "1");
    assert_int_equal(found("x_wsh.c", &again), 1);
    assert_string_equal(build.object, again.object);

    /* So does the source. */
    tree_write("h/x_wsh.c", "2");
    assert_int_equal(found("x_wsh.c", &again), 0);
    tree_write("h/x_wsh.c", "1");
    assert_int_equal(found("x_wsh.c", &again), 1);

    /* A header that is gone. */
    tree_remove("h/x.h");
    assert_int_equal(found("x_wsh.c", &again), 0);
    tree_write("h/x.h", "1");

    /* An object that is gone. */
    weft_cache_remove(&place.cache, build.object);
    assert_int_equal(found("x_wsh.c", &again), 0);
}

/* The same bytes under another name, or compiled otherwise, are another
 * object: names and flags get into objects. */
static void test_identity(void **state)
{
    struct weft_build x, y;
    struct weft_compiler other;
    char rule[PATH_MAX + 20];

    (void)state;
    tree_write("h/x_wsh.c", "1");
    tree_write("h/y_wsh.c", "1");
    snprintf(rule, sizeof(rule), "object: %s\n", tree_path("h/x_wsh.c"));
    found("x_wsh.c", &x);
    compile(&x, rule);
    assert_int_equal(found("y_wsh.c", &y), 0);
    assert_true(weft_digest_eq(&x.own, &y.own));

    assert_int_equal(
        weft_compiler_init(&other, &weft_mem_libc,
                           &(struct weft_compiler_opts){"cc", "/i", "-O0"}),
        0);
    place.builder.compiler = &other;
    assert_int_equal(found("x_wsh.c", &x), 0);
    weft_compiler_release(&other);
}

/* What changes while the compiler runs is not kept. */
static void test_busy(void **state)
{
    struct weft_build build;
    struct weft_build_files files;
    char rule[PATH_MAX + 20];

    (void)state;
    tree_write("h/x_wsh.c", "1");
    snprintf(rule, sizeof(rule), "object: %s\n", tree_path("h/x_wsh.c"));
    found("x_wsh.c", &build);
    run_begins(&files);
    files.started.tv_sec--; /* the file was written after that */
    run_ends(&files, rule);
    assert_int_equal(weft_build_settle(&place.builder, &build, &files),
                     WEFT_ERR_BUSY);
    assert_int_equal(build.err, 0);
    assert_true(weft_cache_has(&place.cache, files.object));
    assert_int_equal(found("x_wsh.c", &build), 0);

    /* Not there any more: that is a change too. */
    tree_remove("h/x_wsh.c");
    build = source("x_wsh.c");
    assert_int_equal(weft_build_settle(&place.builder, &build, &files),
                     WEFT_ERR_GONE);
    assert_int_equal(build.err, WEFT_ERR_GONE);
}

static void test_bad_rules(void **state)
{
    static const char *const rules[] = {"", "nonsense", "object:\n"};

    (void)state;
    tree_write("h/x_wsh.c", "1");
    for (size_t i = 0; i < COUNT(rules); i++) {
        struct weft_build_files files;
        struct weft_build build;

        found("x_wsh.c", &build);
        run_begins(&files);
        run_ends(&files, rules[i]);
        assert_int_equal(weft_build_settle(&place.builder, &build, &files),
                         WEFT_ERR_INVALID);
        assert_int_equal(build.err, WEFT_ERR_INVALID);
        assert_true(strlen(build.why) > 0);
        assert_int_equal(found("x_wsh.c", &build), 0);
    }
}

static void test_unreadable(void **state)
{
    struct weft_build build;

    (void)state;
    assert_int_equal(found("none_wsh.c", &build), WEFT_ERR_GONE);
    assert_int_equal(build.err, WEFT_ERR_GONE);
    assert_string_equal(build.why, "it cannot be read");
}

/* An object is copied, under a name that its contents give. */
static void test_object(void **state)
{
    struct weft_build first = {.name = "x_wsh.so"}, second = first;
    char name[300], *copy;

    (void)state;
    tree_write("h/x_wsh.so", "one");
    assert_int_equal(weft_build_find(&place.builder, &first), 1);
    snprintf(name, sizeof(name), "cache/%s", first.object);
    copy = tree_read(name);
    assert_string_equal(copy, "one");
    free(copy);
    assert_int_equal(tree_count("cache", ".so"), 1);

    tree_write("h/x_wsh.so", "two");
    assert_int_equal(weft_build_find(&place.builder, &second), 1);
    assert_string_not_equal(first.object, second.object);
    assert_int_equal(tree_count("cache", ".so"), 2);

    tree_write("h/x_wsh.so", "one");
    assert_int_equal(weft_build_find(&place.builder, &second), 1);
    assert_string_equal(first.object, second.object);
    assert_true(weft_digest_eq(&first.key, &second.key));
    assert_int_equal(tree_count("cache", ".so"), 2);
}

static void test_no_memory(void **state)
{
    static const char *const names[] = {"x_wsh.c", "x_wsh.so"};

    (void)state;
    tree_write("h/x_wsh.c", "1");
    tree_write("h/x_wsh.so", "1");
    {
        struct weft_build build = source("x_wsh.c");
        char rule[PATH_MAX + 20];

        snprintf(rule, sizeof(rule), "object: %s\n", tree_path("h/x_wsh.c"));
        assert_int_equal(weft_build_find(&place.builder, &build), 0);
        compile(&build, rule);
    }
    for (size_t i = 0; i < COUNT(names); i++) {
        long n = 0;
        int ret;

        do {
            struct fail_mem fm = {.left = n++};
            struct weft_mem mem = {fail_realloc, &fm};
            struct weft_builder builder = place.builder;
            struct weft_build build = {.name = names[i], .is_source = i == 0};

            builder.mem = &mem;
            ret = weft_build_find(&builder, &build);
            CHECK(ret == 1 || ret == WEFT_ERR_NOMEM, "%d", ret);
            CHECK(build.err == (ret < 0 ? ret : 0), "%d", build.err);
            CHECK(fm.live == 0, "%zu bytes leaked at step %ld", fm.live, n);
        } while (ret < 0);
    }
}

static void test_no_folder(void **state)
{
    struct weft_builder builder = place.builder;

    (void)state;
    builder.dir = "/none/such";
    assert_int_equal(weft_builder_init(&builder), WEFT_ERR_MISSING);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_source),     IN_PLACE(test_identity),
        IN_PLACE(test_busy),       IN_PLACE(test_bad_rules),
        IN_PLACE(test_unreadable), IN_PLACE(test_object),
        IN_PLACE(test_no_memory),  IN_PLACE(test_no_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
