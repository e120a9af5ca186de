/* SPDX-License-Identifier: MIT */
/*
 * The cache holds two files for a source. The rule is what the compiler wrote
 * for -MD the last time: which files the source depends on. It is named by the
 * command and the source's name. The object is named by the contents of the
 * source and of all those files. So looking up reads the rule, digests what it
 * names, and asks for the object of that name; a source that is changed back
 * finds its old object again. One thing is not seen, as with make: a new header
 * that would now be found before the one that was used.
 *
 * A file that changed while the compiler ran may have been read before or
 * after; its times tell, and the run is repeated. They are compared with the
 * time of a file made just before, by the same clock.
 */
#include "handler/so/build.h"
#include "base/buf.h"
#include "base/mem.h"
#include "handler/so/depfile.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Bytes of a rule: a thousand headers take a tenth of it. */
#define RULE_MAX (1u << 20)

int weft_build_fail(struct weft_build *build, int err, const char *format, ...)
{
    va_list args;

    build->err = err;
    va_start(args, format);
    vsnprintf(build->why, sizeof(build->why), format, args);
    va_end(args);
    return err;
}

int weft_builder_init(struct weft_builder *b)
{
    char whole[PATH_MAX];

    if (!realpath(b->dir, whole))
        return errno == ENOENT || errno == ENOTDIR ? WEFT_ERR_MISSING
                                                   : WEFT_ERR_SYSTEM;
    weft_digest_init(&b->dir_id);
    weft_digest_add_text(&b->dir_id, whole);
    weft_digest_add_text(&b->dir_id, b->dir);
    return 0;
}

/* Names the source and the way it is compiled, whatever it contains. */
static void identify(const struct weft_builder *b,
                     const struct weft_build *build, struct weft_digest *id)
{
    *id = b->compiler->id;
    weft_digest_add(id, &b->dir_id, sizeof(b->dir_id));
    weft_digest_add_text(id, build->name);
}

char *weft_build_path(const struct weft_builder *b, const char *name)
{
    size_t size = strlen(b->dir) + strlen(name) + 2;
    char *path = weft_alloc(b->mem, size);

    if (path)
        snprintf(path, size, "%s/%s", b->dir, name);
    return path;
}

/* Whether the file may have changed since then. */
static bool changed_since(const char *path, const struct timespec *since)
{
    struct timespec now;
    struct stat st;

    if (stat(path, &st))
        return true;
    clock_gettime(CLOCK_REALTIME, &now);
    /* A time yet to come is a wrong clock's, and no news. */
    if (st.st_ctim.tv_sec > now.tv_sec)
        return false;
    return st.st_ctim.tv_sec > since->tv_sec ||
           (st.st_ctim.tv_sec == since->tv_sec &&
            st.st_ctim.tv_nsec >= since->tv_nsec);
}

/*
 * The digest of all that the rule names. since may be NULL; otherwise BUSY
 * when one of the files may have changed since then. MISSING when one is
 * gone, INVALID when the rule makes no sense.
 */
static int digest_rule(const struct weft_buf *rule, struct weft_digest *key,
                       const struct timespec *since)
{
    const struct weft_slice text = {(const char *)rule->data, rule->len};
    char path[PATH_MAX];
    size_t pos = 0, count = 0;
    int ret, err;

    while ((ret = weft_depfile_next(text, &pos, path, sizeof(path))) > 0) {
        weft_digest_add_text(key, path);
        err = weft_digest_add_file(key, path);
        if (err)
            return err;
        if (since && changed_since(path, since))
            return WEFT_ERR_BUSY;
        count++;
    }
    return ret < 0 || count == 0 ? WEFT_ERR_INVALID : 0;
}

