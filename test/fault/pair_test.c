/* SPDX-License-Identifier: MIT */
/*
 * Client and server, compressed, over TLS, and both: the n-th allocation of one
 * side fails, or of OpenSSL on either; and with both the n-th system call of
 * one side. One pair lives through all failures of a kind.
 */
#include "failing.h"
#include "pair.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>

#define STEPS_MAX 100000

static const struct {
    const char *name;
    bool has_tls, has_deflate;
} ways[] = {
    {"ws, compressed", false, true},
    {"wss", true, false},
    {"wss, compressed", true, true},
};

/* ---- Allocations --------------------------------------------------------- */

/* Those of the client, and those of OpenSSL for both. */
static struct {
    struct fail_mem *fm;
    atomic_long client, openssl; /* that succeed before; negative: all */
    atomic_bool has_failed, is_spared;
} fault = {.client = -1, .openssl = -1};

static bool is_due(atomic_long *left)
{
    if (fault.is_spared || *left < 0 || atomic_fetch_sub(left, 1) != 0)
        return false;
    fault.has_failed = true;
    return true;
}

static void *client_realloc(void *ud, void *ptr, size_t old_size,
                            size_t new_size)
{
    (void)ud;
    if (new_size > 0 && is_due(&fault.client))
        return NULL;
    return fail_realloc(fault.fm, ptr, old_size, new_size);
}

static void *openssl_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return is_due(&fault.openssl) ? NULL : malloc(size);
}

static void *openssl_realloc(void *ptr, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size > 0 && is_due(&fault.openssl) ? NULL : realloc(ptr, size);
}

static void openssl_free(void *ptr, const char *file, int line)
{
    (void)file;
    (void)line;
    free(ptr);
}

static void spare_memory(struct pair *pair, bool on)
{
    serve_spare(pair->serve, on);
    fault.is_spared = on;
}

enum side { SERVER, CLIENT, OPENSSL };

static void arm(struct pair *pair, enum side side, long n)
{
    fault.has_failed = false;
    if (side == SERVER)
        serve_fail(pair->serve, n);
    else if (side == CLIENT)
        fault.client = n;
    else
        fault.openssl = n;
}

/* Whether it came to the n-th. */
static bool disarm(struct pair *pair, enum side side)
{
    bool has_failed =
        side == SERVER ? serve_has_failed(pair->serve) : fault.has_failed;

    serve_fail(pair->serve, -1);
    fault.client = fault.openssl = -1;
    return has_failed;
}

static bool talk_without(struct pair *pair, enum side side, long n)
{
    static const char *const names[] = {"server", "client", "OpenSSL"};
    bool is_all, has_failed;

    snprintf(pair->what, sizeof(pair->what), "allocation %ld of %s%s", n,
             names[side], pair->has_tls ? ", wss" : "");
    arm(pair, side, n);
    is_all = pair_talk(pair);
    has_failed = disarm(pair, side);
    CHECK(is_all || has_failed, "%s did not fail, and not all came",
          pair->what);
    SERVE_UNTIL(pair->serve, serve_connections(pair->serve) == 1);
    return has_failed;
}

/* OpenSSL makes many allocations: of the later ones some are tried. */
static long next(enum side side, long n)
{
    return side == OPENSSL && n > 200 ? n + 7 : n + 1;
}

static void fail_memory(enum side side)
{
    for (size_t i = 0; i < COUNT(ways); i++) {
        struct pair pair;
        long n = 0;

        if (side == OPENSSL && !ways[i].has_tls)
            continue;
        pair_open(&pair, ways[i].has_tls, ways[i].has_deflate);
        fault.fm = &pair.fm;
        pair.mem.realloc = client_realloc;
        pair.spare = spare_memory;
        while (talk_without(&pair, side, n)) {
            n = next(side, n);
            CHECK(n < STEPS_MAX, "%s: %ld allocations", ways[i].name, n);
        }
        CHECK(n > 0, "%s: no allocation", ways[i].name);
        pair_close(&pair);
    }
}

static void test_server_without_memory(void **state)
{
    (void)state;
    fail_memory(SERVER);
}

static void test_client_without_memory(void **state)
{
    (void)state;
    fail_memory(CLIENT);
}

static void test_openssl_without_memory(void **state)
{
    (void)state;
    fail_memory(OPENSSL);
}

/* ---- System calls -------------------------------------------------------- */

static pthread_t own_thread;
static bool is_own_failing; /* the client's calls, and not the server's */

static bool spares(void)
{
    return !pthread_equal(pthread_self(), own_thread) == is_own_failing;
}

static void spare_calls(struct pair *pair, bool on)
{
    (void)pair;
    failing_spare(on);
}

static bool talk_failing(struct pair *pair, const struct failure *f, long after)
{
    bool is_all, has_failed;

    snprintf(pair->what, sizeof(pair->what), "%s, after %ld, %s%s", f->what,
             after, is_own_failing ? "client" : "server",
             pair->has_tls ? ", wss" : "");
    failing_begin(f, after);
    is_all = pair_talk(pair);
    has_failed = failing_end();
    CHECK(is_all || (has_failed && !f->is_harmless), "%s: not all came",
          pair->what);
    SERVE_UNTIL(pair->serve, serve_connections(pair->serve) == 1);
    return has_failed;
}

static void fail_each(struct pair *pair, const struct failure *f)
{
    bool has_failed;
    long n = 0;

    while ((has_failed = talk_failing(pair, f, n)) && f->times < ALL)
        CHECK(++n < CALLS_MAX, "%s: %ld calls", f->what, n);
    CHECK(n > 0 || has_failed, "%s: there is no such call", f->what);
}

static void fail_calls(bool is_own, const struct failure *failures,
                       size_t count)
{
    struct pair pair;

    failing_spares = spares;
    is_own_failing = is_own;
    pair_open(&pair, true, true);
    pair.spare = spare_calls;
    for (size_t i = 0; i < count; i++)
        fail_each(&pair, &failures[i]);
    pair_close(&pair);
}

static void test_servers_calls(void **state)
{
    (void)state;
    fail_calls(false, failing_waits, COUNT(failing_waits));
    fail_calls(false, failing_receives, COUNT(failing_receives));
    fail_calls(false, failing_sends, COUNT(failing_sends));
}

static void test_clients_calls(void **state)
{
    (void)state;
    fail_calls(true, failing_waits, COUNT(failing_waits));
    fail_calls(true, failing_receives, COUNT(failing_receives));
    fail_calls(true, failing_sends, COUNT(failing_sends));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_without_memory),
        cmocka_unit_test(test_client_without_memory),
        cmocka_unit_test(test_openssl_without_memory),
        cmocka_unit_test(test_servers_calls),
        cmocka_unit_test(test_clients_calls),
    };

    /* Before OpenSSL's first allocation. */
    if (!CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc,
                                  openssl_free))
        return 1;
    own_thread = pthread_self();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
