/* SPDX-License-Identifier: MIT */
/* WebSocket URLs: the parts of those that are right, and the reason for those
 * that are wrong. */
#include "base/mem.h"
#include "client/url.h"
#include "support.h"

#include <string.h>

static struct weft_slice guarded(const char *text, size_t len)
{
    return (struct weft_slice){(const char *)at_page_end(text, len), len};
}

static const struct {
    const char *text;
    bool is_secure;
    uint16_t port;
    const char *host, *authority, *resource;
} good[] = {
    {"ws://h", false, 80, "h", "h", "/"},
    {"wss://h", true, 443, "h", "h", "/"},
    {"http://h", false, 80, "h", "h", "/"},
    {"https://h", true, 443, "h", "h", "/"},
    {"WSS://H/A", true, 443, "h", "h", "/A"},
    {"HtTpS://h/", true, 443, "h", "h", "/"},
    {"ws://localhost:9998/echo", false, 9998, "localhost", "localhost:9998",
     "/echo"},

    /* Ports. */
    {"ws://h:80/", false, 80, "h", "h", "/"},
    {"ws://h:443/", false, 443, "h", "h:443", "/"},
    {"wss://h:443/", true, 443, "h", "h", "/"},
    {"wss://h:80/", true, 80, "h", "h:80", "/"},
    {"https://h:80/", true, 80, "h", "h:80", "/"},
    {"ws://h:/", false, 80, "h", "h", "/"},
    {"wss://h:", true, 443, "h", "h", "/"},
    {"ws://h:0", false, 0, "h", "h:0", "/"},
    {"ws://h:65535", false, 65535, "h", "h:65535", "/"},
    {"ws://h:0080/", false, 80, "h", "h", "/"},
    {"ws://h:00081/", false, 81, "h", "h:81", "/"},

    /* Hosts. */
    {"ws://A.Example.:81", false, 81, "a.example.", "a.example.:81", "/"},
    {"ws://127.0.0.1:1/", false, 1, "127.0.0.1", "127.0.0.1:1", "/"},
    {"ws://xn--nxasmq6b/", false, 80, "xn--nxasmq6b", "xn--nxasmq6b", "/"},
    {"ws://Az-aZ.example", false, 80, "az-az.example", "az-az.example", "/"},
    {"ws://a_b-c~d/", false, 80, "a_b-c~d", "a_b-c~d", "/"},
    {"ws://[::1]/", false, 80, "::1", "[::1]", "/"},
    {"ws://[::1]:9998", false, 9998, "::1", "[::1]:9998", "/"},
    {"wss://[2001:DB8::A]:/a", true, 443, "2001:db8::a", "[2001:db8::a]", "/a"},
    {"ws://[::FFFF:127.0.0.1]:80/", false, 80, "::ffff:127.0.0.1",
     "[::ffff:127.0.0.1]", "/"},

    /* Resource names. */
    {"ws://h?", false, 80, "h", "h", "/?"},
    {"ws://h?a=b", false, 80, "h", "h", "/?a=b"},
    {"ws://h:81?a/b?c:d@e", false, 81, "h", "h:81", "/?a/b?c:d@e"},
    {"ws://h/?", false, 80, "h", "h", "/?"},
    {"ws://h/a/b?c=d&e", false, 80, "h", "h", "/a/b?c=d&e"},
    {"ws://h//", false, 80, "h", "h", "//"},
    {"ws://h/A%20b/%C3%A9?%23", false, 80, "h", "h", "/A%20b/%C3%A9?%23"},
    {"ws://h/%aa%AA%ff%FF", false, 80, "h", "h", "/%aa%AA%ff%FF"},
    {"ws://h/a:b@c", false, 80, "h", "h", "/a:b@c"},
    {"ws://h/ws://i", false, 80, "h", "h", "/ws://i"},
    {"ws://h/?{\\}", false, 80, "h", "h", "/?{\\}"},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        const char *text = good[i].text, *reason;
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_url url;
        int err =
            weft_url_parse(&url, &mem, guarded(text, strlen(text)), &reason);

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

#define CONTROL "has a control character"
#define SPACE "has a space"
#define OUTSIDE "has a character outside ASCII that is not encoded"
#define FRAGMENT "has a fragment, which a WebSocket cannot have"
#define RELATIVE "is relative, it must begin with ws:// or wss://"
#define SCHEME "has a scheme other than ws, wss, http and https"
#define SLASHES "has no // behind the scheme"
#define USER "has a user name or password, which is not supported"
#define NO_HOST "has no host"
#define IPV6 "has an IPv6 address that is not valid"
#define PERCENT "has a host with a percent sign"
#define HOST "has a host with a character that is not allowed"
#define COLON "has no colon between the IPv6 address and the port"
#define NO_NUMBER "has a port that is not a number"
#define TOO_LARGE "has a port above 65535"
#define ESCAPE "has a percent sign without two hex digits"
#define ENCODE "has a path or query with a character that must be encoded"

static const struct {
    const char *text, *reason;
} bad[] = {
    {"", "is empty"},

    {"\t", CONTROL},
    {"ws://h/\n", CONTROL},
    {"ws://h/\r\nHost: i", CONTROL},
    {"ws://h\x7f/", CONTROL},
    {"ws://h/\x1b", CONTROL},
    {" ws://h", SPACE},
    {"ws://h ", SPACE},
    {"ws://h/a b", SPACE},
    {"ws:// h", SPACE},
    {"ws://\xc3\xa9.example/", OUTSIDE},
    {"ws://h/\xc3\xa9", OUTSIDE},
    {"ws://h/\xff", OUTSIDE},
    {"ws://h#", FRAGMENT},
    {"ws://h/#a", FRAGMENT},
    {"ws://h/?a#b", FRAGMENT},
    {"#", FRAGMENT},

    {"/echo", RELATIVE},
    {"//h/echo", RELATIVE},
    {"echo", RELATIVE},
    {"?a", RELATIVE},
    {":", RELATIVE},
    {"://h", RELATIVE},
    {"1ws://h", RELATIVE},
    {"w_s://h", RELATIVE},
    {"[::1]:80", RELATIVE},
    {"127.0.0.1:80", RELATIVE},
    {"w", RELATIVE},
    {"ws", RELATIVE},
    {"localhost:9998/echo", SCHEME},
    {"ftp://h", SCHEME},
    {"wsss://h", SCHEME},
    {"w://h", SCHEME},
    {"ws+unix://h", SCHEME},
    {"zZ-1.a+b://h", SCHEME},
    {"file:///a", SCHEME},
    {"javascript:alert(1)", SCHEME},
    {"about:blank", SCHEME},
    {"ws:", SLASHES},
    {"ws:/", SLASHES},
    {"ws:/h", SLASHES},
    {"ws:h", SLASHES},
    {"ws:\\\\h", SLASHES},

    {"ws://u@h", USER},
    {"ws://u:p@h:80/", USER},
    {"ws://:@h", USER},
    {"ws://@h", USER},
    {"ws://@", USER},
    {"ws://", NO_HOST},
    {"ws:///", NO_HOST},
    {"ws:///h", NO_HOST},
    {"ws://?h", NO_HOST},
    {"ws://:80", NO_HOST},
    {"ws://:", NO_HOST},
    {"ws://[", IPV6},
    {"ws://[]", IPV6},
    {"ws://[::1", IPV6},
    {"ws://[::1:80/", IPV6},
    {"ws://[h]", IPV6},
    {"ws://[:::]", IPV6},
    {"ws://[1:2:3:4:5:6:7:8:9]", IPV6},
    {"ws://[::1%25lo]", IPV6},
    {"ws://[v1.a]", IPV6},
    {"ws://%68/", PERCENT},
    {"ws://h%", PERCENT},
    {"ws://h%00/", PERCENT},
    {"ws://h\\a", HOST},
    {"ws://h\\@i/", USER},
    {"ws://a<b", HOST},
    {"ws://a|b", HOST},
    {"ws://a^b", HOST},
    {"ws://a\"b", HOST},
    {"ws://h]", HOST},
    {"ws://a[::1]", HOST},

    {"ws://[::1]80", COLON},
    {"ws://[::1]x:80", COLON},
    {"ws://h:a", NO_NUMBER},
    {"ws://h:80a/", NO_NUMBER},
    {"ws://h:+80", NO_NUMBER},
    {"ws://h:-1", NO_NUMBER},
    {"ws://h:0x50", NO_NUMBER},
    {"ws://h:80:80", NO_NUMBER},
    {"ws://h::80", NO_NUMBER},
    {"ws://::1/", NO_HOST},
    {"ws://1::1/", NO_NUMBER},
    {"ws://h:65536", TOO_LARGE},
    {"ws://h:99999999999999999999/", TOO_LARGE},
    {"ws://h:4294967376", TOO_LARGE},

    {"ws://h/%", ESCAPE},
    {"ws://h/%4", ESCAPE},
    {"ws://h/%zz", ESCAPE},
    {"ws://h?%0g", ESCAPE},
    {"ws://h/%%41", ESCAPE},
    {"ws://h/\"", ENCODE},
    {"ws://h/a<b>", ENCODE},
    {"ws://h/a\\b", ENCODE},
    {"ws://h/{}", ENCODE},
    {"ws://h/?\"", ENCODE},
};

static void check_bad(struct weft_slice text, const char *want)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    const char *reason;
    struct weft_url url;
    int err = weft_url_parse(&url, &mem, text, &reason);

    CHECK(err == WEFT_ERR_INVALID, "%.*s: %d", (int)text.len, text.ptr, err);
    CHECK(strcmp(reason, want) == 0, "%.*s: %s", (int)text.len, text.ptr,
          reason);
    CHECK(fm.calls == 0, "%.*s", (int)text.len, text.ptr);
}

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        check_bad(guarded(bad[i].text, strlen(bad[i].text)), bad[i].reason);
    check_bad(guarded("ws://h\0", 7), CONTROL);
    check_bad(guarded("ws://h/a\0b", 10), CONTROL);
    check_bad((struct weft_slice){NULL, 0}, "is empty");
}

