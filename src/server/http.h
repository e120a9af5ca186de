/* SPDX-License-Identifier: MIT */
/*
 * A connection while it speaks HTTP/1.1: it reads requests, answers those for
 * files, and hands one that asks for WebSocket to upgrade.h. Requests that
 * follow each other on the connection are answered in turn.
 */
#ifndef WEFT_SERVER_HTTP_H
#define WEFT_SERVER_HTTP_H

#include "server/conn.h"

/* Begins on a new connection. 0; NOMEM or SYSTEM: fd is still the caller's. */
WEFT_CHECK int weft_http_open(struct weft_conn *conn,
                              struct weft_worker *worker, int fd);
void weft_http_free(struct weft_conn *conn);

/* Answers with this status without waiting for a request, and ends. */
void weft_http_refuse(struct weft_conn *conn, int status);

uint64_t weft_http_deadline(const struct weft_conn *conn);
void weft_http_tick(struct weft_conn *conn, uint64_t now_ns);

/* Ends it when the present request, if there is one, is answered. */
void weft_http_stop(struct weft_conn *conn);

#endif
