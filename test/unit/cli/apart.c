/* SPDX-License-Identifier: MIT */
#include "apart.h"
#include "command_line.h"
#include "support.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

char apart_dir[64];

int apart(int (*fn)(const void *arg), const void *arg)
{
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0)
        _exit(fn(arg));
    return command_line_wait(pid);
}

int apart_setup(void **state)
{
    (void)state;
    snprintf(apart_dir, sizeof(apart_dir), "/tmp/weft-apart-XXXXXX");
    return mkdtemp(apart_dir) ? 0 : -1;
}

static int remove_it(const char *path, const struct stat *st, int kind,
                     struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

int apart_teardown(void **state)
{
    (void)state;
    return nftw(apart_dir, remove_it, 8, FTW_DEPTH | FTW_PHYS);
}

const char *apart_path(const char *name)
{
    static char paths[128][256];
    static unsigned next;
    char *path = paths[next++ % COUNT(paths)];

    snprintf(path, sizeof(paths[0]), "%s/%s", apart_dir, name);
    return path;
}

const char *apart_mkdir(const char *name)
{
    char part[256];

    for (size_t len = strcspn(name, "/");;
         len += 1 + strcspn(name + len + 1, "/")) {
        snprintf(part, sizeof(part), "%.*s", (int)len, name);
        CHECK(mkdir(apart_path(part), 0755) == 0 || errno == EEXIST, "%s",
              part);
        if (!name[len])
            return apart_path(name);
    }
}

const char *apart_write(const char *name, const char *text, unsigned mode)
{
    const char *slash = strrchr(name, '/'), *path;
    char above[256];
    FILE *file;

    if (slash) {
        snprintf(above, sizeof(above), "%.*s", (int)(slash - name), name);
        apart_mkdir(above);
    }
    path = apart_path(name);
    file = fopen(path, "we");
    CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s", path);
    CHECK(chmod(path, (mode_t)mode) == 0, "%s", path);
    return path;
}

static int try_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

int apart_read(const char *path)
{
    return try_open(path, O_RDONLY);
}

int apart_make(const char *path)
{
    return try_open(path, O_WRONLY | O_CREAT);
}

int apart_list(const char *path)
{
    return try_open(path, O_RDONLY | O_DIRECTORY);
}
