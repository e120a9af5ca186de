/* SPDX-License-Identifier: MIT */
/*
 * Every way in which an open connection can end: the events in their order, the
 * close code, the reason, wasClean and the error, and what the server hears.
 */
#include "visit.h"

enum last { FIN, RESET, STAYS };

struct end {
    const char *what;
    const char *frames; /* of the server, as they go */
    const char *words;  /* behind "open" */
    const char *heard;  /* by the server; NULL: anything */
    int err;
    enum last last; /* what the server does then */
};

#define LOST "error close:1006"

/* ---- By the server ------------------------------------------------------- */

static const struct end ends[] = {
    {"1000", "8802 03e8", "close:1000", "close:1000"},
    {"a reason", "8805 03e8 627965", "close:1000/bye", "close:1000"},
    {"UTF-8", "8804 03e8 c3a9", "close:1000/\xc3\xa9", "close:1000"},
    {"no code", "8800", "close:1005", "close:"},
    {"1001", "8802 03e9", "close:1001", "close:1001"},
    {"1002", "8802 03ea", "close:1002", "close:1002"},
    {"1003", "8802 03eb", "close:1003", "close:1003"},
    {"1007", "8802 03ef", "close:1007", "close:1007"},
    {"1011", "8804 03f3 6f68", "close:1011/oh", "close:1011"},
    {"1014", "8802 03f6", "close:1014", "close:1014"},
    {"3000", "8802 0bb8", "close:3000", "close:3000"},
    {"4999", "8803 1387 78", "close:4999/x", "close:4999"},
    {"a message before it", "8101 61 8802 03e8", "text:a close:1000",
     "close:1000"},
    {"a message after it", "8802 03e8 8101 61", "close:1000", "close:1000"},
    {"another after it", "8802 03e8 8802 0bb8", "close:1000", "close:1000"},
    {"nonsense after it", "8802 03e8 ffff", "close:1000", "close:1000"},
    {"inside a message", "0101 61 8802 03e8", "close:1000", "close:1000"},
    {"the server stays", "8802 03e8", "close:1000", "close:1000",
     .last = STAYS},
    {"the server resets", "8802 03e8", "close:1000", "close:1000",
     .last = RESET},

    {"FIN", "", LOST, NULL, WEFT_ERR_EOF},
    {"FIN behind a message", "8101 61", "text:a " LOST, NULL, WEFT_ERR_EOF},
    {"FIN in a header", "81", LOST, NULL, WEFT_ERR_EOF},
    {"FIN in a frame", "8102 61", LOST, NULL, WEFT_ERR_EOF},
    {"FIN in a message", "0101 61", LOST, NULL, WEFT_ERR_EOF},
    {"FIN in a close frame", "8802 03", LOST, NULL, WEFT_ERR_EOF},

    {"masked", "8181 00000000 61", LOST, "close:1002", WEFT_ERR_PROTOCOL},
    {"masked and empty", "8180 01020304", LOST, "close:1002",
     WEFT_ERR_PROTOCOL},
    {"a masked close frame", "8882 00000000 03e8", LOST, "close:1002",
     WEFT_ERR_PROTOCOL},
    {"RSV1", "c101 61", LOST, "close:1002", WEFT_ERR_PROTOCOL},
    {"RSV3", "9101 61", LOST, "close:1002", WEFT_ERR_PROTOCOL},
    {"opcode 3", "8300", LOST, "close:1002", WEFT_ERR_PROTOCOL},
    {"opcode 15", "8f00", LOST, "close:1002", WEFT_ERR_PROTOCOL},
    {"a continuation of nothing", "8001 61", LOST, "close:1002",
     WEFT_ERR_PROTOCOL},
    {"a message in a message", "0101 61 8101 62", LOST, "close:1002",
     WEFT_ERR_PROTOCOL},
    {"a ping in pieces", "0900", LOST, "close:1002", WEFT_ERR_PROTOCOL},
    {"a long ping", "897e 007e", LOST, "close:1002", WEFT_ERR_PROTOCOL},
    {"a length in the longer form", "827e 0001", LOST, "close:1002",
     WEFT_ERR_PROTOCOL},
    {"a length of 64 bits", "827f 8000000000000000", LOST, "close:1002",
     WEFT_ERR_PROTOCOL},
    {"a message before it", "8101 61 8300", "text:a " LOST, "close:1002",
     WEFT_ERR_PROTOCOL},
    {"half a code", "8801 03", LOST, "close:1002", WEFT_ERR_PROTOCOL},
    {"code 999", "8802 03e7", LOST, "close:1002", WEFT_ERR_PROTOCOL},
    {"code 1004", "8802 03ec", LOST, "close:1002", WEFT_ERR_PROTOCOL},
    {"code 1005", "8802 03ed", LOST, "close:1002", WEFT_ERR_PROTOCOL},
    {"code 1006", "8802 03ee", LOST, "close:1002", WEFT_ERR_PROTOCOL},
    {"code 1015", "8802 03f7", LOST, "close:1002", WEFT_ERR_PROTOCOL},
    {"code 2999", "8802 0bb7", LOST, "close:1002", WEFT_ERR_PROTOCOL},
    {"code 5000", "8802 1388", LOST, "close:1002", WEFT_ERR_PROTOCOL},
    {"a reason that is not UTF-8", "8803 03e8 ff", LOST, "close:1007",
     WEFT_ERR_UTF8},
    {"a text that is not UTF-8", "8101 ff", LOST, "close:1007", WEFT_ERR_UTF8},
    {"a text that ends in a character", "8102 e282", LOST, "close:1007",
     WEFT_ERR_UTF8},
    {"the same in pieces", "0101 ff", LOST, "close:1007", WEFT_ERR_UTF8},
    {"a message over the limit", "827e 03e9", LOST, "close:1009",
     WEFT_ERR_LIMIT},
    {"a length of 63 bits", "827f 7fffffffffffffff", LOST, "close:1009",
     WEFT_ERR_LIMIT},
    {"too many fragments", "0101 61 0000 0000 0000", LOST, "close:1008",
     WEFT_ERR_POLICY},
    {"the server stays after an error", "8300", LOST, "close:1002",
     WEFT_ERR_PROTOCOL, .last = STAYS},
};

