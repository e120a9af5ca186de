/* SPDX-License-Identifier: MIT */
/* Echoes, and nothing else. */
#include <weft/handler.h>

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_send(conn, msg->kind, msg->data, msg->len);
}

WEFT_HANDLER(.message = on_message)
