/* SPDX-License-Identifier: MIT */
/* Which proxy is chosen: what is given, what the environment says, in which
 * order, and what is wrong with it. */
#include "base/mem.h"
#include "client/proxy.h"
#include "client/url_parts.h"
#include "support.h"

#include <stdlib.h>

static const char *const variables[] = {
    "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
    "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY",
};

static void clear_environment(void)
{
    for (size_t i = 0; i < COUNT(variables); i++)
        unsetenv(variables[i]);
}

/* "name=value name=value", where values have no blanks. */
static void set_environment(const char *text)
{
    char name[20], value[60];

    clear_environment();
    for (; *text; text += *text == ' ') {
        size_t name_len = strcspn(text, "=");
        size_t value_len = strcspn(text + name_len + 1, " ");

        assert_true(name_len < sizeof(name) && value_len < sizeof(value));
        memcpy(name, text, name_len);
        name[name_len] = '\0';
        memcpy(value, text + name_len + 1, value_len);
        value[value_len] = '\0';
        setenv(name, value, 1);
        text += name_len + 1 + value_len;
    }
}

/* Only what choosing looks at. */
static struct weft_url a_url(const char *host, bool is_secure)
{
    static char name[40];

    memcpy(name, host, strlen(host) + 1);
    return (struct weft_url){
        .host = name, .port = is_secure ? 443 : 80, .is_secure = is_secure};
}

static const struct {
    const char *given, *host;
    uint16_t port;
    const char *authorization;
} good[] = {
    {"http://p.example:3128", "p.example", 3128, NULL},
    {"http://p.example:3128/", "p.example", 3128, NULL},
    {"p.example:3128", "p.example", 3128, NULL},
    {"p.example", "p.example", 1080, NULL},
    {"p.example:", "p.example", 1080, NULL},
    {"http://p.example", "p.example", 1080, NULL},
    {"HTTP://P.Example:080", "p.example", 80, NULL},
    {"p:1", "p", 1, NULL},
    {"p:65535", "p", 65535, NULL},
    {" http://p:1\n", "p", 1, NULL},
    {"127.1:8080", "127.0.0.1", 8080, NULL},
    {"[::1]:8080", "::1", 8080, NULL},
    {"http://[0:0::1]", "::1", 1080, NULL},
    {"http://[::1]:", "::1", 1080, NULL},

    /* Base64 of what is decoded (RFC 7617 section 2). */
    {"http://Aladdin:open%20sesame@p", "p", 1080,
     "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
    {"test:123%C2%A3@p:1", "p", 1, "Basic dGVzdDoxMjPCow=="},
    {"u@p", "p", 1080, "Basic dTo="},
    {"u:@p", "p", 1080, "Basic dTo="},
    {":p@p", "p", 1080, "Basic OnA="},
    {":@p", "p", 1080, "Basic Og=="},
    {"u:p:q@p", "p", 1080, "Basic dTpwOnE="},
    {"u:p@q@p", "p", 1080, "Basic dTpwQHE="},
    {"u:p%40q%3A%2f@p", "p", 1080, "Basic dTpwQHE6Lw=="},
    {"u:%@p", "p", 1080, "Basic dTol"},
    {"http://@p", "p", 1080, NULL},
    {"u:p@[::1]:81", "::1", 81, "Basic dTpw"},
};

static void test_given(void **state)
{
    struct weft_url url = a_url("h", false);

    (void)state;
    set_environment("http_proxy=other no_proxy=*");
    for (size_t i = 0; i < COUNT(good); i++) {
        const char *given = good[i].given, *want = good[i].authorization;
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_proxy proxy;
        const char *reason;
        int got = weft_proxy_choose(&proxy, &mem, given, &url, &reason);

        CHECK(got == 1 && !reason, "%s: %d %s", given, got, reason);
        CHECK(strcmp(proxy.host, good[i].host) == 0, "%s: %s", given,
              proxy.host);
        CHECK(proxy.port == good[i].port, "%s: %u", given, proxy.port);
        CHECK(!proxy.authorization == !want, "%s: %s", given,
              proxy.authorization);
        CHECK(!want || strcmp(proxy.authorization, want) == 0, "%s: %s", given,
              proxy.authorization);
        weft_proxy_release(&proxy);
        weft_proxy_release(&proxy);
        CHECK(fm.live == 0, "%s: %zu bytes leaked", given, fm.live);
    }
}

#define SCHEME "the proxy has a scheme other than http"
#define LOGIN "the proxy has a user name or password that cannot be sent"
#define HOST "the proxy has no host, or one that is not valid"
#define PORT "the proxy has a port that is not a number from 1 to 65535"
#define REST "the proxy has something behind host and port"

static const struct {
    const char *given, *reason;
} bad[] = {
    {"https://p", SCHEME},
    {"socks5://p:1080", SCHEME},
    {"://p", SCHEME},
    {"ws://p", SCHEME},
    {"http://", HOST},
    {" ", HOST},
    {"/", HOST},
    {":3128", HOST},
    {"http://:3128", HOST},
    {"u:p@", HOST},
    {"u:p@:80", HOST},
    {"p p", HOST},
    {"p%00", HOST},
    {"p\\q", HOST},
    {"::1", HOST},
    {"[::1", HOST},
    {"[::g]:80", HOST},
    {"[::1]80", HOST},
    {"1.2.3.4.5", HOST},
    {"a:1:2", HOST},
    {"p:0", PORT},
    {"p:65536", PORT},
    {"p:a", PORT},
    {"p:+1", PORT},
    {"p:80 ,q:80", HOST},
    {"http://p:3128/a", REST},
    {"http://p:3128//", REST},
    {"p?a", REST},
    {"p#", REST},
    {"u:p/q@p", REST},
    {"u%3Av:p@p", LOGIN},
    {"u:p%0aq@p", LOGIN},
    {"u%00:p@p", LOGIN},
    {"u:%7f@p", LOGIN},
};

static void test_bad(void **state)
{
    struct weft_url url = a_url("h", false);

    (void)state;
    clear_environment();
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_proxy proxy;
        const char *reason = "";
        int got = weft_proxy_choose(&proxy, &mem, bad[i].given, &url, &reason);

        CHECK(got == WEFT_ERR_INVALID, "%s: %d", bad[i].given, got);
        CHECK(strcmp(reason, bad[i].reason) == 0, "%s: %s", bad[i].given,
              reason);
        CHECK(fm.live == 0, "%s: %zu bytes leaked", bad[i].given, fm.live);
    }
}

