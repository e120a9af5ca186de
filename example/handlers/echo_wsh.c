/* SPDX-License-Identifier: MIT */
/* Sends every message back, and closes after "Goodbye". */
#include <weft/handler.h>

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_send(conn, msg->kind, msg->data, msg->len);
    if (weft_message_equals(msg, "Goodbye"))
        weft_close(conn, WEFT_CLOSE_NORMAL, "");
}

WEFT_HANDLER(.message = on_message)
