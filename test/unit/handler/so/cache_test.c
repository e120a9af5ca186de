/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "handler/so/cache.h"
#include "tree.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct weft_cache opened(const char *path)
{
    struct weft_cache cache;
    int err = weft_cache_init(&cache, &weft_mem_libc, path);

    CHECK(err == 0, "%s: %d", path ? path : "NULL", err);
    return cache;
}

static mode_t mode_of(const char *name)
{
    struct stat st;

    CHECK(stat(tree_path("%s", name), &st) == 0, "%s", name);
    return st.st_mode & 07777;
}

static void test_makes_folders(void **state)
{
    struct weft_cache cache;

    (void)state;
    umask(0);
    cache = opened(tree_path("a/b/c"));
    assert_int_equal(mode_of("a"), 0700);
    assert_int_equal(mode_of("a/b/c"), 0700);
    assert_false(cache.is_private);
    weft_cache_release(&cache);
    assert_true(tree_has("a/b/c"));
    umask(022);
}

static void test_path_is_absolute(void **state)
{
    struct weft_cache cache;
    char *back = getcwd(NULL, 0);

    (void)state;
    assert_int_equal(chdir(tree_path(".")), 0);
    cache = opened("x/../y");
    assert_int_equal(chdir(back), 0);
    free(back);
    assert_string_equal(cache.path, tree_path("y"));
    weft_cache_release(&cache);
    weft_cache_release(&cache);
}

/* Code is loaded from there: nobody else may put any. */
static void test_unsafe(void **state)
{
    static const struct {
        mode_t mode;
        int want;
    } cases[] = {
        {0700, 0},
        {0755, 0},
        {0770, WEFT_ERR_DENIED},
        {0702, WEFT_ERR_DENIED},
        {01777, WEFT_ERR_DENIED},
    };
    struct weft_cache cache;

    (void)state;
    tree_mkdir("c");
    for (size_t i = 0; i < COUNT(cases); i++) {
        int err;

        assert_int_equal(chmod(tree_path("c"), cases[i].mode), 0);
        err = weft_cache_init(&cache, &weft_mem_libc, tree_path("c"));
        CHECK(err == cases[i].want, "%o: %d", cases[i].mode, err);
        weft_cache_release(&cache);
    }
}

static void test_of_another_user(void **state)
{
    struct weft_cache cache;

    (void)state;
    if (geteuid() != 0) {
        print_message("only root can give a folder away\n");
        skip();
    }
    tree_mkdir("c");
    assert_int_equal(chmod(tree_path("c"), 0700), 0);
    assert_int_equal(chown(tree_path("c"), 1, 1), 0);
    assert_int_equal(weft_cache_init(&cache, &weft_mem_libc, tree_path("c")),
                     WEFT_ERR_DENIED);
    weft_cache_release(&cache);
}

static void test_cannot_be_made(void **state)
{
    struct weft_cache cache;

    (void)state;
    tree_write("file", "");
    assert_int_equal(weft_cache_init(&cache, &weft_mem_libc, tree_path("file")),
                     WEFT_ERR_SYSTEM);
    assert_int_equal(
        weft_cache_init(&cache, &weft_mem_libc, tree_path("file/c")),
        WEFT_ERR_SYSTEM);
    assert_int_equal(weft_cache_init(&cache, &weft_mem_libc, ""),
                     WEFT_ERR_SYSTEM);
}

/* Which variables there are, and where the folder is then; NULL: a private
 * one. %s is the folder of the test. */
static const struct {
    const char *xdg, *home, *want;
} places[] = {
    {"%s/xdg", "%s/home", "xdg/weft/handlers"},
    {NULL, "%s/home", "home/.cache/weft/handlers"},
    {"relative", "%s/home", "home/.cache/weft/handlers"},
    {"", "%s/home", "home/.cache/weft/handlers"},
    {NULL, NULL, NULL},
    {NULL, "", NULL},
    {"%s/file", "%s/home", NULL},
};

static void set_env(const char *name, const char *value)
{
    if (!value)
        unsetenv(name);
    else if (value[0] == '%')
        setenv(name, tree_path("%s", value + 3), 1);
    else
        setenv(name, value, 1);
}

static void test_usual_places(void **state)
{
    (void)state;
    tree_mkdir("temp");
    tree_write("file", "");
    setenv("TMPDIR", tree_path("temp"), 1);
    for (size_t i = 0; i < COUNT(places); i++) {
        struct weft_cache cache;

        set_env("XDG_CACHE_HOME", places[i].xdg);
        set_env("HOME", places[i].home);
        cache = opened(NULL);
        CHECK(cache.is_private == !places[i].want, "%zu: %s", i, cache.path);
        CHECK((tree_count("temp", "") > 2) == !places[i].want, "%zu", i);
        if (places[i].want)
            assert_string_equal(cache.path, tree_path("%s", places[i].want));
        weft_cache_release(&cache);
        CHECK(tree_count("temp", "") == 2, "%zu: not removed", i);
    }
    unsetenv("TMPDIR");
}

