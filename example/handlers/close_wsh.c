/* SPDX-License-Identifier: MIT */
/*
 * Closes as it is told. The message "4001 over and out" closes the connection
 * with code 4001 and the reason "over and out"; "1000" with no reason. What
 * cannot stand in a close frame is answered with a text that says why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <weft/handler.h>

/* "4001 ", and what is left for a reason in the 125 bytes of a control frame
 * beside two for the code (RFC 6455 section 5.5). */
enum { CODE_LEN = 4, REASON_MAX = 123 };

/* Closes, and returns NULL; or returns why not. */
static const char *obey(struct weft_conn *conn, const struct weft_message *msg)
{
    char text[CODE_LEN + 1 + REASON_MAX + 1];
    const char *reason = "";
    int code;

    if (msg->len >= sizeof(text))
        return "too long: a reason has 123 bytes at most";
    memcpy(text, msg->data, msg->len);
    text[msg->len] = '\0';

    if (strlen(text) != msg->len)
        return "a reason cannot contain NUL";
    if (strspn(text, "0123456789") != CODE_LEN ||
        (text[CODE_LEN] && text[CODE_LEN] != ' '))
        return "send a code of four digits and, behind a space, a reason";
    code = (int)strtol(text, NULL, 10);
    if (text[CODE_LEN])
        reason = text + CODE_LEN + 1;

    /* Code 0 would mean a close frame without a code: not asked for. */
    if (code == 0 || weft_close(conn, (uint16_t)code, reason))
        return "that cannot be sent: codes are 1000 to 1003, 1007 to 1014 and "
               "3000 to 4999, and the reason is UTF-8";
    return NULL;
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    const char *why = obey(conn, msg);

    if (why)
        weft_send_text(conn, why);
}

WEFT_HANDLER(.message = on_message)
