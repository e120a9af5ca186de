/* SPDX-License-Identifier: MIT */
/* Files and folders that a test makes and that go with it. */
#ifndef WEFT_TEST_TREE_H
#define WEFT_TEST_TREE_H

#include "support.h"
#include <limits.h>
#include <stdbool.h>

/* The folder of the test, empty at first: for cmocka's setup and teardown. */
int tree_setup(void **state);
int tree_teardown(void **state);

/* The path of a name in the folder. Lives until the 16th next call. */
const char *tree_path(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Writes a file, with the folders above it. */
void tree_write(const char *name, const char *text);

/* The same, in place of a file of that name, as editors do: in one step. */
void tree_replace(const char *name, const char *text);

/* A program: a script for /bin/sh. Returns its path. */
const char *tree_script(const char *name, const char *text);

void tree_mkdir(const char *name);
void tree_remove(const char *name); /* a folder with all in it, too */
bool tree_has(const char *name);

/* The bytes of a file with a NUL behind; to be freed. */
char *tree_read(const char *name);

/* The number of files in a folder whose names end so. */
size_t tree_count(const char *folder, const char *end);

#endif
