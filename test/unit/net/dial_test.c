/* SPDX-License-Identifier: MIT */
/* Connecting, and in which order; what can fail is in dial_fail_test.c. */
#include "net/dial.h"

#include "dialer.h"

/* ---- Connecting ---------------------------------------------------------- */

static void test_connect(void **state)
{
    const struct weft_dial_means means = waits(HOUR, HOUR);
    int fds = count_fds();
    struct place there;
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct caller caller;

    (void)state;
    open_listening(&there, "127.0.0.1");
    start(&caller, loop, &means);
    turn_until_quiet(loop);
    check_describes(&caller, "looking up", "host.test");
    answer(&ipv6, "", EAI_NODATA);
    check_describes(&caller, "looking up", "host.test");
    answer(&ipv4, there.text, 0);
    assert_int_equal(caller.calls, 0); /* not before a turn */
    check_describes(&caller, "connecting to", there.text);
    wait_connected(&caller, loop, &there);
    close_place(&there);
    end_loop(&fx);
    assert_int_equal(count_fds(), fds);
}

/* The next is called at once, though the wait between two is an hour. */
static void test_ipv6_refused(void **state)
{
    const struct weft_dial_means means = waits(HOUR, HOUR);
    int fds = count_fds();
    struct place refusing, there;
    struct fixture fx;
    struct weft_loop *loop;
    struct caller caller;

    (void)state;
    if (!has_ipv6()) {
        print_message("this machine has no IPv6\n");
        skip();
    }
    loop = start_loop(&fx, 0);
    open_refusing(&refusing, "[::1]");
    open_listening(&there, "127.0.0.1");
    start(&caller, loop, &means);
    answer(&ipv6, refusing.text, 0);
    check_describes(&caller, "connecting to", refusing.text);
    answer(&ipv4, there.text, 0);
    check_describes(&caller, "connecting to", refusing.text);
    wait_connected(&caller, loop, &there);
    close_place(&refusing);
    close_place(&there);
    end_loop(&fx);
    assert_int_equal(count_fds(), fds);
}

/* With the waits that users have; the loser is closed. */
static void test_ipv6_silent(void **state)
{
    struct weft_dial_means means = weft_dial_usual;
    int fds = count_fds();
    struct place silent, there;
    struct fixture fx;
    struct weft_loop *loop;
    struct caller caller;
    uint64_t began;

    (void)state;
    if (!has_ipv6()) {
        print_message("this machine has no IPv6\n");
        skip();
    }
    assert_int_equal(means.resolution_ns, 50000000);
    assert_int_equal(means.attempt_ns, 250000000);
    means.resolve = fake_resolve;
    means.cancel = fake_cancel;
    loop = start_loop(&fx, 0);
    open_silent(&silent, "[::1]");
    open_listening(&there, "127.0.0.1");
    start(&caller, loop, &means);
    turn(loop);
    began = weft_loop_now(loop);
    answer(&ipv6, silent.text, 0);
    answer(&ipv4, there.text, 0);
    check_describes(&caller, "connecting to", silent.text);
    wait_connected(&caller, loop, &there);
    assert_true(weft_clock() - began >= means.attempt_ns);
    close_place(&silent);
    close_place(&there);
    end_loop(&fx);
    assert_int_equal(count_fds(), fds);
}

/* Two that connect in the same turn: one is taken, the other closed. */
static void test_both_connect(void **state)
{
    const struct weft_dial_means means = waits(0, 0);
    int fds = count_fds();
    struct place a, b;
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct caller caller;
    char c;
    int won, lost;

    (void)state;
    open_listening(&a, "127.0.0.1");
    open_listening(&b, "127.0.0.1");
    start(&caller, loop, &means);
    answer(&ipv4, "", EAI_NODATA);
    answer(&ipv6, "", EAI_NODATA); /* and so it ends */
    assert_int_equal(caller.err, WEFT_ERR_ADDRESS);

    start(&caller, loop, &means);
    answer(&ipv6, a.text, 0);
    answer(&ipv4, b.text, 0);
    wait_ready(a.fd, POLLIN);
    wait_ready(b.fd, POLLIN);
    TURN_UNTIL(loop, caller.calls == 1);
    turn(loop);
    assert_int_equal(caller.calls, 1);
    won = accept(a.fd, NULL, NULL);
    lost = accept(b.fd, NULL, NULL);
    check_connected(&caller, a.text);
    wait_ready(lost, POLLIN);
    assert_int_equal(recv(lost, &c, 1, 0), 0);
    put(caller.fd, "x");
    assert_int_equal(recv(won, &c, 1, 0), 1);
    close(won);
    close(lost);
    close(caller.fd);
    close_place(&a);
    close_place(&b);
    end_loop(&fx);
    assert_int_equal(count_fds(), fds);
}

