/* SPDX-License-Identifier: MIT */
#include "liar.h"

#include <stdio.h>

/* What a server counts. */
struct seen {
    size_t before; /* messages that came before the first answer */
    size_t closes;
};

/* ---- Depth --------------------------------------------------------------- */

#define DEPTH 5

/* Answers when DEPTH are there. That there are no more is seen by the closing
 * handshake: the load sends what it owes. */
static void talk_deep(struct liar *liar, int fd)
{
    struct seen *seen = (struct seen *)(uintptr_t)liar->user;
    uint8_t payload[200];
    size_t len, n;

    liar_agree(fd, "");
    for (n = 0; n < DEPTH && liar_hear(fd, payload, &len) == 0x81; n++)
        ;
    seen->before = n;
    while (n-- > 0)
        liar_frame(fd, 0x81, payload, len);
    liar_echo(fd, SIZE_MAX);
}

static void test_depth(void **state)
{
    struct seen seen = {0};
    struct liar liar;
    struct ran *ran;

    (void)state;
    liar_open(&liar, talk_deep, &seen);
    ran = ran_new(liar.port);
    ran->opts.depth = DEPTH;
    ran_run(ran);
    liar_close(&liar);
    assert_int_equal(seen.before, DEPTH);
    CHECK(ran->told_count == 0, "%s", ran->told[0]);
    assert_true(ran->result.messages > 0);
    assert_true(ran->result.latency.count == ran->result.messages);
    ran_free(ran);
}

/* ---- More than was sent -------------------------------------------------- */

static void talk_twice(struct liar *liar, int fd)
{
    uint8_t payload[200];
    size_t len, n = 0;
    char hex[512];

    (void)liar;
    liar_agree(fd, "");
    if (liar_hear(fd, payload, &len) != 0x81)
        return;
    /* In the same bytes: there is no time for a second message. */
    for (int i = 0; i < 3; i++) {
        n += (size_t)snprintf(hex + n, sizeof(hex) - n, "81%02zx", len);
        for (size_t j = 0; j < len; j++)
            n += (size_t)snprintf(hex + n, sizeof(hex) - n, "%02x", payload[j]);
    }
    liar_say(fd, hex);
    liar_wait(fd);
}

static void test_too_many(void **state)
{
    static const enum load_work works[] = {LOAD_ECHO, LOAD_BROADCAST,
                                           LOAD_IDLE};

    (void)state;
    for (size_t i = 0; i < COUNT(works); i++) {
        struct liar liar;
        struct ran *ran;

        liar_open(&liar, talk_twice, NULL);
        ran = ran_new(liar.port);
        ran->opts.work = works[i];
        ran->opts.time_ns = UINT64_C(20000000000); /* it ends before */
        ran_run(ran);
        liar_close(&liar);
        ran_check_told(ran, "too many", "more messages came than were sent");
        assert_int_equal(ran->result.errors, 1);
        ran_free(ran);
    }
}

/* ---- Kinds of work ------------------------------------------------------- */

static void talk_echo(struct liar *liar, int fd)
{
    (void)liar;
    liar_agree(fd, "");
    liar_echo(fd, SIZE_MAX);
}

static struct ran *run_echo(enum load_work work, uint64_t rate,
                            unsigned *visits)
{
    struct liar liar;
    struct ran *ran;

    liar_open(&liar, talk_echo, NULL);
    ran = ran_new(liar.port);
    ran->opts.work = work;
    ran->opts.rate = rate;
    ran_run(ran);
    liar_close(&liar);
    *visits = liar.visits;
    CHECK(ran->told_count == 0, "%s", ran->told[0]);
    return ran;
}

/* One connection after the other, all of which are counted but those under way
 * when it begins and ends. */
static void test_churn(void **state)
{
    unsigned visits;
    struct ran *ran = run_echo(LOAD_CHURN, 0, &visits);

    (void)state;
    assert_true(ran->result.messages > 0);
    assert_true(ran->result.messages <= visits);
    assert_true(ran->result.latency.count == ran->result.messages);
    ran_free(ran);
}

static void test_idle(void **state)
{
    unsigned visits;
    struct ran *ran = run_echo(LOAD_IDLE, 0, &visits);

    (void)state;
    assert_int_equal(visits, 1);
    assert_int_equal(ran->result.sent, 0);
    assert_true(ran->result.latency.count == 0);
    ran_free(ran);
}

/* Who publishes alone hears itself; so does a sender without an audience. */
static void test_alone(void **state)
{
    static const enum load_work works[] = {LOAD_PUBLISH, LOAD_BROADCAST};

    (void)state;
    for (size_t i = 0; i < COUNT(works); i++) {
        unsigned visits;
        struct ran *ran = run_echo(works[i], 0, &visits);

        assert_true(ran->result.messages > 0);
        assert_true(ran->result.latency.count == ran->result.messages);
        ran_free(ran);
    }
}

static void test_rate(void **state)
{
    unsigned visits;
    struct ran *ran = run_echo(LOAD_ECHO, 2000, &visits);

    (void)state;
    assert_true(ran->result.messages > 0);
    assert_true(ran->result.latency.count == ran->result.messages);
    ran_free(ran);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depth), cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_churn), cmocka_unit_test(test_idle),
        cmocka_unit_test(test_alone), cmocka_unit_test(test_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
