/* SPDX-License-Identifier: MIT */
/* What the URL standard makes of a URL, as its href: whole, and cut at every
 * place. The parts are filled through weft_url_parse, which writes them. */
#include "base/mem.h"
#include "client/url.h"
#include "client/url_parts.h"
#include "support.h"

#define SAME ""
#define REFUSED NULL
#define BASE "ws://u:p@h:81/a/b/c?q#f"

static const struct {
    const char *text, *href;
} absolute[] = {
    /* The four schemes, in any case, and their default ports. */
    {"ws://h", "ws://h/"},
    {"wss://h", "wss://h/"},
    {"http://h", "ws://h/"},
    {"https://h", "wss://h/"},
    {"WS://h", "ws://h/"},
    {"WsS://h", "wss://h/"},
    {"HTTPS://h", "wss://h/"},
    {"ws://h:80", "ws://h/"},
    {"wss://h:443", "wss://h/"},
    {"http://h:80/", "ws://h/"},
    {"https://h:443/", "wss://h/"},
    {"ws://h:443", "ws://h:443/"},
    {"wss://h:80", "wss://h:80/"},
    {"https://h:80", "wss://h:80/"},
    {"http://h:443", "ws://h:443/"},
    {"ws://localhost:9998/echo", SAME},

    /* Other schemes, and none. */
    {"ftp://h", REFUSED},
    {"file:///a", REFUSED},
    {"wsss://h", REFUSED},
    {"w://h", REFUSED},
    {"ws+unix://h", REFUSED},
    {"ws-x:h", REFUSED},
    {"about:blank", REFUSED},
    {"javascript:alert(1)", REFUSED},
    {"data:,a", REFUSED},
    {"blob:ws://h/a", REFUSED},
    {"localhost:9998/echo", REFUSED},
    {"h.example:80", REFUSED},
    {"", REFUSED},
    {"/", REFUSED},
    {"/echo", REFUSED},
    {"//h/echo", REFUSED},
    {"echo", REFUSED},
    {"?a", REFUSED},
    {".", REFUSED},
    {"..", REFUSED},
    {":", REFUSED},
    {":80", REFUSED},
    {"://h", REFUSED},
    {"1ws://h", REFUSED},
    {"w_s://h", REFUSED},
    {"[::1]:80", REFUSED},
    {"127.0.0.1:80", REFUSED},
    {"ws", REFUSED},
    {"ws ://h", REFUSED},
    {"ws%3a//h", REFUSED},
    {"wss", REFUSED},
    {"@h", REFUSED},

    /* Slashes behind the scheme. */
    {"ws:h", "ws://h/"},
    {"ws:/h", "ws://h/"},
    {"ws:///h", "ws://h/"},
    {"ws:////h", "ws://h/"},
    {"ws:\\\\h", "ws://h/"},
    {"ws:\\/h", "ws://h/"},
    {"ws:/\\h", "ws://h/"},
    {"ws:\\h", "ws://h/"},
    {"ws:/\\/\\//h/a", "ws://h/a"},
    {"ws:h/a", "ws://h/a"},
    {"ws:", REFUSED},
    {"ws:/", REFUSED},
    {"ws://", REFUSED},
    {"ws:///", REFUSED},
    {"ws:\\\\\\", REFUSED},
    {"ws:?a", REFUSED},
    {"ws:a:81/b", "ws://a:81/b"},

    /* Blanks and controls. */
    {" ws://h", "ws://h/"},
    {"ws://h ", "ws://h/"},
    {"\t\n\r ws://h\r\n", "ws://h/"},
    {"\x01\x1f ws://h/a\x02", "ws://h/a"},
    {"w\ts\n:/\r/h\t.\ne/a\r\nb", "ws://h.e/ab"},
    {"ws://h/a b", "ws://h/a%20b"},
    {"ws://h/?a b", "ws://h/?a%20b"},
    {"ws://h/ \x1f ?", "ws://h/%20%1F%20?"},
    {"ws://h\x1f", "ws://h/"},
    {"ws://h h", REFUSED},
    {"ws:// h", REFUSED},
    {"ws://h /", REFUSED},
    {"ws://h/\x01?\x02", "ws://h/%01?"},
    {"ws://h/\x7f?\x7f", "ws://h/%7F?%7F"},
    {"ws://u\t:\np@h:8\r1", "ws://u:p@h:81/"},
    {"ws://[:\t:1]", "ws://[::1]/"},
    {"ws://h/%\n41", "ws://h/%41"},
    {"ws://h/.\t./a", "ws://h/a"},
    {"\xc2\xa0ws://h", REFUSED},
    {"\xef\xbb\xbfws://h", REFUSED},

    /* User and password, kept but not sent. */
    {"ws://u@h", "ws://u@h/"},
    {"ws://u:p@h:81/", SAME},
    {"ws://:p@h", "ws://:p@h/"},
    {"ws://u:@h", "ws://u@h/"},
    {"ws://:@h", "ws://h/"},
    {"ws://@h", "ws://h/"},
    {"ws://u:p:q@h", "ws://u:p%3Aq@h/"},
    {"ws://a@b@h", "ws://a%40b@h/"},
    {"ws://a:b@c:d@h", "ws://a:b%40c%3Ad@h/"},
    {"ws://a%40b@h", "ws://a%40b@h/"},
    {"ws://u/@h", SAME},
    {"ws://u?@h", "ws://u/?@h"},
    {"ws://u\\@h", "ws://u/@h"},
    {"ws://@", REFUSED},
    {"ws://u@", REFUSED},
    {"ws://u:p@:80", REFUSED},
    {"ws://u@/a", REFUSED},
    {"ws://u@?a", REFUSED},
    {"ws://@:80", REFUSED},
    {"ws://!$&'()*+,-._~:;=@h", "ws://!$&'()*+,-._~:%3B%3D@h/"},
    {"ws://[]|^`{}\"<>%zz@h", "ws://%5B%5D%7C%5E%60%7B%7D%22%3C%3E%zz@h/"},
    {"ws://\xc3\xa9:\xe2\x82\xac@h", "ws://%C3%A9:%E2%82%AC@h/"},
    {"ws://u p@h", "ws://u%20p@h/"},
    {"ws://http:a@h", "ws://http:a@h/"},
    {"ws:u:p@h", "ws://u:p@h/"},
    {"ws://h/u:p@i", SAME},
    {"ws://u@[::1]:81", "ws://u@[::1]:81/"},

    /* Hosts; more in url_host_test.c. */
    {"ws://H.Example", "ws://h.example/"},
    {"ws://a..b", "ws://a..b/"},
    {"ws://.", "ws://./"},
    {"ws://h.", "ws://h./"},
    {"ws://.h", "ws://.h/"},
    {"ws://-", "ws://-/"},
    {"ws://a_b", "ws://a_b/"},
    {"ws://a%62c", "ws://abc/"},
    {"ws://%41", "ws://a/"},
    {"ws://h%2e", "ws://h./"},
    {"ws://h%2fa", REFUSED},
    {"ws://h%3a80", REFUSED},
    {"ws://h%40i", REFUSED},
    {"ws://h%00", REFUSED},
    {"ws://h%", REFUSED},
    {"ws://h%zz", REFUSED},
    {"ws://h%25", REFUSED},
    {"ws://a<b", REFUSED},
    {"ws://a>b", REFUSED},
    {"ws://a^b", REFUSED},
    {"ws://a|b", REFUSED},
    {"ws://a[b", REFUSED},
    {"ws://a]b", REFUSED},
    {"ws://a\"b", "ws://a\"b/"},
    {"ws://a{b}`", "ws://a{b}`/"},
    {"ws://a!$&'()*+,;=~b", "ws://a!$&'()*+,;=~b/"},
    {"ws://127.1", "ws://127.0.0.1/"},
    {"ws://0x7f000001", "ws://127.0.0.1/"},
    {"ws://1.2.3.4.5", REFUSED},
    {"ws://256.1.1.1", REFUSED},
    {"ws://[::1]", "ws://[::1]/"},
    {"ws://[2001:DB8:0:0:0:0:0:A]:81/", "ws://[2001:db8::a]:81/"},
    {"ws://[::127.0.0.1]", "ws://[::7f00:1]/"},
    {"ws://[]", REFUSED},
    {"ws://[", REFUSED},
    {"ws://[::1", REFUSED},
    {"ws://[::1]a", REFUSED},
    {"ws://a[::1]", REFUSED},
    {"ws://[::1%25lo]", REFUSED},
    {"ws://[v1.a]", REFUSED},

    /* Ports. */
    {"ws://h:", "ws://h/"},
    {"wss://h:/", "wss://h/"},
    {"ws://h:0", "ws://h:0/"},
    {"ws://h:1", "ws://h:1/"},
    {"ws://h:65535", "ws://h:65535/"},
    {"ws://h:65536", REFUSED},
    {"ws://h:99999999999999999999", REFUSED},
    {"ws://h:4294967376", REFUSED},
    {"ws://h:0080", "ws://h/"},
    {"ws://h:0000000000000000000081", "ws://h:81/"},
    {"ws://h:8a", REFUSED},
    {"ws://h:a", REFUSED},
    {"ws://h:+80", REFUSED},
    {"ws://h:-1", REFUSED},
    {"ws://h:0x50", REFUSED},
    {"ws://h:80:80", REFUSED},
    {"ws://h::80", REFUSED},
    {"ws://h: 80", REFUSED},
    {"ws://h:%38", REFUSED},
    {"ws://::1", REFUSED},
    {"ws://1::1", REFUSED},
    {"ws://:", REFUSED},
    {"ws://:80", REFUSED},
    {"ws://h:80?a", "ws://h/?a"},
    {"ws://h:81?a", "ws://h:81/?a"},
    {"ws://h:81\\a", "ws://h:81/a"},
    {"ws://[::1]:", "ws://[::1]/"},
    {"ws://[::1]:a", REFUSED},
    {"ws://[::1]80", REFUSED},
    {"ws://h:\xef\xbc\x98\xef\xbc\x90", REFUSED},

    /* Dots in paths. */
    {"ws://h/.", "ws://h/"},
    {"ws://h/..", "ws://h/"},
    {"ws://h/./", "ws://h/"},
    {"ws://h/../", "ws://h/"},
    {"ws://h/a/.", "ws://h/a/"},
    {"ws://h/a/..", "ws://h/"},
    {"ws://h/a/./b", "ws://h/a/b"},
    {"ws://h/a/../b", "ws://h/b"},
    {"ws://h/a/b/..", "ws://h/a/"},
    {"ws://h/a/b/../", "ws://h/a/"},
    {"ws://h/a/b/../../..", "ws://h/"},
    {"ws://h/../../a", "ws://h/a"},
    {"ws://h/a/.../b", SAME},
    {"ws://h/.a", SAME},
    {"ws://h/..a", SAME},
    {"ws://h/a..", SAME},
    {"ws://h/%2e", "ws://h/"},
    {"ws://h/%2E/a", "ws://h/a"},
    {"ws://h/a/%2e%2E/b", "ws://h/b"},
    {"ws://h/a/.%2e", "ws://h/"},
    {"ws://h/a/%2e.", "ws://h/"},
    {"ws://h/a/%2e%2e%2e", SAME},
    {"ws://h/a/%2e%2e/", "ws://h/"},
    {"ws://h/%2", SAME},
    {"ws://h/a/%252e%252e/", SAME},
    {"ws://h/a/..;/b", SAME},
    {"ws://h//..", "ws://h/"},
    {"ws://h//../", "ws://h/"},
    {"ws://h/a//../b", "ws://h/a/b"},
    {"ws://h/a//b/../..", "ws://h/a/"},
    {"ws://h/..//a", "ws://h//a"},
    {"ws://h\\..\\a\\..\\b", "ws://h/b"},
    {"ws://h/a/..\\b", "ws://h/b"},
    {"ws://h/a/..?b/../c", "ws://h/?b/../c"},
    {"ws://h..", "ws://h../"},
    {"ws://h/..%2fa", SAME},
    {"ws://h/....", SAME},

    /* Paths and queries, and what is encoded there. */
    {"ws://h/", SAME},
    {"ws://h//", SAME},
    {"ws://h//a//", SAME},
    {"ws://h/a/b?c=d&e", SAME},
    {"ws://h?", "ws://h/?"},
    {"ws://h/?", SAME},
    {"ws://h?a=b", "ws://h/?a=b"},
    {"ws://h?"
     "?",
     "ws://h/?"
     "?"},
    {"ws://h/?a?b/c\\d", SAME},
    {"ws://h\\a\\b", "ws://h/a/b"},
    {"ws://h/a\\b?\\", "ws://h/a/b?\\"},
    {"ws://h/!$&'()*+,-.:;=@_~[]|", SAME},
    {"ws://h/?!$&'()*+,-.:;=@_~[]|/", "ws://h/?!$&%27()*+,-.:;=@_~[]|/"},
    {"ws://h/^`{}\"<>", "ws://h/%5E%60%7B%7D%22%3C%3E"},
    {"ws://h/?^`{}\"<>", "ws://h/?^`{}%22%3C%3E"},
    {"ws://h/%41%2f%00%c3%A9", SAME},
    {"ws://h/?%41%2f%00%c3%A9", SAME},
    {"ws://h/%?%", SAME},
    {"ws://h/%4?%zz", SAME},
    {"ws://h/"
     "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80?"
     "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
     "ws://h/%C3%A9%E2%82%AC%F0%9F%98%80?%C3%A9%E2%82%AC%F0%9F%98%80"},
    {"ws://h/\xef\xbb\xbf\xc2\xa0", "ws://h/%EF%BB%BF%C2%A0"},
    {"ws://h/\xc2\x80\xc3\xbf", "ws://h/%C2%80%C3%BF"},
    {"ws://h/a:b@c", SAME},
    {"ws://h/ws://i", SAME},
    {"ws://h/\xe3\x80\x82\xe3\x80\x82", "ws://h/%E3%80%82%E3%80%82"},

    /* Fragments. */
    {"ws://h#", REFUSED},
    {"ws://h/#", REFUSED},
    {"ws://h/a#b", REFUSED},
    {"ws://h/?a#b", REFUSED},
    {"ws:#", REFUSED},
    {"#", REFUSED},
    {"ws://h%23/", REFUSED},
    {"ws://h/%23?%23", SAME},
    {"ws://u#@h", REFUSED},
    {"ws://h:#", REFUSED},
};

