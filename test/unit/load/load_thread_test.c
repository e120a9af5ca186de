/* SPDX-License-Identifier: MIT */
#include "load/load_thread.h"

#include "liar.h"

static void silence(void *user, const char *text)
{
    (void)user;
    (void)text;
}

/* Each connection is one thread's, and the first of a kind is number 0. */
static void test_shares(void **state)
{
    struct load_opts opts = {.url = "ws://127.0.0.1:1/",
                             .connections = 7,
                             .depth = 3,
                             .size = 8,
                             .bulk = 2,
                             .bulk_size = 10,
                             .slow = 4,
                             .tell = silence};
    unsigned seen[3][7] = {{0}};

    (void)state;
    for (size_t number = 0; number < 3; number++) {
        const struct load_share share = {.number = number, .threads = 3};
        struct load_thread thread;
        struct load_plan plan;
        char why[LOAD_WHY];

        assert_int_equal(load_plan_init(&plan, &opts, why), 0);
        assert_int_equal(load_thread_init(&thread, &plan, &share, why), 0);
        assert_int_equal(thread.ring, 4);
        for (size_t i = 0; i < thread.count; i++)
            seen[thread.conns[i].kind][thread.conns[i].index]++;
        load_thread_release(&thread);
        load_plan_release(&plan);
    }
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(seen[LOAD_CONN_MAIN][i], 1);
        assert_int_equal(seen[LOAD_CONN_BULK][i], i < 2);
        assert_int_equal(seen[LOAD_CONN_SLOW][i], i < 4);
    }
}

/* ---- Patience ------------------------------------------------------------ */

/* How far a server goes before it says nothing any more. */
enum silent { AT_ONCE, WHEN_OPEN, AFTER_THE_FIRST };

static void talk_silent(struct liar *liar, int fd)
{
    const enum silent *when = liar->user;

    if (*when != AT_ONCE)
        liar_agree(fd, "");
    if (*when == AFTER_THE_FIRST)
        liar_echo(fd, 1);
    liar_wait(fd);
}

static void test_silence(void **state)
{
    static const struct {
        enum silent when;
        enum load_work work;
        const char *told;
        unsigned failed;
    } cases[] = {
        {AT_ONCE, LOAD_ECHO, "it is not open after", 1},
        {WHEN_OPEN, LOAD_ECHO, "no answer came within", 0},
        {WHEN_OPEN, LOAD_IDLE, "no answer came within", 0},
        {AFTER_THE_FIRST, LOAD_ECHO, "no answer came within", 0},
        {WHEN_OPEN, LOAD_CHURN, "no answer came within", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct liar liar;
        struct ran *ran;

        liar_open(&liar, talk_silent, &cases[i].when);
        ran = ran_new(liar.port);
        ran->opts.work = cases[i].work;
        ran->opts.timeout_ns = 50000000;
        ran->opts.time_ns = UINT64_C(20000000000);
        ran_run(ran);
        liar_close(&liar);
        ran_check_told(ran, "silence", cases[i].told);
        assert_int_equal(ran->result.failed_connections, cases[i].failed);
        assert_int_equal(ran->result.errors, 1 - cases[i].failed);
        ran_free(ran);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
