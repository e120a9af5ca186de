/* SPDX-License-Identifier: MIT */
/* Addresses as URLs may have them, each with the one way to write it, and all
 * that is not one; numbers; and random addresses written and read again. */
#include "client/url_ip.h"
#include "support.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>

#define SAME ""
#define REFUSED NULL

static struct weft_slice guarded(const char *text, size_t len)
{
    return (struct weft_slice){(const char *)at_page_end(text, len), len};
}

static const struct {
    const char *text;
    int max, number;
} numbers[] = {
    {"0", 9, 0},
    {"9", 9, 9},
    {"10", 9, 10},
    {"99999999999999999999999999", 9, 10},
    {"0000000000000000000000009", 9, 9},
    {"65535", 65535, 65535},
    {"65536", 65535, 65536},
    {"2147483646", INT_MAX - 1, 2147483646},
    {"4294967296", INT_MAX - 1, INT_MAX},
    {"0", 0, 0},
    {"1", 0, 1},
    {"", 9, -1},
    {" 1", 9, -1},
    {"1 ", 9, -1},
    {"+1", 9, -1},
    {"-1", 9, -1},
    {"0x1", 9, -1},
    {"99999999999a", 9, -1},
    {"\xef\xbc\x91", 9, -1},
};

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        const char *text = numbers[i].text;
        int got = weft_url_number(guarded(text, strlen(text)), numbers[i].max);

        CHECK(got == numbers[i].number, "%s: %d", text, got);
    }
}

static const struct {
    const char *text, *written;
} ipv4[] = {
    /* IPv4: parts of any number and radix. */
    {"1.2.3.4", SAME},
    {"127.0.0.1.", "127.0.0.1"},
    {"127.1", "127.0.0.1"},
    {"127.0.1", "127.0.0.1"},
    {"2130706433", "127.0.0.1"},
    {"0", "0.0.0.0"},
    {"0.0.0.0", SAME},
    {"00", "0.0.0.0"},
    {"0x", "0.0.0.0"},
    {"0x.0X", "0.0.0.0"},
    {"0x7f.1", "127.0.0.1"},
    {"0X7F.0.0.0x1", "127.0.0.1"},
    {"0177.0.0.01", "127.0.0.1"},
    {"017700000001", "127.0.0.1"},
    {"255.255.255.255", SAME},
    {"4294967295", "255.255.255.255"},
    {"0xffffffff", "255.255.255.255"},
    {"037777777777", "255.255.255.255"},
    {"1.16777215", "1.255.255.255"},
    {"1.2.65535", "1.2.255.255"},
    {"1.2.3.255", SAME},
    {"00000000000000000000000000000000001.2.3.4", "1.2.3.4"},
    {"1.2.3.4.", "1.2.3.4"},
    {"256", "0.0.1.0"},

    /* IPv4 that is not valid. */
    {"4294967296", REFUSED},
    {"0x100000000", REFUSED},
    {"99999999999999999999999999", REFUSED},
    {"1.16777216", REFUSED},
    {"1.2.65536", REFUSED},
    {"1.2.3.256", REFUSED},
    {"256.2.3.4", REFUSED},
    {"1.256.3.4", REFUSED},
    {"1.2.256.4", REFUSED},
    {"1.2.3.4.5", REFUSED},
    {"1..2", REFUSED},
    {".1", REFUSED},
    {"1.2..4", REFUSED},
    {"08", REFUSED},
    {"1.2.3.08", REFUSED},
    {"0x1g.1", REFUSED},
    {"a.1", REFUSED},
    {"a.0x1", REFUSED},
    {"a.b.09", REFUSED},
    {"foo.0x", REFUSED},
    {"1.2.3.a.4", REFUSED},
    {"-1.1", REFUSED},
    {"1.2.3.0x100", REFUSED},
    {"+1.2.3.4", REFUSED},
    {"1e3.1", REFUSED},
    {"", REFUSED},
    {".", REFUSED},
    {"1.2.3.4..", REFUSED},
    {"1 ", REFUSED},
};

static void test_ipv4(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ipv4); i++) {
        const char *text = ipv4[i].text, *want = ipv4[i].written;
        char written[WEFT_IPV4_TEXT];
        uint32_t address;
        bool ok = weft_url_ipv4_parse(&address, guarded(text, strlen(text)));

        CHECK(ok == (want != REFUSED), "%s: %d", text, ok);
        if (!ok)
            continue;
        weft_url_ipv4_write(written, address);
        CHECK(strcmp(written, *want ? want : text) == 0, "%s: %s", text,
              written);
    }
}

static const struct {
    const char *text;
    bool ends_in_number;
} ends[] = {
    {"1", true},     {"1.", true},    {"a.1", true},
    {"a.1.", true},  {"a.0x", true},  {"a.0xfg", false},
    {"a.08", true},  {"a.0x1", true}, {"a.99999999999999999999", true},
    {"1.a", false},  {"a1", false},   {"1a", false},
    {"a.x1", false}, {"1..", false},  {"", false},
    {".", false},    {"..", false},   {"0x.a", false},
    {"-1", false},   {"x", false},
};

static void test_ends_in_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        const char *text = ends[i].text;
        bool got = weft_url_ends_in_number(guarded(text, strlen(text)));

        CHECK(got == ends[i].ends_in_number, "%s: %d", text, got);
    }
}

