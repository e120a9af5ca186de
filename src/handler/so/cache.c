/* SPDX-License-Identifier: MIT */
/*
 * The folder is checked through its descriptor and all files in it are reached
 * from there; only the compiler and the dynamic linker are given a path.
 *
 * Removing what is old goes by name and age: a folder given by the user may
 * hold other things, and those are not ours to remove.
 */
#include "handler/so/cache.h"
#include "base/mem.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMP "weft-tmp-"

/* How much of a handler's name the name of its object repeats, for people who
 * read a debugger's list of objects. The digest tells objects apart. */
#define SHOWN_MAX 64

/* Makes the folder and those above it. false: errno says why. */
static bool make_folders(const char *path)
{
    char part[PATH_MAX];
    size_t len = strlen(path);

    if (len == 0 || len >= sizeof(part)) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        part[i] = '\0';
        if (mkdir(part, 0700) && errno != EEXIST)
            return false;
        part[i] = path[i];
    }
    return true;
}

/* 0, DENIED or SYSTEM. */
static int judge(int fd)
{
    struct stat st;

    if (fstat(fd, &st))
        return WEFT_ERR_SYSTEM;
    if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
        return WEFT_ERR_DENIED;
    return 0;
}

static int open_folder(struct weft_cache *cache, const char *path)
{
    char whole[PATH_MAX];
    int err;

    if (!make_folders(path))
        return WEFT_ERR_SYSTEM;
    cache->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (cache->fd < 0)
        return WEFT_ERR_SYSTEM;
    err = judge(cache->fd);
    /* Absolute: the program may change its folder while it runs. */
    if (!err && !realpath(path, whole))
        err = WEFT_ERR_SYSTEM;
    if (!err) {
        cache->path = weft_strdup(cache->mem, whole);
        err = cache->path ? 0 : WEFT_ERR_NOMEM;
    }
    if (err) {
        close(cache->fd);
        cache->fd = -1;
    }
    return err;
}

/* The user's own place for such files. false: there is none. */
static bool usual_place(char path[PATH_MAX])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n = -1;

    /* The XDG base directory specification: a relative path is ignored. */
    if (cache && cache[0] == '/')
        n = snprintf(path, PATH_MAX, "%s/weft/handlers", cache);
    else if (home && home[0] == '/')
        n = snprintf(path, PATH_MAX, "%s/.cache/weft/handlers", home);
    return n > 0 && n < PATH_MAX;
}

static int open_private(struct weft_cache *cache)
{
    const char *base = getenv("TMPDIR");
    char path[PATH_MAX];
    int n, err;

    n = snprintf(path, sizeof(path), "%s/weft-handlers-XXXXXX",
                 base && base[0] == '/' ? base : "/tmp");
    if (n < 0 || (size_t)n >= sizeof(path) || !mkdtemp(path))
        return WEFT_ERR_SYSTEM;
    err = open_folder(cache, path);
    if (err)
        rmdir(path);
    cache->is_private = !err;
    return err;
}

int weft_cache_init(struct weft_cache *cache, const struct weft_mem *mem,
                    const char *path)
{
    char usual[PATH_MAX];
    int err;

    *cache = (struct weft_cache){.mem = mem, .fd = -1};
    if (path)
        return open_folder(cache, path);
    if (usual_place(usual)) {
        err = open_folder(cache, usual);
        if (!err || err == WEFT_ERR_NOMEM)
            return err;
    }
    return open_private(cache);
}

/* Whether a file in the folder was made by us. */
static bool is_ours(const char *name)
{
    const size_t hex = WEFT_DIGEST_HEX - 1;
    const char *dot = strrchr(name, '.');

    if (!dot || (strcmp(dot, ".so") != 0 && strcmp(dot, ".d") != 0))
        return false;
    if (strncmp(name, TEMP, strlen(TEMP)) == 0)
        return true;
    return dot - name > (ptrdiff_t)hex && dot[-(ptrdiff_t)hex - 1] == '-' &&
           strspn(dot - hex, "0123456789abcdef") == hex;
}

void weft_cache_prune(const struct weft_cache *cache, int64_t before_s)
{
    int fd = openat(cache->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    struct stat st;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((entry = readdir(dir)))
        if (is_ours(entry->d_name) &&
            !fstatat(cache->fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
            S_ISREG(st.st_mode) && st.st_mtim.tv_sec < before_s)
            unlinkat(cache->fd, entry->d_name, 0);
    closedir(dir);
}

void weft_cache_release(struct weft_cache *cache)
{
    if (!cache->path)
        return;
    if (cache->is_private) {
        weft_cache_prune(cache, INT64_MAX);
        rmdir(cache->path);
    }
    close(cache->fd);
    weft_strfree(cache->mem, cache->path);
    *cache = (struct weft_cache){.fd = -1};
}

void weft_cache_name(char out[WEFT_CACHE_NAME], const char *name,
                     const struct weft_digest *digest, const char *end)
{
    const char *mark = strstr(name, "_wsh.");
    size_t len = mark ? (size_t)(mark - name) : strlen(name), used = 0;
    char hex[WEFT_DIGEST_HEX];

    if (len > SHOWN_MAX)
        len = SHOWN_MAX;
    for (; used < len; used++) {
        char c = name[used];

        out[used] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-'
                        ? c
                        : '_';
    }
    weft_digest_hex(digest, hex);
    snprintf(out + used, WEFT_CACHE_NAME - used, "-%s%s", hex, end);
}

int weft_cache_temp(const struct weft_cache *cache, char name[WEFT_CACHE_NAME])
{
    char path[PATH_MAX];
    int fd, n;

    n = snprintf(path, sizeof(path), "%s/" TEMP "XXXXXX.so", cache->path);
    if (n < 0 || (size_t)n >= sizeof(path))
        return WEFT_ERR_SYSTEM;
    fd = mkostemps(path, (int)strlen(".so"), O_CLOEXEC);
    if (fd < 0)
        return WEFT_ERR_SYSTEM;
    snprintf(name, WEFT_CACHE_NAME, "%s", strrchr(path, '/') + 1);
    return fd;
}

int weft_cache_publish(const struct weft_cache *cache, const char *temp,
                       const char *name)
{
    return renameat(cache->fd, temp, cache->fd, name) ? WEFT_ERR_SYSTEM : 0;
}

bool weft_cache_has(const struct weft_cache *cache, const char *name)
{
    struct stat st;

    if (fstatat(cache->fd, name, &st, AT_SYMLINK_NOFOLLOW) ||
        !S_ISREG(st.st_mode))
        return false;
    utimensat(cache->fd, name, NULL, AT_SYMLINK_NOFOLLOW);
    return true;
}

void weft_cache_remove(const struct weft_cache *cache, const char *name)
{
    unlinkat(cache->fd, name, 0);
}

char *weft_cache_path(const struct weft_cache *cache, const char *name)
{
    size_t size = strlen(cache->path) + strlen(name) + 2;
    char *path = weft_alloc(cache->mem, size);

    if (path)
        snprintf(path, size, "%s/%s", cache->path, name);
    return path;
}
