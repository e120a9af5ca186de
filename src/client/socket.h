/* SPDX-License-Identifier: MIT */
/*
 * What the files of the WebSocket object share. <weft/client.h> says what it
 * does; here is how it lives.
 *
 * First it is opening: a dial, then a stream of its own on which requests go
 * and answers come. Then it is joined: the stream belongs to the session, which
 * turns bytes into messages. The events error and close come out of the ring of
 * the alarm alone, when nothing of the session is on the stack.
 *
 * The struct goes when the owner has given it back, the stream is closed, and
 * no function of ours that may still look at it is running: weft_socket_enter
 * and weft_socket_leave stand around every call that comes from below.
 */
#ifndef WEFT_CLIENT_SOCKET_H
#define WEFT_CLIENT_SOCKET_H

#include "client/gate.h"
#include "client/ledger.h"
#include "client/opening.h"
#include "net/dial.h"
#include "session/session.h"
#include "tls/tls.h"
#include "ws/close.h"
#include <weft/client.h>

enum weft_socket_flags {
    WEFT_SOCKET_BEGUN = 1,     /* connecting has begun */
    WEFT_SOCKET_STREAM = 2,    /* the stream is open, or not yet told closed */
    WEFT_SOCKET_JOINED = 4,    /* the session is there to be asked */
    WEFT_SOCKET_PAUSED = 8,    /* the owner wants no messages */
    WEFT_SOCKET_RESUMED = 16,  /* and does again: the next ring sees to it */
    WEFT_SOCKET_DIRTY = 32,    /* the next ring settles the session */
    WEFT_SOCKET_OVER = 64,     /* code to why are filled; no more messages */
    WEFT_SOCKET_DUE = 128,     /* OVER, and the next ring tells it */
    WEFT_SOCKET_TOLD = 256,    /* and that was done */
    WEFT_SOCKET_FAILED = 512,  /* OVER, with an error event */
    WEFT_SOCKET_FREED = 1024,  /* the owner has given it back */
    WEFT_SOCKET_TAKING = 2048, /* what was held is being delivered */
    WEFT_SOCKET_ASKED = 4096,  /* the first request has gone out */
    WEFT_SOCKET_UNTOLD = 8192, /* a request waits for TLS, its event for it */
};

struct weft_socket {
    struct weft_session session; /* its stream since STREAM, all since JOINED */
    struct weft_session_conf conf;
    const struct weft_mem *mem;
    struct weft_loop *loop;
    const struct weft_socket_events *events;
    void *user;
    struct weft_alarm alarm;
    uint64_t connect_ns;  /* bound of connecting; 0: none */
    uint64_t deadline_ns; /* and when that is, once it has begun */

    struct weft_tls *tls;         /* for wss; counted */
    struct weft_opening *opening; /* NULL: open, or over */
    struct weft_dial *dial;       /* NULL: not dialling */
    bool is_parallel;             /* goes through no gates */
    struct weft_gate_pass name_pass, address_pass;
    struct weft_tx tx; /* the rest of a request, when it is queued */
    struct iovec tx_iov;

    struct weft_ledger ledger;
    size_t sending;       /* bytes of the message that is being queued */
    uint64_t buffered;    /* payload that will never go out */
    struct weft_buf held; /* came while paused */
    size_t held_at;       /* and how much of that was delivered since */

    char *url, *protocol, *extensions; /* the last two NULL: "" */
    int status;                        /* HTTP */
    unsigned flags;
    unsigned busy; /* calls from below under way */
    uint8_t state; /* enum weft_ready_state */

    /* How it ended. */
    bool clean;
    uint8_t reason_len;
    uint16_t code;
    int err;
    char reason[WEFT_CONTROL_MAX];
    char why[WEFT_WHY_SIZE];
};

void weft_socket_enter(struct weft_socket *ws);
/* May free it. */
void weft_socket_leave(struct weft_socket *ws);

/* Has the alarm ring in this turn, or in the next. */
void weft_socket_wake(struct weft_socket *ws);

/* The connection is over without a clean close; the events come later. Copies
 * why. Only the first call of the two counts. */
void weft_socket_fail(struct weft_socket *ws, int err, const char *why);
/* As the session tells it. */
void weft_socket_end(struct weft_socket *ws, const struct weft_closed *how);

/* Begins to open; and goes on when its turn has come, or gives up for lack of
 * time. */
void weft_socket_open_begin(struct weft_socket *ws);
void weft_socket_open_ring(struct weft_socket *ws);
/* The connection is open, or will never be: others may go on. */
void weft_socket_open_pass(struct weft_socket *ws);
/* Lets go of everything that only opening needs. */
void weft_socket_open_end(struct weft_socket *ws);

/* The handshake is done: the stream becomes a session, and what came behind
 * the answer its first bytes. head: the length of the answer, in opening->in.
 */
void weft_socket_join(struct weft_socket *ws, size_t head);

/* The stream is closed. */
void weft_socket_stream_closed(struct weft_socket *ws);

/* The ring's work on a session: settles, resumes and ticks it. */
void weft_socket_session_ring(struct weft_socket *ws);

/* What bufferedAmount is now. */
uint64_t weft_socket_settle_ledger(struct weft_socket *ws);

#endif