static const struct {
    const char *text, *base, *href;
} relative[] = {
    /* Relative to a base. */
    {"", BASE, "ws://u:p@h:81/a/b/c?q"},
    {"d", BASE, "ws://u:p@h:81/a/b/d"},
    {"d/", BASE, "ws://u:p@h:81/a/b/d/"},
    {"./d", BASE, "ws://u:p@h:81/a/b/d"},
    {"../d", BASE, "ws://u:p@h:81/a/d"},
    {"../../d", BASE, "ws://u:p@h:81/d"},
    {"../../../d", BASE, "ws://u:p@h:81/d"},
    {".", BASE, "ws://u:p@h:81/a/b/"},
    {"..", BASE, "ws://u:p@h:81/a/"},
    {"/", BASE, "ws://u:p@h:81/"},
    {"/d", BASE, "ws://u:p@h:81/d"},
    {"/d/../e", BASE, "ws://u:p@h:81/e"},
    {"//i", BASE, "ws://i/"},
    {"//i:82/d", BASE, "ws://i:82/d"},
    {"///i", BASE, "ws://i/"},
    {"\\d", BASE, "ws://u:p@h:81/d"},
    {"\\\\i", BASE, "ws://i/"},
    {"/\\i", BASE, "ws://i/"},
    {"?", BASE, "ws://u:p@h:81/a/b/c?"},
    {"?r", BASE, "ws://u:p@h:81/a/b/c?r"},
    {"?r/../s", BASE, "ws://u:p@h:81/a/b/c?r/../s"},
    {";d", BASE, "ws://u:p@h:81/a/b/;d"},
    {"d?r", BASE, "ws://u:p@h:81/a/b/d?r"},
    {"d:e", BASE, REFUSED},
    {"./d:e", BASE, "ws://u:p@h:81/a/b/d:e"},
    {"%2e%2e/d", BASE, "ws://u:p@h:81/a/d"},
    {"d\\e", BASE, "ws://u:p@h:81/a/b/d/e"},
    {"  d  ", BASE, "ws://u:p@h:81/a/b/d"},
    {"\t", BASE, "ws://u:p@h:81/a/b/c?q"},
    {"@", BASE, "ws://u:p@h:81/a/b/@"},
    {"//v@i", BASE, "ws://v@i/"},
    {"//", BASE, REFUSED},
    {"///", BASE, REFUSED},
    {"//?", BASE, REFUSED},
    {"#", BASE, REFUSED},
    {"d#", BASE, REFUSED},
    {"?#", BASE, REFUSED},
    {"http:d", BASE, "ws://d/"},
    {"ws:d", BASE, "ws://u:p@h:81/a/b/d"},
    {"ws:/d", BASE, "ws://u:p@h:81/d"},
    {"ws://i", BASE, "ws://i/"},
    {"ws:\\\\i", BASE, "ws://i/"},
    {"ws:", BASE, "ws://u:p@h:81/a/b/c?q"},
    {"ws:?r", BASE, "ws://u:p@h:81/a/b/c?r"},
    {"ws:..", BASE, "ws://u:p@h:81/a/"},
    {"WS:d", BASE, "ws://u:p@h:81/a/b/d"},
    {"wss:d", BASE, "wss://d/"},
    {"wss:/d", BASE, "wss://d/"},
    {"https:d", BASE, "wss://d/"},
    {"ftp:d", BASE, REFUSED},
    {"ws:d:e", BASE, "ws://u:p@h:81/a/b/d:e"},
    {"ws:#", BASE, REFUSED},

    /* Bases of other kinds. */
    {"d", "http://h", "ws://h/d"},
    {"d", "https://h", "wss://h/d"},
    {"d", "wss://h:80/a", "wss://h:80/d"},
    {"", "https://h:443/a#f", "wss://h/a"},
    {"?r", "http://h/a/b?q", "ws://h/a/b?r"},
    {"..", "http://h/a/b/", "ws://h/a/"},
    {"https:d", "https://h/a/", "wss://h/a/d"},
    {"https:d", "wss://h/a/", "wss://d/"},
    {"http:d", "https://h/a/", "ws://d/"},
    {"wss:i", "ws://h/a/", "wss://i/"},
    {"d", "ws:h", "ws://h/d"},
    {"d", " http://h/%2e/\\a/b ", "ws://h//a/d"},
    {"d", "http://[::1]:81/a", "ws://[::1]:81/d"},
    {"ws://i", "http://h/", "ws://i/"},
    {"ws://i", "ftp://h/", "ws://i/"},
    {"ws://i", "h", "ws://i/"},
    {"d", "", REFUSED},
    {"d", "#", REFUSED},
    {"d", "about:blank", REFUSED},
    {"d", "http://", REFUSED},
    {"d", "http://h:a", REFUSED},
    {"/../..", "http://h/a/b", "ws://h/"},
    {"d", "http://h/a/..", "ws://h/d"},
    {"d?", "http://h?q", "ws://h/d?"},
    {"/", "http://u@h", "ws://u@h/"},
    {"?", "http://h", "ws://h/?"},
};

