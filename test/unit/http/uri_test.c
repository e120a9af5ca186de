/* SPDX-License-Identifier: MIT */
/* Targets, authorities, and decoding with every trick to climb out of a root.
 */
#include "http/uri.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE ((const char *)0)

/* The text right before a page that cannot be read. */
static struct weft_slice guarded(const char *text, size_t len)
{
    return (struct weft_slice){(const char *)at_page_end(text, len), len};
}

static bool is(struct weft_slice s, const char *text)
{
    return text ? s.ptr && weft_slice_eq(s, text) : !s.ptr;
}

static const struct {
    const char *raw, *scheme, *authority, *path, *query;
} targets[] = {
    {"/", NONE, NONE, "/", NONE},
    {"/a/b", NONE, NONE, "/a/b", NONE},
    {"/?", NONE, NONE, "/", ""},
    {"/a?b=c&d?e/f", NONE, NONE, "/a", "b=c&d?e/f"},
    {"//h/a", NONE, NONE, "//h/a", NONE},
    {"/http://h/", NONE, NONE, "/http://h/", NONE},
    {"/%41%2f%00?%2F", NONE, NONE, "/%41%2f%00", "%2F"},
    {"/../..", NONE, NONE, "/../..", NONE},
    {"/-._~!$&'()*+,;=:@", NONE, NONE, "/-._~!$&'()*+,;=:@", NONE},
    {"/a[0]|^?b[0]|^{`}\\", NONE, NONE, "/a[0]|^", "b[0]|^{`}\\"},
    {"http://h", "http", "h", "/", NONE},
    {"http://h?", "http", "h", "/", ""},
    {"http://h?a/b", "http", "h", "/", "a/b"},
    {"http://h/", "http", "h", "/", NONE},
    {"HTTP://H:80/a?b", "HTTP", "H:80", "/a", "b"},
    {"https://a.example:443/a", "https", "a.example:443", "/a", NONE},
    {"ws://[::1]:9998/echo", "ws", "[::1]:9998", "/echo", NONE},
    {"wss://127.0.0.1//", "wss", "127.0.0.1", "//", NONE},
    {"ws://h:/a", "ws", "h:", "/a", NONE},
};

static void test_targets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(targets); i++) {
        const char *raw = targets[i].raw;
        struct weft_target t;
        int got = weft_target_parse(&t, guarded(raw, strlen(raw)));

        CHECK(got == 0, "%s: %d", raw, got);
        CHECK(is(t.scheme, targets[i].scheme), "%s", raw);
        CHECK(is(t.authority, targets[i].authority), "%s", raw);
        CHECK(is(t.path, targets[i].path), "%s", raw);
        CHECK(is(t.query, targets[i].query), "%s", raw);
    }
}

static const char *const bad_targets[] = {
    "",           "a",
    "*",          "h:80",
    "?a",         "/#",
    "/a?b#c",     "/%",
    "/%4",        "/%g0",
    "/%0g",       "/%%41",
    "/?%",        "/?%zz",
    "http:",      "http:/h",
    "http://",    "http:///a",
    "http://?a",  "http://:1",
    "http//h/",   "://h/",
    "http ://h/", "xhttp://h",
    "ftp://h/",   "file:///a",
    "ws:h",       "ws://u@h",
    "ws://u:p@h", "ws://h:65536",
    "ws://h:a",   "ws://h#a",
    "ws://h\\",   "ws://[::1",
    "ws://[]/",   "ws://a b/",
    "ws://h/ ",   "javascript:alert(1)",
};

static void test_bad_targets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_targets); i++) {
        struct weft_target t;
        int got = weft_target_parse(
            &t, guarded(bad_targets[i], strlen(bad_targets[i])));

        CHECK(got == -400, "%s: %d", bad_targets[i], got);
    }
}

/* Every byte value in a path, a query and a host. "/", "?", "%" and ":" have a
 * meaning there and stand in the tables. */
