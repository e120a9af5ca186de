/* SPDX-License-Identifier: MIT */
/* What is made of a URL besides its href, the reasons for those that are
 * wrong, and the bounds of memory and time. What the standard makes of each
 * text is in url_parts_test.c. */
#include "base/mem.h"
#include "client/url.h"
#include "client/url_parts.h"
#include "support.h"

#include <stdlib.h>

static struct weft_slice guarded(const char *text, size_t len)
{
    return (struct weft_slice){(const char *)at_page_end(text, len), len};
}

static const struct {
    const char *text, *base;
    bool is_secure;
    uint16_t port;
    const char *host, *authority, *resource;
} good[] = {
    {"ws://h", NULL, false, 80, "h", "h", "/"},
    {"wss://h", NULL, true, 443, "h", "h", "/"},
    {"http://h", NULL, false, 80, "h", "h", "/"},
    {"https://h", NULL, true, 443, "h", "h", "/"},
    {"ws://localhost:9998/echo", NULL, false, 9998, "localhost",
     "localhost:9998", "/echo"},

    /* The port is left out only where it is the default. */
    {"ws://h:80/", NULL, false, 80, "h", "h", "/"},
    {"ws://h:443/", NULL, false, 443, "h", "h:443", "/"},
    {"wss://h:443/", NULL, true, 443, "h", "h", "/"},
    {"https://h:80/", NULL, true, 80, "h", "h:80", "/"},
    {"ws://h:0", NULL, false, 0, "h", "h:0", "/"},
    {"ws://h:65535", NULL, false, 65535, "h", "h:65535", "/"},
    {"ws://h:00081/", NULL, false, 81, "h", "h:81", "/"},

    /* Hosts, of IPv6 with brackets and without. */
    {"ws://A.Example.:81", NULL, false, 81, "a.example.", "a.example.:81", "/"},
    {"ws://0x7f.1", NULL, false, 80, "127.0.0.1", "127.0.0.1", "/"},
    {"ws://[0:0::1]/", NULL, false, 80, "::1", "[::1]", "/"},
    {"wss://[::1]:9998", NULL, true, 9998, "::1", "[::1]:9998", "/"},

    /* User and password are in none of these. */
    {"ws://u:p@h:81/a", NULL, false, 81, "h", "h:81", "/a"},

    /* What is asked for. */
    {"ws://h?", NULL, false, 80, "h", "h", "/?"},
    {"ws://h?a=b", NULL, false, 80, "h", "h", "/?a=b"},
    {"ws://h/a/../b c?d 'e'", NULL, false, 80, "h", "h", "/b%20c?d%20%27e%27"},
    {"ws://h//", NULL, false, 80, "h", "h", "//"},
    {"ws://h/\r\nHost: i", NULL, false, 80, "h", "h", "/Host:%20i"},
    {"ws://h/\xff\xc3", NULL, false, 80, "h", "h", "/%EF%BF%BD%EF%BF%BD"},

    /* Over a base. */
    {"echo", "https://u@h:8443/a/b?q#f", true, 8443, "h", "h:8443", "/a/echo"},
    {"//i", "https://h:8443/", true, 443, "i", "i", "/"},
    {"?r", "http://[::1]/a", false, 80, "::1", "[::1]", "/a?r"},

    /* An absolute URL needs none, so none can spoil it. */
    {"ws://h/b", "about:blank", false, 80, "h", "h", "/b"},
    {"wss://h", "file:///a", true, 443, "h", "h", "/"},
    {"http://h", "", false, 80, "h", "h", "/"},
    {"ws://h", "ws://i:a", false, 80, "h", "h", "/"},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        const char *text = good[i].text, *reason;
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_url url;
        int err = weft_url_parse(&url, &mem, guarded(text, strlen(text)),
                                 good[i].base, &reason);

        CHECK(err == 0, "%s: %d %s", text, err, reason ? reason : "");
        CHECK(reason == NULL, "%s: %s", text, reason);
        CHECK(url.is_secure == good[i].is_secure, "%s", text);
        CHECK(url.port == good[i].port, "%s: %u", text, url.port);
        CHECK(strcmp(url.host, good[i].host) == 0, "%s: %s", text, url.host);
        CHECK(strcmp(url.authority, good[i].authority) == 0, "%s: %s", text,
              url.authority);
        CHECK(strcmp(url.resource, good[i].resource) == 0, "%s: %s", text,
              url.resource);
        weft_url_release(&url);
        weft_url_release(&url);
        CHECK(fm.live == 0, "%s: %zu bytes leaked", text, fm.live);
    }
}

