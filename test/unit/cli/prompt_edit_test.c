/* SPDX-License-Identifier: MIT */
/* The prompt at a terminal of its own. What is typed comes back in brackets; a
 * line "!text" prints text above the line typed after it, once that has begun.
 */
#include "cli/prompt.h"
#include "support.h"
#include "typist.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#ifdef WEFT_HAVE_LIBEDIT

static struct prompt *prompt;
static char history[64];
static int news[2]; /* a pipe: each byte in it is news, or W or Z a signal */

static void on_signal(int number)
{
    char byte = number == SIGWINCH ? 'W' : 'Z';

    if (write(news[1], &byte, 1) != 1)
        _exit(98);
}

static void take_news(void)
{
    char byte;

    if (read(news[0], &byte, 1) != 1)
        return;
    if (byte == 'W') {
        prompt_resize(prompt);
    } else if (byte == 'Z') {
        prompt_suspend(prompt);
    } else {
        prompt_hide(prompt);
        printf("news %c\n", byte);
        fflush(stdout);
    }
}

static bool wait_for_key(void *user)
{
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = news[0], .events = POLLIN}};

    (void)user;
    for (;;) {
        prompt_draw(prompt);
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[1].revents & POLLIN)
            take_news();
        else if (fds[0].revents)
            return true;
    }
}

static bool is_cooked(void)
{
    struct termios now;

    return tcgetattr(STDIN_FILENO, &now) == 0 && (now.c_lflag & ICANON) &&
           (now.c_lflag & ECHO) && (now.c_iflag & IXON);
}

/* Reads lines to the end of input, or "stop". */
static int read_lines(void)
{
    const struct prompt_opts opts = {.in = STDIN_FILENO,
                                     .out = stdout,
                                     .history = history,
                                     .wait = wait_for_key};
    struct sigaction action = {.sa_handler = on_signal};
    const char *line;

    sigaction(SIGWINCH, &action, NULL);
    sigaction(SIGTSTP, &action, NULL);
    prompt = prompt_edit.new(&opts);
    if (!prompt)
        return 1;
    prompt->ops = &prompt_edit;
    while ((line = prompt_read(prompt)) && strcmp(line, "stop") != 0) {
        printf("[%s]\n", line);
        fflush(stdout);
    }
    prompt_free(prompt);
    puts(is_cooked() ? "end" : "the terminal is not as it was");
    return line ? 5 : 6;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(history, sizeof(history), "/tmp/weft-prompt-XXXXXX");
    close(mkstemp(history));
    return pipe(news);
}

static int tear_down(void **state)
{
    (void)state;
    close(news[0]);
    close(news[1]);
    return unlink(history);
}

static void tell_news(char byte)
{
    CHECK(write(news[1], &byte, 1) == 1, "%c", byte);
}

/* Keys, and the line that they make. */
static const struct {
    const char *keys, *line;
} keys[] = {
    {"hello\r", "[hello]"},
    {"\r", "[]"},
    {"helko\177\177lo\r", "[hello]"},
    {"ello\033[D\033[D\033[D\033[Dh\r", "[hello]"},
    {"ello\001h\005!\r", "[hello!]"},
    {"hello world\027\027bye\r", "[bye]"},
    {"é€😀x\177\r", "[é€😀]"},
    {"日本\033[D\177語\r", "[語本]"},
    {"\xff"
     "a\r",
     "[a]"},
    {" not kept\r", "[ not kept]"},
    {"\033[A\r", "[a]"}, /* up: what was kept last */
    {"\033[A\033[A\033[B\r", "[a]"},
};

static void test_keys(void **state)
{
    (void)state;
    typist_begin(read_lines, "xterm");
    typist_wait("> ");
    assert_false(typist_is_cooked());
    for (size_t i = 0; i < COUNT(keys); i++) {
        typist_type(keys[i].keys);
        typist_wait(keys[i].line);
    }
    typist_type("\004");
    typist_wait("end");
    assert_int_equal(typist_end(), 6);
}

/* Everything in one go, also what would be the end of input for a terminal
 * that edits lines; before the prompt is there, or when it is. */
static void type_burst(bool waits)
{
    typist_begin(read_lines, "xterm");
    if (waits)
        typist_wait("> ");
    typist_type("one\rtwo\rthree\r\004");
    typist_wait("[one]");
    typist_wait("[two]");
    typist_wait("[three]");
    typist_wait("end");
    assert_int_equal(typist_end(), 6);
}

