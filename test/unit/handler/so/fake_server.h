/* SPDX-License-Identifier: MIT */
/* In place of a server: remembers what is mounted and what is logged. */
#ifndef WEFT_TEST_FAKE_SERVER_H
#define WEFT_TEST_FAKE_SERVER_H

#include "support.h"
#include <weft/server.h>

/* Empties it; every route is gone then. For setup and teardown. */
void fake_server_reset(void);

/* What is given for weft_server; nothing looks into it. */
struct weft_server *fake_server(void);

/* What the handler at path answers to a request; -1: nothing is there. */
int fake_server_ask(const char *path);

/* Mounts from now on give this; 0: they work. */
void fake_server_refuse(int err);

/* How many lines of this level contain the text; -1: of any level. */
size_t fake_server_logged(int level, const char *text);

/* Whether such a line, and nothing else in it, was logged. */
bool fake_server_has_line(enum weft_log_level level, const char *text);

/* Waits until the handler at path gives this answer, or a line of the log
 * contains the text: for ten seconds, then the test fails. */
void fake_server_wait_answer(const char *path, int answer);
void fake_server_wait_log(const char *text);

/* The routes that came and those that went, since reset. */
size_t fake_server_mounts(void);
size_t fake_server_gone(void);

#endif
