/* SPDX-License-Identifier: MIT */
/*
 * Chooses a subprotocol: of those that the client offers, in its order, the
 * first that we know. A client that offers only others is refused with 400;
 * one that offers none is let in without. The first message tells the choice.
 */
#include <stdio.h>
#include <weft/handler.h>

static bool is_known(const char *protocol)
{
    static const char *const known[] = {"chat.v2", "chat.v1"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i], protocol) == 0) /* case matters */
            return true;
    return false;
}

static int on_request(struct weft_request *req)
{
    const char *offer;
    size_t i;

    for (i = 0; (offer = weft_request_offer(req, i)); i++)
        if (is_known(offer))
            return weft_request_protocol(req, offer) ? 500 : 0;
    if (i == 0)
        return 0;
    weft_request_body(req, "This speaks chat.v2 and chat.v1.\n");
    return 400;
}

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    const char *protocol = weft_conn_protocol(conn);
    char text[64];

    (void)req;
    snprintf(text, sizeof(text), "subprotocol: %s",
             protocol[0] ? protocol : "none");
    weft_send_text(conn, text);
}

WEFT_HANDLER(.request = on_request, .open = on_open)
