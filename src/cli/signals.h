/* SPDX-License-Identifier: MIT */
/* What signals do while a server runs. */
#ifndef WEFT_CLI_SIGNALS_H
#define WEFT_CLI_SIGNALS_H

#include <weft/server.h>

/* Undoes what a careless parent may have left: a server that is started with
 * SIGCHLD ignored could not tell how its compiler ended. Ignores SIGPIPE. */
void signals_prepare(void);

/*
 * From now on SIGTERM and SIGINT stop the server, and SIGUSR1 asks for new log
 * files. SIGHUP does that and has the server read its certificates again, where
 * there are files of one kind or the other; otherwise it means that the
 * terminal has gone, and stops the server too.
 */
void signals_begin(struct weft_server *server, bool has_files);

/* Signals no longer reach the server. It has stopped, so one more SIGTERM or
 * SIGINT changes nothing; a further one ends a program that hangs. */
void signals_end(void);

/* Whether new log files were asked for since the last call. Any thread. */
bool signals_take_reopen(void);

#endif
