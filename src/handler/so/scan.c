/* SPDX-License-Identifier: MIT */
/*
 * Walks a folder by descriptors, never by joined path names, so that what is
 * renamed meanwhile leads nowhere else. The one link that is followed, to a
 * file, goes through openat2 with RESOLVE_BENEATH, which is the kernel's own
 * judgement of "inside".
 *
 * A file that disappears while we look is not there; nothing is said about it.
 */
#include "handler/so/scan.h"
#include "base/mem.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A folder that is being read. */
struct place {
    int root;           /* the folder of all */
    const char *prefix; /* this one's name with a "/" behind; "" for root */
    unsigned depth;     /* 0 for root */
    DIR *dir;           /* this one, while it is read */
};

static int read_folder(struct weft_scan *scan, struct place at, int fd);

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), end_len = strlen(end);

    return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

/* The length of a handler's name without what makes it one; -1: it is none. */
static ssize_t stem_of(const char *name, enum weft_found_kind *kind)
{
    if (ends_with(name, "_wsh.c")) {
        *kind = WEFT_FOUND_SOURCE;
        return (ssize_t)(strlen(name) - strlen("_wsh.c"));
    }
    if (ends_with(name, "_wsh.so")) {
        *kind = WEFT_FOUND_OBJECT;
        return (ssize_t)(strlen(name) - strlen("_wsh.so"));
    }
    return -1;
}

/* prefix and name in one string; NULL: no memory. */
static char *join(const struct weft_mem *mem, const char *prefix,
                  const char *name, size_t name_len)
{
    size_t prefix_len = strlen(prefix);
    char *joined = weft_alloc(mem, prefix_len + name_len + 1);

    if (joined) {
        memcpy(joined, prefix, prefix_len);
        memcpy(joined + prefix_len, name, name_len);
        joined[prefix_len + name_len] = '\0';
    }
    return joined;
}

static int grow(struct weft_scan *scan)
{
    size_t cap = scan->cap ? scan->cap * 2 : 16;
    struct weft_found *found;

    if (scan->count < scan->cap)
        return 0;
    found = weft_resize(scan->mem, scan->found, scan->cap * sizeof(*found),
                        cap * sizeof(*found));
    if (!found)
        return WEFT_ERR_NOMEM;
    scan->found = found;
    scan->cap = cap;
    return 0;
}

/* why is NULL for a file that is fine. */
static int add(struct weft_scan *scan, const struct place *at, const char *name,
               const char *why)
{
    enum weft_found_kind kind = WEFT_FOUND_REFUSED;
    ssize_t stem = stem_of(name, &kind);
    size_t path_len = stem < 0 ? strlen(name) : (size_t)stem;
    struct weft_found f = {.kind = why ? WEFT_FOUND_REFUSED : kind, .why = why};
    int err = grow(scan);

    if (err)
        return err;
    f.name = join(scan->mem, at->prefix, name, strlen(name));
    if (f.name)
        f.path = join(scan->mem, "/", f.name, strlen(at->prefix) + path_len);
    if (!f.path) {
        weft_strfree(scan->mem, f.name);
        return WEFT_ERR_NOMEM;
    }
    scan->found[scan->count++] = f;
    return 0;
}

/* Adds up what is known of a file that is no handler. A sum does not depend on
 * the order in which the folder gives its files. */
static void add_other(struct weft_scan *scan, const struct place *at,
                      const char *name, const struct stat *st)
{
    struct weft_digest d;

    weft_digest_init(&d);
    weft_digest_add_text(&d, at->prefix);
    weft_digest_add_text(&d, name);
    weft_digest_add(&d, &st->st_ino, sizeof(st->st_ino));
    weft_digest_add(&d, &st->st_size, sizeof(st->st_size));
    weft_digest_add(&d, &st->st_mtim, sizeof(st->st_mtim));
    scan->others.half[0] += d.half[0];
    scan->others.half[1] += d.half[1];
}