/* Only one that is to run out of time has little of it. */
static void visit_begins(struct visit *v, enum last last)
{
    visit_init(v);
    v->opts.message_limit = 1000;
    v->opts.fragment_limit = 3;
    v->opts.close_ms = last == STAYS ? 100 : 60000;
    visit_enters(v);
    visit_forget(v);
}

static void server_leaves(struct visit *v, enum last last)
{
    if (last == FIN)
        assert_return_code(shutdown(v->fd, SHUT_WR), errno);
    if (last == RESET) {
        reset_peer(v->fd);
        v->fd = -1;
    }
}

static void check_end(struct visit *v, const struct end *e)
{
    CHECK(!strcmp(visit_words(v), e->words), "%s: \"%s\"", e->what,
          visit_words(v));
    CHECK(v->how.err == e->err, "%s: %d, %s", e->what, v->how.err, v->why);
    CHECK(v->how.clean == (e->err == 0), "%s", e->what);
    assert_int_equal(visit_state(v), WEFT_CLOSED);
    assert_true(visit_buffered(v) == 0);
}

static void say(struct visit *v, const char *hex, bool slowly)
{
    uint8_t bytes[256];
    size_t n = unhex(bytes, hex);

    if (!slowly) {
        if (n > 0)
            server_puts(v, bytes, n);
        return;
    }
    for (size_t i = 0; i < n && !v->told[AT_CLOSE]; i++) {
        (void)send(v->fd, bytes + i, 1, MSG_NOSIGNAL);
        turn(v->loop);
    }
}

static void run(const struct end *e, bool slowly)
{
    struct visit v;

    visit_begins(&v, e->last);
    say(&v, e->frames, slowly);
    if (e->heard)
        server_expect(&v, e->heard);
    server_leaves(&v, e->last);
    visit_ends(&v);
    check_end(&v, e);
    if (e->last != RESET)
        server_sees_end(&v);
    visit_close(&v);
}

static void test_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        run(&ends[i], false);
        run(&ends[i], true);
    }
}

static void test_reset(void **state)
{
    struct visit v;

    (void)state;
    visit_begins(&v, FIN);
    server_leaves(&v, RESET);
    visit_ends(&v);
    assert_string_equal(visit_words(&v), LOST);
    assert_true(v.err == WEFT_ERR_EOF || v.err == WEFT_ERR_GONE ||
                v.err == WEFT_ERR_SYSTEM);
    visit_close(&v);
}

/* ---- By the user --------------------------------------------------------- */

static const struct end answers[] = {
    {"the same code", "8802 0bb8", "close:3000"},
    {"another code", "8803 0bb9 78", "close:3001/x"},
    {"no code", "8800", "close:1005"},
    {"messages before it", "8101 61 0101 62 8001 63 8802 0bb8", "close:3000"},
    {"the server stays", "8802 0bb8", "close:3000", .last = STAYS},
    {"the server resets", "8802 0bb8", "close:3000", .last = RESET},
    {"FIN", "", LOST, .err = WEFT_ERR_EOF},
    {"FIN behind a message", "8101 61", LOST, .err = WEFT_ERR_EOF},
    {"an error", "8300", LOST, .err = WEFT_ERR_PROTOCOL},
    {"a masked answer", "8882 00000000 0bb8", LOST, .err = WEFT_ERR_PROTOCOL},
    {"a code that is none", "8802 03ed", LOST, .err = WEFT_ERR_PROTOCOL},
    {"silence", "", "close:1006", .err = WEFT_ERR_TIMEOUT, .last = STAYS},
    {"never the answer", "8101 61", "close:1006", .err = WEFT_ERR_TIMEOUT,
     .last = STAYS},
};

