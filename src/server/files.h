/* SPDX-License-Identifier: MIT */
/*
 * Static files below a document root. The kernel itself keeps every lookup
 * inside it (openat2 with RESOLVE_BENEATH), whatever the path or a symbolic
 * link says.
 */
#ifndef WEFT_SERVER_FILES_H
#define WEFT_SERVER_FILES_H

#include "base/buf.h"
#include "base/slice.h"

struct weft_http_request;

struct weft_files {
    int root; /* a directory, or -1: none is served */
};

/* A file on its way out. */
struct weft_file {
    int fd;            /* -1: none */
    uint64_t at, left; /* bytes */
};

/* root may be NULL. 0, MISSING, DENIED, or SYSTEM (a kernel before 5.6). */
WEFT_CHECK int weft_files_init(struct weft_files *files, const char *root);
void weft_files_release(struct weft_files *files);

/*
 * Answers GET and HEAD of a decoded path: a status, with the fields of the
 * head that describe the body in *head, and for 200 and 206 of a GET the body
 * in *file. 301, for a folder without its slash; 304; 404; 412; 416; 500.
 */
int weft_files_answer(const struct weft_files *files,
                      const struct weft_http_request *req, const char *path,
                      int64_t now, struct weft_buf *head,
                      struct weft_file *file);

void weft_file_close(struct weft_file *file);

#endif