static void test_burst(void **state)
{
    (void)state;
    type_burst(false);
    type_burst(true);
}

/* Ctrl-Z: the terminal is the shell's while the program is stopped. */
static void test_suspend(void **state)
{
    int status;

    (void)state;
    typist_begin(read_lines, "xterm");
    typist_wait("> ");
    typist_type("hel");
    typist_wait("hel");
    kill(typist_pid(), SIGTSTP);
    assert_int_equal(waitpid(typist_pid(), &status, WUNTRACED), typist_pid());
    assert_true(WIFSTOPPED(status));
    assert_true(typist_is_cooked());
    kill(typist_pid(), SIGCONT);
    typist_wait("> hel");
    assert_false(typist_is_cooked());
    typist_type("lo\r");
    typist_wait("[hello]");
    typist_type("stop\r");
    typist_wait("end");
    assert_int_equal(typist_end(), 5);
}

/* What happens meanwhile is above the line, which is as it was, and goes on.
 */
static void test_news(void **state)
{
    (void)state;
    typist_begin(read_lines, "xterm");
    typist_wait("> ");
    typist_type("hel");
    typist_wait("hel");
    tell_news('1');
    typist_wait("news 1\r\n");
    typist_wait("> hel");
    assert_string_equal(typist_screen(), "news 1\n> hel");
    typist_type("lo\033[D\033[D");
    tell_news('2');
    typist_wait("news 2\r\n");
    typist_wait("> hello");
    assert_string_equal(typist_screen(), "news 1\nnews 2\n> hello");
    typist_type("\033[Dp\r"); /* the cursor is where it was */
    typist_wait("[hepllo]");
    typist_type("\004");
    assert_int_equal(typist_end(), 6);
}

/* A line of several rows, with the cursor in each. */
static void test_long_line(void **state)
{
    char text[201], want[512];

    (void)state;
    memset(text, 'x', 200);
    text[200] = '\0';
    typist_begin(read_lines, "xterm");
    typist_wait("> ");
    typist_type(text);
    typist_type("$");
    typist_wait("$");
    for (int i = 0; i < 3; i++) {
        tell_news((char)('1' + i));
        typist_wait("news");
        typist_wait("$");
        for (int k = 0; k < 70; k++)
            typist_type("\033[D");
        typist_type("\005\001"); /* there and back, to see it end */
    }
    typist_type("\r");
    snprintf(want, sizeof(want), "[%.20s", text);
    typist_wait(want);
    snprintf(want, sizeof(want),
             "news 1\nnews 2\nnews 3\n[%.79s\n%.80s\n%.41s$]", text, text,
             text);
    typist_type("\004");
    typist_wait("end");
    assert_memory_equal(typist_screen(), want, strlen(want));
    assert_int_equal(typist_end(), 6);
}

static void test_resize(void **state)
{
    (void)state;
    typist_begin(read_lines, "xterm");
    typist_wait("> ");
    typist_type("hello");
    typist_wait("hello");
    kill(typist_pid(), SIGWINCH);
    typist_wait("> hello");
    assert_string_equal(typist_screen(), "> hello");
    typist_type("\r");
    typist_wait("[hello]");
    typist_type("\004");
    assert_int_equal(typist_end(), 6);
}

/* Lines of an earlier session come back, but for those with a space first. */
static void test_history(void **state)
{
    (void)state;
    typist_begin(read_lines, "xterm");
    typist_wait("> ");
    typist_type("first é\r secret\rsecond\rstop\r");
    typist_wait("end");
    assert_int_equal(typist_end(), 5);

    typist_begin(read_lines, "xterm");
    typist_wait("> ");
    typist_type("\033[A\033[A\r");
    typist_wait("[second]");
    typist_type("\033[A\033[A\033[A\033[A\r");
    typist_wait("[first é]");
    assert_true(typist_lacks("secret"));
    typist_type("\004");
    assert_int_equal(typist_end(), 6);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_keys),    TEST(test_burst),     TEST(test_suspend),
        TEST(test_news),    TEST(test_long_line), TEST(test_resize),
        TEST(test_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    puts("built without libedit");
    return 77;
}

#endif