/* Each name of a proxy is the variable that it is in. */
static const struct {
    const char *environment, *ws, *wss; /* NULL: no proxy */
} environments[] = {
    {"", NULL, NULL},
    {"http_proxy=a", "a", NULL},
    {"HTTP_PROXY=a", NULL, NULL},
    {"https_proxy=a", NULL, "a"},
    {"HTTPS_PROXY=a", NULL, "a"},
    {"https_proxy=a HTTPS_PROXY=b", NULL, "a"},
    {"https_proxy= HTTPS_PROXY=b", NULL, "b"},
    {"all_proxy=a", "a", "a"},
    {"ALL_PROXY=a", "a", "a"},
    {"all_proxy=a ALL_PROXY=b", "a", "a"},
    {"http_proxy=a https_proxy=b all_proxy=c", "a", "b"},
    {"http_proxy=a all_proxy=c", "a", "c"},
    {"http_proxy= all_proxy=c", "c", "c"},
    {"http_proxy= all_proxy=", NULL, NULL},
    {"all_proxy=a no_proxy=h.example", NULL, NULL},
    {"all_proxy=a NO_PROXY=h.example", NULL, NULL},
    {"all_proxy=a no_proxy=i NO_PROXY=h.example", "a", "a"},
    {"all_proxy=a no_proxy= NO_PROXY=h.example", NULL, NULL},
    {"all_proxy=a no_proxy=h.example:80", NULL, "a"},
    {"all_proxy=a no_proxy=*", NULL, NULL},
    {"all_proxy=a no_proxy=i", "a", "a"},
    {"all_proxy=socks5://a no_proxy=example", NULL, NULL},
};