static void test_every_byte(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char path[] = {'/', (char)c}, query[] = {'/', '?', (char)c};
        char host[] = {'w', 's', ':', '/', '/', 'h', (char)c};
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z');
        bool in_host = is_alnum || (c && strchr("-._~!$&'()*+,;=", c));
        bool in_path = in_host || (c && strchr(":@[]|^", c));
        bool in_query = in_path || (c && strchr("{}`\\", c));
        struct weft_target t;

        if (c && strchr("/?%:", c))
            continue;
        CHECK(weft_target_parse(&t, guarded(path, sizeof(path))) ==
                  (in_path ? 0 : -400),
              "path %02x", c);
        CHECK(weft_target_parse(&t, guarded(query, sizeof(query))) ==
                  (in_query ? 0 : -400),
              "query %02x", c);
        CHECK(weft_target_parse(&t, guarded(host, sizeof(host))) ==
                  (in_host ? 0 : -400),
              "host %02x", c);
    }
}

static const struct {
    const char *path, *want; /* NULL: refused */
} paths[] = {
    {"/", "/"},
    {"/a", "/a"},
    {"/a/", "/a/"},
    {"/a/b.txt", "/a/b.txt"},
    {"/%61%2E%62", "/a.b"},
    {"/a%20b+c", "/a b+c"},
    {"/%e2%82%ac", "/\xe2\x82\xac"},
    {"/%4a%4A%4f%4F%39%30", "/JJOO90"},
    {"/%01%7f", "/\x01\x7f"},

    /* Dots that mean something, in each way to write them. */
    {"/.", "/"},
    {"/./", "/"},
    {"/./a", "/a"},
    {"/a/.", "/a/"},
    {"/a/./b", "/a/b"},
    {"/%2e", "/"},
    {"/%2E/a", "/a"},
    {"/a/..", "/"},
    {"/a/../", "/"},
    {"/a/b/..", "/a/"},
    {"/a/b/../c", "/a/c"},
    {"/a/b/../../c", "/c"},
    {"/a/%2e%2e/b", "/b"},
    {"/a/%2E./b", "/b"},
    {"/a/.%2e/b", "/b"},
    {"/a/%2E%2e", "/"},
    {"/%61/%2e%2e", "/"},

    /* Out of the root. */
    {"/..", NONE},
    {"/../", NONE},
    {"/../a", NONE},
    {"/%2e%2e", NONE},
    {"/%2E.", NONE},
    {"/.%2E/", NONE},
    {"/./..", NONE},
    {"/a/../..", NONE},
    {"/a/../../a", NONE},
    {"/a/./../../b", NONE},
    {"/a/%2e%2e/%2e%2e/etc/passwd", NONE},
    {"/../../../../etc/passwd", NONE},

    /* Dots that mean nothing. */
    {"/...", "/..."},
    {"/.../a", "/.../a"},
    {"/....", "/...."},
    {"/..a", "/..a"},
    {"/a..", "/a.."},
    {"/.a/..b/", "/.a/..b/"},
    {"/. ", "/. "},
    {"/..%20/a", "/.. /a"},
    {"/..;/a", "/..;/a"},

    /* A segment may be empty, and is one that ".." drops. */
    {"//", "//"},
    {"//a", "//a"},
    {"/a//b", "/a//b"},
    {"//..", "/"},
    {"/a//..", "/a/"},
    {"/a//../..", "/"},
    {"//../..", NONE},
    {"///../../..", NONE},

    /* Separators and NUL in disguise. */
    {"/%2f", NONE},
    {"/a%2fb", NONE},
    {"/a%2Fb", NONE},
    {"/..%2f", NONE},
    {"/..%2fetc", NONE},
    {"/%2e%2e%2fetc", NONE},
    {"/%00", NONE},
    {"/a%00.html", NONE},
    {"/..%00/", NONE},
    {"/a/..%00", NONE},
    /* A backslash is a character of a name here. */
    {"/%5c", "/\\"},
    {"/..%5c..%5ca", "/..\\..\\a"},
    {"/..\\a", "/..\\a"},

    /* Decoded once. */
    {"/%252e%252e/a", "/%2e%2e/a"},
    {"/%252fa", "/%2fa"},
    {"/%2500", "/%00"},
    {"/%25", "/%"},
    /* Overlong forms of "." and "/" are bytes like others. */
    {"/%c0%ae%c0%ae/a", "/\xc0\xae\xc0\xae/a"},
    {"/%c0%af", "/\xc0\xaf"},
    {"/%e0%80%af", "/\xe0\x80\xaf"},
    {"/%f0%80%80%af", "/\xf0\x80\x80\xaf"},
    {"/%ff", "/\xff"},

    /* Not a path. */
    {"", NONE},
    {"a", NONE},
    {"..", NONE},
    {"%2fa", NONE},
    {"?", NONE},
    {"/%", NONE},
    {"/%2", NONE},
    {"/%2x", NONE},
    {"/%u002e", NONE},
    {"/a/%", NONE},
    {"/.%", NONE},
    {"/..%2", NONE},
};

