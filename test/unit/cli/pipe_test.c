/* SPDX-License-Identifier: MIT */
/* Input is in a pipe before it begins, and output is read when it is over, or
 * while the socket is paused. */
#include "capture.h"
#include "cli/complain.h"
#include "cli/link.h"
#include "cli/pipe.h"
#include "fake_socket.h"
#include "support.h"
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define OUTPUT_MAX (1 << 20)

static struct connect_options options;
static int out_read; /* the reader's end of the output */
static char output[OUTPUT_MAX + 1];
static size_t output_len;
static const char *said; /* on standard error */

static int set_up(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    fake_reset();
    fake.echoes = true;
    complain_as("weft connect");
    options = (struct connect_options){
        .socket.size = sizeof(options.socket),
        .url = "ws://a/",
        .reconnect_limit = OPTION_OFF,
        .separator = '\n',
        .linger_ms = 1,
    };
    return 0;
}

static void read_output(void)
{
    ssize_t n;

    while ((n = read(out_read, output + output_len, OUTPUT_MAX - output_len)) >
           0)
        output_len += (size_t)n;
    output[output_len] = '\0';
}

/* Runs with this input. The exit status. */
static int run(const void *input, size_t len)
{
    int in[2], out[2], status;
    struct pipe_ends ends = {.signals = -1};

    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    assert_true(fcntl(in[1], F_SETPIPE_SZ, 1 << 20) >= 0);
    assert_int_equal(write(in[1], input, len), len);
    close(in[1]);
    ends.in = in[0];
    ends.out = out[1];
    out_read = out[0];
    fcntl(out_read, F_SETFL, O_NONBLOCK);
    output_len = 0;
    capture_begin(STDERR_FILENO);
    status = pipe_run(&options, &ends);
    said = capture_end();
    close(out[1]);
    read_output();
    close(in[0]);
    close(out[0]);
    assert_int_equal(fake.live, 0);
    return status;
}

static int run_text(const char *input)
{
    return run(input, strlen(input));
}

/* ---- Lines --------------------------------------------------------------- */

static const struct {
    const char *in, *out, *sent;
} lines[] = {
    {"", "", "ping end of input;close 1000 ;"},
    {"hello\n", "hello\n", "text hello;ping end of input;close 1000 ;"},
    {"a\n\nb\r\nlast", "a\n\nb\r\nlast\n",
     "text a;text ;text b\r;text last;ping end of input;close 1000 ;"},
};

static void test_lines(void **state)
{
    for (size_t i = 0; i < COUNT(lines); i++) {
        int status;

        set_up(state);
        status = run_text(lines[i].in);
        CHECK(status == 0, "%zu: %d", i, status);
        CHECK(strcmp(output, lines[i].out) == 0, "%zu: %s", i, output);
        CHECK(strcmp(fake.sent, lines[i].sent) == 0, "%zu: %s", i, fake.sent);
        assert_string_equal(said, "");
    }
}

static void test_verbose(void **state)
{
    (void)state;
    options.verbose = 1;
    assert_int_equal(run_text("hello"), 0);
    assert_string_equal(said, "* open\n* closed: 1000 normal closure\n");
}

static void test_null_data(void **state)
{
    (void)state;
    options.separator = '\0';
    assert_int_equal(run("a\nb\0c", 5), 0);
    assert_int_equal(output_len, 6);
    assert_memory_equal(output, "a\nb\0c", 6);
}

static void test_binary(void **state)
{
    (void)state;
    options.is_binary = true;
    assert_int_equal(run("a\n\xff", 3), 0);
    assert_int_equal(output_len, 3);
    assert_memory_equal(output, "a\n\xff", 3);
    assert_memory_equal(fake.sent, "binary a\n\xff;ping", 15);
}

/* Binary messages are no lines. */
static void test_left_out(void **state)
{
    (void)state;
    options.is_binary = true;
    fake.greets = "text";
    assert_int_equal(run_text("data"), 0);
    assert_non_null(strstr(output, "text"));
    assert_int_equal(output_len, 8);
    assert_string_equal(said, "");
}

