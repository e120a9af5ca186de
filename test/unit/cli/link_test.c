/* SPDX-License-Identifier: MIT */
#include "capture.h"
#include "cli/complain.h"
#include "cli/link.h"
#include "fake_socket.h"
#include "support.h"
#include <sys/random.h>
#include <unistd.h>

/* In place of the system's: the next attempt comes at once. */
ssize_t getrandom(void *bytes, size_t len, unsigned flags)
{
    (void)flags;
    memset(bytes, 0, len);
    return (ssize_t)len;
}

static struct connect_options options;
static struct link a_link;
static unsigned opened, sent, messages, closed;
static void (*on_opened_do)(struct link *link);

static void on_opened(struct link *link)
{
    opened++;
    if (on_opened_do)
        on_opened_do(link);
}

static void on_sent(struct link *link, const struct weft_message *msg)
{
    (void)link;
    (void)msg;
    sent++;
}

static void on_message(struct link *link, const struct weft_message *msg)
{
    (void)link;
    (void)msg;
    messages++;
}

static void on_closed(struct link *link, const struct weft_closed *how)
{
    (void)link;
    (void)how;
    closed++;
}

static void on_drained(struct link *link)
{
    (void)link;
}

static const struct link_events events = {
    .opened = on_opened,
    .sent = on_sent,
    .message = on_message,
    .control = on_message,
    .drained = on_drained,
    .closed = on_closed,
};

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    complain_as("weft connect");
    options = (struct connect_options){
        .socket.size = sizeof(options.socket),
        .url = "ws://a/",
        .reconnect_limit = OPTION_OFF,
    };
    a_link = (struct link){.options = &options, .events = &events};
    opened = sent = messages = closed = 0;
    on_opened_do = NULL;
    return 0;
}

/* From beginning to end; what is said on standard error. */
static const char *run(void)
{
    const char *said;

    capture_begin(STDERR_FILENO);
    a_link.log.out = stderr;
    if (link_begin(&a_link))
        while (!a_link.has_ended)
            assert_int_equal(weft_loop_turn(a_link.loop, 1000), 0);
    said = capture_end();
    link_release(&a_link);
    assert_int_equal(fake.live, 0);
    return said;
}

static void leave_at_once(struct link *link)
{
    assert_true(link_is_open(link));
    assert_false(link_leave(link, 1001, NULL));
    assert_true(link_leave(link, 4000, "bye"));
    assert_true(link_leave(link, 1000, NULL)); /* does nothing */
    assert_false(link_is_open(link));
}

static void test_leave(void **state)
{
    (void)state;
    on_opened_do = leave_at_once;
    assert_string_equal(run(), "");
    assert_int_equal(a_link.status, 0);
    assert_string_equal(fake.sent, "close 4000 bye;");
    assert_true(opened == 1 && closed == 1);
}

static void test_deaf(void **state)
{
    (void)state;
    fake.is_deaf = true;
    on_opened_do = leave_at_once;
    assert_string_equal(run(), "weft connect: ws://a/: the server did not "
                               "answer the close frame in time\n");
    assert_int_equal(a_link.status, LINK_FAILED);
}

static void test_refused(void **state)
{
    (void)state;
    fake.refuses = true;
    assert_string_equal(run(), "weft connect: ws://a/: the server answered 403 "
                               "Forbidden\\x1b\n");
    assert_int_equal(a_link.status, LINK_FAILED);
    assert_true(opened == 0 && closed == 1);
}

static void test_tls(void **state)
{
    (void)state;
    options.verbose = 1;
    fake.has_tls = true;
    on_opened_do = leave_at_once;
    assert_string_equal(run(), "* TLSv1.3 A, CN=a\\x1b\n"
                               "> GET / HTTP/1.1\n");
    assert_int_equal(a_link.status, 0);
}

/* Whoever has said whom to trust, or that nobody need be, is told no more. */
static void test_tls_fails(void **state)
{
    static const struct {
        const char *why, *ca_file;
        bool is_insecure, is_hinted;
    } cases[] = {
        {"the server's certificate is self-signed", NULL, false, true},
        {"authority 1 above the server's certificate is old", NULL, false,
         true},
        {"the server's certificate is self-signed", "a.pem", false, false},
        {"the server's certificate is odd", NULL, true, false},
        {"what the server says is not TLS", NULL, false, false},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *said;

        set_up(state);
        fake.tls_why = cases[i].why;
        options.socket.ca_file = cases[i].ca_file;
        options.socket.is_insecure = cases[i].is_insecure;
        said = run();
        CHECK(strstr(said, cases[i].why), "%s", said);
        CHECK(!strstr(said, "; --ca-file FILE") == !cases[i].is_hinted, "%s",
              said);
        assert_int_equal(a_link.status, LINK_FAILED);
    }
}

