/* SPDX-License-Identifier: MIT */
/* A buffer holds what was appended, never passes its maximum, grows at a cost
 * in proportion to the bytes, and is unchanged by a call that fails. */
#include "base/buf.h"
#include "base/mem.h"
#include "support.h"

#include <stdlib.h>

static void check_invariant(const struct weft_buf *buf)
{
    assert_true(buf->len <= buf->cap && buf->cap <= buf->max);
    assert_true((buf->data == NULL) == (buf->cap == 0));
}

static void test_init_allocates_nothing(void **state)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_buf buf;

    (void)state;
    weft_buf_init(&buf, &mem, 100);
    check_invariant(&buf);
    assert_int_equal(weft_buf_append(&buf, NULL, 0), 0);
    assert_int_equal(weft_buf_append_text(&buf, ""), 0);
    assert_int_equal(weft_buf_printf(&buf, "%s", ""), 0);
    assert_int_equal(weft_buf_reserve(&buf, 0), 0);
    weft_buf_clear(&buf);
    weft_buf_consume(&buf, 0);
    assert_int_equal(fm.calls, 0);
    weft_buf_release(&buf);
    weft_buf_release(&buf);
    assert_null(buf.data);
}

/* For every maximum: exactly that many bytes go in, in pieces of any size. */
static void test_append_up_to_max(void **state)
{
    (void)state;
    for (size_t max = 0; max < 200; max++) {
        for (size_t piece = 1; piece < 70; piece += 4) {
            struct fail_mem fm = {.left = -1};
            struct weft_mem mem = {fail_realloc, &fm};
            struct weft_buf buf;
            uint8_t bytes[70];
            size_t total = 0;

            weft_buf_init(&buf, &mem, max);
            for (; total + piece <= max; total += piece) {
                for (size_t i = 0; i < piece; i++)
                    bytes[i] = (uint8_t)(total + i);
                assert_int_equal(
                    weft_buf_append(&buf, at_page_end(bytes, piece), piece), 0);
                check_invariant(&buf);
            }
            assert_int_equal(weft_buf_append(&buf, bytes, piece),
                             WEFT_ERR_LIMIT);
            assert_int_equal(weft_buf_append(&buf, bytes, max - total), 0);
            assert_int_equal(buf.len, max);
            assert_int_equal(weft_buf_append(&buf, "x", 1), WEFT_ERR_LIMIT);
            for (size_t i = 0; i < total; i++)
                assert_int_equal(buf.data[i], (uint8_t)i);
            assert_true(fm.live == buf.cap && buf.cap <= max);
            weft_buf_release(&buf);
            assert_int_equal(fm.live, 0);
        }
    }
}

static void test_huge_lengths_are_refused(void **state)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_buf buf;

    (void)state;
    weft_buf_init(&buf, &mem, 1000);
    assert_int_equal(weft_buf_append_text(&buf, "ten bytes."), 0);
    for (size_t below = 0; below < 100; below++) {
        assert_int_equal(weft_buf_reserve(&buf, SIZE_MAX - below),
                         WEFT_ERR_LIMIT);
        assert_int_equal(weft_buf_append(&buf, "", SIZE_MAX - below),
                         WEFT_ERR_LIMIT);
    }
    assert_memory_equal(buf.data, "ten bytes.", 10);
    weft_buf_release(&buf);

    /* No limit: the arithmetic of doubling must hold up there too. */
    fm.left = 0;
    weft_buf_init(&buf, &mem, SIZE_MAX);
    assert_int_equal(weft_buf_reserve(&buf, SIZE_MAX), WEFT_ERR_NOMEM);
    check_invariant(&buf);
}

static void test_growth_doubles(void **state)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_buf buf;

    (void)state;
    weft_buf_init(&buf, &mem, (size_t)1 << 20);
    for (size_t i = 0; i < (size_t)1 << 20; i++)
        assert_int_equal(weft_buf_append(&buf, "x", 1), 0);
    assert_int_equal(buf.cap, (size_t)1 << 20);
    assert_in_range(fm.calls, 1, 20);
    weft_buf_release(&buf);
}

