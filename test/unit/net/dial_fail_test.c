/* SPDX-License-Identifier: MIT */
/* Dials that fail, or are cancelled, and the little that they leave. */
#include "net/dial.h"

#include "dialer.h"

#include <sys/epoll.h>

/* ---- The kernel ---------------------------------------------------------- */

static bool no_ipv6;                       /* as of a kernel without it */
static bool no_watches;                    /* epoll takes up no more */
static const struct sockaddr_in *bound_to; /* sockets are made with a port */

int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol);
int __real_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);

int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    if (no_watches && op == EPOLL_CTL_ADD) {
        errno = ENOSPC;
        return -1;
    }
    return __real_epoll_ctl(epfd, op, fd, event);
}

int __wrap_socket(int family, int type, int protocol)
{
    int fd;

    if (no_ipv6 && family == AF_INET6) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    fd = __real_socket(family, type, protocol);
    if (fd >= 0 && bound_to)
        assert_return_code(
            bind(fd, (const struct sockaddr *)bound_to, sizeof(*bound_to)),
            errno);
    return fd;
}

/* ---- Failing ------------------------------------------------------------- */

static void test_not_found(void **state)
{
    static const struct {
        int ipv6, ipv4, err, told;
    } cases[] = {
        {EAI_NONAME, EAI_NONAME, WEFT_ERR_ADDRESS, EAI_NONAME},
        {EAI_NODATA, EAI_NONAME, WEFT_ERR_ADDRESS, EAI_NONAME},
        {EAI_NONAME, EAI_ADDRFAMILY, WEFT_ERR_ADDRESS, EAI_NONAME},
        {EAI_AGAIN, EAI_NODATA, WEFT_ERR_ADDRESS, EAI_AGAIN},
        {EAI_NODATA, EAI_NODATA, WEFT_ERR_ADDRESS, EAI_NODATA},
        {EAI_NONAME, EAI_FAIL, WEFT_ERR_ADDRESS, EAI_FAIL},
        {EAI_MEMORY, EAI_NODATA, WEFT_ERR_NOMEM, EAI_MEMORY},
        {EAI_SYSTEM, EAI_SYSTEM, WEFT_ERR_SYSTEM, EAI_SYSTEM},
    };
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    const struct weft_dial_means means = waits(HOUR, HOUR);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int ipv4_first = 0; ipv4_first < 2; ipv4_first++) {
            struct caller caller;
            char want[256];

            start(&caller, loop, &means);
            answer(ipv4_first ? &ipv4 : &ipv6, "",
                   ipv4_first ? cases[i].ipv4 : cases[i].ipv6);
            assert_int_equal(caller.calls, 0);
            answer(ipv4_first ? &ipv6 : &ipv4, "",
                   ipv4_first ? cases[i].ipv6 : cases[i].ipv4);
            assert_int_equal(caller.calls, 1);
            CHECK(caller.err == cases[i].err, "%zu: %d", i, caller.err);
            snprintf(want, sizeof(want), "cannot find host.test: %s",
                     gai_strerror(cases[i].told));
            assert_string_equal(caller.why, want);
        }
    end_loop(&fx);
}

/* A kernel without IPv6 fails at once, and IPv4 is next. */
static void test_no_ipv6(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    const struct weft_dial_means means = waits(HOUR, HOUR);
    struct place there;
    struct caller caller;

    (void)state;
    open_listening(&there, "127.0.0.1");
    no_ipv6 = true;
    start(&caller, loop, &means);
    answer(&ipv6, "[2001:db8::1]:80 [2001:db8::2]:80", 0);
    answer(&ipv4, there.text, 0);
    wait_connected(&caller, loop, &there);

    start(&caller, loop, &means);
    answer(&ipv4, "", EAI_NODATA);
    answer(&ipv6, "[2001:db8::1]:80", 0);
    assert_int_equal(caller.err, WEFT_ERR_UNREACHABLE);
    assert_string_equal(caller.why,
                        "cannot connect to [2001:db8::1]:80 (Address family "
                        "not supported by protocol)");
    no_ipv6 = false;
    close_place(&there);
    end_loop(&fx);
}