static void check_environment(const char *environment, bool is_secure,
                              const char *want)
{
    struct weft_url url = a_url("h.example", is_secure);
    struct weft_proxy proxy;
    const char *reason;
    int got;

    set_environment(environment);
    got = weft_proxy_choose(&proxy, &weft_mem_libc, NULL, &url, &reason);
    CHECK(got == (want != NULL), "%s: %d", environment, got);
    CHECK(!want || strcmp(proxy.host, want) == 0, "%s: %s", environment,
          proxy.host);
    weft_proxy_release(&proxy);

    /* "" is none, whatever the environment says. */
    got = weft_proxy_choose(&proxy, &weft_mem_libc, "", &url, &reason);
    CHECK(got == 0 && !proxy.host, "%s: %d", environment, got);
}

static void test_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(environments); i++) {
        check_environment(environments[i].environment, false,
                          environments[i].ws);
        check_environment(environments[i].environment, true,
                          environments[i].wss);
    }
    clear_environment();
}

/* The reason says where the proxy was found. */
static void test_places(void **state)
{
    static const struct {
        const char *environment, *reason;
    } cases[] = {
        {"http_proxy=socks://a",
         "the proxy in http_proxy has a scheme other than http"},
        {"https_proxy=a:b", "the proxy in https_proxy has a port that is not "
                            "a number from 1 to 65535"},
        {"HTTPS_PROXY=a/b",
         "the proxy in HTTPS_PROXY has something behind host and port"},
        {"all_proxy=[", "the proxy in all_proxy has no host, or one that is "
                        "not valid"},
        {"ALL_PROXY=%00@a", "the proxy in ALL_PROXY has a user name or "
                            "password that cannot be sent"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weft_url url =
            a_url("h", strncmp(cases[i].environment, "http_", 5) != 0);
        struct weft_proxy proxy;
        const char *reason = "";

        set_environment(cases[i].environment);
        assert_int_equal(
            weft_proxy_choose(&proxy, &weft_mem_libc, NULL, &url, &reason),
            WEFT_ERR_INVALID);
        assert_string_equal(reason, cases[i].reason);
    }
    clear_environment();
}

static void test_length(void **state)
{
    static char given[WEFT_URL_MAX + 2];
    struct weft_url url = a_url("h", false);
    struct weft_proxy proxy;
    const char *reason = "";

    (void)state;
    memset(given, 'a', sizeof(given) - 1);
    assert_int_equal(
        weft_proxy_choose(&proxy, &weft_mem_libc, given, &url, &reason),
        WEFT_ERR_INVALID);
    assert_string_equal(reason, "the proxy is longer than 64 KiB");
    memset(given, 0xff, WEFT_URL_MAX / 2);
    given[WEFT_URL_MAX / 2] = '\0';
    assert_int_equal(
        weft_proxy_choose(&proxy, &weft_mem_libc, given, &url, &reason),
        WEFT_ERR_INVALID);
    assert_string_equal(reason, "the proxy is longer than 64 KiB");
}

/* Whatever is left of a proxy's text, nothing behind it is read. */
static void test_every_cut(void **state)
{
    struct weft_url url = a_url("h", false);

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        for (size_t cut = 1; cut < strlen(good[i].given); cut++) {
            char text[100] = "";
            struct weft_proxy proxy;
            const char *reason;
            int got;

            memcpy(text, good[i].given, cut);
            got = weft_proxy_choose(&proxy, &weft_mem_libc,
                                    (char *)at_page_end(text, cut + 1), &url,
                                    &reason);
            CHECK(got == 1 || got == WEFT_ERR_INVALID, "%s: %d", text, got);
            if (got == 1)
                weft_proxy_release(&proxy);
        }
    }
}

static void test_without_memory(void **state)
{
    struct weft_url url = a_url("h", false);
    long n = 0;
    int got;

    (void)state;
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_proxy proxy;
        const char *reason;

        got = weft_proxy_choose(&proxy, &mem, "u:p%20@p%2eq:81", &url, &reason);
        CHECK(got == 1 || got == WEFT_ERR_NOMEM, "%d", got);
        CHECK(reason == NULL, "%s", reason);
        CHECK(got == 1 || fm.live == 0, "%zu bytes leaked", fm.live);
        weft_proxy_release(&proxy);
        CHECK(fm.live == 0, "%zu bytes leaked", fm.live);
    } while (got != 1);
    CHECK(n > 3, "%ld allocations", n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_given),          cmocka_unit_test(test_bad),
        cmocka_unit_test(test_environment),    cmocka_unit_test(test_places),
        cmocka_unit_test(test_length),         cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
