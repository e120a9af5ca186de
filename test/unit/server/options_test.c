/* SPDX-License-Identifier: MIT */
/* Every default, what is refused, and copies of lists of strings. */
#include "server/options.h"
#include "support.h"

#include "base/mem.h"
#include "server/server.h"
#include <sys/resource.h>

#define FIELD(name) offsetof(struct weft_server_opts, name)

static const struct {
    const char *name;
    size_t offset;
    uint64_t value;
} defaults[] = {
    {"header_limit", FIELD(header_limit), 8192},
    {"field_limit", FIELD(field_limit), 100},
    {"handshake_ms", FIELD(handshake_ms), 10000},
    {"idle_http_ms", FIELD(idle_http_ms), 10000},
    {"message_limit", FIELD(message_limit), 16777216},
    {"fragment_limit", FIELD(fragment_limit), 131072},
    {"queue_limit", FIELD(queue_limit), 1048576},
    {"ping_ms", FIELD(ping_ms), 30000},
    {"pong_ms", FIELD(pong_ms), 15000},
    {"close_ms", FIELD(close_ms), 5000},
    {"drain_ms", FIELD(drain_ms), 10000},
    {"per_address_limit", FIELD(per_address_limit), WEFT_UNLIMITED},
    {"topic_limit", FIELD(topic_limit), 1024},
};

static uint64_t number_at(const struct weft_server_opts *opts, size_t offset)
{
    uint64_t value;

    memcpy(&value, (const char *)opts + offset, sizeof(value));
    return value;
}

static void check_defaults(const struct weft_server_opts *opts, size_t but)
{
    for (size_t i = 0; i < COUNT(defaults); i++) {
        uint64_t value = number_at(opts, defaults[i].offset);

        if (i != but)
            CHECK(value == defaults[i].value, "%s: %llu", defaults[i].name,
                  (unsigned long long)value);
    }
    assert_int_equal(opts->size, sizeof(*opts));
    assert_true(opts->threads >= 1 && opts->threads <= WEFT_THREADS_MAX);
    assert_true(opts->connection_limit > 0);
    assert_ptr_equal(opts->mem, &weft_mem_libc);
    assert_null(opts->document_root);
    assert_null(opts->origins);
    assert_null(opts->hosts);
}

static void test_defaults(void **state)
{
    const struct weft_server_opts none = {.size = sizeof(none)};
    struct weft_server_opts got;

    (void)state;
    assert_int_equal(weft_server_opts_fill(&got, NULL), 0);
    check_defaults(&got, SIZE_MAX);
    assert_int_equal(weft_server_opts_fill(&got, &none), 0);
    check_defaults(&got, SIZE_MAX);
}

/* What is given stays, and nothing else changes. */
static void test_each_number(void **state)
{
    static const uint64_t values[] = {1, 77, 9000};

    (void)state;
    for (size_t i = 0; i < COUNT(defaults); i++) {
        for (size_t j = 0; j < COUNT(values); j++) {
            struct weft_server_opts opts = {.size = sizeof(opts)}, got;

            memcpy((char *)&opts + defaults[i].offset, &values[j], 8);
            assert_int_equal(weft_server_opts_fill(&got, &opts), 0);
            assert_int_equal(number_at(&got, defaults[i].offset), values[j]);
            check_defaults(&got, i);
        }
    }
}

static void test_unlimited(void **state)
{
    (void)state;
    for (size_t i = 2; i < COUNT(defaults); i++) {
        const uint64_t off = WEFT_UNLIMITED;
        struct weft_server_opts opts = {.size = sizeof(opts)}, got;

        memcpy((char *)&opts + defaults[i].offset, &off, 8);
        assert_int_equal(weft_server_opts_fill(&got, &opts), 0);
        assert_int_equal(number_at(&got, defaults[i].offset), off);
    }
}

static void test_refused(void **state)
{
    const struct weft_server_opts bad[] = {
        {.size = 0},
        {.size = 1},
        {.size = 100000},
        {.size = sizeof(bad[0]), .threads = WEFT_THREADS_MAX + 1},
        {.size = sizeof(bad[0]), .header_limit = (64 << 20) + 1},
        {.size = sizeof(bad[0]), .header_limit = WEFT_UNLIMITED},
        {.size = sizeof(bad[0]), .field_limit = 10001},
        {.size = sizeof(bad[0]), .field_limit = WEFT_UNLIMITED},
    };
    struct weft_server *srv = NULL;
    struct weft_server_opts got;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        CHECK(weft_server_opts_fill(&got, &bad[i]) == WEFT_ERR_USAGE, "%zu", i);
        CHECK(weft_server_new(&srv, &bad[i]) == WEFT_ERR_USAGE, "%zu", i);
        assert_null(srv);
    }
}

