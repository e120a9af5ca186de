/* SPDX-License-Identifier: MIT */
/* Echoes, and never compresses. */
#include <weft/handler.h>

static const struct weft_deflate_opts off = {
    .size = sizeof(off),
    .is_off = true,
};

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_send(conn, msg->kind, msg->data, msg->len);
}

WEFT_HANDLER(.message = on_message, .deflate = &off)
