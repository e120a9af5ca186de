/* SPDX-License-Identifier: MIT */
/*
 * The compiler runs in a process group of its own, because it starts others
 * (cc1, as, ld) that must end with it. Its end is seen through a pidfd, not
 * through the end of its output: something it left behind could hold that
 * open. Signals are set back to what a program expects to find.
 */
#include "handler/so/compile.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a compiler that is told to stop may take to remove its files. */
#define STOP_MS 500

/* A pipe holds 16 pages: enough for all that a program that has ended can have
 * left, and a bound for one that never stops writing. */
#define PIPE_BLOCKS 16

extern char **environ;

static int set_actions(posix_spawn_file_actions_t *actions, int output)
{
    int err =
        posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);

    if (!err)
        err = posix_spawn_file_actions_adddup2(actions, output, 1);
    if (!err)
        err = posix_spawn_file_actions_adddup2(actions, output, 2);
    return err;
}

static int set_attributes(posix_spawnattr_t *attr)
{
    sigset_t none, all;
    int err;

    sigemptyset(&none);
    sigfillset(&all);
    err = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP |
                                             POSIX_SPAWN_SETSIGMASK |
                                             POSIX_SPAWN_SETSIGDEF);
    if (!err)
        err = posix_spawnattr_setpgroup(attr, 0);
    if (!err)
        err = posix_spawnattr_setsigmask(attr, &none);
    if (!err)
        err = posix_spawnattr_setsigdefault(attr, &all);
    return err;
}

/* The kernel does not write to the arguments; the type of posix_spawn is
 * older than const. */
static char **without_const(const char *const args[])
{
    union {
        const char *const *given;
        char **wanted;
    } both = {.given = args};

    return both.wanted;
}

/* 0 or errno. */
static int spawn(pid_t *pid, const char *const args[], int output)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int err;

    err = posix_spawn_file_actions_init(&actions);
    if (err)
        return err;
    err = posix_spawnattr_init(&attr);
    if (err) {
        posix_spawn_file_actions_destroy(&actions);
        return err;
    }
    err = set_actions(&actions, output);
    if (!err)
        err = set_attributes(&attr);
    if (!err)
        err = posix_spawnp(pid, args[0], &actions, &attr, without_const(args),
                           environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return err;
}

int weft_compile_start(struct weft_compile *run, const struct weft_mem *mem,
                       const char *const args[])
{
    int pipe_fd[2], err;

    *run = (struct weft_compile){.exited = -1, .output = -1};
    weft_buf_init(&run->text, mem, WEFT_COMPILE_OUTPUT);
    if (pipe2(pipe_fd, O_CLOEXEC)) {
        weft_compile_release(run);
        return WEFT_ERR_SYSTEM;
    }
    run->output = pipe_fd[0];
    err = spawn(&run->pid, args, pipe_fd[1]);
    close(pipe_fd[1]);
    if (err) {
        run->pid = 0;
        weft_compile_release(run);
        return err == ENOENT ? WEFT_ERR_MISSING : WEFT_ERR_SYSTEM;
    }
    run->exited = pidfd_open(run->pid, 0);
    if (run->exited < 0 || fcntl(run->output, F_SETFL, O_NONBLOCK)) {
        weft_compile_release(run);
        return WEFT_ERR_SYSTEM;
    }
    return 0;
}

static int keep(struct weft_compile *run, const char *bytes, size_t len)
{
    size_t room = WEFT_COMPILE_OUTPUT - run->text.len;

    if (len > room) {
        run->is_cut = true;
        len = room;
    }
    return len > 0 ? weft_buf_append(&run->text, bytes, len) : 0;
}

int weft_compile_read(struct weft_compile *run)
{
    struct pollfd ended = {.fd = run->exited, .events = POLLIN};
    char block[4096];
    ssize_t n;
    int err;
    /* Asked first: what it wrote before its end is then in the pipe. */
    bool has_ended = poll(&ended, 1, 0) > 0;

    for (unsigned i = 0; i < PIPE_BLOCKS && run->output >= 0; i++) {
        n = read(run->output, block, sizeof(block));
        if (n == 0) {
            /* Nobody should go on polling what has ended. */
            close(run->output);
            run->output = -1;
        }
        if (n <= 0)
            break;
        err = keep(run, block, (size_t)n);
        if (err)
            return err;
    }
    return has_ended;
}

bool weft_compile_succeeded(struct weft_compile *run, char *why, size_t size)
{
    siginfo_t info = {0};

    if (waitid(P_PIDFD, (id_t)run->exited, &info, WEXITED)) {
        snprintf(why, size,
                 "how the compiler ended is not known; is SIGCHLD "
                 "ignored?");
        run->pid = 0;
        return false;
    }
    run->pid = 0;
    if (info.si_code != CLD_EXITED)
        snprintf(why, size, "the compiler was ended by signal %d (%s)",
                 info.si_status, strsignal(info.si_status));
    else if (info.si_status != 0)
        snprintf(why, size, "the compiler ended with status %d",
                 info.si_status);
    return info.si_code == CLD_EXITED && info.si_status == 0;
}

static void stop(struct weft_compile *run)
{
    struct pollfd ended = {.fd = run->exited, .events = POLLIN};

    kill(-run->pid, SIGTERM);
    if (run->exited >= 0)
        poll(&ended, 1, STOP_MS);
    kill(-run->pid, SIGKILL);
    while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    run->pid = 0;
}

void weft_compile_release(struct weft_compile *run)
{
    if (!run->text.mem)
        return;
    if (run->pid > 0)
        stop(run);
    if (run->exited >= 0)
        close(run->exited);
    if (run->output >= 0)
        close(run->output);
    weft_buf_release(&run->text);
    *run = (struct weft_compile){0};
}
