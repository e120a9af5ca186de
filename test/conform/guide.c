/* SPDX-License-Identifier: MIT */
/*
 * The program that drives the client. A thread reads what it writes; lines go
 * to it from all threads. That it has gone shows as the end of what it writes.
 */
#include "guide.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void take_lines(struct guide *g, struct bytes *in)
{
    uint8_t *end;

    while (in->len && (end = memchr(in->p, '\n', in->len))) {
        size_t n = (size_t)(end - in->p);

        *end = '\0';
        g->line(g->arg, (const char *)in->p);
        bytes_drop(in, n + 1);
    }
}

static void *read_lines(void *arg)
{
    struct guide *g = arg;
    struct bytes in = {0};
    ssize_t n;

    for (;;) {
        n = read(g->from, bytes_room(&in, 65536), 65536);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        in.len += (size_t)n;
        take_lines(g, &in);
    }
    g->line(g->arg, NULL);
    bytes_release(&in);
    return NULL;
}

/* In the child; "exec" spares a shell that would stand between. */
static void run_command(const char *command, int in, int out)
{
    struct bytes text = {0};
    sigset_t none;

    bytes_print(&text, "exec %s", command);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", (char *)text.p, (char *)NULL);
    _exit(127);
}

bool guide_start(struct guide *g, const char *command)
{
    int in[2], out[2];

    if (pipe2(in, O_CLOEXEC) < 0)
        return false;
    if (pipe2(out, O_CLOEXEC) < 0)
        return false;
    g->pid = fork();
    if (g->pid == 0)
        run_command(command, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    g->to = in[1];
    g->from = out[0];
    if (g->pid < 0)
        return false;
    pthread_mutex_init(&g->lock, NULL);
    errno = pthread_create(&g->reader, NULL, read_lines, g);
    return errno == 0;
}

void guide_say(struct guide *g, const char *text, size_t len)
{
    pthread_mutex_lock(&g->lock);
    while (len) {
        ssize_t n = write(g->to, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break; /* it has gone, which the reader tells */
        text += n;
        len -= (size_t)n;
    }
    pthread_mutex_unlock(&g->lock);
}

int guide_end(struct guide *g, int64_t wait_ms)
{
    struct pollfd ended = {.events = POLLIN};
    int status = -1;

    close(g->to);
    ended.fd = (int)syscall(SYS_pidfd_open, g->pid, 0);
    if (ended.fd < 0 || poll(&ended, 1, (int)wait_ms) <= 0)
        kill(g->pid, SIGKILL);
    if (ended.fd >= 0)
        close(ended.fd);
    waitpid(g->pid, &status, 0);
    pthread_join(g->reader, NULL);
    close(g->from);
    return status;
}
