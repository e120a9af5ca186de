/* SPDX-License-Identifier: MIT */
/* Subscribes to as many topics as the client asks for and answers how many it
 * got. */
#include <stdio.h>
#include <stdlib.h>
#include <weft/handler.h>

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    char text[32];
    unsigned long count, got = 0;

    snprintf(text, 5, "%.*s", (int)msg->len, (const char *)msg->data);
    count = strtoul(text, NULL, 10);
    for (unsigned long i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "topic %lu", i);
        got += weft_subscribe(conn, text) == 0;
    }
    snprintf(text, sizeof(text), "%lu", got);
    weft_send_text(conn, text);
}

WEFT_HANDLER(.message = on_message)
