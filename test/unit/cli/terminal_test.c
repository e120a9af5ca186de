/* SPDX-License-Identifier: MIT */
/* The prompt with a socket of the test's own, which echoes. */
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/terminal.h"
#include "fake_socket.h"
#include "support.h"
#include "typist.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct connect_options options;
static char dir[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/weft-terminal-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    /* Nothing is kept: there cannot be such a folder. */
    setenv("XDG_STATE_HOME", "/dev/null", 1);
    setenv("HOME", dir, 1);
    complain_as("weft connect");
    fake_reset();
    fake.echoes = true;
    options = (struct connect_options){
        .socket.size = sizeof(options.socket),
        .url = "ws://a/",
        .reconnect_limit = OPTION_OFF,
        .color = COLOR_NEVER,
    };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(dir);
}

/* What was sent is told at the end. */
static int run(void)
{
    int status = terminal_run(&options, interrupt_begin(true));

    printf("sent: %s\n", fake.sent);
    interrupt_end();
    return status;
}

static void begin(void)
{
    typist_begin(run, "xterm");
    typist_wait("* open: ws://fake/");
    typist_wait("> ");
}

static void end(const char *sent, int status)
{
    typist_wait("sent: ");
    typist_wait(sent);
    assert_int_equal(typist_end(), status);
}

static void test_talk(void **state)
{
    (void)state;
    begin();
    typist_type("hello\r");
    typist_wait("< hello\r\n");
    typist_wait("> ");
    assert_string_equal(typist_screen(),
                        "* open: ws://fake/\n> hello\n< hello\n>");
    typist_type("//x\033[D\033[D\177/\r");
    typist_wait("> /x\r\n");
    typist_wait("< /x\r\n");
    typist_type("\004");
    typist_wait("* closed: 1000 normal closure\r\n");
    end("text hello;text /x;close 1000 ;", 0);
}

static void test_commands(void **state)
{
    static const struct {
        const char *line, *shown;
    } lines[] = {
        {"/ping you\r", "< pong you\r\n"},
        {"/pings\r", "* no such command; did you mean /ping?\r\n"},
        {"/help\r", "* /binary FILE"},
        {"/binary /none/such\r", "* /none/such: No such file or directory\r\n"},
        {"/binary /dev/null\r", "* /dev/null: not a file\r\n"},
        {"/close 1006\r", "* a client may close with 1000 or 3000 to 4999"},
        {"/close 0\r", "* a client may close with"},
        {"/close 99999\r", "* a client may close with"},
        {"/close 4000 bye\r", "* closed: 4000 a code"},
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(lines); i++) {
        typist_type(lines[i].line);
        typist_wait(lines[i].shown);
    }
    end("ping you;close 4000 bye;", 0);
}

static void test_long_ping(void **state)
{
    char line[160] = "/ping ";

    (void)state;
    memset(line + 6, 'p', 126);
    line[132] = '\r';
    line[133] = '\0';
    begin();
    typist_type(line);
    typist_wait("* not sent: a ping has 125 bytes at most\r\n");
    typist_type("/quit\r");
    end("close 1000 ;", 0);
}

static void test_binary(void **state)
{
    char path[80], fifo[80], line[128];
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s/file", dir);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("bytes", file);
    fclose(file);
    options.socket.message_limit = 5;
    begin();
    snprintf(line, sizeof(line), "/binary %s\r", path);
    typist_type(line);
    typist_wait("> binary, 5 bytes\r\n");
    typist_wait("< binary, 5 bytes\r\n");
    typist_wait("62 79 74 65 73");
    file = fopen(path, "a");
    assert_non_null(file);
    fputs("!", file);
    fclose(file);
    typist_type("/binary ~/file\r"); /* at home, which dir is */
    typist_wait("larger than --message-limit allows");
    snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    typist_type("/binary ~/fifo\r"); /* that nobody writes to */
    typist_wait("not a file");
    typist_type("\004");
    end("binary bytes;close 1000 ;", 0);
    unlink(path);
    unlink(fifo);
}

static void test_once_open(void **state)
{
    (void)state;
    options.once_open = (struct option_list){{"one", "two"}, 2};
    begin();
    typist_wait("< two\r\n");
    typist_wait("> ");
    assert_string_equal(typist_screen(),
                        "* open: ws://fake/\n> one\n> two\n< one\n< two\n>");
    typist_type("\004");
    end("text one;text two;close 1000 ;", 0);
}

/* Ctrl-C closes; a second one ends the program, if that does not end it. */
static void test_interrupt(void **state)
{
    (void)state;
    begin();
    typist_type("half a line\003");
    end("close 1000 ;", 0);
    assert_true(typist_lacks("text half"));
}

static void test_interrupt_twice(void **state)
{
    (void)state;
    fake.ignores_close = true;
    begin();
    typist_type("x\003");
    typist_wait("\033[J"); /* the line is gone, and with it the prompt */
    while (!typist_is_cooked())
        ;
    typist_type("\003");
    assert_int_equal(typist_end(), -1 - SIGINT);
}

/* The server ends it, in the middle of a line. */
static void test_server_closes(void **state)
{
    (void)state;
    fake.greets = "welcome";
    fake.says_bye = true;
    fake.bye_code = 1001;
    typist_begin(run, "xterm");
    typist_wait("< welcome");
    typist_wait("* closed: 1001 going away\r\n");
    typist_wait(
        "weft connect: ws://a/: the server closed with 1001 going away");
    assert_int_equal(typist_end(), 0);
}

static void test_refused(void **state)
{
    (void)state;
    fake.refuses = true;
    typist_begin(run, "xterm");
    typist_wait(
        "weft connect: ws://a/: the server answered 403 Forbidden\\x1b");
    assert_int_equal(typist_end(), 1);
    assert_true(typist_lacks("closed:")); /* it never was open */
}

static void test_dumb(void **state)
{
    (void)state;
    options.has_times = true;
    typist_begin(run, "dumb");
    typist_wait("> ");
    typist_type("hello\r");
    typist_wait(" < hello\r\n");
    typist_type("\004");
    typist_wait(" * closed: 1000 normal closure\r\n");
    end("text hello;close 1000 ;", 0);
    assert_true(typist_lacks("\033"));
    assert_true(typist_lacks("> > hello"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_talk),          TEST(test_commands),
        TEST(test_long_ping),     TEST(test_binary),
        TEST(test_interrupt),     TEST(test_interrupt_twice),
        TEST(test_server_closes), TEST(test_refused),
        TEST(test_dumb),          TEST(test_once_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