/* Each path into every size of memory: one byte more than the path has is
 * always enough, and what is less never gives a part. */
static void test_paths(void **state)
{
    static const char blank[48];

    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        const char *path = paths[i].path, *want = paths[i].want;
        struct weft_slice in = guarded(path, strlen(path));

        for (size_t size = 0; size < sizeof(blank); size++) {
            char *out = (char *)at_page_end(blank, size);
            int got = weft_path_decode(out, size, in);

            if (!want || size <= strlen(want))
                CHECK(got == -1, "%s in %zu: %d", path, size, got);
            if (want && size > strlen(path))
                CHECK(got > 0, "%s in %zu: %d", path, size, got);
            if (got == -1)
                continue;
            CHECK(got == (int)strlen(want), "%s in %zu: %d", path, size, got);
            CHECK(strcmp(out, want) == 0, "%s in %zu: %s", path, size, out);
        }
    }
}

static void test_raw_nul_in_path(void **state)
{
    char out[16];

    (void)state;
    CHECK(weft_path_decode(out, sizeof(out), guarded("/a\0b", 4)) == -1, "NUL");
    CHECK(weft_path_decode(out, sizeof(out), guarded("/..\0", 4)) == -1, "NUL");
}

static void test_long_path(void **state)
{
    char path[4096], out[4096];

    (void)state;
    memset(path, 'a', sizeof(path));
    path[0] = '/';
    CHECK(weft_path_decode(out, sizeof(out), guarded(path, 4095)) == 4095,
          "fits");
    CHECK(weft_path_decode(out, sizeof(out), guarded(path, 4096)) == -1,
          "one too long");
}

/* What the rules say, worked out in another way: split first, then decode each
 * segment, and keep a stack. */
