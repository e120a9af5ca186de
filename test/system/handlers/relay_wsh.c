/* SPDX-License-Identifier: MIT */
/* Everything that anyone says goes to all. */
#include <weft/handler.h>

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    (void)req;
    if (weft_subscribe(conn, "all") != 0)
        weft_close(conn, WEFT_CLOSE_INTERNAL, "not subscribed");
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_publish(conn, "all", msg->kind, msg->data, msg->len, 0);
}

WEFT_HANDLER(.open = on_open, .message = on_message)
