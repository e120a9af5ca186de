/* SPDX-License-Identifier: MIT */
/* The lines of earlier sessions, in a file. */
#ifndef WEFT_CLI_HISTORY_H
#define WEFT_CLI_HISTORY_H

#include <weft/types.h>

#define HISTORY_MAX 1000 /* lines that are read */
#define HISTORY_PATH_SIZE 4096

/* $XDG_STATE_HOME/weft/connect_history, or the same in ~/.local/state. false
 * where there is no such place, or its name is too long. */
bool history_path(char out[HISTORY_PATH_SIZE]);

/* Calls fn with each of the last lines of the file, the oldest first. A file
 * that has grown long is cut down to them. */
void history_load(const char *path, void (*fn)(void *arg, const char *line),
                  void *arg);

/* Adds a line. The file, and its folders, are made for nobody else to read.
 * Nothing is said where that fails. */
void history_add(const char *path, const char *line);

#endif