static int model_decode(char *out, const char *path)
{
    char segments[16][16];
    size_t count = 0, len = 0;
    bool is_folder = false;

    for (const char *p = path; *p;) {
        char *segment = segments[count];
        size_t n = 0;

        for (p++; *p && *p != '/'; p++) {
            segment[n] = *p;
            if (*p == '%') {
                if (strncmp(p, "%2e", 3) != 0)
                    return -1;
                segment[n] = '.';
                p += 2;
            }
            n++;
        }
        segment[n] = '\0';
        is_folder = true;
        if (strcmp(segment, "..") == 0) {
            if (count == 0)
                return -1;
            count--;
        } else if (strcmp(segment, ".") != 0) {
            count++;
            is_folder = false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(segments[i]);

        out[len] = '/';
        memcpy(out + len + 1, segments[i], n);
        len += n + 1;
    }
    if (is_folder)
        out[len++] = '/';
    out[len] = '\0';
    return (int)len;
}

/* All paths of up to five pieces. */
static void test_paths_against_model(void **state)
{
    static const char *const pieces[] = {"/", ".", "a", "%2e", "%2f", "%00"};
    size_t total = 7776; /* 6^5 */

    (void)state;
    for (size_t i = 0; i < total; i++) {
        char path[32] = "/", want[64] = "", out[64];
        int expected, got;

        for (size_t k = 0, n = i; k < 5; k++, n /= COUNT(pieces)) {
            const char *piece = pieces[n % COUNT(pieces)];

            memcpy(path + strlen(path), piece, strlen(piece) + 1);
        }
        expected = model_decode(want, path);
        got = weft_path_decode(out, sizeof(out), guarded(path, strlen(path)));
        CHECK(got == expected, "%s: %d, not %d", path, got, expected);
        if (got > 0)
            CHECK(strcmp(out, want) == 0, "%s: %s, not %s", path, out, want);
    }
}

static const struct {
    const char *query, *name, *want; /* NULL: -1 */
} params[] = {
    {"a=b", "a", "b"},
    {"a=b&c=d", "c", "d"},
    {"a=b&a=c", "a", "b"},
    {"a", "a", ""},
    {"a=", "a", ""},
    {"a&b=c", "b", "c"},
    {"&&a=b&", "a", "b"},
    {"a=b=c", "a", "b=c"},
    {"a=b+c", "a", "b c"},
    {"a=b%2Bc%26%3d", "a", "b+c&="},
    {"a+b=c", "a b", "c"},
    {"%61%62=c", "ab", "c"},
    {"a=%c3%a9", "a", "\xc3\xa9"},
    {"a%01=%01", "a\x01", "\x01"},
    {"a=%2f..%2f", "a", "/../"},
    {"=b", "", "b"},
    {"a=b", "", NONE},
    {"&", "", NONE},
    {"", "a", NONE},
    {"", "", NONE},
    {"ab=c", "a", NONE},
    {"a=b", "ab", NONE},
    {"A=b", "a", NONE},
    {"a%00=b", "a", NONE},
    {"a=%00", "a", NONE},
    {"a=b%00c", "a", NONE},
    {"a=%", "a", NONE},
    {"a=%4", "a", NONE},
    {"a=%zz", "a", NONE},
    {"%=c", "%", NONE},
    {"%&a=b", "a", "b"},
};

static void test_params(void **state)
{
    static const char blank[16];

    (void)state;
    for (size_t i = 0; i < COUNT(params); i++) {
        const char *query = params[i].query, *want = params[i].want;
        struct weft_slice in = guarded(query, strlen(query));

        for (size_t size = 0; size < sizeof(blank); size++) {
            char *out = (char *)at_page_end(blank, size);
            int got = weft_query_param(out, size, in, params[i].name);

            if (!want || size <= strlen(want)) {
                CHECK(got == -1, "%s in %zu: %d", query, size, got);
                continue;
            }
            CHECK(got == (int)strlen(want), "%s in %zu: %d", query, size, got);
            CHECK(strcmp(out, want) == 0, "%s in %zu: %s", query, size, out);
        }
    }
}

static void test_no_query(void **state)
{
    char out[4];

    (void)state;
    CHECK(weft_query_param(out, sizeof(out), (struct weft_slice){0}, "a") == -1,
          "none");
}

static const struct {
    const char *text, *host; /* NULL: refused */
    int port;
} authorities[] = {
    {"h", "h", -1},
    {"a.example", "a.example", -1},
    {"A.Example.", "A.Example.", -1},
    {"h:", "h", -1},
    {"h:0", "h", 0},
    {"h:80", "h", 80},
    {"h:0080", "h", 80},
    {"h:65535", "h", 65535},
    {"127.0.0.1:9998", "127.0.0.1", 9998},
    {"a_b-c~d!$&'()*+,;=", "a_b-c~d!$&'()*+,;=", -1},
    {"%c3%a9:1", "%c3%a9", 1},
    {"[::1]", "[::1]", -1},
    {"[::1]:", "[::1]", -1},
    {"[::1]:80", "[::1]", 80},
    {"", NONE, 0},
    {":", NONE, 0},
    {":80", NONE, 0},
    {"h:65536", NONE, 0},
    {"h:99999999999999999999", NONE, 0},
    {"h:+80", NONE, 0},
    {"h:-1", NONE, 0},
    {"h: 80", NONE, 0},
    {"h:80 ", NONE, 0},
    {"h:8a", NONE, 0},
    {"h:80:80", NONE, 0},
    {"h::80", NONE, 0},
    {"u@h", NONE, 0},
    {"u:p@h:80", NONE, 0},
    {"a b", NONE, 0},
    {"a/b", NONE, 0},
    {"a?b", NONE, 0},
    {"a#b", NONE, 0},
    {"a\\b", NONE, 0},
    {"a\"b", NONE, 0},
    {"a<b", NONE, 0},
    {"\xc3\xa9", NONE, 0},
    {"%c3%a", NONE, 0},
    {"%", NONE, 0},
    {"::1", NONE, 0},
    {"[::1", NONE, 0},
    {"::1]", NONE, 0},
    {"h]", NONE, 0},
    {"[", NONE, 0},
    {"[]", NONE, 0},
    {"[h]", NONE, 0},
    {"[::1]80", NONE, 0},
    {"[::1]x:80", NONE, 0},
    {"[::1]:65536", NONE, 0},
    {"x[::1]", NONE, 0},
    {"[[::1]]", NONE, 0},
    {"[v1.a]", NONE, 0},
};

static void test_authorities(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(authorities); i++) {
        const char *text = authorities[i].text;
        struct weft_slice host;
        int port;
        bool got =
            weft_authority_split(guarded(text, strlen(text)), &host, &port);

        CHECK(got == (authorities[i].host != NONE), "%s: %d", text, got);
        if (!got)
            continue;
        CHECK(is(host, authorities[i].host), "%s", text);
        CHECK(port == authorities[i].port, "%s: %d", text, port);
    }
}

