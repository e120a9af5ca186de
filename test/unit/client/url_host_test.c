/* SPDX-License-Identifier: MIT */
/* Hosts of URLs as they are serialized. Addresses by themselves are tested in
 * url_ip_test.c, names that are not ASCII in idna_test.c. */
#include "base/mem.h"
#include "client/url_host.h"
#include "support.h"

#include <stdio.h>

#define SAME ""
#define REFUSED NULL

static const struct {
    const char *text, *host;
} cases[] = {
    /* Names. */
    {"h", SAME},
    {"A.Example", "a.example"},
    {"h.", SAME},
    {".", SAME},
    {"..", SAME},
    {".h", SAME},
    {"a..b", SAME},
    {"-", SAME},
    {"a-", SAME},
    {"r3---a", SAME},
    {"a_b.c~d", SAME},
    {"a!$&'()*+,;=b", SAME},
    {"a\"b", SAME},
    {"a{b}`", SAME},
    {"xn", SAME},
    {"x--n", SAME},
    {"a%62", "ab"},
    {"%41%2E%42", "a.b"},
    {"%e4", REFUSED},
    {"a%", REFUSED},
    {"a%2", REFUSED},
    {"%zz", REFUSED},

    /* What no host may have. */
    {"a b", REFUSED},
    {"a%20b", REFUSED},
    {"a#b", REFUSED},
    {"a%23b", REFUSED},
    {"a/b", REFUSED},
    {"a%2fb", REFUSED},
    {"a:b", REFUSED},
    {"a%3Ab", REFUSED},
    {"a<b", REFUSED},
    {"a>b", REFUSED},
    {"a?b", REFUSED},
    {"a@b", REFUSED},
    {"a[b", REFUSED},
    {"a]", REFUSED},
    {"a\\b", REFUSED},
    {"a%5cb", REFUSED},
    {"a^b", REFUSED},
    {"a|b", REFUSED},
    {"a%7cb", REFUSED},
    {"a%25b", REFUSED},
    {"%00", REFUSED},
    {"a%01b", REFUSED},
    {"a%7fb", REFUSED},
    {"a%0ab", REFUSED},
    {"%", REFUSED},
    {"a\x01"
     "b",
     REFUSED},
    {"a\x7f"
     "b",
     REFUSED},

    /* Names that only look like it. */
    {"1.a", SAME},
    {"1.2.3.a", SAME},
    {"0xg", SAME},
    {"1.2.3.4a", SAME},
    {"0x1.0xg", SAME},
    {"a.0xg", SAME},
    {"1e2", SAME},
    {"1.2.3.-4", SAME},
    {"08a", SAME},
    {"127.0.0.1x", SAME},
    {"a1", SAME},
    {"1.1.1.1.a", SAME},
    {"256.256.256.a", SAME},
    {"1..", SAME},
    {"1.a.", SAME},

    /* Addresses. */
    {"127.1", "127.0.0.1"},
    {"1%2e2.3%2E4", "1.2.3.4"},
    {"%31.2.3.4.", "1.2.3.4"},
    {"0X7F.1", "127.0.0.1"},
    {"1.2.3.4..", SAME},
    {"1.2.3.256", REFUSED},
    {"a.1", REFUSED},
    {"[::1]", SAME},
    {"[0:0::A]", "[::a]"},
    {"[", REFUSED},
    {"[]", REFUSED},
    {"[::1", REFUSED},
    {"[::1]a", REFUSED},
    {"::1]", REFUSED},
    {"[[::1]]", REFUSED},
    {"[::%31]", REFUSED},
    {"[1.2.3.4]", REFUSED},
};

static struct weft_slice guarded(const char *text, size_t len)
{
    return (struct weft_slice){(const char *)at_page_end(text, len), len};
}

/* The host is appended to what is there. */
static int host(struct weft_buf *out, struct weft_slice text)
{
    const char *reason = NULL;
    int err;

    weft_buf_init(out, &weft_mem_libc, 1000);
    assert_int_equal(weft_buf_append_text(out, "1."), 0);
    err = weft_url_host(out, text, &reason);
    CHECK((err == WEFT_ERR_INVALID) == (reason != NULL), "%.*s: %d",
          (int)text.len, text.ptr, err);
    return err;
}