static struct weft_slice guarded(const char *text, size_t len)
{
    return (struct weft_slice){(const char *)at_page_end(text, len), len};
}

/* A URL that was written is printable ASCII, and reads as itself. */
static void check_stable(const char *text, const char *href)
{
    const char *reason;
    struct weft_url url;
    int err =
        weft_url_parse(&url, &weft_mem_libc, weft_slice(href), NULL, &reason);

    CHECK(err == 0, "%s: %s: %d %s", text, href, err, reason);
    CHECK(strcmp(url.href, href) == 0, "%s: %s: %s", text, href, url.href);
    for (const char *p = href; *p; p++)
        CHECK(*p > ' ' && *p <= '~', "%s: byte %d", text, *p);
    weft_url_release(&url);
}

static void check_url(const char *text, const char *base, const char *href)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    const char *reason;
    struct weft_url url;
    int err =
        weft_url_parse(&url, &mem, guarded(text, strlen(text)), base, &reason);

    if (href == REFUSED) {
        CHECK(err == WEFT_ERR_INVALID && reason, "%s: %d", text, err);
        CHECK(fm.live == 0, "%s: %zu bytes leaked", text, fm.live);
        return;
    }
    CHECK(err == 0 && !reason, "%s: %d %s", text, err, reason);
    CHECK(strcmp(url.href, *href ? href : text) == 0, "%s: %s", text, url.href);
    check_stable(text, url.href);
    weft_url_release(&url);
    CHECK(fm.live == 0, "%s: %zu bytes leaked", text, fm.live);
}

