/* SPDX-License-Identifier: MIT */
/* The machine at the other end: its 16 bytes and its text. */
#include "net/host.h"

#include "support.h"
#include <sys/un.h>

static const struct {
    const char *address, *text;
} cases[] = {
    {"192.0.2.1:80", "192.0.2.1"},
    {"127.0.0.1:0", "127.0.0.1"},
    {"255.255.255.255:65535", "255.255.255.255"},
    {"[2001:db8::1]:80", "2001:db8::1"},
    {"[::1]:9998", "::1"},
    {"[::ffff:192.0.2.7]:1", "192.0.2.7"},
    {"unix:/tmp/weft.sock", "unix"},
};

static void test_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[WEFT_ADDRESS_TEXT];
        struct weft_address address;
        struct weft_host host;

        CHECK(weft_address_parse(&address, 1, cases[i].address) == 1, "%s",
              cases[i].address);
        host = weft_host_of(&address);
        CHECK(strcmp(weft_host_text(&host, text), cases[i].text) == 0, "%s: %s",
              cases[i].address, text);
        CHECK(weft_host_is_unix(&host) == !strcmp(cases[i].text, "unix"), "%s",
              cases[i].address);
    }
}

/* IPv4 and the same address mapped into IPv6 are one machine. */
static void test_mapped_is_the_same(void **state)
{
    struct weft_address plain, mapped;
    struct weft_host a, b;

    (void)state;
    assert_int_equal(weft_address_parse(&plain, 1, "192.0.2.7:1"), 1);
    assert_int_equal(weft_address_parse(&mapped, 1, "[::ffff:192.0.2.7]:2"), 1);
    a = weft_host_of(&plain);
    b = weft_host_of(&mapped);
    assert_memory_equal(&a, &b, sizeof(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_mapped_is_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
