/* SPDX-License-Identifier: MIT */
/* Speaks "second", or else the first subprotocol that is offered; answers any
 * message with the name of the one in use. */
#include <weft/handler.h>

static int on_request(struct weft_request *req)
{
    const char *offer = weft_request_offer(req, 0);

    if (offer && weft_request_protocol(req, "second") < 0)
        return weft_request_protocol(req, offer) < 0 ? 500 : 0;
    return 0;
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    (void)msg;
    weft_send_text(conn, weft_conn_protocol(conn));
}

WEFT_HANDLER(.request = on_request, .message = on_message)
