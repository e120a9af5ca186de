/* SPDX-License-Identifier: MIT */
/* What the log says of HTTP requests: a line for each in the access log, and
 * one in the error log for what was refused. */
#ifndef WEFT_SERVER_ACCESS_H
#define WEFT_SERVER_ACCESS_H

#include "http/http_request.h"
#include "net/host.h"
#include "server/answer.h"
#include "server/log.h"

/* A request was answered. The path is shown as it came, without the query,
 * which may hold secrets: percent-encoding keeps the fields of a line apart. */
void weft_access_request(struct weft_log *log, const struct weft_host *peer,
                         const struct weft_http_request *req,
                         struct weft_slice path, int status);

/* The error log's line, if the answer is a refusal that deserves one. */
void weft_access_refusal(struct weft_log *log, const struct weft_host *peer,
                         struct weft_slice path,
                         const struct weft_answer *answer);

/* No request was made out: it is malformed, too long, too late or one too
 * many. */
void weft_access_malformed(struct weft_log *log, const struct weft_host *peer,
                           int status);

/* TLS failed, so there will be no request. */
void weft_access_tls(struct weft_log *log, const struct weft_host *peer,
                     const char *why);

#endif
