/* SPDX-License-Identifier: MIT */
/*
 * One connection of a load, from its socket to its end: opening (knock.c), and
 * what goes over it then (load_conn.c). What it sends and when is not its own
 * to decide: work.c does.
 */
#ifndef WEFT_LOAD_LOAD_CONN_H
#define WEFT_LOAD_LOAD_CONN_H

#include "base/list.h"
#include "load/plan.h"
#include "net/stream.h"

struct load_thread;

enum load_conn_kind {
    LOAD_CONN_MAIN, /* one of those that are counted */
    LOAD_CONN_BULK,
    LOAD_CONN_SLOW,
};

enum load_conn_state {
    LOAD_CONN_NONE,     /* no socket; perhaps it waits for its turn */
    LOAD_CONN_KNOCKING, /* from the socket to the server's answer */
    LOAD_CONN_OPEN,
    LOAD_CONN_LEAVING, /* our close frame is sent, or waits to be */
    LOAD_CONN_LEFT,    /* so has come the server's */
    LOAD_CONN_GOING,   /* closed is called next */
};

struct load_conn {
    struct weft_stream stream;
    struct load_thread *thread;
    struct weft_list node; /* in the thread's list of those that will open */
    struct load_answers answers;
    const struct load_want *want;
    const struct load_batch *batch;
    struct load_batch own; /* batch, if it has a tag */

    struct weft_buf head; /* what has come of the server's answer in part */
    size_t seen;          /* of it, by the parser */

    struct weft_tx tx; /* the write in progress */
    struct iovec iov;
    struct weft_buf control; /* frames that go before the next message */
    uint64_t owed;           /* messages that are to be written */
    size_t next;             /* of the batch */

    struct weft_alarm alarm; /* slow: reads on; churn: closes */
    uint64_t begun_ns;       /* when it began to connect */
    uint64_t sent, heard;    /* messages, sent when they began to be owed */
    uint64_t *times;         /* of those on the way, in a ring */

    uint32_t index; /* among all of its kind */
    uint8_t kind;
    uint8_t state;
    bool is_controlling; /* the write in progress is of control */
    bool is_opening;     /* one of those that are under way in its thread */
    bool is_greeted;     /* its first answer has come, or nobody waits for it */
    bool is_dead;        /* it has failed */
    int address;         /* which of the target's it tries */
    int fd;              /* between the socket and the stream */
    int error;           /* with which connecting failed */
};

/* Zeroed before, but for what says which it is: thread, index, kind, want,
 * batch, next and times. */
void load_conn_init(struct load_conn *conn);
void load_conn_release(struct load_conn *conn);

/* Begins to connect. The thread is told when it is open, or has failed. */
void load_conn_open(struct load_conn *conn);

/* Sends n more messages, as soon as it can. */
void load_conn_send(struct load_conn *conn, uint64_t n);

/* Begins the closing handshake, behind what was sent. */
void load_conn_leave(struct load_conn *conn);

/* Ends it at once, without a word. */
void load_conn_drop(struct load_conn *conn);

/* Something is wrong with it, which is counted and told, and it is dropped. */
void load_conn_fail(struct load_conn *conn, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- Between knock.c and load_conn.c ------------------------------------- */

/* The stream is open, and len bytes have come behind the server's answer. */
void load_conn_begin(struct load_conn *conn, uint8_t *p, size_t len);

/* The stream is closed. */
void load_conn_closed(struct load_conn *conn);

/* Called with each piece of an answer in LOAD_CONN_KNOCKING. */
void load_knock_data(struct load_conn *conn, uint8_t *p, size_t len);

/* Opens the socket. */
void load_knock_start(struct load_conn *conn);

extern const struct weft_stream_ops load_conn_ops;

#endif
