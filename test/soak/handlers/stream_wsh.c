/* SPDX-License-Identifier: MIT */
/* Streams without end to whoever comes. Who does not read keeps a full queue,
 * of which soak.h knows the limit, and stays. */
#include <weft/handler.h>

enum { MESSAGE = 4096, QUEUE = 65536, TICK_MS = 50 };

static void stream(struct weft_conn *conn, void *arg)
{
    static const char zeros[MESSAGE];

    (void)arg;
    weft_send(conn, WEFT_BINARY, zeros, sizeof(zeros));
}

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    (void)req;
    weft_conn_timer(conn, TICK_MS, TICK_MS, stream, NULL, NULL);
}

WEFT_HANDLER(.open = on_open, .queue_limit = QUEUE,
             .slow = WEFT_SLOW_DROP_NEWEST)
