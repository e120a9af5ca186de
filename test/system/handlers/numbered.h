/* SPDX-License-Identifier: MIT */
/* Messages that carry their number, many at once: what the handlers for slow
 * peers in this folder share. A client sends how many it wants. */
#ifndef WEFT_TEST_NUMBERED_H
#define WEFT_TEST_NUMBERED_H

#include <stdlib.h>
#include <weft/handler.h>

#define NUMBERED_LEN 65536

/* 0, BUSY, or another error of weft_send. */
static inline int send_numbered(struct weft_conn *conn, unsigned number)
{
    static const unsigned char zeros[NUMBERED_LEN - 4];
    unsigned char *data = malloc(NUMBERED_LEN);
    int rc;

    if (!data)
        return WEFT_ERR_NOMEM;
    data[0] = (unsigned char)(number >> 24);
    data[1] = (unsigned char)(number >> 16);
    data[2] = (unsigned char)(number >> 8);
    data[3] = (unsigned char)number;
    memcpy(data + 4, zeros, sizeof(zeros));
    rc = weft_send(conn, WEFT_BINARY, data, NUMBERED_LEN);
    free(data);
    return rc;
}

/* How many a client wants: a number of at most four digits. */
static inline unsigned wanted(const struct weft_message *msg)
{
    char text[5] = {0};

    memcpy(text, msg->data, msg->len < 4 ? msg->len : 4);
    return (unsigned)strtoul(text, NULL, 10);
}

/* Sends as many as were asked for, whatever becomes of them. */
static inline void send_wanted(struct weft_conn *conn,
                               const struct weft_message *msg)
{
    unsigned count = wanted(msg);

    for (unsigned i = 0; i < count; i++)
        send_numbered(conn, i);
}

#endif