/* A usual place that is not safe is passed over, not used. */
static void test_unsafe_usual_place(void **state)
{
    struct weft_cache cache;

    (void)state;
    set_env("XDG_CACHE_HOME", "%s/xdg");
    cache = opened(NULL);
    weft_cache_release(&cache);
    assert_int_equal(chmod(tree_path("xdg/weft/handlers"), 0777), 0);
    cache = opened(NULL);
    assert_true(cache.is_private);
    assert_int_equal(access(cache.path, F_OK), 0);
    weft_cache_release(&cache);
    unsetenv("XDG_CACHE_HOME");
}

static void test_names(void **state)
{
    static const struct {
        const char *name, *end, *want;
    } cases[] = {
        {"echo_wsh.c", ".so", "echo-00000000000000010000000000000002.so"},
        {"a/b c_wsh.so", ".d", "a_b_c-00000000000000010000000000000002.d"},
        {"..%_wsh.c", ".so", "___-00000000000000010000000000000002.so"},
        {"_wsh.c", ".so", "-00000000000000010000000000000002.so"},
    };
    const struct weft_digest digest = {{1, 2}};
    char name[WEFT_CACHE_NAME], longest[300];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        weft_cache_name(name, cases[i].name, &digest, cases[i].end);
        assert_string_equal(name, cases[i].want);
    }
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    weft_cache_name(name, longest, &digest, ".so");
    assert_string_equal(name + strlen(name) - 35 - 1,
                        "-00000000000000010000000000000002.so");
}

static void test_publish(void **state)
{
    struct weft_cache cache;
    char temp[WEFT_CACHE_NAME], other[WEFT_CACHE_NAME];
    struct stat st;
    char *path;
    int fd, fd2;

    (void)state;
    cache = opened(tree_path("c"));
    fd = weft_cache_temp(&cache, temp);
    fd2 = weft_cache_temp(&cache, other);
    assert_true(fd >= 0 && fd2 >= 0);
    assert_string_not_equal(temp, other);
    close(fd);
    close(fd2);

    assert_false(weft_cache_has(&cache, "x.so"));
    assert_int_equal(weft_cache_publish(&cache, temp, "x.so"), 0);
    assert_int_equal(weft_cache_publish(&cache, temp, "x.so"), WEFT_ERR_SYSTEM);
    assert_true(weft_cache_has(&cache, "x.so"));
    assert_false(weft_cache_has(&cache, temp));

    path = weft_cache_path(&cache, "x.so");
    assert_string_equal(path, tree_path("c/x.so"));
    /* Being asked for counts as use. */
    assert_int_equal(
        utimensat(AT_FDCWD, path,
                  (struct timespec[2]){{.tv_sec = 1}, {.tv_sec = 1}}, 0),
        0);
    assert_true(weft_cache_has(&cache, "x.so"));
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_mtim.tv_sec > 1);
    weft_strfree(&weft_mem_libc, path);

    weft_cache_remove(&cache, "x.so");
    assert_false(weft_cache_has(&cache, "x.so"));
    weft_cache_release(&cache);
}

/* Only what is old and ours goes. */
static void test_prune(void **state)
{
    static const struct {
        const char *name;
        bool is_ours;
    } cases[] = {
        {"echo-00000000000000010000000000000002.so", true},
        {"echo-00000000000000010000000000000002.d", true},
        {"-00000000000000010000000000000002.d", true},
        {"weft-tmp-abcdef.so", true},
        {"weft-tmp-abcdef.d", true},
        {"libc.so", false},
        {"echo-0000000000000001000000000000000.so", false},
        {"echo-000000000000000100000000000000021.so", false},
        {"echo-0000000000000001000000000000000G.so", false},
        {"00000000000000010000000000000002.so", false},
        {"echo-00000000000000010000000000000002.c", false},
        {"echo-00000000000000010000000000000002", false},
    };
    struct weft_cache cache;

    (void)state;
    cache = opened(tree_path("c"));
    for (size_t i = 0; i < COUNT(cases); i++)
        tree_write(
            tree_path("c/%s", cases[i].name) + strlen(tree_path("%s", "")), "");
    weft_cache_prune(&cache, (int64_t)time(NULL) - 3600);
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(weft_cache_has(&cache, cases[i].name), "%s", cases[i].name);
    weft_cache_prune(&cache, (int64_t)time(NULL) + 3600);
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(weft_cache_has(&cache, cases[i].name) == !cases[i].is_ours, "%s",
              cases[i].name);
    weft_cache_release(&cache);
}

static void test_no_memory(void **state)
{
    long n = 0;
    int err;

    (void)state;
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_cache cache;

        err = weft_cache_init(&cache, &mem, tree_path("c"));
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        weft_cache_release(&cache);
        CHECK(fm.live == 0, "%zu bytes leaked at step %ld", fm.live, n);
    } while (err);
}

#define IN_TREE(test)                                                          \
    cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_TREE(test_makes_folders),
        IN_TREE(test_path_is_absolute),
        IN_TREE(test_unsafe),
        IN_TREE(test_of_another_user),
        IN_TREE(test_cannot_be_made),
        IN_TREE(test_usual_places),
        IN_TREE(test_unsafe_usual_place),
        IN_TREE(test_names),
        IN_TREE(test_publish),
        IN_TREE(test_prune),
        IN_TREE(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
