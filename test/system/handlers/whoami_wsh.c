/* SPDX-License-Identifier: MIT */
/* Says how the client came, and the subject of its certificate; then echoes. */
#include <weft/handler.h>

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    const char *how = weft_request_is_secure(req) ? "secure" : "plain";
    const char *who = weft_request_client_subject(req);

    weft_send(conn, WEFT_TEXT, how, strlen(how));
    who = who ? who : "nobody";
    weft_send(conn, WEFT_TEXT, who, strlen(who));
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_send(conn, msg->kind, msg->data, msg->len);
}

WEFT_HANDLER(.open = on_open, .message = on_message)