static const char *const good_ipv6[] = {
    "::",
    "::1",
    "1::",
    "1::2",
    "fe80::1",
    "2001:DB8::aBcD",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8",
    "1:2:3::5:6:7:8",
    "0001:0002:0003:0004:0005:0006:0007:0008",
    "::ffff:127.0.0.1",
    "::1.2.3.4",
    "1:2:3:4:5:6:255.255.255.255",
    "1:2:3:4:5::1.2.3.4",
    "64:ff9b::0.0.0.0"};

static const char *const bad_ipv6[] = {":",
                                       ":::",
                                       "1",
                                       ":1",
                                       "1:",
                                       "1:::2",
                                       "1::2::3",
                                       "::1::",
                                       "::1:",
                                       ":1::",
                                       "1:2:3:4:5:6:7",
                                       "1:2:3:4:5:6:7:8:",
                                       "1:2:3:4:5:6:7:8:9",
                                       "1:2:3:4::5:6:7:8",
                                       "1:2:3:4:5:6:7:8::",
                                       "12345::",
                                       "g::",
                                       "::1%25lo",
                                       "::1%lo",
                                       "1.2.3.4",
                                       "::1.2.3",
                                       "::1.2.3.4.5",
                                       "::1.2.3.4.",
                                       "::.1.2.3",
                                       "::1..3.4",
                                       "::1.2.3.256",
                                       "::1.2.3.04",
                                       "::1.2.3.0004",
                                       "::1.2.3.a",
                                       "::1.2.3.4:5",
                                       "1.2.3.4::",
                                       "::1.2.3.4::",
                                       "1:2:3:4:5:6:7:1.2.3.4",
                                       "1:2:3:4:5:6::1.2.3.4",
                                       "1:2:3:4:5:1.2.3.4",
                                       " ::1",
                                       "::1 ",
                                       "::/64",
                                       "::-1"};

static void test_ipv6(void **state)
{
    size_t goods = COUNT(good_ipv6);
    struct weft_slice host;
    int port;

    (void)state;
    for (size_t i = 0; i < goods + COUNT(bad_ipv6); i++) {
        const char *text = i < goods ? good_ipv6[i] : bad_ipv6[i - goods];
        char with_brackets[64];
        int len = snprintf(with_brackets, sizeof(with_brackets), "[%s]", text);
        bool got = weft_authority_split(guarded(with_brackets, (size_t)len),
                                        &host, &port);

        CHECK(got == (i < goods), "%s: %d", text, got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_bad_targets),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_raw_nul_in_path),
        cmocka_unit_test(test_long_path),
        cmocka_unit_test(test_paths_against_model),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_no_query),
        cmocka_unit_test(test_authorities),
        cmocka_unit_test(test_ipv6),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
