/* SPDX-License-Identifier: MIT */
/* Echoes with a compressor of its own, whatever the server has. */
#include <weft/handler.h>

static const struct weft_deflate_opts deflate = {
    .size = sizeof(deflate),
    .has_takeover = true,
    .level = 9,
    .window_bits = 10,
    .threshold = 1,
};

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_send(conn, msg->kind, msg->data, msg->len);
}

WEFT_HANDLER(.message = on_message, .deflate = &deflate)
