/* SPDX-License-Identifier: MIT */
/*
 * A line of the file is a line that was typed. Each is added at once, by a
 * single write to a file opened for appending, so that several sessions may
 * share it and none loses what it had when it is cut off. A file of twice as
 * many lines as are wanted is replaced by a shorter one.
 */
#include "cli/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "weft/connect_history"

bool history_path(char out[HISTORY_PATH_SIZE])
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int len;

    /* The XDG base directory specification: relative paths are ignored. */
    if (state && state[0] == '/')
        len = snprintf(out, HISTORY_PATH_SIZE, "%s/" FILE_NAME, state);
    else if (home && home[0] == '/')
        len = snprintf(out, HISTORY_PATH_SIZE, "%s/.local/state/" FILE_NAME,
                       home);
    else
        return false;
    return len < HISTORY_PATH_SIZE;
}

/* The folders on the way to a file. */
static void make_folders(const char *path)
{
    char folder[HISTORY_PATH_SIZE];
    size_t len = strlen(path);

    if (len >= sizeof(folder))
        return;
    memcpy(folder, path, len + 1);
    for (char *p = folder + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            return;
        *p = '/';
    }
}

void history_add(const char *path, const char *line)
{
    size_t len = strlen(line);
    char *text;
    int fd;

    make_folders(path);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    text = malloc(len + 1);
    if (text) {
        memcpy(text, line, len);
        text[len] = '\n';
        /* What cannot be kept is no reason to stop. */
        if (write(fd, text, len + 1) < 0)
            errno = 0;
    }
    free(text);
    close(fd);
}

/* The last lines, in the order in which they came round. */
struct last {
    char *lines[HISTORY_MAX];
    size_t count; /* of all that were read */
};

static void keep(struct last *last, char *line, size_t len)
{
    char **place = &last->lines[last->count++ % HISTORY_MAX];

    if (len > 0 && line[len - 1] == '\n')
        line[len - 1] = '\0';
    free(*place);
    *place = strdup(line);
}

static const char *line_at(const struct last *last, size_t i)
{
    size_t first = last->count > HISTORY_MAX ? last->count % HISTORY_MAX : 0;

    return last->lines[(first + i) % HISTORY_MAX];
}

/* Puts the file's last lines in its place. */
static void cut_down(const char *path, const struct last *last)
{
    char name[HISTORY_PATH_SIZE + 8];
    FILE *file = NULL;
    bool is_written;
    int fd;

    snprintf(name, sizeof(name), "%s.XXXXXX", path);
    fd = mkostemp(name, O_CLOEXEC); /* mode 0600 */
    if (fd >= 0)
        file = fdopen(fd, "w");
    if (!file)
        return;
    for (size_t i = 0; i < HISTORY_MAX; i++)
        if (line_at(last, i))
            fprintf(file, "%s\n", line_at(last, i));
    is_written = !ferror(file);
    if (fclose(file) != 0 || !is_written || rename(name, path) != 0)
        unlink(name);
}

void history_load(const char *path, void (*fn)(void *arg, const char *line),
                  void *arg)
{
    static struct last last;
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    if (!file)
        return;
    while ((len = getline(&line, &size, file)) >= 0)
        keep(&last, line, (size_t)len);
    free(line);
    fclose(file);
    for (size_t i = 0; i < HISTORY_MAX && i < last.count; i++)
        if (line_at(&last, i))
            fn(arg, line_at(&last, i));
    if (last.count >= (size_t)2 * HISTORY_MAX)
        cut_down(path, &last);
    for (size_t i = 0; i < HISTORY_MAX; i++)
        free(last.lines[i]);
    memset(&last, 0, sizeof(last));
}
