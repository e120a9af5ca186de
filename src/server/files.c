/* SPDX-License-Identifier: MIT */
/* A folder is answered by its index.html; there are no listings. Only regular
 * files are served: opening never blocks on a FIFO or a device. */
#include "server/files.h"

#include "http/date.h"
#include "http/http_request.h"
#include "http/mime.h"
#include "http/range.h"
#include "http/response.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ETAG_SIZE 64

static int open_beneath(int root, const char *path)
{
    struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };

    return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

int weft_files_init(struct weft_files *files, const char *root)
{
    int probe;

    files->root = -1;
    if (!root)
        return 0;
    files->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (files->root < 0)
        return errno == EACCES ? WEFT_ERR_DENIED : WEFT_ERR_MISSING;
    probe = open_beneath(files->root, ".");
    if (probe < 0) {
        weft_files_release(files);
        return WEFT_ERR_SYSTEM;
    }
    close(probe);
    return 0;
}

void weft_files_release(struct weft_files *files)
{
    if (files->root >= 0)
        close(files->root);
    files->root = -1;
}

void weft_file_close(struct weft_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    *file = (struct weft_file){.fd = -1};
}

/* Opens a path below the root, a folder by its index.html. The descriptor, or
 * a negative status: -301 when the path of a folder lacks its last slash. */
static int open_path(const struct weft_files *files, const char *path,
                     struct stat *st)
{
    const char *relative = path[1] ? path + 1 : ".";
    int fd = open_beneath(files->root, relative), index;

    if (fd < 0)
        return errno == EMFILE || errno == ENFILE ? -500 : -404;
    if (fstat(fd, st) != 0) {
        close(fd);
        return -500;
    }
    if (!S_ISDIR(st->st_mode))
        return fd;
    if (path[strlen(path) - 1] != '/') {
        close(fd);
        return -301;
    }
    /* A link that is the index file may still not lead out of the root. */
    index = -1;
    close(fd);
    if (strlen(relative) < PATH_MAX - sizeof("/index.html")) {
        char name[PATH_MAX];

        snprintf(name, sizeof(name), "%s/index.html", relative);
        index = open_beneath(files->root, name);
    }
    if (index >= 0 && fstat(index, st) != 0) {
        close(index);
        return -500;
    }
    return index >= 0 ? index : -404;
}

/* Changes whenever the content does, as far as the file system tells. */
static void etag_of(const struct stat *st, char etag[ETAG_SIZE])
{
    snprintf(etag, ETAG_SIZE, "\"%" PRIx64 "-%" PRIx64 ".%lx-%" PRIx64 "\"",
             (uint64_t)st->st_ino, (uint64_t)st->st_mtim.tv_sec,
             st->st_mtim.tv_nsec, (uint64_t)st->st_size);
}

static int put_validators(struct weft_buf *head,
                          const struct weft_validators *is)
{
    char date[WEFT_DATE_SIZE];
    int err;

    weft_date_format(date, is->last_modified);
    err = weft_http_fieldf(head, "Last-Modified", "%s", date);
    if (!err)
        err = weft_http_fieldf(head, "ETag", "%s", is->etag);
    if (!err)
        err = weft_http_fieldf(head, "Cache-Control", "no-cache");
    return err;
}

/* Which bytes are sent: 200, 206 or 416, and the fields that say so. */
static int choose_range(const struct weft_http_request *req,
                        const struct weft_validators *is, uint64_t size,
                        int64_t now, struct weft_buf *head,
                        struct weft_file *file)
{
    size_t from = 0;
    const struct weft_field *field =
        weft_field_next(req->fields, req->count, "Range", &from);
    struct weft_range range;
    int status = 200, err = 0;

    file->left = size;
    if (field && weft_slice_eq(req->method, "GET") &&
        weft_if_range(req->fields, req->count, is, now))
        status = weft_range_parse(&range, field->value, size);
    if (status == 206) {
        file->at = range.first;
        file->left = range.last - range.first + 1;
        err = weft_http_fieldf(head, "Content-Range",
                               "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
                               range.first, range.last, size);
    } else if (status == 416) {
        err = weft_http_fieldf(head, "Content-Range", "bytes */%" PRIu64, size);
    }
    return err ? 500 : status;
}

static int put_content(struct weft_buf *head, const char *path, bool is_index,
                       uint64_t len)
{
    const char *type = weft_mime_type(is_index ? "index.html" : path);
    int err = weft_http_fieldf(head, "Content-Type", "%s", type);

    if (!err)
        err = weft_http_fieldf(head, "Content-Length", "%" PRIu64, len);
    if (!err)
        err = weft_http_fieldf(head, "Accept-Ranges", "bytes");
    if (!err)
        err = weft_http_fieldf(head, "X-Content-Type-Options", "nosniff");
    return err;
}

/* The answer for an open regular file. */
static int describe(const struct weft_http_request *req, const char *path,
                    const struct stat *st, int64_t now, struct weft_buf *head,
                    struct weft_file *file)
{
    bool is_index = path[strlen(path) - 1] == '/';
    char etag[ETAG_SIZE];
    struct weft_validators is = {etag, st->st_mtim.tv_sec};
    int status;

    etag_of(st, etag);
    status = weft_conditions(req->fields, req->count, &is, now);
    if (put_validators(head, &is) != 0)
        return 500;
    if (status != 200)
        return status;
    status = choose_range(req, &is, (uint64_t)st->st_size, now, head, file);
    if (status != 200 && status != 206)
        return status;
    return put_content(head, path, is_index, file->left) != 0 ? 500 : status;
}

/* The path as it goes into Location, where a folder without its slash is. */
static int put_location(struct weft_buf *head, const char *path)
{
    int err = weft_buf_append_text(head, "Location: ");

    for (; !err && *path; path++) {
        unsigned char c = (unsigned char)*path;

        if (c == '/' || (weft_is_tchar(c) && c != '%'))
            err = weft_buf_append(head, path, 1);
        else
            err = weft_buf_printf(head, "%%%02X", c);
    }
    return err ? err : weft_buf_append_text(head, "/\r\n");
}

static int redirect(struct weft_buf *head, const char *path)
{
    if (put_location(head, path) == 0)
        return 301;
    weft_buf_clear(head);
    return 500;
}

int weft_files_answer(const struct weft_files *files,
                      const struct weft_http_request *req, const char *path,
                      int64_t now, struct weft_buf *head,
                      struct weft_file *file)
{
    struct stat st;
    int status;

    *file = (struct weft_file){.fd = -1};
    if (files->root < 0)
        return 404;
    file->fd = open_path(files, path, &st);
    if (file->fd < 0) {
        status = -file->fd;
        file->fd = -1;
        /* "//host" in Location would be another host. */
        if (status == 301)
            status = path[1] == '/' ? 404 : redirect(head, path);
        return status;
    }
    status =
        S_ISREG(st.st_mode) ? describe(req, path, &st, now, head, file) : 404;
    if ((status != 200 && status != 206) || weft_slice_eq(req->method, "HEAD"))
        weft_file_close(file);
    if (status == 500)
        weft_buf_clear(head); /* it may describe a body that does not come */
    return status;
}
