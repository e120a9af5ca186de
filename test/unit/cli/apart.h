/* SPDX-License-Identifier: MIT */
/* For what cannot be undone: in a process of its own, and in its own folder. */
#ifndef WEFT_TEST_APART_H
#define WEFT_TEST_APART_H

#include <stddef.h>

/* What fn returns there, 0 to 254. */
int apart(int (*fn)(const void *arg), const void *arg);

/* A folder, as setup and teardown of a test; it is emptied and removed. */
extern char apart_dir[64];
int apart_setup(void **state);
int apart_teardown(void **state);

/* The path of a name in the folder; lives for the next 127 calls. */
const char *apart_path(const char *name);

/* Make folders above it, if need be, and it. */
const char *apart_write(const char *name, const char *text, unsigned mode);
const char *apart_mkdir(const char *name);

/* 0 or errno: whether the file can be read, a folder listed, a file made or
 * opened to be written. */
int apart_read(const char *path);
int apart_list(const char *path);
int apart_make(const char *path);

#endif
