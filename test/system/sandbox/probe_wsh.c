/* SPDX-License-Identifier: MIT */
/* /probe: tries what it is told to, "read /etc/hosts", and answers with what
 * came of it: "ok", the name of an errno, or what it was asked for. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strerrorname_np, unshare */
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft/handler.h>

#define ANSWER 4096

static int try_read(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char byte;
    int ret = fd < 0 ? -1 : (int)read(fd, &byte, 1);

    if (fd >= 0)
        close(fd);
    return ret;
}

static int try_write(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int ret = fd < 0 ? -1 : (int)write(fd, "x", 1);

    if (fd >= 0)
        close(fd);
    return ret;
}

static int try_list(const char *path)
{
    DIR *dir = opendir(path);

    return dir ? closedir(dir) : -1;
}

static int try_run(const char *path)
{
    char *const args[] = {strdup(path), NULL};
    int status, err;
    pid_t pid;

    err = posix_spawn(&pid, path, NULL, NULL, args, args + 1);
    free(args[0]);
    errno = err;
    if (err || waitpid(pid, &status, 0) < 0)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int try_look_up(const char *name)
{
    struct addrinfo *list = NULL;
    int err = getaddrinfo(name, "80", NULL, &list);

    if (list)
        freeaddrinfo(list);
    errno = ENOENT;
    return err ? -1 : 0;
}

static int try_signal(const char *pid)
{
    return kill((pid_t)strtol(pid, NULL, 10), 0);
}

static int try_namespace(const char *unused)
{
    (void)unused;
    return unshare(CLONE_NEWNS);
}

/* Of a process that is not there, so that nothing comes of it. */
static int try_trace(const char *unused)
{
    (void)unused;
    return (int)ptrace(PTRACE_SEIZE, INT32_MAX, NULL, NULL);
}

static const struct {
    const char *name;
    int (*try_it)(const char *argument);
} attempts[] = {
    {"read", try_read},     {"write", try_write},
    {"list", try_list},     {"remove", unlink},
    {"run", try_run},       {"look-up", try_look_up},
    {"signal", try_signal}, {"new-namespace", try_namespace},
    {"trace", try_trace},
};

/* A line of /proc/self/status: "status CapEff". */
static void tell_status(char answer[ANSWER], const char *name)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[ANSWER];
    size_t len = strlen(name);

    snprintf(answer, ANSWER, "none");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, name, len) == 0 && line[len] == ':')
            snprintf(answer, ANSWER, "%.*s", (int)strcspn(line + len + 2, "\n"),
                     line + len + 2);
    if (file)
        fclose(file);
}

static void tell(char answer[ANSWER], const char *what, const char *argument)
{
    const char *value;

    if (strcmp(what, "status") == 0) {
        tell_status(answer, argument);
        return;
    }
    if (strcmp(what, "variable") == 0) {
        value = getenv(argument);
        snprintf(answer, ANSWER, "%s", value ? value : "none");
        return;
    }
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
        if (strcmp(attempts[i].name, what) == 0)
            snprintf(answer, ANSWER, "%s",
                     attempts[i].try_it(argument) < 0 ? strerrorname_np(errno)
                                                      : "ok");
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    char text[ANSWER], answer[ANSWER] = "what?", *argument;

    snprintf(text, sizeof(text), "%.*s", (int)msg->len,
             (const char *)msg->data);
    argument = text + strcspn(text, " ");
    if (*argument)
        *argument++ = '\0';
    tell(answer, text, argument);
    weft_send_text(conn, answer);
}

WEFT_HANDLER(.message = on_message)