/* A caller with an older header gives less, one with a newer header more. */
static void test_sizes(void **state)
{
    struct {
        struct weft_server_opts opts;
        uint64_t unknown;
    } newer = {.opts = {.size = sizeof(newer), .ping_ms = 5}};
    struct weft_server_opts got;

    (void)state;
    assert_int_equal(weft_server_opts_fill(&got, &newer.opts), 0);
    assert_int_equal(got.ping_ms, 5);
    newer.unknown = 1;
    assert_int_equal(weft_server_opts_fill(&got, &newer.opts), WEFT_ERR_USAGE);

    for (size_t size = sizeof(size_t); size <= sizeof(got); size++) {
        struct weft_server_opts older = {.threads = 3, .handshake_ms = 7};

        older.size = size;
        assert_int_equal(weft_server_opts_fill(
                             &got, (const void *)at_page_end(&older, size)),
                         0);
        if (size >= FIELD(threads) + sizeof(unsigned))
            assert_int_equal(got.threads, 3);
        if (size >= FIELD(handshake_ms) + sizeof(uint64_t))
            assert_int_equal(got.handshake_ms, 7);
        assert_int_equal(got.topic_limit, 1024);
    }
}

/* The default follows the limit on descriptors. */
static void test_connection_limit(void **state)
{
    static const struct {
        rlim_t fds;
        uint64_t want;
    } cases[] = {{64, 32}, {256, 128}, {257, 129}, {1024, 896}};
    struct weft_server_opts opts = {.size = sizeof(opts)}, got;
    struct rlimit before, now;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = before;
    for (size_t i = 0; i < COUNT(cases); i++) {
        now.rlim_cur = cases[i].fds;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
        assert_int_equal(weft_server_opts_fill(&got, NULL), 0);
        assert_int_equal(got.connection_limit, cases[i].want);
    }
    opts.connection_limit = 5;
    assert_int_equal(weft_server_opts_fill(&got, &opts), 0);
    assert_int_equal(got.connection_limit, 5);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static const char *const lists[][4] = {
    {NULL},
    {"", NULL},
    {"one", NULL},
    {"one", "two two", "", NULL},
};

static void test_strings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {fail_realloc, &fm};
        int err = 0;
        char **copy = weft_strings_copy(&mem, lists[i], &err);
        size_t n;

        assert_int_equal(err, 0);
        assert_non_null(copy);
        for (n = 0; lists[i][n]; n++) {
            assert_string_equal(copy[n], lists[i][n]);
            assert_ptr_not_equal(copy[n], lists[i][n]);
        }
        assert_null(copy[n]);
        weft_strings_free(&mem, copy);
        assert_int_equal(fm.live, 0);
    }
}

static void test_no_strings(void **state)
{
    int err = 0;

    (void)state;
    assert_null(weft_strings_copy(&weft_mem_libc, NULL, &err));
    assert_int_equal(err, 0);
    /* Behind an error nothing is done, and the error stays. */
    err = WEFT_ERR_SYSTEM;
    assert_null(weft_strings_copy(&weft_mem_libc, lists[2], &err));
    assert_int_equal(err, WEFT_ERR_SYSTEM);
    weft_strings_free(&weft_mem_libc, NULL);
}

/* An allocator in which one allocation alone fails. */
struct gap_mem {
    struct fail_mem fm;
    long until;
};

static void *gap_realloc(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    struct gap_mem *gap = ud;

    if (new_size > 0 && gap->until-- == 0)
        return NULL;
    return fail_realloc(&gap->fm, ptr, old_size, new_size);
}

/* The first allocation fails, then the second: alone, and with all after. */
static void test_strings_without_memory(void **state)
{
    (void)state;
    for (int alone = 0; alone < 2; alone++) {
        long n = 0;
        int err;

        do {
            struct gap_mem gap = {{.left = alone ? -1 : n}, alone ? n : -1};
            struct weft_mem mem = {gap_realloc, &gap};
            char **copy;

            err = 0;
            copy = weft_strings_copy(&mem, lists[3], &err);
            CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
            weft_strings_free(&mem, copy);
            CHECK(gap.fm.live == 0, "%zu bytes at step %ld", gap.fm.live, n);
            n++;
        } while (err);
        assert_int_equal(n, 5); /* the list and three strings, then success */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_each_number),
        cmocka_unit_test(test_unlimited),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_connection_limit),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_no_strings),
        cmocka_unit_test(test_strings_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
