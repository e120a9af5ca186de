/* SPDX-License-Identifier: MIT */
/* From a request to a WebSocket connection, or to the reason why not. */
#ifndef WEFT_SERVER_UPGRADE_H
#define WEFT_SERVER_UPGRADE_H

#include "http/http_request.h"
#include "http/uri.h"
#include "server/answer.h"
#include "server/conn.h"

/*
 * Takes a request that asks for WebSocket on a path of a route, whose reference
 * it takes over. true: the connection is open, its http detached, for the
 * caller to free, and its first output queued. false: *answer says why not,
 * and the connection must end with it.
 */
bool weft_upgrade(struct weft_conn *conn, struct weft_route *route,
                  const struct weft_http_request *req,
                  const struct weft_target *target, const char *path,
                  struct weft_answer *answer);

#endif