static void test_bad_url(void **state)
{
    static const struct {
        int err, status;
        const char *said;
    } cases[] = {
        {WEFT_ERR_INVALID, LINK_BAD_USAGE,
         "weft connect: ws://a/: a bad URL"
         "\n"},
        {WEFT_ERR_NOMEM, LINK_FAILED, "weft connect: ws://a/: out of memory\n"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        set_up(state);
        options.reconnects = true;
        fake.new_result = cases[i].err;
        assert_string_equal(run(), cases[i].said);
        assert_int_equal(a_link.status, cases[i].status);
    }
}

/* What the server does, and what is said of it. */
static void test_ends(void **state)
{
    static const struct {
        uint16_t code;
        int status;
        const char *said;
    } cases[] = {
        {1000, 0, ""},
        {1005, 0, ""},
        {1001, 0,
         "weft connect: ws://a/: the server closed with 1001 going away\n"},
        {4000, 0,
         "weft connect: ws://a/: the server closed with 4000 a code of the "
         "application's own\n"},
        {1006, LINK_FAILED,
         "weft connect: ws://a/: the connection ended without a close frame\n"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *said;

        set_up(state);
        fake.says_bye = true;
        fake.bye_code = cases[i].code;
        said = run();
        CHECK(strcmp(said, cases[i].said) == 0, "%zu: %s", i, said);
        CHECK(a_link.status == cases[i].status, "%zu", i);
    }
}

static void test_once_open(void **state)
{
    (void)state;
    options.once_open = (struct option_list){{"one", "two"}, 2};
    options.max_messages = 2;
    fake.echoes = true;
    assert_string_equal(run(), "");
    assert_string_equal(fake.sent, "text one;text two;close 1000 ;");
    assert_int_equal(sent, 2);
    assert_int_equal(messages, 2);
    assert_int_equal(a_link.status, 0);
}

static void test_once_open_wrong(void **state)
{
    (void)state;
    options.once_open = (struct option_list){{"\xff", "two"}, 2};
    assert_string_equal(run(), "weft connect: ws://a/: --once-open: the text "
                               "is not UTF-8\n");
    assert_string_equal(fake.sent, "close 0 ;");
    assert_int_equal(sent, 0);
    assert_int_equal(a_link.status, LINK_FAILED);
}

/* Twice it fails, then it is what it should be. */
static void fail_twice(struct link *link)
{
    if (opened == 3)
        link_leave(link, 1000, NULL);
}

static void test_reconnect(void **state)
{
    const char *said;

    (void)state;
    options.reconnects = true;
    options.once_open = (struct option_list){{"hi"}, 1};
    fake.says_bye = true;
    fake.bye_code = 1006;
    on_opened_do = fail_twice;
    said = run();
    assert_string_equal(
        said, "weft connect: ws://a/: the connection ended without a close "
              "frame; trying again in 0.0 s\n"
              "weft connect: ws://a/: the connection ended without a close "
              "frame; trying again in 0.0 s\n");
    assert_string_equal(fake.sent, "text hi;text hi;close 1000 ;");
    assert_int_equal(fake.sockets, 3);
    assert_int_equal(a_link.status, 0);
}

static void test_reconnect_ends(void **state)
{
    static const struct {
        uint16_t code;
        uint64_t limit;
        size_t sockets;
        int status;
    } cases[] = {
        {1000, OPTION_OFF, 1, 0},
        {1001, 2, 3, 0},
        {1005, 1, 2, 0},
        {1006, 3, 4, LINK_FAILED},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        set_up(state);
        options.reconnects = true;
        options.reconnect_limit = cases[i].limit;
        fake.says_bye = true;
        fake.bye_code = cases[i].code;
        run();
        CHECK(fake.sockets == cases[i].sockets, "%zu: %zu", i, fake.sockets);
        CHECK(a_link.status == cases[i].status, "%zu", i);
    }
}

/* Who leaves while the next attempt is waited for has no connection to close.
 */
static void test_leave_between(void **state)
{
    (void)state;
    options.reconnects = true;
    fake.refuses = true;
    capture_begin(STDERR_FILENO);
    a_link.log.out = stderr;
    assert_true(link_begin(&a_link));
    while (closed == 0)
        assert_int_equal(weft_loop_turn(a_link.loop, 1000), 0);
    assert_null(a_link.ws);
    assert_false(a_link.has_ended);
    assert_true(link_leave(&a_link, 1000, NULL));
    capture_end();
    assert_true(a_link.has_ended);
    assert_int_equal(a_link.status, LINK_FAILED);
    link_release(&a_link);
}

static void test_last(void **state)
{
    (void)state;
    options.reconnects = true;
    a_link.is_last = true;
    fake.refuses = true;
    assert_null(strstr(run(), "again"));
    assert_int_equal(fake.sockets, 1);
}

static void fail_it(struct link *link)
{
    link_fail(link, "line %d\n is bad", 5);
    link_fail(link, "not said");
}

static void test_fail(void **state)
{
    (void)state;
    options.reconnects = true;
    on_opened_do = fail_it;
    assert_string_equal(run(), "weft connect: ws://a/: line 5\\n is bad\n");
    assert_string_equal(fake.sent, "close 0 ;");
    assert_int_equal(a_link.status, LINK_FAILED);
}

static void tell_wire(struct link *link)
{
    const struct weft_frame_info frame = {.is_sent = true, .fin = true};
    const struct weft_socket_events *e = &link->socket_events;

    if (options.verbose > 0) {
        e->request(link->ws, "GET\r\n\r\n", 7);
        e->response(link->ws, "200\r\n\r\n", 7);
    }
    if (options.verbose > 1)
        e->frame(link->ws, &frame);
    link_leave(link, 1000, NULL);
}

static void test_verbose(void **state)
{
    static const char *const said[] = {
        "",
        "> GET\n< 200\n",
        "> GET\n< 200\n> FIN continuation 0 bytes\n",
    };

    for (unsigned i = 0; i < COUNT(said); i++) {
        set_up(state);
        options.verbose = i;
        on_opened_do = tell_wire;
        assert_string_equal(run(), said[i]);
        assert_true(!a_link.socket_events.request == (i == 0));
        assert_true(!a_link.socket_events.frame == (i < 2));
    }
}

#define TEST(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_leave),         TEST(test_refused),
        TEST(test_tls),           TEST(test_tls_fails),
        TEST(test_bad_url),       TEST(test_ends),
        TEST(test_once_open),     TEST(test_once_open_wrong),
        TEST(test_reconnect),     TEST(test_reconnect_ends),
        TEST(test_leave_between), TEST(test_last),
        TEST(test_fail),          TEST(test_verbose),
        TEST(test_deaf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
