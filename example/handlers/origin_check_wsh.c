/* SPDX-License-Identifier: MIT */
/*
 * Lets only pages of http://localhost in, on any port, and sends their
 * messages back. Everybody else is refused with 403 and a body that says why,
 * also clients that tell no origin: that is stricter than the server's own
 * rule.
 */
#include <weft/handler.h>

static bool is_localhost(const char *origin)
{
    static const char start[] = "http://localhost";
    const char *rest;

    if (!origin || strncmp(origin, start, strlen(start)) != 0)
        return false;
    rest = origin + strlen(start);
    if (rest[0] == ':') /* a port; "http://localhost.evil.example" has none */
        rest += 1 + strspn(rest + 1, "0123456789");
    return rest[0] == '\0';
}

static int on_request(struct weft_request *req)
{
    if (is_localhost(weft_request_origin(req)))
        return 0;
    weft_request_body(req,
                      "Only pages of http://localhost may connect here.\n");
    return 403;
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_send(conn, msg->kind, msg->data, msg->len);
}

/* The server's rule comes first, and would refuse some before on_request is
 * asked. Here it is switched off, for on_request decides. */
static const char *const any_origin[] = {"any", NULL};

WEFT_HANDLER(.request = on_request, .message = on_message,
             .origins = any_origin)