static void test_hosts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *text = cases[i].text, *want = cases[i].host;
        struct weft_buf out;
        int err = host(&out, guarded(text, strlen(text)));

        if (want == REFUSED) {
            CHECK(err == WEFT_ERR_INVALID, "%s: %d", text, err);
        } else {
            if (!*want)
                want = text;
            CHECK(err == 0, "%s: %d", text, err);
            CHECK(out.len == strlen(want) + 2 &&
                      memcmp(out.data + 2, want, out.len - 2) == 0,
                  "%s: %.*s", text, (int)out.len, (char *)out.data);
        }
        weft_buf_release(&out);
    }
}

static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t cut = 1; cut < strlen(cases[i].text); cut++) {
            struct weft_buf out;
            int err = host(&out, guarded(cases[i].text, cut));

            CHECK(err == 0 || err == WEFT_ERR_INVALID, "%d", err);
            weft_buf_release(&out);
        }
    }
}

/* Each byte, as it is and encoded, in the middle of a name. */
static void test_every_byte(void **state)
{
    static const char forbidden[] = "#%/:<>?@[\\]^|";

    (void)state;
    for (int c = 0; c < 0x80; c++) {
        bool is_bad = c <= ' ' || c == 0x7f || strchr(forbidden, c);
        char plain[3] = {'a', (char)c, 'b'}, encoded[6];
        struct weft_buf out;

        snprintf(encoded, sizeof(encoded), "a%%%02x", c);
        CHECK((host(&out, guarded(encoded, 4)) != 0) == is_bad, "%02x", c);
        weft_buf_release(&out);
        CHECK((host(&out, guarded(plain, 3)) != 0) == is_bad, "%02x", c);
        weft_buf_release(&out);
    }
}

static void test_reasons(void **state)
{
    static const struct {
        const char *text, *reason;
    } reasons[] = {
        {"a b", "the URL has a host with a character that is not allowed"},
        {"a%00b", "the URL has a host with a character that is not allowed"},
        {"1.2.3.4.5", "the URL has an IPv4 address that is not valid"},
        {"[::g]", "the URL has an IPv6 address that is not valid"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(reasons); i++) {
        const char *reason = NULL;
        struct weft_buf out;

        weft_buf_init(&out, &weft_mem_libc, 1000);
        assert_int_equal(
            weft_url_host(&out, weft_slice(reasons[i].text), &reason),
            WEFT_ERR_INVALID);
        assert_string_equal(reason, reasons[i].reason);
        weft_buf_release(&out);
    }
}

static void check_without_memory(const char *text)
{
    long n = 0;
    int err;

    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        const char *reason = NULL;
        struct weft_buf out;

        weft_buf_init(&out, &mem, 1000);
        err = weft_url_host(&out, weft_slice(text), &reason);
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%s: %d", text, err);
        weft_buf_release(&out);
        CHECK(fm.live == 0, "%s: %zu bytes leaked", text, fm.live);
    } while (err);
    CHECK(n > 1, "nothing was allocated");
}

static void test_without_memory(void **state)
{
    (void)state;
    check_without_memory("a%2eb");
    check_without_memory("0x7f.1");
    check_without_memory("[::1]");
}

static void test_limit(void **state)
{
    const char *reason = NULL;
    struct weft_buf out;

    (void)state;
    weft_buf_init(&out, &weft_mem_libc, 8);
    assert_int_equal(weft_url_host(&out, weft_slice("12345678a"), &reason),
                     WEFT_ERR_LIMIT);
    assert_int_equal(weft_url_host(&out, weft_slice("[1::123]"), &reason), 0);
    assert_int_equal(weft_url_host(&out, weft_slice("h"), &reason),
                     WEFT_ERR_LIMIT);
    weft_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),          cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_every_byte),     cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_without_memory), cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
