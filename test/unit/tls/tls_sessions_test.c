/* SPDX-License-Identifier: MIT */
#include "tls/tls_sessions.h"

#include "support.h"
#include <stdio.h>

struct fixture {
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_tls_sessions sessions;
};

static void start(struct fixture *fx)
{
    fx->fm = (struct fail_mem){.left = -1};
    fx->mem = (struct weft_mem){fail_realloc, &fx->fm};
    weft_tls_sessions_init(&fx->sessions, &fx->mem);
}

static void end(struct fixture *fx)
{
    weft_tls_sessions_release(&fx->sessions);
    assert_int_equal(fx->fm.live, 0);
}

/* One that could be resumed, as far as a client can tell. */
static SSL_SESSION *session_of(int version)
{
    static const unsigned char id[4] = "1234";
    SSL_SESSION *session = SSL_SESSION_new();

    assert_non_null(session);
    assert_int_equal(SSL_SESSION_set1_id(session, id, sizeof(id)), 1);
    assert_int_equal(SSL_SESSION_set_protocol_version(session, version), 1);
    assert_true(SSL_SESSION_is_resumable(session));
    return session;
}

static bool take(struct fixture *fx, const char *host, unsigned port)
{
    SSL_SESSION *session = weft_tls_sessions_take(&fx->sessions, host, port);

    SSL_SESSION_free(session);
    return session != NULL;
}

static void test_by_server(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx);
    assert_false(take(&fx, "a.test", 443));
    weft_tls_sessions_put(&fx.sessions, "a.test", 443,
                          session_of(TLS1_2_VERSION));
    assert_false(take(&fx, "a.test", 444));
    assert_false(take(&fx, "b.test", 443));
    assert_true(take(&fx, "a.test", 443));
    end(&fx);
}

/* One of TLS 1.3 is given once, one of TLS 1.2 as often as it is asked for. */
static void test_versions(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx);
    weft_tls_sessions_put(&fx.sessions, "a", 1, session_of(TLS1_3_VERSION));
    assert_true(take(&fx, "a", 1));
    assert_false(take(&fx, "a", 1));
    weft_tls_sessions_put(&fx.sessions, "a", 1, session_of(TLS1_2_VERSION));
    for (int i = 0; i < 3; i++)
        assert_true(take(&fx, "a", 1));
    end(&fx);
}

static void test_not_resumable(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx);
    weft_tls_sessions_put(&fx.sessions, "a", 1, SSL_SESSION_new());
    assert_false(take(&fx, "a", 1));
    assert_int_equal(fx.sessions.count, 0);
    end(&fx);
}

/* The one that was used longest ago makes room. */
static void test_full(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx);
    for (unsigned port = 1; port <= WEFT_TLS_SESSIONS; port++)
        weft_tls_sessions_put(&fx.sessions, "a", port,
                              session_of(TLS1_2_VERSION));
    assert_true(take(&fx, "a", 1));
    weft_tls_sessions_put(&fx.sessions, "b", 1, session_of(TLS1_2_VERSION));
    assert_int_equal(fx.sessions.count, WEFT_TLS_SESSIONS);
    assert_true(take(&fx, "b", 1));
    if (WEFT_TLS_SESSIONS > 1) {
        assert_true(take(&fx, "a", 1));
        assert_false(take(&fx, "a", 2));
    }
    weft_tls_sessions_put(&fx.sessions, "b", 1, session_of(TLS1_2_VERSION));
    assert_int_equal(fx.sessions.count, WEFT_TLS_SESSIONS);
    end(&fx);
}

static void test_without_memory(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx);
    fx.fm.left = 0;
    weft_tls_sessions_put(&fx.sessions, "a", 1, session_of(TLS1_2_VERSION));
    assert_false(take(&fx, "a", 1));
    end(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_server),      cmocka_unit_test(test_versions),
        cmocka_unit_test(test_not_resumable),  cmocka_unit_test(test_full),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
