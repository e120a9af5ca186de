/* SPDX-License-Identifier: MIT */
/* Whole negotiations through the public interface: what a client offers a
 * server takes, and what that answers the client takes. */
#include "support.h"
#include <weft/endpoint.h>

#define SIZE sizeof(struct weft_deflate_opts)

static const struct weft_deflate_opts sides[] = {
    {.size = SIZE},
    {.size = SIZE, .has_takeover = true},
    {.size = SIZE, .peer_takeover = true},
    {.size = SIZE, .has_takeover = true, .peer_takeover = true},
    {.size = SIZE, .window_bits = 8},
    {.size = SIZE, .peer_window_bits = 8},
    {.size = SIZE, .window_bits = 9, .peer_window_bits = 12},
};

static void test_both_sides(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sides) * COUNT(sides); i++) {
        const struct weft_deflate_opts *client = &sides[i % COUNT(sides)];
        const struct weft_deflate_opts *server = &sides[i / COUNT(sides)];
        char offer[256], answer[256];
        struct weft_endpoint_opts opts = WEFT_ENDPOINT_OPTS;
        struct weft_endpoint *ep;

        assert_int_equal(weft_extensions_offer(client, offer, sizeof(offer)),
                         0);
        assert_int_equal(
            weft_extensions_answer(offer, server, answer, sizeof(answer)), 0);
        CHECK(strstr(answer, "permessage-deflate") == answer, "'%s' to '%s'",
              answer, offer);
        CHECK(weft_extensions_check(answer, client) == 0, "'%s' to '%s'",
              answer, offer);
        opts.extensions = answer;
        opts.deflate = server;
        assert_int_equal(weft_endpoint_new(&ep, &opts), 0);
        weft_endpoint_free(ep);
    }
}

static void test_off(void **state)
{
    const struct weft_deflate_opts off = {.size = SIZE, .is_off = true};
    char text[256] = "x";

    (void)state;
    assert_int_equal(weft_extensions_offer(&off, text, sizeof(text)), 0);
    assert_string_equal(text, "");
    memcpy(text, "x", 2);
    assert_int_equal(
        weft_extensions_answer("permessage-deflate", &off, text, sizeof(text)),
        0);
    assert_string_equal(text, "");
    assert_int_equal(weft_extensions_check("", &off), 0);
    assert_int_equal(weft_extensions_check(NULL, &off), 0);
    assert_int_equal(weft_extensions_check("permessage-deflate", &off),
                     WEFT_ERR_PROTOCOL);
}

static void test_nothing_offered(void **state)
{
    static const char *const offers[] = {NULL, "", "bogus",
                                         "permessage-deflate; bogus"};
    char text[256];

    (void)state;
    for (size_t i = 0; i < COUNT(offers); i++) {
        assert_int_equal(
            weft_extensions_answer(offers[i], NULL, text, sizeof(text)), 0);
        assert_string_equal(text, "");
    }
    assert_int_equal(weft_extensions_answer("permessage-deflate; =", NULL, text,
                                            sizeof(text)),
                     WEFT_ERR_PROTOCOL);
}

/* One byte too few is told, and never written past. */
static void test_size(void **state)
{
    char whole[256], text[256];
    size_t len;

    (void)state;
    assert_int_equal(weft_extensions_answer("permessage-deflate", NULL, whole,
                                            sizeof(whole)),
                     0);
    len = strlen(whole);
    for (size_t size = 0; size <= len + 1; size++) {
        int want = size > len ? 0 : WEFT_ERR_LIMIT;

        memset(text, 'x', sizeof(text));
        assert_int_equal(
            weft_extensions_answer("permessage-deflate", NULL, text, size),
            want);
        assert_int_equal(text[size], 'x');
        assert_int_equal(weft_extensions_offer(NULL, text, 1), WEFT_ERR_LIMIT);
    }
}

static void test_bad_options(void **state)
{
    static const struct weft_deflate_opts bad[] = {
        {.size = SIZE, .level = 10},
        {.size = SIZE, .window_bits = 7},
        {.size = SIZE, .peer_window_bits = 16},
        {.size = SIZE, .memory_level = -1},
        {.size = 1},
    };
    struct weft_endpoint_opts opts = WEFT_ENDPOINT_OPTS;
    struct weft_endpoint *ep;
    char text[256];

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(weft_extensions_offer(&bad[i], text, sizeof(text)),
                         WEFT_ERR_USAGE);
        assert_int_equal(weft_extensions_answer("permessage-deflate", &bad[i],
                                                text, sizeof(text)),
                         WEFT_ERR_USAGE);
        assert_int_equal(weft_extensions_check("permessage-deflate", &bad[i]),
                         WEFT_ERR_USAGE);
        opts.deflate = &bad[i];
        assert_int_equal(weft_endpoint_new(&ep, &opts), WEFT_ERR_USAGE);
    }
    opts.deflate = NULL;
    opts.extensions = "permessage-bogus";
    assert_int_equal(weft_endpoint_new(&ep, &opts), WEFT_ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_sides),      cmocka_unit_test(test_off),
        cmocka_unit_test(test_nothing_offered), cmocka_unit_test(test_size),
        cmocka_unit_test(test_bad_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