static void run_answer(const struct end *e, bool slowly)
{
    struct visit v;

    visit_begins(&v, e->last);
    assert_int_equal(user_close(&v, 3000, "mine"), 0);
    server_expect(&v, "close:3000");
    assert_int_equal(visit_state(&v), WEFT_CLOSING);
    say(&v, e->frames, slowly);
    server_leaves(&v, e->last);
    visit_ends(&v);
    check_end(&v, e);
    if (e->last != RESET)
        server_sees_end(&v);
    visit_close(&v);
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        run_answer(&answers[i], false);
        run_answer(&answers[i], true);
    }
}

/* Both sides send their close frame before they have got the other's. */
static void test_both_close(void **state)
{
    struct visit v;

    (void)state;
    visit_begins(&v, FIN);
    server_frames(&v, "8803 0bb9 78");
    wait_ready(v.fd, POLLOUT);
    assert_int_equal(user_close(&v, 3000, "mine"), 0);
    server_expect(&v, "close:3000");
    server_hangs_up(&v);
    visit_ends(&v);
    assert_string_equal(visit_words(&v), "close:3001/x");
    assert_true(v.how.clean);
    visit_close(&v);
}

/* What was sent before close() goes out before the close frame. */
static void test_last_words(void **state)
{
    struct visit v;

    (void)state;
    visit_begins(&v, FIN);
    assert_int_equal(user_send(&v, "a"), 0);
    assert_int_equal(user_send(&v, "b"), 0);
    assert_int_equal(user_close(&v, 0, NULL), 0);
    assert_int_equal(user_send(&v, "c"), 0);
    server_expect(&v, "text:a text:b close:");
    assert_true(visit_buffered(&v) == 1);
    server_frames(&v, "8800");
    server_hangs_up(&v);
    visit_ends(&v);
    assert_string_equal(visit_words(&v), "close:1005");
    assert_true(visit_buffered(&v) == 1);
    visit_close(&v);
}

/* ---- CLOSING ------------------------------------------------------------- */

/* After a clean handshake it is closed when the server has closed the TCP
 * connection (RFC 6455 section 7.1.1), and CLOSING until then. */
static void test_waits_for_the_server(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct visit v;

        visit_init(&v);
        visit_enters(&v);
        visit_forget(&v);
        if (n)
            assert_int_equal(user_close(&v, 1000, NULL), 0);
        server_frames(&v, "8802 03e8");
        server_expect(&v, "close:1000");
        turn_until_quiet(v.loop);
        assert_int_equal(visit_state(&v), WEFT_CLOSING);
        assert_string_equal(visit_words(&v), "");
        assert_int_equal(user_send(&v, "late"), 0);
        assert_true(visit_buffered(&v) == 4);
        assert_int_equal(user_close(&v, 4000, "other"), 0);
        server_hangs_up(&v);
        visit_ends(&v);
        assert_string_equal(visit_words(&v), "close:1000");
        visit_close(&v);
    }
}

/* ---- Keepalive ----------------------------------------------------------- */

static void test_keepalive(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    v.opts.ping_ms = 5;
    v.opts.pong_ms = 60000;
    visit_enters(&v);
    server_expect(&v, "ping:");
    server_frames(&v, "8a00");
    server_expect(&v, "ping:"); /* the next silence */
    server_frames(&v, "8101 61");
    server_expect(&v, "ping:"); /* anything is a sign of life */
    visit_close(&v);
}

static void test_no_answer_to_keepalive(void **state)
{
    struct visit v;

    (void)state;
    visit_init(&v);
    v.opts.ping_ms = 5;
    v.opts.pong_ms = 5;
    visit_enters(&v);
    visit_forget(&v);
    visit_ends(&v);
    assert_string_equal(visit_words(&v), LOST);
    assert_int_equal(v.err, WEFT_ERR_TIMEOUT);
    server_reads_to_end(&v);
    visit_close(&v);
}

/* Off unless it is asked for. */
static void test_no_keepalive(void **state)
{
    struct visit v;

    (void)state;
    visit_open(&v);
    assert_int_equal(weft_loop_timeout_ms(v.loop), -1);
    visit_close(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_both_close),
        cmocka_unit_test(test_last_words),
        cmocka_unit_test(test_waits_for_the_server),
        cmocka_unit_test(test_keepalive),
        cmocka_unit_test(test_no_answer_to_keepalive),
        cmocka_unit_test(test_no_keepalive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
