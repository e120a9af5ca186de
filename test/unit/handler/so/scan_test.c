/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "handler/so/scan.h"
#include "tree.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct weft_scan scanned(const char *name)
{
    struct weft_scan scan = {.mem = &weft_mem_libc};
    int err = weft_scan_run(&scan, tree_path("%s", name));

    CHECK(err == 0, "%s: %d", name, err);
    return scan;
}

/* What a tree of files gives, in this order. Links are made by hand below. */
static const char *const files[] = {
    "h/z_wsh.c",        "h/echo_wsh.c",    "h/echo_wsh.so",
    "h/a/deep/x_wsh.c", "h/a/_wsh.c",      "h/a-b_wsh.so",
    "h/_wsh.c",         "h/.hidden_wsh.c", "h/.git/x_wsh.c",
    "h/echo_wsh.cc",    "h/wsh.c",         "h/echo.c",
    "h/_wsh.c.orig",    "h/sp ace_wsh.c",  "h/dir_wsh.c/in_wsh.c",
    "outside_wsh.c",    "h/a/inside.txt",
};

static const struct {
    const char *name, *path;
    enum weft_found_kind kind;
} expected[] = {
    {"_wsh.c", "/", WEFT_FOUND_SOURCE},
    {"a-b_wsh.so", "/a-b", WEFT_FOUND_OBJECT},
    {"a/_wsh.c", "/a/", WEFT_FOUND_SOURCE},
    {"a/deep/x_wsh.c", "/a/deep/x", WEFT_FOUND_SOURCE},
    {"dir_wsh.c/in_wsh.c", "/dir_wsh.c/in", WEFT_FOUND_SOURCE},
    {"echo_wsh.c", "/echo", WEFT_FOUND_SOURCE},
    {"echo_wsh.so", "/echo", WEFT_FOUND_OBJECT},
    {"fifo_wsh.c", "/fifo", WEFT_FOUND_REFUSED},
    {"link_in_wsh.c", "/link_in", WEFT_FOUND_SOURCE},
    {"link_nowhere_wsh.c", "/link_nowhere", WEFT_FOUND_REFUSED},
    {"link_out_wsh.c", "/link_out", WEFT_FOUND_REFUSED},
    {"link_root_wsh.c", "/link_root", WEFT_FOUND_REFUSED},
    {"link_to_dir_wsh.c", "/link_to_dir", WEFT_FOUND_REFUSED},
    {"sp ace_wsh.c", "/sp ace", WEFT_FOUND_SOURCE},
    {"z_wsh.c", "/z", WEFT_FOUND_SOURCE},
};

static void make_tree(void)
{
    for (size_t i = 0; i < COUNT(files); i++)
        tree_write(files[i], "");
    assert_int_equal(symlink("a/inside.txt", tree_path("h/link_in_wsh.c")), 0);
    assert_int_equal(symlink("none", tree_path("h/link_nowhere_wsh.c")), 0);
    assert_int_equal(symlink("../outside_wsh.c", tree_path("h/link_out_wsh.c")),
                     0);
    assert_int_equal(symlink("/etc/passwd", tree_path("h/link_root_wsh.c")), 0);
    assert_int_equal(symlink("a", tree_path("h/link_to_dir_wsh.c")), 0);
    assert_int_equal(symlink("..", tree_path("h/ring")), 0);
    assert_int_equal(mkfifo(tree_path("h/fifo_wsh.c"), 0600), 0);
}

static void test_tree(void **state)
{
    struct weft_scan scan;

    (void)state;
    make_tree();
    scan = scanned("h");
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct weft_found *f = &scan.found[i];

        CHECK(i < scan.count, "only %zu found", scan.count);
        CHECK(strcmp(f->name, expected[i].name) == 0, "%zu: %s", i, f->name);
        CHECK(strcmp(f->path, expected[i].path) == 0, "%s: %s", f->name,
              f->path);
        CHECK(f->kind == expected[i].kind, "%s: %d", f->name, (int)f->kind);
        CHECK(!f->why == (f->kind != WEFT_FOUND_REFUSED), "%s", f->name);
    }
    assert_int_equal(scan.count, COUNT(expected));
    weft_scan_release(&scan);
    assert_int_equal(scan.count, 0);
    weft_scan_release(&scan);
}

static bool others_differ(struct weft_digest *last)
{
    struct weft_scan scan = scanned("h");
    bool differ = !weft_digest_eq(&scan.others, last);

    *last = scan.others;
    weft_scan_release(&scan);
    return differ;
}