/* Where nobody listens, a socket that happens to have the same port would be
 * connected to itself. */
static void test_own_peer(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    const struct weft_dial_means means = waits(HOUR, HOUR);
    struct place nobody;
    struct weft_address at;
    struct sockaddr_in in;
    struct caller caller;
    int fds;

    (void)state;
    open_refusing(&nobody, "127.0.0.1");
    assert_int_equal(weft_address_of_socket(&at, nobody.fd), 0);
    memcpy(&in, &at.sa, sizeof(in));
    close_place(&nobody);
    fds = count_fds();
    start(&caller, loop, &means);
    bound_to = &in;
    answer(&ipv6, nobody.text, 0);
    bound_to = NULL;
    answer(&ipv4, "", EAI_NODATA);
    TURN_UNTIL(loop, caller.calls == 1);
    assert_int_equal(caller.err, WEFT_ERR_UNREACHABLE);
    assert_non_null(strstr(caller.why, "(Connection refused)"));
    turn(loop);
    assert_int_equal(count_fds(), fds);
    end_loop(&fx);
}

static void test_no_descriptors(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    const struct weft_dial_means means = waits(HOUR, HOUR);
    struct caller caller;
    rlim_t before;

    (void)state;
    start(&caller, loop, &means);
    before = limit_descriptors((rlim_t)lowest_fd());
    answer(&ipv6, "127.0.0.1:9", 0);
    answer(&ipv4, "", EAI_NODATA);
    limit_descriptors(before);
    assert_int_equal(caller.err, WEFT_ERR_SYSTEM);
    assert_string_equal(caller.why,
                        "cannot connect to 127.0.0.1:9 (Too many open files)");
    end_loop(&fx);
}

static void test_no_watches(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    const struct weft_dial_means means = waits(HOUR, HOUR);
    int fds = count_fds();
    struct caller caller;

    (void)state;
    start(&caller, loop, &means);
    no_watches = true;
    answer(&ipv6, "127.0.0.1:9", 0);
    answer(&ipv4, "", EAI_NODATA);
    assert_int_equal(caller.err, WEFT_ERR_NOMEM);

    /* Nor has the resolver a way to answer. */
    assert_int_equal(
        weft_dial_start(&caller.dial, loop, "a.test", 9, on_done, &caller),
        WEFT_ERR_NOMEM);
    no_watches = false;
    assert_int_equal(count_fds(), fds);
    end_loop(&fx);
}

/* The longest text there is ends, with a NUL, and so does a short copy. */
static void test_long_texts(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct caller caller = {.fd = -1};
    char host[2000], text[9];

    (void)state;
    memset(host, 'a', sizeof(host));
    host[sizeof(host) - 1] = '\0';
    assert_int_equal(
        weft_dial_start(&caller.dial, loop, host, 80, on_done, &caller), 0);
    memset(text, 'x', sizeof(text));
    weft_dial_describe(caller.dial, text, sizeof(text) - 1);
    assert_string_equal(text, "looking");
    assert_int_equal(text[8], 'x');
    TURN_UNTIL(loop, caller.calls == 1);
    assert_int_equal(caller.err, WEFT_ERR_ADDRESS);
    assert_true(strlen(caller.why) < 400);
    assert_non_null(strstr(caller.why, "aaaa: "));
    end_loop(&fx);
}

/* Every allocation in turn: starting fails, or the dial does, or it finds
 * another way. */
static void test_no_memory(void **state)
{
    const struct weft_dial_means means = waits(0, 0);
    int fds = count_fds();
    struct place a, b;
    long n = 0;
    bool has_failed;

    (void)state;
    open_listening(&a, "127.0.0.1");
    open_listening(&b, "127.0.0.1");
    do {
        struct fixture fx;
        struct weft_loop *loop = start_loop(&fx, 0);
        struct caller caller;
        int err;

        fx.fm.left = n;
        err = try_start(&caller, loop, &means);
        if (err) {
            assert_int_equal(err, WEFT_ERR_NOMEM);
        } else {
            answer(&ipv6, a.text, 0);
            if (caller.calls == 0)
                answer(&ipv4, b.text, 0);
            TURN_UNTIL(loop, caller.calls == 1);
            if (caller.err) {
                assert_int_equal(caller.err, WEFT_ERR_NOMEM);
                assert_non_null(strstr(caller.why, "Cannot allocate memory"));
            } else {
                close(caller.fd);
            }
        }
        has_failed = err || caller.err;
        n++;
        end_loop(&fx);
    } while (has_failed);
    CHECK(n > 3, "%ld allocations", n);
    close_place(&a);
    close_place(&b);
    assert_int_equal(count_fds(), fds);
}