static void test_wrong_lines(void **state)
{
    static const struct {
        const char *in, *said, *sent;
    } cases[] = {
        {"a\n\xff\nb\n", "weft connect: ws://a/: line 2 is not UTF-8\n",
         "text a;close 0 ;"},
        {"a\nlonger\nb\n",
         "weft connect: ws://a/: line 2 is longer than --message-limit "
         "allows\n",
         "text a;close 0 ;"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        set_up(state);
        options.socket.message_limit = 5;
        assert_int_equal(run_text(cases[i].in), LINK_FAILED);
        assert_string_equal(said, cases[i].said);
        assert_string_equal(fake.sent, cases[i].sent);
    }
}

/* ---- Back-pressure ------------------------------------------------------- */

/* A socket that refuses every third message until it has drained. */
static void test_busy(void **state)
{
    static const char input[] = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

    for (size_t after = 1; after < 10; after++) {
        set_up(state);
        fake.busy_after = after;
        assert_int_equal(run_text(input), 0);
        CHECK(strcmp(output, input) == 0, "%zu: %s", after, output);
    }
}

/* Output that nobody reads until the socket has been paused. */
static void test_slow_output(void **state)
{
    enum { LINES = 6, LENGTH = 100000 };
    static char input[LINES * LENGTH];

    (void)state;
    memset(input, 'x', sizeof(input));
    for (size_t i = 1; i <= LINES; i++)
        input[i * LENGTH - 1] = '\n';
    fake.while_paused = read_output;
    assert_int_equal(run(input, sizeof(input)), 0);
    assert_int_equal(output_len, sizeof(input));
    assert_memory_equal(output, input, sizeof(input));
    CHECK(fake.pauses >= 2, "%zu", fake.pauses);
}

static void close_output(void)
{
    close(out_read);
    out_read = open("/dev/null", O_RDONLY);
}

/* What `head` does. */
static void test_closed_output(void **state)
{
    static char input[200000];

    (void)state;
    memset(input, 'x', sizeof(input));
    input[sizeof(input) / 2] = '\n';
    fake.while_paused = close_output;
    assert_int_equal(run(input, sizeof(input)), 0);
    assert_non_null(strstr(fake.sent, "close 1000 ;"));
    assert_string_equal(said, "");
}

static void test_full_output(void **state)
{
    struct pipe_ends ends = {.signals = -1};
    int status;

    (void)state;
    fake.greets = "hello";
    options.linger_ms = OPTION_OFF;
    ends.in = open("/dev/null", O_RDONLY);
    ends.out = open("/dev/full", O_WRONLY);
    capture_begin(STDERR_FILENO);
    status = pipe_run(&options, &ends);
    assert_string_equal(capture_end(),
                        "weft connect: ws://a/: standard output: No space left "
                        "on device\n");
    assert_int_equal(status, LINK_FAILED);
    close(ends.in);
    close(ends.out);
}

/* ---- The end of input ---------------------------------------------------- */

static void test_max_messages(void **state)
{
    (void)state;
    options.max_messages = 2;
    options.linger_ms = OPTION_OFF;
    fake.ignores_pings = true;
    assert_int_equal(run_text("a\nb\nc\n"), 0);
    assert_string_equal(output, "a\nb\n");
    assert_string_equal(fake.sent, "text a;text b;text c;close 1000 ;");
}

/* Without a bound on the time, the server has the last word. */
static void test_linger_off(void **state)
{
    (void)state;
    options.linger_ms = OPTION_OFF;
    fake.greets = "welcome";
    fake.says_bye = true;
    fake.bye_code = 1000;
    assert_int_equal(run_text(""), 0);
    assert_string_equal(output, "welcome\n");
    assert_string_equal(fake.sent, "");
}

static struct weft_timer *reader;
static int wait_while_paused;

static void read_late(void *arg)
{
    (void)arg;
    assert_true(fake.is_paused);
    wait_while_paused = weft_loop_timeout_ms(weft_socket_loop(fake_socket()));
    weft_timer_free(reader);
    read_output();
}

static void send_much(void)
{
    static char message[100000];
    struct weft_loop *loop = weft_socket_loop(fake_socket());

    memset(message, 'x', sizeof(message));
    fake_message(WEFT_TEXT, message, sizeof(message));
    assert_int_equal(weft_timer_new(&reader, loop, read_late, NULL), 0);
    weft_timer_start(reader, 20, 0);
}

/* While the output is behind there is no time that could be over. */
static void test_slow_output_at_the_end(void **state)
{
    (void)state;
    options.linger_ms = 0;
    fake.behind_pong = send_much;
    assert_int_equal(run_text(""), 0);
    assert_int_equal(output_len, 100001);
    assert_int_equal(wait_while_paused, -1);
}

/* Nobody could tell which lines have arrived. */
static void test_no_reconnect_after_end(void **state)
{
    (void)state;
    options.reconnects = true;
    fake.breaks_at_ping = true;
    assert_int_equal(run_text("a\n"), LINK_FAILED);
    assert_int_equal(fake.sockets, 1);
    assert_non_null(strstr(said, "without a close frame\n"));
}

static void test_refused(void **state)
{
    (void)state;
    fake.refuses = true;
    assert_int_equal(run_text("a\n"), LINK_FAILED);
    assert_non_null(strstr(said, "403 Forbidden"));
    assert_string_equal(output, "");
}

static void test_bad_url(void **state)
{
    (void)state;
    fake.new_result = WEFT_ERR_INVALID;
    assert_int_equal(run_text("a\n"), LINK_BAD_USAGE);
    assert_string_equal(said, "weft connect: ws://a/: a bad URL\n");
}

/* A folder can be opened, but not read. */
static void test_bad_input(void **state)
{
    struct pipe_ends ends = {.out = STDOUT_FILENO, .signals = -1};
    int status;

    (void)state;
    ends.in = open("/", O_RDONLY);
    capture_begin(STDERR_FILENO);
    status = pipe_run(&options, &ends);
    assert_string_equal(capture_end(), "weft connect: ws://a/: standard "
                                       "input: Is a directory\n");
    assert_int_equal(status, LINK_FAILED);
    close(ends.in);
}

#define TEST(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_verbose),
        TEST(test_lines),
        TEST(test_null_data),
        TEST(test_binary),
        TEST(test_left_out),
        TEST(test_wrong_lines),
        TEST(test_busy),
        TEST(test_slow_output),
        TEST(test_closed_output),
        TEST(test_full_output),
        TEST(test_max_messages),
        TEST(test_linger_off),
        TEST(test_slow_output_at_the_end),
        TEST(test_no_reconnect_after_end),
        TEST(test_refused),
        TEST(test_bad_url),
        TEST(test_bad_input),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