/* Headers show in others; handlers and hidden files do not. */
static void test_others(void **state)
{
    struct weft_digest last = {{0}};

    (void)state;
    tree_mkdir("h");
    assert_false(others_differ(&last)); /* nothing there: a sum of nothing */
    tree_write("h/x_wsh.c", "");
    tree_write("h/.hidden", "");
    assert_false(others_differ(&last));
    tree_write("h/x.h", "1");
    assert_true(others_differ(&last));
    assert_false(others_differ(&last));
    tree_write("h/x.h", "22");
    assert_true(others_differ(&last));
    assert_int_equal(rename(tree_path("h/x.h"), tree_path("h/y.h")), 0);
    assert_true(others_differ(&last));
    tree_write("h/sub/z.h", "");
    assert_true(others_differ(&last));
    tree_remove("h/sub/z.h");
    assert_true(others_differ(&last));
    assert_false(others_differ(&last));
}

static void test_no_folder(void **state)
{
    struct weft_scan scan = {.mem = &weft_mem_libc};

    (void)state;
    tree_write("file", "");
    assert_int_equal(weft_scan_run(&scan, tree_path("none")), WEFT_ERR_MISSING);
    assert_int_equal(weft_scan_run(&scan, tree_path("file")), WEFT_ERR_MISSING);
    assert_int_equal(scan.count, 0);
    weft_scan_release(&scan);
}

static void test_depth(void **state)
{
    char name[256] = "h";
    struct weft_scan scan;

    (void)state;
    for (unsigned i = 1; i < WEFT_SCAN_DEPTH; i++) {
        strncat(name, "/d", sizeof(name) - strlen(name) - 1);
        if (i + 1 == WEFT_SCAN_DEPTH) {
            strncat(name, "/x_wsh.c", sizeof(name) - strlen(name) - 1);
            tree_write(name, "");
        }
    }
    scan = scanned("h");
    assert_int_equal(scan.count, 1);
    assert_int_equal(scan.found[0].kind, WEFT_FOUND_SOURCE);
    weft_scan_release(&scan);

    /* One further down. */
    snprintf(strrchr(name, '/'), 16, "/d/x_wsh.c");
    tree_write(name, "");
    scan = scanned("h");
    assert_int_equal(scan.count, 2);
    assert_int_equal(scan.found[0].kind, WEFT_FOUND_REFUSED);
    weft_scan_release(&scan);
}

struct told {
    ino_t seen[8];
    size_t count;
};

static void note_folder(void *arg, int fd)
{
    struct told *told = arg;
    struct stat st;

    CHECK(fstat(fd, &st) == 0 && S_ISDIR(st.st_mode), "%d", fd);
    CHECK(told->count < COUNT(told->seen), "%zu", told->count);
    told->seen[told->count++] = st.st_ino;
}

static void test_folders(void **state)
{
    struct told told = {.count = 0};
    struct weft_scan scan = {
        .mem = &weft_mem_libc, .folder = note_folder, .arg = &told};
    struct stat st;

    (void)state;
    tree_write("h/a/b/x.txt", "");
    tree_mkdir("h/c");
    tree_mkdir("h/.hidden");
    assert_int_equal(weft_scan_run(&scan, tree_path("h")), 0);
    assert_int_equal(told.count, 4);
    assert_int_equal(stat(tree_path("h"), &st), 0);
    assert_int_equal(told.seen[0], st.st_ino);
    weft_scan_release(&scan);
}

static void test_too_many(void **state)
{
    struct weft_scan scan = {.mem = &weft_mem_libc,
                             .entries = WEFT_SCAN_ENTRIES - 2};

    (void)state;
    tree_write("h/a", "");
    tree_write("h/b", "");
    assert_int_equal(weft_scan_run(&scan, tree_path("h")), 0);
    weft_scan_release(&scan);
    scan.entries = WEFT_SCAN_ENTRIES - 1;
    assert_int_equal(weft_scan_run(&scan, tree_path("h")), WEFT_ERR_LIMIT);
    weft_scan_release(&scan);
}

static void test_no_memory(void **state)
{
    long n = 0;
    int err;

    (void)state;
    make_tree();
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_scan scan = {.mem = &mem};

        err = weft_scan_run(&scan, tree_path("h"));
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        weft_scan_release(&scan);
        CHECK(fm.live == 0, "%zu bytes leaked at step %ld", fm.live, n);
    } while (err);
}

#define IN_TREE(test)                                                          \
    cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_TREE(test_tree),      IN_TREE(test_others),  IN_TREE(test_no_folder),
        IN_TREE(test_depth),     IN_TREE(test_folders), IN_TREE(test_too_many),
        IN_TREE(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
