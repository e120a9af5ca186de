/* SPDX-License-Identifier: MIT */
/* Streams: 16 messages of 4 KiB each millisecond, for as long as it lasts. */
#include <weft/handler.h>

static void on_tick(struct weft_conn *conn, void *arg)
{
    static const char data[4096];

    (void)arg;
    for (int i = 0; i < 16; i++)
        weft_send(conn, WEFT_BINARY, data, sizeof(data));
}

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    (void)req;
    weft_conn_timer(conn, 1, 1, on_tick, NULL, NULL);
}

WEFT_HANDLER(.open = on_open, .slow = WEFT_SLOW_DROP_NEWEST)