static const struct {
    const char *text, *written;
} ipv6[] = {
    /* IPv6. */
    {"::", SAME},
    {"::1", SAME},
    {"1::", SAME},
    {"1:2:3:4:5:6:7:8", SAME},
    {"A:b:C:d:E:f:0:9", "a:b:c:d:e:f:0:9"},
    {"0001:0002::000f", "1:2::f"},
    {"0:0:0:0:0:0:0:0", "::"},
    {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
    {"1:0:0:2:3:0:0:4", "1::2:3:0:0:4"},
    {"1:0:2:3:4:5:6:7", SAME},
    {"0:1:0:1:0:1:0:1", SAME},
    {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
    {"0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"},
    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
    {"1::3:4:5:6:7:8", "1:0:3:4:5:6:7:8"},
    {"1:2:3::8", SAME},
    {"::1.2.3.4", "::102:304"},
    {"::ffff:192.0.2.1", "::ffff:c000:201"},
    {"1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a"},
    {"64:ff9b::255.255.255.255", "64:ff9b::ffff:ffff"},
    {"::0.0.0.0", "::"},
    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},

    /* IPv6 that is not valid. */
    {"", REFUSED},
    {":", REFUSED},
    {":::", REFUSED},
    {"1", REFUSED},
    {"1:2:3:4:5:6:7", REFUSED},
    {"1:2:3:4:5:6:7:8:9", REFUSED},
    {"1:2:3:4:5:6:7:8::", REFUSED},
    {"::1:2:3:4:5:6:7:8", REFUSED},
    {"1:2:3:4::5:6:7:8", REFUSED},
    {"1::2::3", REFUSED},
    {"12345::", REFUSED},
    {"::g", REFUSED},
    {":1:2:3:4:5:6:7", REFUSED},
    {"1:2:3:4:5:6:7:", REFUSED},
    {"1:", REFUSED},
    {"v1.a", REFUSED},
    {"::1.2.3", REFUSED},
    {"::1.2.3.4.5", REFUSED},
    {"::1.2.3.256", REFUSED},
    {"::01.2.3.4", REFUSED},
    {"::1.2.3.04", REFUSED},
    {"::1.2.3.4:5", REFUSED},
    {"1.2.3.4", REFUSED},
    {"::1..2.3", REFUSED},
    {"::.1.2.3", REFUSED},
    {"::1.2.3.", REFUSED},
    {"::a.1.2.3", REFUSED},
    {"1:2:3:4:5:6:7:1.2.3.4", REFUSED},
    {"::2:3:4:5:6:7:1.2.3.4", REFUSED},
    {"::1 ", REFUSED},
    {"::99999.1.1.1", REFUSED},
    {"", REFUSED},
    {"[::]", REFUSED},
};

static void check_ipv6(struct weft_slice text, const char *want)
{
    char written[WEFT_IPV6_TEXT];
    uint16_t pieces[8];
    bool ok = weft_url_ipv6_parse(pieces, text);

    CHECK(ok == (want != REFUSED), "%.*s: %d", (int)text.len, text.ptr, ok);
    if (!ok)
        return;
    weft_url_ipv6_write(written, pieces);
    if (*want)
        CHECK(strcmp(written, want) == 0, "%s: %s", want, written);
    else
        CHECK(weft_slice_eq(text, written), "%s", written);
}

static void test_ipv6(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ipv6); i++)
        check_ipv6(guarded(ipv6[i].text, strlen(ipv6[i].text)),
                   ipv6[i].written);
}

/* Every beginning of every text is read without looking behind it. */
static void test_every_cut(void **state)
{
    char written[WEFT_IPV6_TEXT];
    uint16_t pieces[8];
    uint32_t address;

    (void)state;
    for (size_t i = 0; i < COUNT(ipv6); i++) {
        for (size_t cut = 0; cut < strlen(ipv6[i].text); cut++) {
            if (weft_url_ipv6_parse(pieces, guarded(ipv6[i].text, cut)))
                weft_url_ipv6_write(written, pieces);
        }
    }
    for (size_t i = 0; i < COUNT(ipv4); i++) {
        for (size_t cut = 0; cut < strlen(ipv4[i].text); cut++) {
            struct weft_slice text = guarded(ipv4[i].text, cut);

            if (weft_url_ipv4_parse(&address, text))
                CHECK(weft_url_ends_in_number(text), "%s", ipv4[i].text);
        }
    }
}

/* Addresses with many zeros, as the system's own functions know them. */
static void test_random(void **state)
{
    (void)state;
    srandom(5);
    for (int i = 0; i < 5000; i++) {
        uint16_t pieces[8], back[8];
        char text[WEFT_IPV6_TEXT], other[INET6_ADDRSTRLEN];
        struct in6_addr addr;

        for (int k = 0; k < 8; k++)
            pieces[k] =
                random() % 2 ? (uint16_t)(random() >> random() % 16) : 0;
        weft_url_ipv6_write(text, pieces);
        assert_true(weft_url_ipv6_parse(back, weft_slice(text)));
        assert_memory_equal(back, pieces, sizeof(pieces));

        assert_int_equal(inet_pton(AF_INET6, text, &addr), 1);
        for (int k = 0; k < 8; k++)
            assert_int_equal(addr.s6_addr[2 * k] << 8 | addr.s6_addr[2 * k + 1],
                             pieces[k]);
        /* That one writes some with dots. */
        inet_ntop(AF_INET6, &addr, other, sizeof(other));
        assert_true(weft_url_ipv6_parse(back, weft_slice(other)));
        assert_memory_equal(back, pieces, sizeof(pieces));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),        cmocka_unit_test(test_ipv4),
        cmocka_unit_test(test_ends_in_number), cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_every_cut),      cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