/* Reads a rule from the cache. 0, MISSING, LIMIT, NOMEM or SYSTEM. */
static int read_rule(const struct weft_builder *b, const char *name,
                     struct weft_buf *rule)
{
    int fd = openat(b->cache->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = 1;
    int err = 0;

    if (fd < 0)
        return WEFT_ERR_MISSING;
    while (!err && n > 0) {
        err = weft_buf_reserve(rule, 4096);
        if (err)
            break;
        n = read(fd, rule->data + rule->len, 4096);
        if (n > 0)
            rule->len += (size_t)n;
    }
    close(fd);
    return n < 0 ? WEFT_ERR_SYSTEM : err;
}

/* Sets key and object from the rule of that name in the cache. */
static int name_object(const struct weft_builder *b, struct weft_build *build,
                       const char *rule_name, const struct timespec *since)
{
    struct weft_buf rule;
    int err;

    weft_buf_init(&rule, b->mem, RULE_MAX);
    identify(b, build, &build->key);
    err = read_rule(b, rule_name, &rule);
    if (!err)
        err = digest_rule(&rule, &build->key, since);
    weft_buf_release(&rule);
    if (!err)
        weft_cache_name(build->object, build->name, &build->key, ".so");
    return err;
}

/* MISSING is kept for what the user can do something about: no compiler. */
static int other_than_missing(int err)
{
    return err == WEFT_ERR_MISSING ? WEFT_ERR_GONE : err;
}

int weft_build_settle(const struct weft_builder *b, struct weft_build *build,
                      const struct weft_build_files *files)
{
    char rule_name[WEFT_CACHE_NAME];
    struct weft_digest id;
    int err;

    err =
        other_than_missing(name_object(b, build, files->rule, &files->started));
    if (err == WEFT_ERR_BUSY)
        return err;
    if (!err)
        err = weft_cache_publish(b->cache, files->object, build->object);
    identify(b, build, &id);
    weft_cache_name(rule_name, build->name, &id, ".d");
    if (!err)
        err = weft_cache_publish(b->cache, files->rule, rule_name);
    if (err)
        weft_build_fail(build, err, "what the compiler made cannot be kept: %s",
                        weft_strerror(err));
    return err;
}

static int find_source(const struct weft_builder *b, struct weft_build *build)
{
    char rule_name[WEFT_CACHE_NAME];
    struct weft_digest id;
    int err;

    identify(b, build, &id);
    weft_cache_name(rule_name, build->name, &id, ".d");
    err = name_object(b, build, rule_name, NULL);
    if (err == WEFT_ERR_NOMEM)
        return weft_build_fail(build, err, "%s", weft_strerror(err));
    return !err && weft_cache_has(b->cache, rule_name) &&
           weft_cache_has(b->cache, build->object);
}

/* Copies a file to the empty file to and digests the copy: the original may be
 * changing. */
static int copy(int to, const char *path, struct weft_digest *digest)
{
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    off_t done = 0;
    ssize_t n;

    if (from < 0)
        return WEFT_ERR_SYSTEM;
    do
        n = sendfile(to, from, &done, 1 << 20);
    while (n > 0 && done <= WEFT_DIGEST_FILE_MAX);
    close(from);
    if (n < 0 || lseek(to, 0, SEEK_SET) < 0)
        return WEFT_ERR_SYSTEM;
    weft_digest_init(digest);
    return weft_digest_add_fd(digest, to);
}

static int find_object(const struct weft_builder *b, struct weft_build *build,
                       const char *path)
{
    char temp[WEFT_CACHE_NAME];
    int fd, err;

    build->key = build->own;
    weft_cache_name(build->object, build->name, &build->key, ".so");
    if (weft_cache_has(b->cache, build->object))
        return 1;

    fd = weft_cache_temp(b->cache, temp);
    err = fd < 0 ? fd : copy(fd, path, &build->key);
    if (fd >= 0)
        close(fd);
    weft_cache_name(build->object, build->name, &build->key, ".so");
    if (!err)
        err = weft_cache_publish(b->cache, temp, build->object);
    if (err && fd >= 0)
        weft_cache_remove(b->cache, temp);
    return err ? weft_build_fail(build, err, "it cannot be copied to %s: %s",
                                 b->cache->path, weft_strerror(err))
               : 1;
}

int weft_build_find(const struct weft_builder *b, struct weft_build *build)
{
    char *path = weft_build_path(b, build->name);
    int err;

    if (!path)
        return weft_build_fail(build, WEFT_ERR_NOMEM, "out of memory");
    weft_digest_init(&build->own);
    err = weft_digest_add_file(&build->own, path);
    if (err)
        err = weft_build_fail(build, other_than_missing(err),
                              "it cannot be read");
    else if (build->is_source)
        err = find_source(b, build);
    else
        err = find_object(b, build, path);
    weft_strfree(b->mem, path);
    return err;
}
