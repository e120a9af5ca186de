/* SPDX-License-Identifier: MIT */
#include "liar.h"

#include <string.h>
#include <sys/socket.h>

/* What a server says to the first message, in place of an echo. */
struct lie {
    const char *what, *hex, *told;
};

static const struct lie lies[] = {
    {"other bytes", "8114 5858585858585858585858585858585858585858",
     "its bytes are not those that were sent"},
    {"another length", "8102 5858", "20 bytes were sent, and 2 came back"},
    {"the other kind", "8200", "it is binary, and text was sent"},
    {"a close", "8808 03f1 746f6f206269",
     "the server closed it with 1009: too"},
    {"a close without a code", "8800", "the server closed it with 1005"},
    {"the end", "", "the server ended it without a close frame"},
    {"half a frame, and the end", "8114 58", "its bytes are not"},
    {"half a header, and the end", "81", "without a close frame"},
};

static void talk_lie(struct liar *liar, int fd)
{
    const struct lie *lie = liar->user;
    uint8_t payload[200];
    size_t len;

    liar_agree(fd, "");
    if (liar_hear(fd, payload, &len) > 0)
        liar_say(fd, lie->hex);
    shutdown(fd, SHUT_WR);
    liar_wait(fd);
}

static void test_lies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lies); i++) {
        struct liar liar;
        struct ran *ran;

        liar_open(&liar, talk_lie, &lies[i]);
        ran = ran_new(liar.port);
        ran_run(ran);
        liar_close(&liar);
        assert_int_equal(ran->result.failed_connections, 0);
        assert_int_equal(ran->result.errors, 1);
        ran_check_told(ran, lies[i].what, lies[i].told);
        ran_free(ran);
    }
}

/* ---- Control frames ------------------------------------------------------ */

/* Pings, hears the pong, and only then echoes. */
static void talk_ping(struct liar *liar, int fd)
{
    uint8_t payload[200], pong[200] = "";
    bool *is_answered = (bool *)(uintptr_t)liar->user;
    size_t len, pong_len;

    liar_agree(fd, "");
    if (liar_hear(fd, payload, &len) < 0)
        return;
    liar_frame(fd, 0x89, "are you there", 13);
    *is_answered = liar_hear(fd, pong, &pong_len) == 0x8a && pong_len == 13 &&
                   memcmp(pong, "are you there", 13) == 0;
    liar_frame(fd, 0x81, payload, len);
    liar_echo(fd, SIZE_MAX);
}

static void test_ping(void **state)
{
    bool is_answered = false;
    struct liar liar;
    struct ran *ran;

    (void)state;
    liar_open(&liar, talk_ping, &is_answered);
    ran = ran_new(liar.port);
    ran_run(ran);
    liar_close(&liar);
    assert_true(is_answered);
    CHECK(ran->told_count == 0, "%s", ran->told[0]);
    assert_true(ran->result.messages > 0);
    ran_free(ran);
}

/* The closing handshake comes behind all that was sent. */
static void talk_to_the_end(struct liar *liar, int fd)
{
    unsigned *code = (unsigned *)(uintptr_t)liar->user;
    uint8_t payload[200];
    size_t len;
    int first;

    liar_agree(fd, "");
    while ((first = liar_hear(fd, payload, &len)) > 0) {
        if (first == 0x88 && len == 2)
            *code = (unsigned)payload[0] << 8 | payload[1];
        liar_frame(fd, (uint8_t)first, payload, len);
    }
}

static void test_closing(void **state)
{
    unsigned code = 0;
    struct liar liar;
    struct ran *ran;

    (void)state;
    liar_open(&liar, talk_to_the_end, &code);
    ran = ran_new(liar.port);
    ran_run(ran);
    liar_close(&liar);
    assert_int_equal(code, 1000);
    assert_int_equal(ran->result.errors, 0);
    ran_free(ran);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_ping),
        cmocka_unit_test(test_closing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
