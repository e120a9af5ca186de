/* SPDX-License-Identifier: MIT */
/*
 * Options become a configuration, the caller's own or one that many endpoints
 * share; and what an endpoint takes while it has nothing to do. Senseless
 * options are in endpoint_test.c.
 */
#include "talk.h"
#include "ws/endpoint.h"

#include <string.h>

static int zeros(void *ud, void *out, size_t len)
{
    (void)ud;
    memset(out, 0, len);
    return 0;
}

static void test_conf_of_options(void **state)
{
    struct weft_endpoint_opts opts = WEFT_ENDPOINT_OPTS;
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_endpoint_conf conf;

    (void)state;
    opts.role = WEFT_CLIENT;
    assert_int_equal(weft_endpoint_conf_init(&conf, &opts), WEFT_ERR_USAGE);
    opts.random = zeros;
    opts.random_ud = &opts;
    opts.mem = &mem;
    opts.message_limit = 1;
    opts.fragment_limit = 2;
    opts.out_limit = 3;
    opts.ping_ns = 4;
    opts.pong_ns = 5;
    opts.close_ns = 6;
    assert_int_equal(weft_endpoint_conf_init(&conf, &opts), 0);
    assert_ptr_equal(conf.mem, &mem);
    assert_ptr_equal(conf.random, zeros);
    assert_ptr_equal(conf.random_ud, &opts);
    assert_int_equal(conf.message_limit, 1);
    assert_int_equal(conf.fragment_limit, 2);
    assert_int_equal(conf.out_limit, 3);
    assert_int_equal(conf.ping_ns, 4);
    assert_int_equal(conf.pong_ns, 5);
    assert_int_equal(conf.close_ns, 6);
    assert_true(conf.is_client);
    assert_false(conf.drops_oldest);
    opts.role = (enum weft_role)2;
    assert_int_equal(weft_endpoint_conf_init(&conf, &opts), WEFT_ERR_USAGE);
}

/* Endpoints on one configuration take no memory until there is something to
 * keep, and give it back when there is nothing left. */
static void test_shared_conf(void **state)
{
    struct weft_endpoint_opts opts = WEFT_ENDPOINT_OPTS;
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_endpoint_conf conf;
    struct weft_endpoint eps[100];
    struct weft_event event;
    struct iovec iov;

    (void)state;
    opts.mem = &mem;
    assert_int_equal(weft_endpoint_conf_init(&conf, &opts), 0);
    for (size_t i = 0; i < COUNT(eps); i++)
        weft_endpoint_init(&eps[i], &conf);
    assert_int_equal(fm.calls, 0);
    for (size_t i = 0; i < COUNT(eps); i++) {
        uint8_t in[] = {0x81, 0x81, 0, 0, 0, 0, (uint8_t)('0' + i % 10)};

        assert_int_equal(weft_endpoint_feed(&eps[i], in, sizeof(in)), 0);
        assert_int_equal(weft_endpoint_next(&eps[i], &event), 1);
        assert_int_equal(*(const char *)event.msg.data, '0' + i % 10);
        assert_int_equal(fm.live, 0);
        assert_int_equal(weft_endpoint_send(&eps[i], WEFT_TEXT, "a", 1), 0);
        assert_int_equal(weft_endpoint_next(&eps[i], &event), 0);
        assert_true(fm.live > 0);
        assert_true(weft_endpoint_output(&eps[i], &iov));
        weft_endpoint_sent(&eps[i], iov.iov_len);
        assert_int_equal(fm.live, 0);
    }
    assert_int_equal(weft_endpoint_send(&eps[0], WEFT_TEXT, "a", 1), 0);
    for (size_t i = 0; i < COUNT(eps); i++)
        weft_endpoint_release(&eps[i]);
    assert_int_equal(fm.live, 0);
    weft_endpoint_release(&eps[0]); /* released is empty */
}

/* At rest a connection has to do with 240 bytes in all
 * (docs/internals/hot.md). */
static void test_size(void **state)
{
    (void)state;
    if (sizeof(void *) == 8)
        CHECK(sizeof(struct weft_endpoint) <= 112, "%zu bytes",
              sizeof(struct weft_endpoint));
}

static void test_new_and_free_without_memory(void **state)
{
    struct weft_endpoint_opts opts = WEFT_ENDPOINT_OPTS;
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_endpoint *ep;

    (void)state;
    opts.mem = &mem;
    for (long left = 0;; left++) {
        int err;

        fm.left = left;
        err = weft_endpoint_new(&ep, &opts);
        if (!err)
            break;
        assert_int_equal(err, WEFT_ERR_NOMEM);
        assert_int_equal(fm.live, 0);
    }
    fm.left = -1;
    assert_int_equal(weft_endpoint_send(ep, WEFT_TEXT, "a", 1), 0);
    weft_endpoint_free(ep);
    assert_int_equal(fm.live, 0);
    weft_endpoint_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conf_of_options),
        cmocka_unit_test(test_shared_conf),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_new_and_free_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
