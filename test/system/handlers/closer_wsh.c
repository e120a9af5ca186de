/* SPDX-License-Identifier: MIT */
/* Closes as it is told: "4000 because" gives the code and the reason, "0" a
 * close frame without either, "abort" cuts the connection. */
#include <stdio.h>
#include <stdlib.h>
#include <weft/handler.h>

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    char text[256], *reason;
    unsigned long code;

    if (weft_message_equals(msg, "abort")) {
        weft_abort(conn);
        return;
    }
    snprintf(text, sizeof(text), "%.*s", (int)msg->len,
             (const char *)msg->data);
    code = strtoul(text, &reason, 10);
    if (weft_close(conn, (uint16_t)code, reason + (*reason == ' ')) < 0)
        weft_send_text(conn, "refused");
}

WEFT_HANDLER(.message = on_message)