#define FRAGMENT "the URL has a fragment, which a WebSocket cannot have"
#define RELATIVE "the URL is relative, it must begin with ws:// or wss://"
#define SCHEME "the URL has a scheme other than ws, wss, http and https"
#define NO_HOST "the URL has no host"
#define HOST "the URL has a host with a character that is not allowed"
#define IPV4 "the URL has an IPv4 address that is not valid"
#define IPV6 "the URL has an IPv6 address that is not valid"
#define NO_NUMBER "the URL has a port that is not a number"
#define TOO_LARGE "the URL has a port above 65535"
#define BAD_BASE "the URL has a base that is not a ws, wss, http or https URL"

static const struct {
    const char *text, *base, *reason;
} bad[] = {
    {"", NULL, "the URL is empty"},
    {" \t\r\n", NULL, "the URL is empty"},
    {"#", NULL, FRAGMENT},
    {"ws://h#", NULL, FRAGMENT},
    {"ws://h/?a#b", NULL, FRAGMENT},
    {"#", "ws://h", FRAGMENT},
    {"/echo", NULL, RELATIVE},
    {"//h/echo", NULL, RELATIVE},
    {"ws", NULL, RELATIVE},
    {"127.0.0.1:80", NULL, RELATIVE},
    {"localhost:9998/echo", NULL, SCHEME},
    {"ftp://h", NULL, SCHEME},
    {"ftp://h", "ws://h", SCHEME},
    {"ws:", NULL, NO_HOST},
    {"ws:///", NULL, NO_HOST},
    {"ws://?h", NULL, NO_HOST},
    {"ws://:80", NULL, NO_HOST},
    {"ws://u@", NULL, NO_HOST},
    {"ws://u@:80", NULL, NO_HOST},
    {"//", "ws://h", NO_HOST},
    {"ws://h h", NULL, HOST},
    {"ws://h%00", NULL, HOST},
    {"ws://h]", NULL, HOST},
    {"ws://1.2.3.4.5", NULL, IPV4},
    {"ws://[::1", NULL, IPV6},
    {"ws://[::1]80", NULL, IPV6},
    {"ws://h:a", NULL, NO_NUMBER},
    {"ws://h:99999999999999999999a", NULL, NO_NUMBER},
    {"ws://1::1/", NULL, NO_NUMBER},
    {"ws://h:65536", NULL, TOO_LARGE},
    {"a", "", BAD_BASE},
    {"a", "/a", BAD_BASE},
    {"", "about:blank", BAD_BASE},
    {"ftp://h", "about:blank", SCHEME},
    {"ws://h#", "about:blank", FRAGMENT},
    {"a", "about:blank", BAD_BASE},
    {"a", "ws://h:a", BAD_BASE},
};

static void check_bad(struct weft_slice text, const char *base,
                      const char *want)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    const char *reason;
    struct weft_url url;
    int err = weft_url_parse(&url, &mem, text, base, &reason);

    CHECK(err == WEFT_ERR_INVALID, "%.*s: %d", (int)text.len, text.ptr, err);
    CHECK(strcmp(reason, want) == 0, "%.*s: %s", (int)text.len, text.ptr,
          reason);
    CHECK(fm.live == 0, "%.*s", (int)text.len, text.ptr);
}

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        check_bad(guarded(bad[i].text, strlen(bad[i].text)), bad[i].base,
                  bad[i].reason);
    check_bad(guarded("ws://h\0i", 8), NULL, HOST);
    check_bad((struct weft_slice){NULL, 0}, NULL, "the URL is empty");
}

/* A NUL is a control character as others are. */
static void test_nul(void **state)
{
    const char *reason;
    struct weft_url url;

    (void)state;
    assert_int_equal(weft_url_parse(&url, &weft_mem_libc,
                                    guarded("\0ws://h/a\0b?\0c\0", 15), NULL,
                                    &reason),
                     0);
    assert_string_equal(url.href, "ws://h/a%00b?%00c");
    weft_url_release(&url);
}