/* The second lookup cannot start: the first is cancelled. */
static void test_no_lookup(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    const struct weft_dial_means means = waits(0, 0);
    struct caller caller;

    (void)state;
    resolve_error = WEFT_ERR_SYSTEM;
    assert_int_equal(try_start(&caller, loop, &means), WEFT_ERR_SYSTEM);
    resolve_error = 0;
    assert_null(ipv6.done);
    end_loop(&fx);
}

/* ---- Cancelling ---------------------------------------------------------- */

/* In each state; then a turn, or the end of the loop, and nothing is left. */
static void test_cancel(void **state)
{
    static const char *const when[] = {
        "looking up", "one found",      "delayed",
        "connecting", "two connecting", "connected",
    };
    const struct weft_dial_means never = waits(HOUR, HOUR);
    const struct weft_dial_means always = waits(0, 0);
    struct place silent, there;
    int fds;

    (void)state;
    weft_dial_cancel(NULL);
    open_silent(&silent, "127.0.0.1");
    open_listening(&there, "127.0.0.1");
    fds = count_fds();
    for (size_t i = 0; i < 2 * COUNT(when); i++) {
        size_t at = i / 2;
        struct fixture fx;
        struct weft_loop *loop = start_loop(&fx, 0);
        struct caller caller;

        start(&caller, loop, at == 4 ? &always : &never);
        if (at == 2)
            answer(&ipv4, silent.text, 0);
        else if (at > 0)
            answer(&ipv6, at == 5 ? there.text : silent.text, 0);
        if (at >= 3)
            answer(&ipv4, silent.text, 0);
        if (at == 5)
            wait_ready(weft_loop_fd(loop), POLLIN);
        else
            turn_until_quiet(loop);
        assert_int_equal(caller.calls, 0);
        cancel(&caller);
        assert_null(ipv6.done);
        assert_null(ipv4.done);
        CHECK(count_fds() == fds + 2, "%s", when[at]); /* the loop's */
        if (i % 2)
            turn(loop);
        end_loop(&fx);
        assert_int_equal(caller.calls, 0);
        assert_int_equal(count_fds(), fds);
    }
    close_place(&silent);
    close_place(&there);
}

/* The done of one cancels another whose news is in the same batch. */
static void test_cancel_in_done(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    int fds = count_fds();
    struct place there;
    struct caller a = {.fd = -1}, b = {.fd = -1};

    (void)state;
    open_listening(&there, "127.0.0.1");
    for (int resolving = 0; resolving < 2; resolving++) {
        a.calls = b.calls = 0;
        a.cancels = &b;
        b.cancels = &a;
        assert_int_equal(weft_dial_start(&a.dial, loop,
                                         resolving ? "not:found" : "127.0.0.1",
                                         port_number(&there), on_done, &a),
                         0);
        assert_int_equal(weft_dial_start(&b.dial, loop,
                                         resolving ? "not:found" : "127.0.0.1",
                                         port_number(&there), on_done, &b),
                         0);
        TURN_UNTIL(loop, a.calls + b.calls > 0);
        turn(loop);
        assert_int_equal(a.calls, 1);
        assert_int_equal(b.calls, 0);
        assert_null(b.dial);
        if (!resolving)
            close(a.fd);
    }
    close_place(&there);
    assert_int_equal(count_fds(), fds);
    end_loop(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_no_ipv6),
        cmocka_unit_test(test_own_peer),
        cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_no_watches),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_no_lookup),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_in_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