/* 253 bytes of host, a dot behind them or not. */
static void test_host_length(void **state)
{
    static const struct {
        size_t len;
        bool has_dot, is_good;
    } cases[] = {
        {252, false, true}, {253, false, true},   {254, false, false},
        {254, true, true},  {255, true, false},   {255, false, false},
        {300, true, false}, {9000, false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        static char text[10000];
        size_t len = cases[i].len;
        const char *reason;
        struct weft_url url;
        int err;

        memcpy(text, "ws://", 5);
        memset(text + 5, 'A', len);
        if (cases[i].has_dot)
            text[5 + len - 1] = '.';
        memcpy(text + 5 + len, ":65535", 6);
        err = weft_url_parse(&url, &weft_mem_libc, guarded(text, 5 + len + 6),
                             &reason);
        CHECK((err == 0) == cases[i].is_good, "%zu: %d", i, err);
        if (err) {
            assert_string_equal(reason, "has a host that is too long");
            continue;
        }
        assert_int_equal(strlen(url.host), len);
        assert_int_equal(strlen(url.authority), len + 6);
        weft_url_release(&url);
    }
}

/* Fails one allocation, the one after *left others, and no other. */
static void *fail_one(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    long *left = ud;

    if (new_size > 0 && (*left)-- == 0)
        return NULL;
    return weft_mem_libc.realloc(NULL, ptr, old_size, new_size);
}

static void test_without_memory(void **state)
{
    long n = 0;
    int err;

    (void)state;
    do {
        struct fail_mem fm = {.left = n};
        struct weft_mem none = {fail_realloc, &fm};
        long left = n++;
        struct weft_mem all_but_one = {fail_one, &left};
        const char *reason;
        struct weft_url url;

        err = weft_url_parse(&url, &none, weft_slice("ws://h:81/a?b"), &reason);
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        CHECK(reason == NULL, "%s", reason);
        CHECK(err == 0 || fm.live == 0, "%zu bytes leaked", fm.live);
        weft_url_release(&url);
        CHECK(fm.live == 0, "%zu bytes leaked", fm.live);

        CHECK(weft_url_parse(&url, &all_but_one, weft_slice("ws://h:81/a?b"),
                             &reason) == err,
              "at %ld", n);
        weft_url_release(&url);
    } while (err);
    CHECK(n > 1, "nothing was allocated");
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
        cmocka_unit_test(test_host_length),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_release_of_zeroed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
