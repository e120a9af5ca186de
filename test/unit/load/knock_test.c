/* SPDX-License-Identifier: MIT */
#include "liar.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Answers that are wrong ---------------------------------------------- */

struct answer {
    const char *what, *text, *told;
};

static const struct answer answers[] = {
    {"no", "HTTP/1.1 403 Forbidden\r\n\r\n", "the server answered 403"},
    {"no HTTP", "hello\r\n", "the server's answer"},
    {"another key",
     "HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
     "the server's handshake is wrong"},
    {"half of it", "HTTP/1.1 101 OK\r\nUpgr", "before its answer was there"},
    {"nothing", "", "before its answer was there"},
};

static void talk_answer(struct liar *liar, int fd)
{
    const struct answer *answer = liar->user;
    char some[2048];

    if (recv(fd, some, sizeof(some), 0) > 0)
        liar_say_text(fd, answer->text);
    shutdown(fd, SHUT_WR);
    liar_wait(fd);
}

static void test_bad_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct liar liar;
        struct ran *ran;

        liar_open(&liar, talk_answer, &answers[i]);
        ran = ran_new(liar.port);
        ran_run(ran);
        liar_close(&liar);
        assert_int_equal(ran->err, 0);
        assert_int_equal(ran->result.failed_connections, 1);
        assert_int_equal(ran->result.errors, 0);
        assert_true(ran->result.seconds == 0);
        ran_check_told(ran, answers[i].what, answers[i].told);
        ran_free(ran);
    }
}

/* ---- Answers that are right ---------------------------------------------- */

/* Another field in every answer, and a ping behind it, in the same bytes. */
static void talk_in_pieces(struct liar *liar, int fd)
{
    (void)liar;
    liar_agree(fd, "X-Long: 0123456789\r\n");
    liar_frame(fd, 0x89, "hi", 2);
    liar_echo(fd, SIZE_MAX);
}

/* The pong comes back as an echo: what is sent is what comes. */
static void test_bytes_behind_it(void **state)
{
    struct liar liar;
    struct ran *ran;

    (void)state;
    liar_open(&liar, talk_in_pieces, NULL);
    ran = ran_new(liar.port);
    ran_run(ran);
    liar_close(&liar);
    CHECK(ran->told_count == 0, "%s", ran->told[0]);
    assert_true(ran->result.messages > 0);
    ran_free(ran);
}

/* The first visitors are answered well, alike or each in other words, the last
 * one badly. */
#define GOOD_VISITS 5

static void talk_worse(struct liar *liar, int fd)
{
    char field[64];

    snprintf(field, sizeof(field), "X-Visit: %u\r\n",
             liar->user ? liar->visits : 0);
    if (liar->visits > GOOD_VISITS)
        talk_answer(&(struct liar){.user = &answers[2]}, fd);
    liar_agree(fd, field);
    liar_echo(fd, SIZE_MAX);
}

static void test_a_later_one_is_bad(void **state)
{
    (void)state;
    for (int is_changing = 0; is_changing < 2; is_changing++) {
        struct liar liar;
        struct ran *ran;

        liar_open(&liar, talk_worse, is_changing ? "" : NULL);
        ran = ran_new(liar.port);
        ran->opts.work = LOAD_CHURN;
        ran->opts.time_ns *= 500; /* it ends long before */
        ran_run(ran);
        liar_close(&liar);
        assert_int_equal(liar.visits, GOOD_VISITS + 1);
        assert_int_equal(ran->result.failed_connections, 1);
        ran_check_told(ran, "the last", answers[2].told);
        ran_free(ran);
    }
}

/* ---- Addresses ----------------------------------------------------------- */

static void test_nobody_there(void **state)
{
    struct liar liar;
    struct ran *ran;

    (void)state;
    liar_open(&liar, talk_answer, NULL);
    ran = ran_new(liar.port);
    liar_close(&liar);
    ran->opts.connections = 3000; /* more than are under way at once */
    ran_run(ran);
    assert_int_equal(ran->result.failed_connections, 3000);
    assert_int_equal(ran->told_count, LOAD_FAULTS_TOLD);
    ran_check_told(ran, "refused", "cannot connect to 127.0.0.1:");
    ran_check_told(ran, "refused", "Connection refused");
    ran_free(ran);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_answers),
        cmocka_unit_test(test_bytes_behind_it),
        cmocka_unit_test(test_a_later_one_is_bad),
        cmocka_unit_test(test_nobody_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
