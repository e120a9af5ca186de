/* SPDX-License-Identifier: MIT */
/*
 * Every message goes to everyone on the path as it came, its sender included:
 * the least that a handler with a topic is.
 */
#include <weft/handler.h>

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    (void)req;
    if (weft_subscribe(conn, weft_conn_path(conn)))
        weft_close(conn, WEFT_CLOSE_INTERNAL, "");
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_publish(conn, weft_conn_path(conn), msg->kind, msg->data, msg->len, 0);
}

WEFT_HANDLER(.open = on_open, .message = on_message)
