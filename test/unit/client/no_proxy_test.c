/* SPDX-License-Identifier: MIT */
/* What lists like no_proxy name, and what they only seem to name. */
#include "client/proxy.h"
#include "support.h"

#include <stdio.h>

static const struct {
    const char *list, *host;
    uint16_t port;
    bool is_excepted;
} cases[] = {
    /* Everything, and nothing. */
    {"*", "h.example", 80, true},
    {"*", "::1", 80, true},
    {"a,*", "h.example", 80, true},
    {"*.example", "h.example", 80, false},
    {"", "h.example", 80, false},
    {",", "h.example", 80, false},
    {" ,\t, ", "h.example", 80, false},
    {".", "h.example", 80, false},
    {"..", "h.example", 80, false},

    /* Names: itself and all below it. */
    {"h.example", "h.example", 80, true},
    {"example", "h.example", 80, true},
    {".example", "h.example", 80, true},
    {".h.example", "h.example", 80, true},
    {"EXAMPLE", "h.example", 80, true},
    {"example.", "h.example", 80, true},
    {"example", "h.example.", 80, true},
    {".example.", "h.example.", 80, true},
    {"ample", "h.example", 80, false},
    {"h", "h.example", 80, false},
    {"i.example", "h.example", 80, false},
    {"a.h.example", "h.example", 80, false},
    {"xh.example", "h.example", 80, false},
    {"h.example.org", "h.example", 80, false},
    {"localhost", "localhost", 80, true},
    {"localhost", "a.localhost", 80, true},
    {"localhost", "alocalhost", 80, false},

    /* Lists. */
    {"a,h.example", "h.example", 80, true},
    {"a, h.example ,b", "h.example", 80, true},
    {"a h.example", "h.example", 80, true},
    {"a\th.example\n", "h.example", 80, true},
    {",,h.example", "h.example", 80, true},
    {"a;h.example", "h.example", 80, false},
    {"a,b,c", "h.example", 80, false},

    /* Ports. */
    {"h.example:80", "h.example", 80, true},
    {"h.example:080", "h.example", 80, true},
    {".example:80", "h.example", 80, true},
    {"h.example:81", "h.example", 80, false},
    {"h.example:", "h.example", 80, false},
    {"h.example:a", "h.example", 80, false},
    {"h.example:65616", "h.example", 80, false},
    {"h.example:81,h.example:80", "h.example", 80, true},
    {"*:80", "h.example", 80, false},
    {":80", "h.example", 80, false},

    /* Addresses. */
    {"192.0.2.1", "192.0.2.1", 80, true},
    {"192.0.2.1:80", "192.0.2.1", 80, true},
    {"192.0.2.1:81", "192.0.2.1", 80, false},
    {"192.0.2.10", "192.0.2.1", 80, false},
    {"192.0.2", "192.0.2.1", 80, false},
    {"2.1", "192.0.2.1", 80, false},
    {".0.2.1", "192.0.2.1", 80, false},
    {"0.2.1", "192.0.2.1", 80, false},
    {"192.0.2.1", "192.0.2.1.example", 80, false},
    {"::1", "::1", 80, true},
    {"[::1]", "::1", 80, true},
    {"[::1]:80", "::1", 80, true},
    {"[::1]:81", "::1", 80, false},
    {"[::1", "::1", 80, false},
    {"[::1]a", "::1", 80, false},
    {"0:0:0:0:0:0:0:1", "::1", 80, true},
    {"2001:DB8::A", "2001:db8::a", 80, true},
    {"2001:db8::b", "2001:db8::a", 80, false},
    {"::1", "h.example", 80, false},
    {"::ffff:192.0.2.1", "192.0.2.1", 80, false},

    /* Networks. */
    {"192.0.2.0/24", "192.0.2.1", 80, true},
    {"192.0.2.0/24", "192.0.2.255", 80, true},
    {"192.0.2.77/24", "192.0.2.1", 80, true},
    {"192.0.2.0/24", "192.0.3.1", 80, false},
    {"192.0.2.0/23", "192.0.3.1", 80, true},
    {"192.0.2.0/23", "192.0.4.1", 80, false},
    {"192.0.2.128/25", "192.0.2.128", 80, true},
    {"192.0.2.128/25", "192.0.2.127", 80, false},
    {"192.0.2.1/32", "192.0.2.1", 80, true},
    {"192.0.2.1/32", "192.0.2.0", 80, false},
    {"192.0.2.0/31", "192.0.2.1", 80, true},
    {"0.0.0.0/0", "192.0.2.1", 80, true},
    {"10.0.0.0/0", "::1", 80, false},
    {"192.0.2.0/24:80", "192.0.2.1", 80, true},
    {"192.0.2.0/24:81", "192.0.2.1", 80, false},
    {"192.0.2.0/33", "192.0.2.1", 80, false},
    {"192.0.2.1/", "192.0.2.1", 80, false},
    {"192.0.2.0/a", "192.0.2.1", 80, false},
    {"192.0.2.0/-1", "192.0.2.1", 80, false},
    {"192.0.2.0/24/", "192.0.2.1", 80, false},
    {"192.0/16", "192.0.2.1", 80, false},
    {"/0", "192.0.2.1", 80, false},
    {"2001:db8::/32", "2001:db8::a", 80, true},
    {"2001:db8::/32", "2001:db9::a", 80, false},
    {"2001:db8::/31", "2001:db9::a", 80, true},
    {"[2001:db8::]/32", "2001:db8::a", 80, true},
    {"[2001:db8::]/32:80", "2001:db8::a", 80, true},
    {"[2001:db8::]/32:81", "2001:db8::a", 80, false},
    {"::1/128", "::1", 80, true},
    {"::/127", "::1", 80, true},
    {"::/129", "::1", 80, false},
    {"::/0", "::1", 80, true},
    {"::/0", "192.0.2.1", 80, false},
    {"::/0", "h.example", 80, false},
    {"example/0", "h.example", 80, false},
};

static const char *guarded(const char *text)
{
    return (const char *)at_page_end(text, strlen(text) + 1);
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool got = weft_proxy_is_excepted(
            guarded(cases[i].list), guarded(cases[i].host), cases[i].port);

        CHECK(got == cases[i].is_excepted, "%s for %s", cases[i].list,
              cases[i].host);
    }
}

/* A list is the sum of its members. */
static void test_among_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char list[100];

        snprintf(list, sizeof(list), "[::9,1.2.3.4/99 %s,.other.test",
                 cases[i].list);
        CHECK(weft_proxy_is_excepted(guarded(list), cases[i].host,
                                     cases[i].port) == cases[i].is_excepted,
              "%s", list);
    }
}

static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t cut = 0; cut < strlen(cases[i].list); cut++) {
            char list[100] = "";

            memcpy(list, cases[i].list, cut);
            if (weft_proxy_is_excepted(guarded(list), "h.example", 80))
                CHECK(cut > 0, "%s", cases[i].list);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_among_others),
        cmocka_unit_test(test_every_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