/* Where a link leads that has a handler's name: NULL, or what is wrong. */
static const char *judge_link(const struct place *at, const char *name)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                           .resolve = RESOLVE_BENEATH};
    char path[PATH_MAX];
    struct stat st;
    int fd, n;
    bool is_file;

    n = snprintf(path, sizeof(path), "%s%s", at->prefix, name);
    if (n < 0 || (size_t)n >= sizeof(path))
        return "its name is too long";
    fd = (int)syscall(SYS_openat2, at->root, path, &how, sizeof(how));
    if (fd < 0)
        return errno == EXDEV    ? "it is a link that leads out of the folder"
               : errno == ENOENT ? "it is a link that leads nowhere"
                                 : "it is a link that cannot be followed";
    is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    close(fd);
    return is_file ? NULL : "it is a link to something that is not a file";
}

static int enter(struct weft_scan *scan, const struct place *at,
                 const char *name)
{
    struct place below = {.root = at->root, .depth = at->depth + 1};
    size_t size = strlen(at->prefix) + strlen(name) + 2;
    char *prefix;
    int fd, err;

    if (below.depth == WEFT_SCAN_DEPTH)
        return add(scan, at, name, "it is a folder too deep down");
    fd = openat(dirfd(at->dir), name,
                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES
                   ? add(scan, at, name, "it is a folder we may not read")
                   : 0;
    prefix = weft_alloc(scan->mem, size);
    if (!prefix) {
        close(fd);
        return WEFT_ERR_NOMEM;
    }
    snprintf(prefix, size, "%s%s/", at->prefix, name);
    below.prefix = prefix;
    err = read_folder(scan, below, fd);
    weft_strfree(scan->mem, prefix);
    return err;
}

static int look_at(struct weft_scan *scan, const struct place *at,
                   const char *name)
{
    enum weft_found_kind kind;
    struct stat st;
    const char *why = NULL;

    if (name[0] == '.')
        return 0;
    if (++scan->entries > WEFT_SCAN_ENTRIES)
        return WEFT_ERR_LIMIT;
    if (fstatat(dirfd(at->dir), name, &st, AT_SYMLINK_NOFOLLOW))
        return 0;
    if (S_ISDIR(st.st_mode))
        return enter(scan, at, name);
    if (stem_of(name, &kind) < 0) {
        add_other(scan, at, name, &st);
        return 0;
    }
    if (S_ISLNK(st.st_mode))
        why = judge_link(at, name);
    else if (!S_ISREG(st.st_mode))
        why = "it is not a file";
    return add(scan, at, name, why);
}

/* Takes over fd. */
static int read_folder(struct weft_scan *scan, struct place at, int fd)
{
    struct dirent *entry;
    int err = 0;

    at.dir = fdopendir(fd);
    if (!at.dir) {
        close(fd);
        return errno == ENOMEM ? WEFT_ERR_NOMEM : WEFT_ERR_SYSTEM;
    }
    if (scan->folder)
        scan->folder(scan->arg, fd);
    while (!err && (entry = readdir(at.dir)))
        err = look_at(scan, &at, entry->d_name);
    closedir(at.dir);
    return err;
}

static int by_order(const void *a, const void *b)
{
    const struct weft_found *x = a, *y = b;

    return weft_scan_order(x->path, x->name, y->path, y->name);
}

int weft_scan_order(const char *path, const char *name, const char *other_path,
                    const char *other_name)
{
    int order = strcmp(path, other_path);

    return order ? order : strcmp(name, other_name);
}

int weft_scan_run(struct weft_scan *scan, const char *dir)
{
    struct place at = {.prefix = ""};
    int root, fd, err;

    root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return errno == ENOENT || errno == ENOTDIR ? WEFT_ERR_MISSING
                                                   : WEFT_ERR_SYSTEM;
    at.root = root;
    fd = fcntl(root, F_DUPFD_CLOEXEC, 0);
    err = fd < 0 ? WEFT_ERR_SYSTEM : read_folder(scan, at, fd);
    close(root);
    if (!err && scan->count > 0)
        qsort(scan->found, scan->count, sizeof(*scan->found), by_order);
    return err;
}

void weft_scan_release(struct weft_scan *scan)
{
    for (size_t i = 0; i < scan->count; i++) {
        weft_strfree(scan->mem, scan->found[i].name);
        weft_strfree(scan->mem, scan->found[i].path);
    }
    weft_free(scan->mem, scan->found, scan->cap * sizeof(*scan->found));
    scan->found = NULL;
    scan->count = scan->cap = 0;
}
