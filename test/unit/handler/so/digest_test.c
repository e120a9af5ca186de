/* SPDX-License-Identifier: MIT */
#include "handler/so/digest.h"
#include "tree.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct weft_digest of(const char *const texts[])
{
    struct weft_digest d;

    weft_digest_init(&d);
    for (; *texts; texts++)
        weft_digest_add_text(&d, *texts);
    return d;
}

/* Each of these is another thing, and must have another digest. */
static const char *const things[][4] = {
    {NULL},           {"", NULL},       {"", "", NULL},       {"a", NULL},
    {"b", NULL},      {"ab", NULL},     {"a", "b", NULL},     {"b", "a", NULL},
    {"ab", "", NULL}, {"", "ab", NULL}, {"a", "b", "", NULL},
};

static void test_differs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(things); i++) {
        for (size_t k = 0; k < COUNT(things); k++) {
            struct weft_digest a = of(things[i]), b = of(things[k]);

            CHECK(weft_digest_eq(&a, &b) == (i == k), "%zu and %zu", i, k);
            CHECK((a.half[0] == b.half[0]) == (i == k), "half 0: %zu %zu", i,
                  k);
            CHECK((a.half[1] == b.half[1]) == (i == k), "half 1: %zu %zu", i,
                  k);
        }
    }
}

static void test_hex(void **state)
{
    const struct weft_digest d = {{0x0123456789abcdef, 0xf}};
    char hex[WEFT_DIGEST_HEX];

    (void)state;
    weft_digest_hex(&d, hex);
    assert_string_equal(hex, "0123456789abcdef000000000000000f");
}

static void write_bytes(const char *name, size_t len, char last)
{
    char *text = malloc(len + 1);

    CHECK(text, "%zu", len);
    memset(text, 'x', len);
    text[len] = '\0';
    if (len > 0)
        text[len - 1] = last;
    tree_write(name, text);
    free(text);
}

/* Around the block in which files are read, each byte and the length count. */
static void test_files(void **state)
{
    const size_t sizes[] = {0, 1, 65535, 65536, 65537, 131072, 200000};
    struct weft_digest seen[COUNT(sizes) * 2];
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        for (char last = 'x'; last <= (sizes[i] ? 'y' : 'x'); last++) {
            struct weft_digest d, again;

            write_bytes("file", sizes[i], last);
            weft_digest_init(&d);
            again = d;
            assert_int_equal(weft_digest_add_file(&d, tree_path("file")), 0);
            assert_int_equal(weft_digest_add_file(&again, tree_path("file")),
                             0);
            CHECK(weft_digest_eq(&d, &again), "%zu bytes", sizes[i]);
            for (size_t k = 0; k < count; k++)
                CHECK(!weft_digest_eq(&d, &seen[k]), "%zu bytes", sizes[i]);
            seen[count++] = d;
        }
    }
}

/* How a pipe cuts what is written to it does not show. */
static void test_cuts(void **state)
{
    struct weft_digest whole, pieces;
    int fd[2];

    (void)state;
    weft_digest_init(&whole);
    pieces = whole;
    tree_write("file", "hello, world");
    assert_int_equal(weft_digest_add_file(&whole, tree_path("file")), 0);

    assert_int_equal(pipe(fd), 0);
    for (const char *p = "hello, world"; *p; p++)
        assert_int_equal(write(fd[1], p, 1), 1);
    close(fd[1]);
    assert_int_equal(weft_digest_add_fd(&pieces, fd[0]), 0);
    close(fd[0]);
    assert_true(weft_digest_eq(&whole, &pieces));
}

static void test_no_file(void **state)
{
    struct weft_digest d;

    (void)state;
    weft_digest_init(&d);
    tree_mkdir("folder");
    assert_int_equal(mkfifo(tree_path("fifo"), 0600), 0);
    assert_int_equal(weft_digest_add_file(&d, tree_path("none")),
                     WEFT_ERR_MISSING);
    assert_int_equal(weft_digest_add_file(&d, tree_path("none/none")),
                     WEFT_ERR_MISSING);
    assert_int_equal(weft_digest_add_file(&d, tree_path("folder")),
                     WEFT_ERR_MISSING);
    assert_int_equal(weft_digest_add_file(&d, tree_path("fifo")),
                     WEFT_ERR_MISSING);
    assert_int_equal(weft_digest_add_fd(&d, -1), WEFT_ERR_SYSTEM);
}

static void test_too_large(void **state)
{
    struct weft_digest d;
    int fd;

    (void)state;
    weft_digest_init(&d);
    fd = open(tree_path("large"), O_RDWR | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, (off_t)WEFT_DIGEST_FILE_MAX + 1), 0);
    assert_int_equal(weft_digest_add_fd(&d, fd), WEFT_ERR_LIMIT);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_differs),
        cmocka_unit_test(test_hex),
        cmocka_unit_test_setup_teardown(test_files, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_cuts, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_no_file, tree_setup,
                                        tree_teardown),
        cmocka_unit_test_setup_teardown(test_too_large, tree_setup,
                                        tree_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