/* ---- Order --------------------------------------------------------------- */

/* "127.0.6.1:80 127.0.6.2:80" from "1 2". */
static void spell_list(char *out, size_t size, const char *numbers, int net,
                       const struct place *place)
{
    *out = '\0';
    for (const char *p = numbers; *p; p++) {
        size_t len = strlen(out);

        if (*p != ' ')
            snprintf(out + len, size - len, "127.0.%d.%c:%s ", net, *p,
                     port_of(place));
    }
}

/* The text of a failure from "6.1 or 4.1". */
static void spell_why(char *out, size_t size, const char *order,
                      const struct place *place)
{
    snprintf(out, size, "cannot connect to ");
    for (const char *p = order; *p; p++) {
        size_t len = strlen(out);

        if (p[1] == '.') {
            snprintf(out + len, size - len,
                     "127.0.%c.%c:%s (Connection refused)", p[0], p[2],
                     port_of(place));
            p += 2;
        } else {
            snprintf(out + len, size - len, "%c", *p);
        }
    }
}

/* What stands in for IPv6 here are addresses 127.0.6.x, so that there can be
 * more than one; the dial goes by the question, not by the answer. All are
 * refused, and the text tells in which order they were called. */
static void test_order(void **state)
{
    static const struct {
        const char *ipv6, *ipv4; /* the last numbers of the addresses */
        bool ipv4_first;         /* its answer; IPv6 is awaited */
        const char *want;        /* 6 and 4 stand for the networks */
    } cases[] = {
        {"1", "1", false, "6.1 or 4.1"},
        {"1 2", "1 2", false, "6.1, 4.1, 6.2 or 4.2"},
        {"1 2", "1 2", true, "6.1, 4.1, 6.2 or 4.2"},
        {"1 2 3", "1", false, "6.1, 4.1, 6.2 or 6.3"},
        {"1", "1 2 3", true, "6.1, 4.1, 4.2 or 4.3"},
        {"1 2 3 4", "", false, "6.1, 6.2, 6.3 or 6.4"},
        {"", "1 2", false, "4.1 or 4.2"},
        {"", "1 2", true, "4.1 or 4.2"},
        {"1", "", true, "6.1"},
        {"1 2 3", "1 2", true, "6.1, 4.1, 6.2, 4.2 and 1 more"},
        {"1 2 3 4 5 6 7 8", "1 2 3 4 5 6 7 8", false,
         "6.1, 4.1, 6.2, 4.2 and 12 more"},
    };
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    const struct weft_dial_means means = waits(HOUR, HOUR);
    struct place refusing;

    (void)state;
    open_refusing(&refusing, "0.0.0.0");
    for (size_t i = 0; i < COUNT(cases); i++) {
        char list6[512], list4[512], want[1024];
        struct caller caller;

        spell_list(list6, sizeof(list6), cases[i].ipv6, 6, &refusing);
        spell_list(list4, sizeof(list4), cases[i].ipv4, 4, &refusing);
        spell_why(want, sizeof(want), cases[i].want, &refusing);
        start(&caller, loop, &means);
        if (cases[i].ipv4_first) {
            answer(&ipv4, list4, EAI_NODATA);
            turn_until_quiet(loop);
            check_describes(&caller, "looking up", "host.test");
            answer(&ipv6, list6, EAI_NODATA);
        } else {
            answer(&ipv6, list6, EAI_NODATA);
            answer(&ipv4, list4, EAI_NODATA);
        }
        TURN_UNTIL(loop, caller.calls == 1);
        assert_string_equal(caller.why, want);
        assert_int_equal(caller.err, WEFT_ERR_UNREACHABLE);
    }
    close_place(&refusing);
    end_loop(&fx);
}

/* IPv6 is not awaited for longer than the resolution delay, and when it comes
 * then, it is next. */
