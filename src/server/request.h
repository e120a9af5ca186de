/* SPDX-License-Identifier: MIT */
/* A request as handlers see it: strings, made when they are asked for. */
#ifndef WEFT_SERVER_REQUEST_H
#define WEFT_SERVER_REQUEST_H

#include "base/arena.h"
#include "http/http_request.h"
#include "http/uri.h"
#include "server/conn.h"
#include "ws/handshake.h"

struct weft_request {
    struct weft_arena arena;
    const struct weft_conn *conn;
    const struct weft_http_request *http;
    const struct weft_target *target;
    const char *path; /* decoded */
    struct weft_slice offers[WEFT_OFFERS_MAX];
    size_t offer_count;
    const char *protocol;   /* chosen, or NULL */
    struct weft_buf fields; /* of the response */
    bool has_type;          /* one of them is Content-Type */
    const char *body;       /* of a refusal, or NULL */
    void *user;
    bool is_open; /* the answer has gone: nothing can be chosen any more */
    char peer[WEFT_ADDRESS_TEXT];
};

void weft_request_init(struct weft_request *req, const struct weft_conn *conn,
                       const struct weft_http_request *http,
                       const struct weft_target *target, const char *path);
void weft_request_release(struct weft_request *req);

#endif
