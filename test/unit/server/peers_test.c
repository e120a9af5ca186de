/* SPDX-License-Identifier: MIT */
/* Counting connections by address, up to a limit. */
#include "server/peers.h"
#include "support.h"

static const uint64_t seed[2] = {1, 2};

static struct weft_peer_key key_of(const char *text)
{
    struct weft_address address;
    int n = weft_address_parse(&address, 1, text);

    CHECK(n == 1, "%s", text);
    return weft_peer_key_of(&address);
}

static void test_limit(void **state)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    const struct weft_peer_key a = key_of("192.0.2.1:80");
    const struct weft_peer_key b = key_of("192.0.2.2:80");
    struct weft_peers peers;

    (void)state;
    weft_peers_init(&peers, &mem, seed);
    for (uint64_t limit = 1; limit < 5; limit++) {
        for (uint64_t i = 0; i < limit; i++)
            assert_int_equal(weft_peers_enter(&peers, &a, limit), 0);
        assert_int_equal(weft_peers_enter(&peers, &a, limit), WEFT_ERR_LIMIT);
        assert_int_equal(weft_peers_enter(&peers, &b, limit), 0);
        /* One that was refused was not counted. */
        weft_peers_leave(&peers, &a);
        assert_int_equal(weft_peers_enter(&peers, &a, limit), 0);
        for (uint64_t i = 0; i < limit; i++)
            weft_peers_leave(&peers, &a);
        weft_peers_leave(&peers, &b);
        assert_int_equal(peers.map.count, 0);
    }
    assert_int_equal(weft_peers_enter(&peers, &a, 0), WEFT_ERR_LIMIT);
    weft_peers_leave(&peers, &a); /* was never there */
    assert_int_equal(peers.map.count, 0);
    weft_peers_release(&peers);
    assert_int_equal(fm.live, 0);
}

/* Which addresses are one machine. */
static void test_keys(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"192.0.2.1:1", "192.0.2.1:2", true},
        {"192.0.2.1:1", "192.0.2.2:1", false},
        {"[2001:db8::1]:1", "[2001:db8::2]:2", true},
        {"[2001:db8::1]:1", "[2001:db8:0:0:ffff::1]:1", true},
        {"[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1", false},
        {"[::ffff:192.0.2.1]:1", "192.0.2.1:1", true},
        {"unix:/a", "unix:/b", true},
        {"unix:/a", "192.0.2.1:1", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weft_peer_key a = key_of(cases[i].a), b = key_of(cases[i].b);
        bool same = memcmp(&a, &b, sizeof(a)) == 0;

        CHECK(same == cases[i].same, "%s and %s", cases[i].a, cases[i].b);
    }
}

/* Entries come and go with connections; release frees those that are left. */
static void test_many(void **state)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_peers peers;

    (void)state;
    weft_peers_init(&peers, &mem, seed);
    for (int i = 0; i < 1000; i++) {
        struct weft_peer_key key = {4, {10, 0, (uint8_t)(i >> 8), (uint8_t)i}};

        assert_int_equal(weft_peers_enter(&peers, &key, 2), 0);
        assert_int_equal(weft_peers_enter(&peers, &key, 2), 0);
        if (i % 2)
            weft_peers_leave(&peers, &key);
        if (i % 4 == 3)
            weft_peers_leave(&peers, &key);
    }
    assert_int_equal(peers.map.count, 750);
    weft_peers_release(&peers);
    assert_int_equal(fm.live, 0);
}

static void test_without_memory(void **state)
{
    const struct weft_peer_key key = {4, {192, 0, 2, 1}};
    long n = 0;
    int err;

    (void)state;
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_peers peers;

        weft_peers_init(&peers, &mem, seed);
        err = weft_peers_enter(&peers, &key, 1);
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        if (err) /* nothing was counted */
            weft_peers_leave(&peers, &key);
        assert_int_equal(peers.map.count, err ? 0 : 1);
        weft_peers_release(&peers);
        CHECK(fm.live == 0, "%zu bytes at step %ld", fm.live, n);
    } while (err);
    assert_true(n > 2);
}

#define THREADS 4
#define ROUNDS 5000

static struct weft_peers shared;

/* Enters at a limit that all threads together reach now and then. */
static void *come_and_go(void *arg)
{
    const struct weft_peer_key key = {4, {192, 0, 2, 1}};
    long *entered = arg;

    for (int i = 0; i < ROUNDS; i++) {
        if (weft_peers_enter(&shared, &key, THREADS - 1) != 0)
            continue;
        ++*entered;
        weft_peers_leave(&shared, &key);
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    pthread_t threads[THREADS];
    long entered[THREADS] = {0}, total = 0;

    (void)state;
    weft_peers_init(&shared, &mem, seed);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, come_and_go, &entered[i]);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        total += entered[i];
    }
    assert_true(total > 0);
    assert_int_equal(shared.map.count, 0);
    weft_peers_release(&shared);
    assert_int_equal(fm.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit),   cmocka_unit_test(test_keys),
        cmocka_unit_test(test_many),    cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