static void test_late_ipv6(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    int fds = count_fds();
    struct place silent, refusing, there;
    struct caller caller;
    char list[256];

    (void)state;
    open_silent(&silent, "127.0.0.1");
    open_refusing(&refusing, "127.0.0.1");
    open_listening(&there, "127.0.0.1");

    for (int after_failure = 0; after_failure < 2; after_failure++) {
        const struct weft_dial_means means = waits(1, after_failure ? HOUR : 1);

        start(&caller, loop, &means);
        answer(&ipv4, after_failure ? refusing.text : silent.text, 0);
        check_describes(&caller, "looking up", "host.test");
        turn(loop);
        if (after_failure)
            turn_until_quiet(loop);
        check_describes(&caller, after_failure ? "looking up" : "connecting to",
                        after_failure ? "host.test" : silent.text);
        answer(&ipv6, there.text, 0);
        wait_connected(&caller, loop, &there);
    }

    /* It joins the list before the IPv4 addresses that are left. */
    {
        const struct weft_dial_means means = waits(1, HOUR);

        start(&caller, loop, &means);
        snprintf(list, sizeof(list), "%s %s", silent.text, refusing.text);
        answer(&ipv4, list, 0);
        turn(loop);
        check_describes(&caller, "connecting to", silent.text);
        answer(&ipv6, there.text, 0);
        turn_until_quiet(loop);
        check_describes(&caller, "connecting to", silent.text);
        cancel(&caller);
        turn(loop);
    }
    close_place(&silent);
    close_place(&refusing);
    close_place(&there);
    assert_int_equal(count_fds(), fds);
    end_loop(&fx);
}

/* Late IPv4 addresses join too, and a failed lookup does not matter. */
static void test_late_ipv4(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    const struct weft_dial_means means = waits(HOUR, HOUR);
    struct place refusing, there;
    struct caller caller;

    (void)state;
    open_refusing(&refusing, "127.0.0.1");
    open_listening(&there, "127.0.0.1");
    start(&caller, loop, &means);
    answer(&ipv6, refusing.text, 0);
    turn_until_quiet(loop);
    check_describes(&caller, "looking up", "host.test");
    answer(&ipv4, there.text, 0);
    wait_connected(&caller, loop, &there);

    start(&caller, loop, &means);
    answer(&ipv6, refusing.text, 0);
    turn_until_quiet(loop);
    answer(&ipv4, "", EAI_AGAIN);
    assert_int_equal(caller.err, WEFT_ERR_UNREACHABLE);
    assert_non_null(strstr(caller.why, "(Connection refused)"));
    close_place(&refusing);
    close_place(&there);
    end_loop(&fx);
}

/* ---- With the real resolver ---------------------------------------------- */

static void test_by_name(void **state)
{
    static const struct {
        const char *host;  /* to dial */
        const char *there; /* where somebody listens; NULL: not found */
        bool by_ipv6;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1", false}, {"::1", "[::1]", true},
        {"localhost", "127.0.0.1", false}, /* though ::1 comes first */
        {"localhost", "[::1]", true},      {"a.localhost", "127.0.0.1", false},
        {"none.test", NULL, false},        {"again.test", NULL, false},
    };
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    int fds = count_fds();

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct caller caller = {.fd = -1};
        struct place there = {.fd = -1, .filler = -1, .text = "nowhere:9"};

        if (cases[i].by_ipv6 && !has_ipv6())
            continue;
        if (cases[i].there)
            open_listening(&there, cases[i].there);
        assert_int_equal(weft_dial_start(&caller.dial, loop, cases[i].host,
                                         port_number(&there), on_done, &caller),
                         0);
        assert_int_equal(caller.calls, 0);
        TURN_UNTIL(loop, caller.calls == 1);
        if (cases[i].there) {
            check_connected(&caller, there.text);
            close(caller.fd);
            close_place(&there);
        } else {
            CHECK(caller.err == WEFT_ERR_ADDRESS, "%s", cases[i].host);
        }
        if (strcmp(cases[i].host, "none.test") == 0)
            assert_string_equal(
                caller.why, "cannot find none.test: Name or service not known");
    }
    turn(loop);
    assert_int_equal(count_fds(), fds);
    end_loop(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect),     cmocka_unit_test(test_ipv6_refused),
        cmocka_unit_test(test_ipv6_silent), cmocka_unit_test(test_both_connect),
        cmocka_unit_test(test_order),       cmocka_unit_test(test_late_ipv6),
        cmocka_unit_test(test_late_ipv4),   cmocka_unit_test(test_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
