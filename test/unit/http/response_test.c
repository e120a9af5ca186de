/* SPDX-License-Identifier: MIT */
/* Response heads: exact bytes, what may not be in a field, and that an error
 * writes nothing. */
#include "base/mem.h"
#include "http/response.h"
#include "support.h"

#include <string.h>

static bool has_text(const struct weft_buf *buf, const char *text)
{
    return buf->len == strlen(text) && memcmp(buf->data, text, buf->len) == 0;
}

static void test_reason(void **state)
{
    static const struct {
        int status;
        const char *reason;
    } cases[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {200, "OK"},
        {206, "Partial Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {412, "Precondition Failed"},
        {414, "URI Too Long"},
        {416, "Range Not Satisfiable"},
        {426, "Upgrade Required"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
        {511, "Network Authentication Required"},
        {306, "Unknown"},
        {999, "Unknown"},
        {0, "Unknown"},
        {-400, "Unknown"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(weft_http_reason(cases[i].status), cases[i].reason);
}

static void test_head(void **state)
{
    struct weft_buf buf;

    (void)state;
    weft_buf_init(&buf, &weft_mem_libc, 4096);
    assert_int_equal(weft_http_status(&buf, 404), 0);
    assert_int_equal(
        weft_http_field(&buf, weft_slice("Server"), weft_slice("weft/0.1 (a)")),
        0);
    assert_int_equal(
        weft_http_field(&buf, weft_slice("X-Empty"), weft_slice("")), 0);
    assert_int_equal(
        weft_http_field(&buf, weft_slice("X"), weft_slice("\xc3\xa9\t!")), 0);
    assert_int_equal(weft_http_fieldf(&buf, "Content-Length", "%d", 12), 0);
    assert_int_equal(weft_http_fieldf(&buf, "ETag", "\"%x-%s\"", 255, "a"), 0);
    assert_int_equal(weft_http_end(&buf), 0);
    assert_true(has_text(&buf, "HTTP/1.1 404 Not Found\r\n"
                               "Server: weft/0.1 (a)\r\n"
                               "X-Empty: \r\n"
                               "X: \xc3\xa9\t!\r\n"
                               "Content-Length: 12\r\n"
                               "ETag: \"ff-a\"\r\n"
                               "\r\n"));
    weft_buf_release(&buf);
}

static void test_status_line(void **state)
{
    static const int bad[] = {99, 0, -200, 1000, 20000};
    struct weft_buf buf;

    (void)state;
    weft_buf_init(&buf, &weft_mem_libc, 4096);
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(weft_http_status(&buf, bad[i]) == WEFT_ERR_USAGE, "%d", bad[i]);
    assert_int_equal(buf.len, 0);
    assert_int_equal(weft_http_status(&buf, 100), 0);
    assert_int_equal(weft_http_status(&buf, 999), 0);
    assert_true(has_text(&buf, "HTTP/1.1 100 Continue\r\n"
                               "HTTP/1.1 999 Unknown\r\n"));
    weft_buf_release(&buf);
}

static const struct {
    const char *what, *name, *value;
    size_t value_len;
    bool is_valid;
} fields[] = {
    {"plain", "A", "b", 1, true},
    {"all of a token", "!#$%&'*+-.^_`|~09azAZ", "b", 1, true},
    {"empty value", "A", "", 0, true},
    {"white space inside", "A", "b \t c", 5, true},
    {"high bytes", "A", "\x80\xff", 2, true},
    {"empty name", "", "b", 1, false},
    {"space in name", "A b", "c", 1, false},
    {"colon in name", "A:", "b", 1, false},
    {"CR in name", "A\r", "b", 1, false},
    {"LF in name", "A\nB: c", "b", 1, false},
    {"high byte in name", "\xc3\xa9", "b", 1, false},
    {"CR LF in value", "A", "b\r\nC: d", 7, false},
    {"CR in value", "A", "b\r", 2, false},
    {"LF in value", "A", "b\nc", 3, false},
    {"NUL in value", "A", "b\0c", 3, false},
    {"NUL ends value", "A", "b\0", 2, false},
    {"escape in value", "A", "\x1b[0m", 4, false},
    {"DEL in value", "A", "\x7f", 1, false},
    {"unit separator in value", "A", "\x1f", 1, false},
    {"space before", "A", " b", 2, false},
    {"space behind", "A", "b ", 2, false},
    {"tab before", "A", "\tb", 2, false},
    {"tab behind", "A", "b\t", 2, false},
    {"space alone", "A", " ", 1, false},
};

static void test_field_validity(void **state)
{
    struct weft_buf buf;

    (void)state;
    weft_buf_init(&buf, &weft_mem_libc, 4096);
    assert_int_equal(weft_buf_append_text(&buf, "before"), 0);
    for (size_t i = 0; i < COUNT(fields); i++) {
        struct weft_slice name = weft_slice(fields[i].name);
        struct weft_slice value = {
            (char *)at_page_end(fields[i].value, fields[i].value_len),
            fields[i].value_len,
        };
        int want = fields[i].is_valid ? 0 : WEFT_ERR_USAGE;
        bool is_valid = weft_http_field_is_valid(name, value);

        CHECK(is_valid == fields[i].is_valid, "%s", fields[i].what);
        CHECK(weft_http_field(&buf, name, value) == want, "%s", fields[i].what);
        if (want)
            CHECK(has_text(&buf, "before"), "%s", fields[i].what);
        buf.len = strlen("before");
    }
    weft_buf_release(&buf);
}

static void test_formatted_field_is_checked(void **state)
{
    static const struct {
        const char *name, *value;
    } cases[] = {
        {"A", "b\r\nC: d"}, {"A", " b"}, {"A", "b "}, {"A", "\n"},
        {"A b", "c"},       {"", "b"},   {"A:", "b"}, {"A\r\nB", "c"},
    };
    struct weft_buf buf;

    (void)state;
    weft_buf_init(&buf, &weft_mem_libc, 4096);
    assert_int_equal(weft_buf_append_text(&buf, "before"), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        int err = weft_http_fieldf(&buf, cases[i].name, "%s", cases[i].value);

        CHECK(err == WEFT_ERR_USAGE, "%zu: %d", i, err);
        CHECK(has_text(&buf, "before"), "%zu", i);
    }
    assert_int_equal(weft_http_fieldf(&buf, "A", "%s", ""), 0);
    assert_true(has_text(&buf, "beforeA: \r\n"));
    weft_buf_release(&buf);
}

static int write_line(struct weft_buf *buf, int which)
{
    switch (which) {
    case 0:
        return weft_http_status(buf, 200);
    case 1:
        return weft_http_field(buf, weft_slice("Content-Type"),
                               weft_slice("text/html"));
    case 2:
        return weft_http_fieldf(buf, "Content-Length", "%d", 123456);
    default:
        return weft_http_end(buf);
    }
}

/* Each line into a buffer of every size: whole, or LIMIT and nothing. */
static void test_limit(void **state)
{
    (void)state;
    for (int which = 0; which < 4; which++) {
        struct weft_buf whole;
        size_t len;

        weft_buf_init(&whole, &weft_mem_libc, 4096);
        assert_int_equal(write_line(&whole, which), 0);
        len = whole.len;
        weft_buf_release(&whole);
        for (size_t max = 3; max <= len + 3; max++) {
            struct weft_buf buf;
            int want = max < len + 3 ? WEFT_ERR_LIMIT : 0;
            int err;

            weft_buf_init(&buf, &weft_mem_libc, max);
            assert_int_equal(weft_buf_append_text(&buf, "abc"), 0);
            err = write_line(&buf, which);
            CHECK(err == want, "%d in %zu: %d", which, max, err);
            CHECK(buf.len == (err ? 3 : len + 3), "%d in %zu", which, max);
            weft_buf_release(&buf);
        }
    }
}

static void test_without_memory(void **state)
{
    (void)state;
    for (int which = 0; which < 4; which++) {
        int err;
        long n = 0;

        do {
            struct fail_mem fm = {.left = n++};
            struct weft_mem mem = {fail_realloc, &fm};
            struct weft_buf buf;

            weft_buf_init(&buf, &mem, 4096);
            err = write_line(&buf, which);
            CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d: %d", which, err);
            CHECK(err == 0 || buf.len == 0, "%d: %zu", which, buf.len);
            weft_buf_release(&buf);
            CHECK(fm.live == 0, "%zu bytes leaked", fm.live);
        } while (err);
        CHECK(n == 2, "%d: %ld", which, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reason),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_status_line),
        cmocka_unit_test(test_field_validity),
        cmocka_unit_test(test_formatted_field_is_checked),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
