/* SPDX-License-Identifier: MIT */
#include "tree.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[PATH_MAX];

int tree_setup(void **state)
{
    const char *base = getenv("TMPDIR");

    (void)state;
    snprintf(root, sizeof(root), "%s/weft-test-XXXXXX", base ? base : "/tmp");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

int tree_teardown(void **state)
{
    (void)state;
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *tree_path(const char *format, ...)
{
    static char paths[16][PATH_MAX];
    static unsigned turn;
    char *path = paths[turn++ % COUNT(paths)];
    size_t len = (size_t)snprintf(path, PATH_MAX, "%s/", root);
    va_list args;

    va_start(args, format);
    vsnprintf(path + len, PATH_MAX - len, format, args);
    va_end(args);
    return path;
}

static void make_parents(const char *path)
{
    char part[PATH_MAX];

    for (const char *p = path + strlen(root) + 1; (p = strchr(p, '/')); p++) {
        snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
        mkdir(part, 0755);
    }
}

static void write_to(const char *path, const char *text, mode_t mode)
{
    size_t len = strlen(text);
    int fd;

    make_parents(path);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    CHECK(fd >= 0, "%s", path);
    CHECK(write(fd, text, len) == (ssize_t)len, "%s", path);
    close(fd);
}

void tree_write(const char *name, const char *text)
{
    write_to(tree_path("%s", name), text, 0644);
}

void tree_replace(const char *name, const char *text)
{
    const char *path = tree_path("%s", name);
    const char *fresh = tree_path("%s.new~", name);

    write_to(fresh, text, 0644);
    CHECK(rename(fresh, path) == 0, "%s", path);
}

const char *tree_script(const char *name, const char *text)
{
    const char *path = tree_path("%s", name);
    char whole[8192];

    snprintf(whole, sizeof(whole), "#!/bin/sh\n%s\n", text);
    write_to(path, whole, 0755);
    return path;
}

void tree_mkdir(const char *name)
{
    const char *path = tree_path("%s", name);

    make_parents(path);
    CHECK(mkdir(path, 0755) == 0, "%s", path);
}

void tree_remove(const char *name)
{
    CHECK(nftw(tree_path("%s", name), remove_one, 16, FTW_DEPTH | FTW_PHYS) ==
              0,
          "%s", name);
}

bool tree_has(const char *name)
{
    return access(tree_path("%s", name), F_OK) == 0;
}

char *tree_read(const char *name)
{
    FILE *f = fopen(tree_path("%s", name), "r");
    char *text = calloc(1, 65536);

    CHECK(f && text, "%s", name);
    CHECK(fread(text, 1, 65535, f) < 65535, "%s is too long", name);
    fclose(f);
    return text;
}

size_t tree_count(const char *folder, const char *end)
{
    DIR *dir = opendir(tree_path("%s", folder));
    struct dirent *entry;
    size_t n = 0;

    while (dir && (entry = readdir(dir))) {
        size_t len = strlen(entry->d_name);

        if (len >= strlen(end) &&
            strcmp(entry->d_name + len - strlen(end), end) == 0)
            n++;
    }
    if (dir)
        closedir(dir);
    return n;
}