/* The text "ws://h/", then len times the unit. */
static struct weft_slice repeated(char *text, size_t size, const char *unit,
                                  size_t len)
{
    size_t unit_len = strlen(unit), at = 7;

    memcpy(text, "ws://h/", at);
    for (size_t i = 0; i < len; i++, at += unit_len) {
        assert_true(at + unit_len <= size);
        memcpy(text + at, unit, unit_len);
    }
    return (struct weft_slice){text, at};
}

/* 64 KiB, of the text and of what comes out; never much more memory. */
static void test_length(void **state)
{
    static const struct {
        const char *unit;
        size_t count;
        bool is_good;
    } cases[] = {
        {"a", WEFT_URL_MAX - 7, true},
        {"a", WEFT_URL_MAX - 6, false},
        {"a", WEFT_URL_MAX * 4, false},
        {" ", WEFT_URL_MAX - 6, false},
        {"\t", WEFT_URL_MAX - 6, false},
        {"\t", WEFT_URL_MAX - 7, true},
        {"\xff", 7000, true},
        {"\xff", 8000, false},
        {"\xff", 60000, false},
        {"\"", 21000, true},
        {"\"", 22000, false},
        {"?", 60000, true},
        {"../", 20000, true},
        {"a/../", 10000, true},
    };
    static char text[WEFT_URL_MAX * 4 + 7];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weft_slice all =
            repeated(text, sizeof(text), cases[i].unit, cases[i].count);
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {fail_realloc, &fm};
        const char *reason;
        struct weft_url url;
        int err = weft_url_parse(&url, &mem, all, NULL, &reason);

        CHECK((err == 0) == cases[i].is_good, "%zu: %d", i, err);
        CHECK(fm.peak <= 8 * WEFT_URL_MAX, "%zu: %zu bytes", i, fm.peak);
        if (err)
            assert_string_equal(reason, "the URL is longer than 64 KiB");
        weft_url_release(&url);
        CHECK(fm.live == 0, "%zu: %zu bytes leaked", i, fm.live);
    }
}

/* As in the text, so in a base, which may be as long as that. */
static void test_length_of_base(void **state)
{
    static char base[WEFT_URL_MAX + 2];
    const char *reason;
    struct weft_url url;

    (void)state;
    memset(base, 'a', sizeof(base) - 1);
    memcpy(base, "ws://h/", 7);
    check_bad(weft_slice("b"), base, BAD_BASE);
    base[WEFT_URL_MAX] = '\0';
    assert_int_equal(
        weft_url_parse(&url, &weft_mem_libc, weft_slice("b"), base, &reason),
        0);
    assert_string_equal(url.href, "ws://h/b");
    weft_url_release(&url);
    base[WEFT_URL_MAX - 1] = '/';
    check_bad(weft_slice("b"), base, "the URL is longer than 64 KiB");
}

/* Fails one allocation, the one after *left others, and no other. */
static void *fail_one(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    long *left = ud;

    if (new_size > 0 && (*left)-- == 0)
        return NULL;
    return weft_mem_libc.realloc(NULL, ptr, old_size, new_size);
}

static void check_without_memory(const char *text, const char *base)
{
    long n = 0;
    int err;

    do {
        struct fail_mem fm = {.left = n};
        struct weft_mem none = {fail_realloc, &fm};
        long left = n++;
        struct weft_mem all_but_one = {fail_one, &left};
        const char *reason;
        struct weft_url url;

        err = weft_url_parse(&url, &none, weft_slice(text), base, &reason);
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        CHECK(reason == NULL, "%s", reason);
        CHECK(err == 0 || fm.live == 0, "%zu bytes leaked", fm.live);
        weft_url_release(&url);
        CHECK(fm.live == 0, "%zu bytes leaked", fm.live);

        CHECK(weft_url_parse(&url, &all_but_one, weft_slice(text), base,
                             &reason) == err,
              "at %ld", n);
        weft_url_release(&url);
    } while (err);
    CHECK(n > 1, "nothing was allocated");
}

static void test_without_memory(void **state)
{
    (void)state;
    check_without_memory("ws://u:p@h:81/a?b", NULL);
    check_without_memory("c?d", "ws://[::1]:81/a?b#f");
    check_without_memory("wss://1.2", "http://u@h%2e:81/a?b");
}

static void test_release_of_zeroed(void **state)
{
    struct weft_url url = {0};

    (void)state;
    weft_url_release(&url);
    assert_null(url.host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_length_of_base),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_release_of_zeroed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
