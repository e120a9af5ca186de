/* SPDX-License-Identifier: MIT */
#include "cli/prompt.h"
#include "support.h"
#include "typist.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct prompt *prompt;
static int news[2]; /* a pipe: each byte in it is news; 's' stops */

static bool wait_for_key(void *user)
{
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = news[0], .events = POLLIN}};
    char byte;

    (void)user;
    for (;;) {
        prompt_draw(prompt);
        poll(fds, 2, -1);
        if (!(fds[1].revents & POLLIN))
            return true;
        if (read(news[0], &byte, 1) != 1 || byte == 's')
            return false;
        if (byte == 'z')
            prompt_suspend(prompt);
        prompt_resize(prompt);
        prompt_hide(prompt);
        printf("news %c\n", byte);
        fflush(stdout);
    }
}

static int read_lines(void)
{
    const struct prompt_opts opts = {
        .in = STDIN_FILENO, .out = stdout, .wait = wait_for_key};
    const char *line;

    prompt = prompt_plain.new(&opts);
    if (!prompt)
        return 1;
    prompt->ops = &prompt_plain;
    if (!prompt->keeps_lines)
        return 2;
    while ((line = prompt_read(prompt)))
        printf("[%s]\n", line);
    puts("end");
    prompt_free(prompt);
    return 5;
}

static int set_up(void **state)
{
    (void)state;
    return pipe(news);
}

static int tear_down(void **state)
{
    (void)state;
    close(news[0]);
    close(news[1]);
    return 0;
}

static void tell_news(char byte)
{
    CHECK(write(news[1], &byte, 1) == 1, "%c", byte);
}

static void test_lines(void **state)
{
    (void)state;
    typist_begin(read_lines, "dumb");
    typist_wait("> ");
    assert_true(typist_is_cooked());
    typist_type("one\r\rt\177three\rfo\004ur\r\004");
    typist_wait("[one]");
    typist_wait("[]");
    typist_wait("[three]");
    typist_wait("[four]");
    typist_wait("end");
    assert_true(typist_lacks("\033"));
    assert_int_equal(typist_end(), 5);
}

/* The terminal keeps what is being typed. */
static void test_news(void **state)
{
    (void)state;
    typist_begin(read_lines, "dumb");
    typist_wait("> ");
    typist_type("hel");
    typist_wait("hel");
    tell_news('1');
    typist_wait("\r\nnews 1\r\n> ");
    typist_type("lo\r");
    typist_wait("[hello]");
    tell_news('s');
    typist_wait("end");
    assert_int_equal(typist_end(), 5);
}

static void test_suspend(void **state)
{
    int status;

    (void)state;
    typist_begin(read_lines, "dumb");
    typist_wait("> ");
    tell_news('z');
    assert_int_equal(waitpid(typist_pid(), &status, WUNTRACED), typist_pid());
    assert_true(WIFSTOPPED(status));
    kill(typist_pid(), SIGCONT);
    typist_wait("news z");
    typist_type("\004");
    assert_int_equal(typist_end(), 5);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lines),
        TEST(test_news),
        TEST(test_suspend),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