static void test_absolute(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(absolute); i++)
        check_url(absolute[i].text, NULL, absolute[i].href);
}

static void test_relative(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(relative); i++)
        check_url(relative[i].text, relative[i].base, relative[i].href);
}

/* The base does not matter to a URL with another scheme, or with "//". */
static void test_absolute_with_base(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(absolute); i++) {
        const char *text = absolute[i].text;

        if (strstr(text, "://") && absolute[i].href)
            check_url(text, "ws://v:q@i:83/j/k?l", absolute[i].href);
    }
}

/* Whatever is left of a text is read without looking behind its end. */
static void check_cuts(const char *text, const char *base)
{
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        const char *reason;
        struct weft_url url;
        int err = weft_url_parse(&url, &weft_mem_libc, guarded(text, cut), base,
                                 &reason);

        CHECK(err == 0 || err == WEFT_ERR_INVALID, "%s: %zu: %d", text, cut,
              err);
        CHECK(!err == !reason, "%s: %zu: %d", text, cut, err);
        if (err)
            continue;
        check_stable(text, url.href);
        weft_url_release(&url);
    }
}

static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(absolute); i++)
        check_cuts(absolute[i].text, NULL);
    for (size_t i = 0; i < COUNT(relative); i++)
        check_cuts(relative[i].text, relative[i].base);
}

