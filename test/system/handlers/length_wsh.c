/* SPDX-License-Identifier: MIT */
/* Says how long each message is. */
#include <stdio.h>
#include <weft/handler.h>

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    char text[32];

    snprintf(text, sizeof(text), "%zu", msg->len);
    weft_send_text(conn, text);
}

WEFT_HANDLER(.message = on_message)
