/* SPDX-License-Identifier: MIT */
/* Numbered messages that wait until the client has room for them: none is
 * lost, however slowly it reads. */
#include "numbered.h"

struct job {
    unsigned next, count;
};

static void go_on(struct weft_conn *conn)
{
    struct job *job = weft_conn_user(conn);

    while (job && job->next < job->count && send_numbered(conn, job->next) == 0)
        job->next++;
}

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    (void)req;
    weft_conn_set_user(conn, calloc(1, sizeof(struct job)));
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    struct job *job = weft_conn_user(conn);

    if (!job)
        return;
    job->count = wanted(msg);
    go_on(conn);
}

static void on_close(struct weft_conn *conn, const struct weft_closed *how)
{
    (void)how;
    free(weft_conn_user(conn));
}

WEFT_HANDLER(.open = on_open, .message = on_message, .drain = go_on,
             .close = on_close, .slow = WEFT_SLOW_DRAIN)
