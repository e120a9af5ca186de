/* SPDX-License-Identifier: MIT */
/* The server is a child: it listens on a port that the kernel chose, has a
 * limit of 20,000 descriptors where it may, and writes its log to standard
 * error. */
#include "soak.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define DESCRIPTORS 20000
#define ARGS_MAX 32

static _Noreturn void run(int out, const char *weft, const char *handlers,
                          const char *const *more)
{
    const char *argv[ARGS_MAX] = {weft, "serve", "-H",          "127.0.0.1",
                                  "-p", "0",     "--log-level", "error",
                                  "-w", handlers};
    struct rlimit limit;
    size_t n = 10;

    while (*more && n < ARGS_MAX - 1)
        argv[n++] = *more++;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur =
            limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, STDOUT_FILENO);
    /* It does not write to them, though its type cannot say so. */
    execv(weft, (char *const *)(uintptr_t)argv);
    die(weft);
}

/* The port, from the first line that names it. */
static int port_from(int fd)
{
    char text[4096] = "";
    size_t len = 0;

    for (;;) {
        ssize_t n = read(fd, text + len, sizeof(text) - 1 - len);
        const char *at;

        if (n <= 0 || len + (size_t)n == sizeof(text) - 1)
            die("the server did not say where it listens");
        len += (size_t)n;
        text[len] = '\0';
        at = strstr(text, "listening on 127.0.0.1:");
        if (at && strchr(at, '\n'))
            return (int)strtol(strchr(at, ':') + 1, NULL, 10);
    }
}

void server_start(struct server *server, const char *weft, const char *handlers,
                  const char *const *more)
{
    int out[2];

    fflush(stdout);
    if (pipe2(out, O_CLOEXEC) < 0)
        die("pipe");
    server->pid = fork();
    if (server->pid < 0)
        die("fork");
    if (server->pid == 0)
        run(out[1], weft, handlers, more);
    close(out[1]);
    server->out = out[0];
    server->port = port_from(out[0]);
}

int server_stop(struct server *server)
{
    int status;

    kill(server->pid, SIGTERM);
    while (waitpid(server->pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    close(server->out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A small file of /proc about it. */
static void look(const struct server *server, const char *name, char *text,
                 size_t size)
{
    char path[64];
    FILE *file;
    size_t len = 0;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)server->pid, name);
    file = fopen(path, "re");
    if (file) {
        len = fread(text, 1, size - 1, file);
        fclose(file);
    }
    text[len] = '\0';
}

size_t server_rss(const struct server *server)
{
    char text[4096];
    const char *at;

    look(server, "status", text, sizeof(text));
    at = strstr(text, "VmRSS:");
    return at ? strtoul(at + 6, NULL, 10) * 1024 : 0;
}

/* The 14th and 15th field, in hundredths of a second: proc(5). */
uint64_t server_cpu_ms(const struct server *server)
{
    char text[1024], *at;
    unsigned long user, kernel;

    look(server, "stat", text, sizeof(text));
    at = strrchr(text, ')');
    for (int field = 2; at && field < 14; field++)
        at = strchr(at + 1, ' ');
    if (!at)
        return 0;
    user = strtoul(at, &at, 10);
    kernel = strtoul(at, NULL, 10);
    return 10 * (user + kernel);
}
