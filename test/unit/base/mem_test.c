/* SPDX-License-Identifier: MIT */
/* The allocator's rules: sizes go in and out in step, 0 bytes are no memory,
 * copies of strings know their own size. */
#include "base/mem.h"
#include "support.h"

static void test_libc(void **state)
{
    const struct weft_mem *mem = &weft_mem_libc;
    char *p;

    (void)state;
    assert_null(weft_alloc(mem, 0));
    p = weft_alloc(mem, 3);
    assert_non_null(p);
    memcpy(p, "abc", 3);
    p = weft_resize(mem, p, 3, 3000);
    assert_non_null(p);
    assert_memory_equal(p, "abc", 3);
    assert_null(weft_resize(mem, p, 3000, 0));
    weft_free(mem, NULL, 0);
}

static void test_zalloc(void **state)
{
    struct fail_mem fm = {.left = 1};
    struct weft_mem mem = {fail_realloc, &fm};
    uint8_t *p = weft_zalloc(&mem, 1000);

    (void)state;
    assert_non_null(p);
    assert_int_equal(fm.live, 1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(p[i], 0);
    assert_null(weft_zalloc(&mem, 1));
    weft_free(&mem, p, 1000);
    assert_int_equal(fm.live, 0);
}

static void test_strings(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *want;
    } cases[] = {
        {"", 0, ""},    {"abc", 3, "abc"},   {"abc", 2, "ab"},
        {"abc", 0, ""}, {"abc", 100, "abc"}, {"a\0b", 3, "a"},
        {NULL, 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fail_mem fm = {.left = 1};
        struct weft_mem mem = {fail_realloc, &fm};
        char *copy = weft_strndup(&mem, cases[i].text, cases[i].len);

        assert_string_equal(copy, cases[i].want);
        assert_int_equal(fm.live, strlen(cases[i].want) + 1);
        assert_null(weft_strdup(&mem, "more"));
        weft_strfree(&mem, copy);
        assert_int_equal(fm.live, 0);
    }
}

static void test_strndup_reads_no_further(void **state)
{
    const char *text = (const char *)at_page_end("abcdef", 6);
    char *copy = weft_strndup(&weft_mem_libc, text, 6);

    (void)state;
    assert_string_equal(copy, "abcdef");
    weft_strfree(&weft_mem_libc, copy);
    weft_strfree(&weft_mem_libc, NULL);
}

/* Reads and writes no byte outside of the two places, and each inside once. */
static void test_copy(void **state)
{
    uint8_t from[80], to[8 + 80];

    (void)state;
    for (size_t i = 0; i < sizeof(from); i++)
        from[i] = (uint8_t)(i + 1);
    memset(to, 0xcc, sizeof(to));
    for (size_t len = 0; len <= sizeof(from); len++) {
        uint8_t *p = at_page_end(to, 8 + len);

        weft_copy(p + 8, at_page_end(from, len), len);
        CHECK(memcmp(p, to, 8) == 0, "before %zu bytes", len);
        CHECK(memcmp(p + 8, from, len) == 0, "%zu bytes", len);
    }
    weft_copy(NULL, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_libc),
        cmocka_unit_test(test_zalloc),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_strndup_reads_no_further),
        cmocka_unit_test(test_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
