/* SPDX-License-Identifier: MIT */
#include "load/target.h"

#include "support.h"
#include <stdio.h>

static const struct {
    const char *url, *host, *authority, *resource;
    unsigned port;
    bool is_secure;
} good[] = {
    {"ws://a.example/echo", "a.example", "a.example", "/echo", 80, false},
    {"wss://a.example:8443", "a.example", "a.example:8443", "/", 8443, true},
    {"http://[::1]:9998/x?y=z", "::1", "[::1]:9998", "/x?y=z", 9998, false},
    {"https://[::1]", "::1", "[::1]", "/", 443, true},
    {"ws://h?q", "h", "h", "/?q", 80, false},
    {"ws://127.0.0.1:1/%20/", "127.0.0.1", "127.0.0.1:1", "/%20/", 1, false},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct load_target target;
        char why[LOAD_WHY];

        assert_int_equal(load_target_parse(&target, good[i].url, why), 0);
        assert_string_equal(target.host, good[i].host);
        assert_string_equal(target.authority, good[i].authority);
        assert_string_equal(target.resource, good[i].resource);
        assert_int_equal(target.port, good[i].port);
        assert_int_equal(target.is_secure, good[i].is_secure);
    }
}

static const char *const bad[] = {
    "",
    "echo",
    "ftp://a/",
    "ws://",
    "ws:///x",
    "ws://:80/",
    "ws://a:/",
    "ws://a:0/",
    "ws://a:x/",
    "ws://a:65536/",
    "ws://[::1/",
    "ws://[::1]x/",
    "ws://[]/",
    "ws://u@a/",
    "ws://a/#frag",
    "ws://a/\r\nX: y",
    "ws://a/ b",
    "ws://a/\xc3\xa9",
    "ws://a:80:80/",
    "WS://a/",
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct load_target target;
        char why[LOAD_WHY] = "";
        int err = load_target_parse(&target, bad[i], why);

        CHECK(err == WEFT_ERR_USAGE && *why, "'%s': %d", bad[i], err);
    }
}

static void test_too_long(void **state)
{
    static char url[8000];
    struct load_target target;
    char why[LOAD_WHY];

    (void)state;
    memset(url, 'a', sizeof(url) - 1);
    memcpy(url, "ws://", 5);
    assert_int_equal(load_target_parse(&target, url, why), WEFT_ERR_USAGE);
    url[20] = '/';
    assert_int_equal(load_target_parse(&target, url, why), WEFT_ERR_USAGE);
}

static void test_addresses(void **state)
{
    struct load_target target;
    char why[LOAD_WHY], text[WEFT_ADDRESS_TEXT];

    (void)state;
    assert_int_equal(load_target_parse(&target, "ws://[::1]:5/", why), 0);
    assert_int_equal(load_target_look_up(&target, why), 0);
    assert_string_equal(weft_address_text(&target.addresses[0], text),
                        "[::1]:5");
    assert_false(load_target_is_loopback(&target.addresses[0]));
    assert_int_equal(load_target_parse(&target, "ws://127.0.0.9:5/", why), 0);
    assert_int_equal(load_target_look_up(&target, why), 0);
    assert_int_equal(target.count, 1);
    assert_true(load_target_is_loopback(&target.addresses[0]));
    assert_int_equal(load_target_parse(&target, "ws://192.0.2.1/", why), 0);
    assert_int_equal(load_target_look_up(&target, why), 0);
    assert_false(load_target_is_loopback(&target.addresses[0]));
    assert_int_equal(load_target_parse(&target, "ws://1.2.3.4.5/", why), 0);
    assert_int_equal(load_target_look_up(&target, why), WEFT_ERR_ADDRESS);
    assert_string_equal(why, "cannot find 1.2.3.4.5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