/* The components themselves, as they are before and after a base. */
static void test_components(void **state)
{
    struct weft_url_parts parts;

    (void)state;
    weft_url_parts_init(&parts, &weft_mem_libc);
    assert_int_equal(
        weft_url_parts_read(&parts, weft_slice("https://u:@[::1]/a/./b?")), 0);
    assert_string_equal(parts.scheme->name, "https");
    assert_string_equal(parts.scheme->as, "wss");
    assert_true(parts.scheme->is_secure);
    assert_int_equal(parts.userinfo.len, 1);
    assert_memory_equal(parts.host.data, "[::1]", 5);
    assert_int_equal(parts.port, 443);
    assert_int_equal(parts.path.len, 4);
    assert_memory_equal(parts.path.data, "/a/b", 4);
    assert_true(parts.has_query);
    assert_int_equal(parts.query.len, 0);

    assert_int_equal(weft_url_parts_read(&parts, weft_slice("ws:h:81")), 0);
    assert_string_equal(parts.scheme->name, "ws");
    assert_int_equal(parts.userinfo.len, 0);
    assert_int_equal(parts.host.len, 1);
    assert_int_equal(parts.port, 81);
    assert_int_equal(parts.path.len, 1);
    assert_false(parts.has_query);

    assert_int_equal(weft_url_parts_read(&parts, weft_slice("//")),
                     WEFT_ERR_INVALID);
    assert_string_equal(parts.reason, "the URL has no host");
    weft_url_parts_release(&parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absolute),
        cmocka_unit_test(test_relative),
        cmocka_unit_test(test_absolute_with_base),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_components),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
