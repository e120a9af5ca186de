/* SPDX-License-Identifier: MIT */
/*
 * A client that is driven from outside: commands come as lines on standard
 * input, and what the library returns and tells goes as lines to standard
 * output. words.h says how a line is written, command.c which commands there
 * are, and events.c what is told. Ends with its input.
 *
 * The loop is driven turn by turn under a poll(), as a program would that has a
 * loop of its own.
 */
#include "driver.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK 65536

struct weft_loop *loop;
struct slot slots[SLOTS];

struct input {
    char *text;
    size_t len, room;
};

/* Runs the lines that are whole. */
static void run_lines(struct input *in)
{
    size_t start = 0;
    char *end;

    while ((end = memchr(in->text + start, '\n', in->len - start))) {
        *end = '\0';
        command_run(in->text + start, "did");
        start = (size_t)(end + 1 - in->text);
    }
    in->len -= start;
    memmove(in->text, in->text + start, in->len);
}

/* False at the end of the input. */
static bool read_input(struct input *in)
{
    ssize_t n;

    if (in->room - in->len < CHUNK) {
        char *text = realloc(in->text, 2 * in->room + CHUNK);

        if (!text)
            return false;
        in->text = text;
        in->room = 2 * in->room + CHUNK;
    }
    n = read(STDIN_FILENO, in->text + in->len, in->room - in->len);
    if (n <= 0)
        return false;
    in->len += (size_t)n;
    run_lines(in);
    return true;
}

static int drive(struct input *in)
{
    for (;;) {
        struct pollfd fds[] = {
            {.fd = weft_loop_fd(loop), .events = POLLIN},
            {.fd = STDIN_FILENO, .events = POLLIN},
        };

        fflush(stdout);
        if (poll(fds, 2, weft_loop_timeout_ms(loop)) < 0)
            return WEFT_ERR_SYSTEM;
        if (fds[1].revents && !read_input(in))
            return 0;
        if (weft_loop_turn(loop, 0) != 0)
            return WEFT_ERR_SYSTEM;
    }
}

int main(void)
{
    struct input in = {0};
    int err = weft_loop_new(&loop, NULL);

    if (!err)
        err = drive(&in);
    for (size_t i = 0; i < SLOTS; i++)
        command_clear(&slots[i]);
    weft_loop_free(loop);
    free(in.text);
    if (err)
        fprintf(stderr, "%s\n", weft_strerror(err));
    return err ? 1 : 0;
}
