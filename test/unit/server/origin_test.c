/* SPDX-License-Identifier: MIT */
/* Who may connect: T12 of the list of known attacks, as a table. */
#include "server/origin.h"
#include "support.h"

#define ANY                                                                    \
    (const char *const[])                                                      \
    {                                                                          \
        "any", NULL                                                            \
    }
#define LIST(...)                                                              \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

static const struct {
    const char *what, *origin, *host;
    const char *const *allowed;
    bool want;
} origins[] = {
    /* The request's own host, on any port, with either scheme. */
    {"same host", "http://a.example", "a.example", NULL, true},
    {"https", "https://a.example", "a.example", NULL, true},
    {"port of Host only", "http://a.example", "a.example:9998", NULL, true},
    {"port of Origin only", "http://a.example:8080", "a.example", NULL, true},
    {"two ports", "http://a.example:1", "a.example:65535", NULL, true},
    {"case of the host", "http://A.eXample", "a.Example", NULL, true},
    {"case of the scheme", "HTTP://a.example", "a.example", NULL, true},
    {"localhost", "http://localhost:3000", "localhost:9998", NULL, true},
    {"IPv4", "http://127.0.0.1", "127.0.0.1:9998", NULL, true},
    {"IPv6", "http://[::1]:3000", "[::1]:9998", NULL, true},
    {"IPv6, case", "http://[fe80::AB]", "[FE80::ab]", NULL, true},

    /* Another host. */
    {"another", "http://evil.example", "a.example", NULL, false},
    {"suffix", "http://evil-a.example", "a.example", NULL, false},
    {"prefix", "http://a.example.evil", "a.example", NULL, false},
    {"below", "http://b.a.example", "a.example", NULL, false},
    {"above", "http://example", "a.example", NULL, false},
    {"one letter less", "http://a.exampl", "a.example", NULL, false},
    {"one letter more", "http://a.examples", "a.example", NULL, false},
    {"dot is not any", "http://a-example", "a.example", NULL, false},
    {"trailing dot", "http://a.example.", "a.example", NULL, false},
    {"leading dot", "http://.a.example", "a.example", NULL, false},
    {"own host as user", "http://a.example@evil.example", "a.example", NULL,
     false},
    {"user", "http://evil@a.example", "a.example", NULL, false},
    {"user and password", "http://a.example:80@evil.example", "a.example", NULL,
     false},
    {"own host as path", "http://evil.example/a.example", "a.example", NULL,
     false},
    {"own host as query", "http://evil.example?a.example", "a.example", NULL,
     false},
    {"own host as fragment", "http://evil.example#a.example", "a.example", NULL,
     false},
    {"backslash", "http://evil.example\\a.example", "a.example", NULL, false},
    {"IPv4, last octet", "http://127.0.0.11", "127.0.0.1", NULL, false},
    {"IPv4 against localhost", "http://127.0.0.1", "localhost", NULL, false},
    {"IPv4 as a number", "http://2130706433", "127.0.0.1", NULL, false},
    {"IPv4 with zeros", "http://127.000.0.1", "127.0.0.1", NULL, false},
    {"IPv4 in IPv6", "http://[::ffff:127.0.0.1]", "127.0.0.1", NULL, false},
    {"IPv6, another", "http://[::2]", "[::1]", NULL, false},
    {"IPv6 without brackets", "http://::1", "[::1]", NULL, false},
    {"percent", "http://a%2eexample", "a.example", NULL, false},
    {"no Host", "http://a.example", "", NULL, false},
    {"bad Host", "http://a.example", "a.example:x", NULL, false},

    /* What is no origin of a page. */
    {"null", "null", "null", NULL, false},
    {"Null", "Null", "Null", NULL, false},
    {"empty", "", "a.example", NULL, false},
    {"blank", " ", "a.example", NULL, false},
    {"host alone", "a.example", "a.example", NULL, false},
    {"host and port", "a.example:80", "a.example:80", NULL, false},
    {"no scheme", "//a.example", "a.example", NULL, false},
    {"no host", "http://", "a.example", NULL, false},
    {"no host, port", "http://:80", "a.example", NULL, false},
    {"path", "http://a.example/", "a.example", NULL, false},
    {"query", "http://a.example?", "a.example", NULL, false},
    {"empty port", "http://a.example:", "a.example", NULL, true},
    {"port too large", "http://a.example:65536", "a.example", NULL, false},
    {"port with sign", "http://a.example:+80", "a.example", NULL, false},
    {"one slash", "http:/a.example", "a.example", NULL, false},
    {"three slashes", "http:///a.example", "a.example", NULL, false},
    {"scheme file", "file://a.example", "a.example", NULL, false},
    {"scheme ws", "ws://a.example", "a.example", NULL, false},
    {"scheme ftp", "ftp://a.example", "a.example", NULL, false},
    {"extension", "chrome-extension://abc", "abc", NULL, false},
    {"two in one", "http://a.example http://b.example", "a.example", NULL,
     false},
    {"two in a list", "http://a.example,http://b.example", "a.example", NULL,
     false},
    {"tab", "http://a.example\t", "a.example", NULL, false},
    {"NUL text", "http://a.example\\0", "a.example", NULL, false},

    /* Origins that are allowed by name. */
    {"listed", "https://b.example", "a.example", LIST("https://b.example"),
     true},
    {"listed second", "https://b.example", "a.example",
     LIST("https://c.example", "https://b.example"), true},
    {"own host beside a list", "http://a.example", "a.example",
     LIST("https://b.example"), true},
    {"case", "HTTPS://B.example", "a.example", LIST("https://b.EXAMPLE"), true},
    {"default port named", "https://b.example:443", "a.example",
     LIST("https://b.example"), true},
    {"default port listed", "http://b.example", "a.example",
     LIST("http://b.example:80"), true},
    {"listed, scheme", "http://b.example", "a.example",
     LIST("https://b.example"), false},
    {"listed, port", "https://b.example:444", "a.example",
     LIST("https://b.example"), false},
    {"listed, other default port", "https://b.example:80", "a.example",
     LIST("http://b.example"), false},
    {"listed, suffix", "https://evil-b.example", "a.example",
     LIST("https://b.example"), false},
    {"listed, prefix", "https://b.example.evil", "a.example",
     LIST("https://b.example"), false},
    {"listed, below", "https://c.b.example", "a.example",
     LIST("https://b.example"), false},
    {"listed, user", "https://x@b.example", "a.example",
     LIST("https://b.example"), false},
    {"listed, path", "https://b.example/", "a.example",
     LIST("https://b.example"), false},
    {"listed, trailing dot", "https://b.example.", "a.example",
     LIST("https://b.example"), false},
    {"listed host alone", "https://b.example", "a.example", LIST("b.example"),
     false},
    {"listed with a star", "https://c.b.example", "a.example",
     LIST("https://*.b.example"), false},
    {"listed extension", "chrome-extension://abc", "a.example",
     LIST("chrome-extension://abc"), true},
    {"extension, no port", "chrome-extension://abc:80", "a.example",
     LIST("chrome-extension://abc"), false},
    {"null listed", "null", "a.example", LIST("null"), true},
    {"null beside others", "null", "a.example", LIST("https://b.example"),
     false},
    {"empty list", "https://b.example", "a.example", LIST(NULL), false},
    {"any", "https://b.example", "a.example", ANY, true},
    {"any, null", "null", "a.example", ANY, true},
    {"any, nonsense", "\x01%", "", ANY, true},
    {"any behind others", "null", "", LIST("https://b.example", "any"), true},
    {"any is a word, not an origin", "any", "a.example", NULL, false},
    {"listed ANY", "null", "a.example", LIST("ANY"), false},
};

