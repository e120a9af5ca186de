/* SPDX-License-Identifier: MIT */
/*
 * A prompt for a terminal that can do nothing but print. Lines come whole,
 * from the terminal's own editing, so that a line cannot be taken off the
 * screen: what is printed meanwhile goes behind it, and the prompt appears
 * anew below, while what was typed is still in the terminal's hands.
 */
#include "cli/fifo.h"
#include "cli/prompt.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_SIZE 4096 /* the most that a terminal gives of a line */

struct plain {
    struct prompt prompt;
    struct prompt_opts opts;
    struct fifo input;
    size_t taking; /* bytes of the line that was given out */
    bool is_reading;
    bool is_drawn;
};

static struct plain *plain_of(struct prompt *prompt)
{
    return (struct plain *)prompt;
}

static struct prompt *plain_new(const struct prompt_opts *opts)
{
    struct plain *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->opts = *opts;
    p->prompt.keeps_lines = true;
    return &p->prompt;
}

static void plain_free(struct prompt *prompt)
{
    struct plain *p = plain_of(prompt);

    fifo_release(&p->input);
    free(p);
}

static void hide(struct prompt *prompt)
{
    struct plain *p = plain_of(prompt);

    if (p->is_drawn)
        fputs("\n", p->opts.out);
    p->is_drawn = false;
}

static void draw(struct prompt *prompt)
{
    struct plain *p = plain_of(prompt);

    if (!p->is_reading || p->is_drawn)
        return;
    fputs(PROMPT_TEXT, p->opts.out);
    fflush(p->opts.out);
    p->is_drawn = true;
}

static void do_nothing(struct prompt *prompt)
{
    (void)prompt;
}

static void suspend(struct prompt *prompt)
{
    (void)prompt;
    raise(SIGSTOP);
}

/* The end of a line that has come, which becomes a NUL; NULL for none. */
static char *cut_line(struct plain *p)
{
    char *start = p->input.data ? p->input.data + p->input.start : NULL;
    char *end = start ? memchr(start, '\n', p->input.len) : NULL;

    if (!end)
        return NULL;
    *end = '\0';
    p->taking = (size_t)(end - start) + 1;
    return start;
}

/* false: the end of input. */
static bool read_more(struct plain *p)
{
    char *room = fifo_room(&p->input, READ_SIZE);
    ssize_t n = room ? read(p->opts.in, room, READ_SIZE) : -1;

    if (n > 0)
        fifo_added(&p->input, (size_t)n);
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static const char *read_line(struct prompt *prompt)
{
    struct plain *p = plain_of(prompt);
    const char *line;

    if (p->taking > 0)
        fifo_take(&p->input, p->taking);
    p->taking = 0;
    p->is_reading = true;
    while (!(line = cut_line(p))) {
        draw(prompt);
        if (!p->opts.wait(p->opts.user) || !read_more(p)) {
            hide(prompt);
            break;
        }
    }
    p->is_reading = false;
    p->is_drawn = false;
    return line;
}

const struct prompt_ops prompt_plain = {
    .new = plain_new,
    .free = plain_free,
    .read = read_line,
    .hide = hide,
    .draw = draw,
    .resize = do_nothing,
    .suspend = suspend,
};
