/* SPDX-License-Identifier: MIT */
/* Lets nobody in, and says so with a status, a header field and a body. */
#include <weft/handler.h>

static int on_request(struct weft_request *req)
{
    if (weft_request_add_header(req, "WWW-Authenticate", "Basic") < 0 ||
        weft_request_body(req, "Not without a ticket.\n") < 0)
        return 500;
    return 401;
}

WEFT_HANDLER(.request = on_request)