static void test_origins(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(origins); i++) {
        size_t len = strlen(origins[i].origin);
        struct weft_slice origin = {
            (const char *)at_page_end(origins[i].origin, len), len};
        size_t host_len = strlen(origins[i].host);
        struct weft_slice host = {
            (const char *)at_page_end(origins[i].host, host_len), host_len};
        bool got = weft_origin_is_allowed(origin, host, origins[i].allowed);

        CHECK(got == origins[i].want, "%s: %s from %s", origins[i].what,
              origins[i].host, origins[i].origin);
    }
}

/* No beginning of a foreign origin is allowed, wherever it is cut. */
static void test_cut(void **state)
{
    static const char whole[] = "https://evil.example:443";

    (void)state;
    for (size_t len = 0; len < sizeof(whole); len++) {
        struct weft_slice origin = {(const char *)at_page_end(whole, len), len};

        CHECK(!weft_origin_is_allowed(origin, weft_slice("a.example"), NULL),
              "%.*s", (int)len, whole);
    }
}

static const struct {
    const char *what, *host;
    const char *const *allowed;
    bool want;
} hosts[] = {
    {"localhost", "localhost", NULL, true},
    {"port", "localhost:9998", NULL, true},
    {"case", "LocalHost:1", NULL, true},
    {"IPv4", "127.0.0.1", NULL, true},
    {"IPv4, port", "127.0.0.1:9998", NULL, true},
    {"IPv6", "[::1]", NULL, true},
    {"IPv6, port", "[::1]:9998", NULL, true},
    {"below localhost", "app.localhost:9998", NULL, true},
    {"far below", "a.b.localhost", NULL, true},

    {"foreign", "evil.example", NULL, false},
    {"rebound", "evil.example:9998", NULL, false},
    {"prefix", "localhost.evil.example", NULL, false},
    {"suffix", "evil-localhost", NULL, false},
    {"suffix without a name", ".localhost", NULL, false},
    {"trailing dot", "localhost.", NULL, false},
    {"IPv4, prefix", "127.0.0.1.evil.example", NULL, false},
    {"IPv4, another machine", "192.0.2.1", NULL, false},
    {"IPv4 of all", "0.0.0.0:9998", NULL, false},
    {"IPv6 of all", "[::]:9998", NULL, false},
    {"IPv6 without brackets", "::1", NULL, false},
    {"empty", "", NULL, false},
    {"port alone", ":9998", NULL, false},
    {"user", "localhost@evil.example", NULL, false},
    {"user before", "evil@localhost", NULL, false},
    {"bad port", "localhost:99999", NULL, false},
    {"path", "localhost/", NULL, false},

    {"allowed", "dev.example", LIST("dev.example"), true},
    {"allowed, any port", "dev.example:80", LIST("dev.example"), true},
    {"allowed, case", "DEV.example", LIST("dev.EXAMPLE"), true},
    {"allowed with its port", "dev.example:80", LIST("dev.example:80"), true},
    {"allowed, another port", "dev.example:81", LIST("dev.example:80"), false},
    {"allowed second", "b.example", LIST("a.example", "b.example"), true},
    {"local beside a list", "localhost", LIST("a.example"), true},
    {"below an allowed one", "x.dev.example", LIST("dev.example"), false},
    {"suffix of an allowed one", "evil-dev.example", LIST("dev.example"),
     false},
    {"any", "evil.example", ANY, true},
    {"any, nothing", "", ANY, true},
};

static void test_hosts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        size_t len = strlen(hosts[i].host);
        struct weft_slice host = {(const char *)at_page_end(hosts[i].host, len),
                                  len};

        CHECK(weft_host_is_local(host, hosts[i].allowed) == hosts[i].want,
              "%s: %s", hosts[i].what, hosts[i].host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_hosts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
