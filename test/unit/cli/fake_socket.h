/* SPDX-License-Identifier: MIT */
/*
 * The functions of <weft/client.h>, in place of the library's: one socket at a
 * time, whose server is the test. What it does in return for a call comes in
 * later turns of the loop, as with the real one.
 */
#ifndef WEFT_TEST_FAKE_SOCKET_H
#define WEFT_TEST_FAKE_SOCKET_H

#include <weft/client.h>

struct fake {
    /* What the server does; set these before. */
    bool refuses;        /* the handshake: error, then close */
    const char *tls_why; /* likewise, as TLS fails; NULL: it does not */
    bool has_tls;        /* which is described, and the request told */
    bool echoes;         /* messages come back */
    bool ignores_pings;  /* no pong comes */
    bool breaks_at_ping; /* the connection is lost */
    bool is_deaf;        /* our close frame is not answered in time */
    bool ignores_close;  /* no close event comes after weft_socket_close */
    const char *greets;  /* a message that comes when it opens, or NULL */
    bool says_bye;       /* closes behind that, with bye_code */
    uint16_t bye_code;   /* 1006: without a close frame */
    int new_result;      /* of weft_socket_new */
    size_t busy_after;   /* messages after which one is BUSY; 0: never */
    void (*while_paused)(void); /* called again and again, if it would send */
    void (*behind_pong)(void);  /* called when one has come */

    /* What was done with it. */
    const char *url;
    size_t sockets, live;
    char sent[8192]; /* "text hello;ping x;close 1000 bye;" */
    size_t messages; /* that were sent */
    size_t pauses;
    bool is_paused;
};

extern struct fake fake;

/* As nothing had happened. */
void fake_reset(void);

/* The socket, for events of a test's own. */
struct weft_socket *fake_socket(void);

/* Events, at once: only in a callback of the loop, or between its turns. */
void fake_message(enum weft_kind kind, const void *data, size_t len);
void fake_close(uint16_t code, const char *reason);

#endif