static void test_clear_keeps_memory(void **state)
{
    struct fail_mem fm = {.left = 1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_buf buf;

    (void)state;
    weft_buf_init(&buf, &mem, 1000);
    assert_int_equal(weft_buf_reserve(&buf, 500), 0);
    for (int i = 0; i < 10; i++) {
        for (int n = 0; n < 100; n++)
            assert_int_equal(weft_buf_append(&buf, "12345", 5), 0);
        weft_buf_clear(&buf);
        assert_int_equal(buf.len, 0);
    }
    assert_int_equal(fm.calls, 1);
    weft_buf_release(&buf);
}

static void test_consume(void **state)
{
    static const uint8_t bytes[] = "0123456789";

    (void)state;
    for (size_t len = 0; len <= 10; len++) {
        for (size_t n = 0; n <= len; n++) {
            struct weft_buf buf;

            weft_buf_init(&buf, &weft_mem_libc, 100);
            assert_int_equal(weft_buf_append(&buf, bytes, len), 0);
            weft_buf_consume(&buf, n);
            assert_int_equal(buf.len, len - n);
            if (len > n)
                assert_memory_equal(buf.data, bytes + n, len - n);
            weft_buf_release(&buf);
        }
    }
}

/* Lengths around the local array's, each with a maximum that just does and
 * one that just does not. */
static void test_printf(void **state)
{
    static const int lens[] = {1, 63, 64, 254, 255, 256, 257, 1000};

    (void)state;
    for (size_t i = 0; i < COUNT(lens); i++) {
        for (size_t room = 0; room < 3; room++) {
            size_t len = (size_t)lens[i], max = len + room;
            struct fail_mem fm = {.left = -1};
            struct weft_mem mem = {fail_realloc, &fm};
            struct weft_buf buf;
            int err;

            weft_buf_init(&buf, &mem, max);
            assert_int_equal(weft_buf_append(&buf, "<", 1), 0);
            err = weft_buf_printf(&buf, "%0*d", lens[i], 7);
            check_invariant(&buf);
            assert_int_equal(err, room == 0 ? WEFT_ERR_LIMIT : 0);
            assert_int_equal(buf.len, room == 0 ? 1 : len + 1);
            for (size_t n = 1; n + 1 < buf.len; n++)
                assert_int_equal(buf.data[n], '0');
            assert_int_equal(buf.data[buf.len - 1], room == 0 ? '<' : '7');
            assert_int_equal(fm.live, buf.cap);
            weft_buf_release(&buf);
            assert_int_equal(fm.live, 0);
        }
    }
}

/* Whatever was there: cap comes to be at least what was asked for, at most the
 * maximum, twice as much as before or more; and a call that fails changes
 * nothing. */
static void test_grow_to(void **state)
{
    (void)state;
    for (size_t first = 0; first < 150; first += 7) {
        for (size_t need = 0; need < 300; need++) {
            struct fail_mem fm = {.left = -1};
            struct weft_mem mem = {fail_realloc, &fm};
            struct weft_buf buf;
            uint8_t *data;
            size_t cap;

            weft_buf_init(&buf, &mem, 250);
            for (size_t i = 0; i < first; i++)
                assert_int_equal(weft_buf_append(&buf, "x", 1), 0);
            cap = buf.cap;
            data = buf.data;
            fm.left = 0;
            assert_int_equal(weft_buf_grow_to(&buf, need),
                             need <= cap  ? 0
                             : need > 250 ? WEFT_ERR_LIMIT
                                          : WEFT_ERR_NOMEM);
            assert_true(buf.cap == cap && buf.data == data);

            fm.left = 1;
            assert_int_equal(weft_buf_grow_to(&buf, need),
                             need > 250 ? WEFT_ERR_LIMIT : 0);
            check_invariant(&buf);
            assert_int_equal(buf.len, first);
            if (need > cap && need <= 250)
                assert_true(buf.cap >= need &&
                            (buf.cap >= 2 * cap || buf.cap == 250));
            for (size_t i = 0; i < first; i++)
                assert_int_equal(buf.data[i], 'x');
            weft_buf_release(&buf);
            assert_int_equal(fm.live, 0);
        }
    }
}

static int fill(struct weft_buf *buf)
{
    int err = weft_buf_append_text(buf, "begin ");

    if (!err)
        err = weft_buf_printf(buf, "%d ", 12345);
    if (!err)
        err = weft_buf_printf(buf, "%0*d ", 700, 0);
    if (!err)
        err = weft_buf_reserve(buf, 5000);
    if (!err)
        err = weft_buf_append_text(buf, "end");
    return err;
}

static void test_without_memory(void **state)
{
    long n = 0;
    int err;

    (void)state;
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_buf buf;

        weft_buf_init(&buf, &mem, 10000);
        err = fill(&buf);
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        check_invariant(&buf);
        CHECK(buf.len == (err ? buf.len : 6 + 6 + 701 + 3), "%zu", buf.len);
        if (buf.len >= 12)
            assert_memory_equal(buf.data, "begin 12345 ", 12);
        assert_true(buf.len == 0 || buf.data[buf.len - 1] == ' ' || !err);
        weft_buf_release(&buf);
        assert_int_equal(fm.live, 0);
    } while (err);
    assert_in_range(n, 4, 10);
}

/* Random calls beside a plain array. */
static void test_against_model(void **state)
{
    static uint8_t model[5000];
    struct weft_buf buf;
    size_t len = 0;

    (void)state;
    srandom(1);
    weft_buf_init(&buf, &weft_mem_libc, sizeof(model));
    for (int i = 0; i < 20000; i++) {
        size_t n = (size_t)random() % 300;
        uint8_t byte = (uint8_t)random();

        if (random() % 2) {
            int want = n > sizeof(model) - len ? WEFT_ERR_LIMIT : 0;
            uint8_t piece[300];

            memset(piece, byte, sizeof(piece));
            assert_int_equal(weft_buf_append(&buf, piece, n), want);
            if (want == 0) {
                memset(model + len, byte, n);
                len += n;
            }
        } else if (n <= len) {
            weft_buf_consume(&buf, n);
            len -= n;
            memmove(model, model + n, len);
        }
        check_invariant(&buf);
        assert_int_equal(buf.len, len);
        assert_true(len == 0 || memcmp(buf.data, model, len) == 0);
    }
    weft_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init_allocates_nothing),
        cmocka_unit_test(test_append_up_to_max),
        cmocka_unit_test(test_huge_lengths_are_refused),
        cmocka_unit_test(test_growth_doubles),
        cmocka_unit_test(test_grow_to),
        cmocka_unit_test(test_clear_keeps_memory),
        cmocka_unit_test(test_consume),
        cmocka_unit_test(test_printf),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_against_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
