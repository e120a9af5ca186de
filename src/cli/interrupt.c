/* SPDX-License-Identifier: MIT */
/* The handler writes the signal's number to a pipe. SA_RESETHAND gives whoever
 * presses Ctrl-C twice an end of the program, whatever it is doing. */
#include "cli/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int ends[2] = {-1, -1};

static const struct handled {
    int number;
    int flags;
    bool is_of_terminal;
} handled[] = {
    {SIGINT, SA_RESETHAND, false}, {SIGTERM, SA_RESETHAND, false},
    {SIGHUP, SA_RESETHAND, false}, {SIGWINCH, SA_RESTART, true},
    {SIGTSTP, SA_RESTART, true},   {SIGQUIT, SA_RESETHAND, true},
};

static void on_signal(int number)
{
    unsigned char byte = (unsigned char)number;
    int saved = errno;

    /* A full pipe tells enough. */
    if (write(ends[1], &byte, 1) < 0)
        errno = saved;
    errno = saved;
}

static void set(const struct handled *h, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler}, before;

    sigemptyset(&action.sa_mask);
    if (handler == on_signal)
        action.sa_flags = h->flags;
    sigaction(h->number, NULL, &before);
    if (before.sa_handler != SIG_IGN)
        sigaction(h->number, &action, NULL);
}

int interrupt_begin(bool has_terminal)
{
    signal(SIGPIPE, SIG_IGN);
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
        return -1;
    for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
        if (has_terminal || !handled[i].is_of_terminal)
            set(&handled[i], on_signal);
    return ends[0];
}

int interrupt_take(void)
{
    unsigned char byte;

    return read(ends[0], &byte, 1) == 1 ? byte : 0;
}

void interrupt_end(void)
{
    for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
        set(&handled[i], SIG_DFL);
    if (ends[0] >= 0) {
        close(ends[0]);
        close(ends[1]);
    }
    ends[0] = ends[1] = -1;
}
