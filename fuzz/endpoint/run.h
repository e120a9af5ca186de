/* SPDX-License-Identifier: MIT */
/*
 * What a run of the endpoint target does and knows: our side of the talk. It
 * checks each result where it is known what it must be.
 */
#ifndef WEFT_FUZZ_ENDPOINT_RUN_H
#define WEFT_FUZZ_ENDPOINT_RUN_H

#include "../fuzz.h"

#include "wire.h"

/* Of the first byte of an input. */
enum {
    IS_CLIENT = 1,
    IS_DEAF = 2,  /* nothing is taken of what it would send, unless done so */
    ENDS = 4,     /* the peer's stream ends behind the bytes */
    ANSWERS = 8,  /* the peer's close frame, with a code of ours */
    ECHOES = 16,  /* each message */
    CLOSES = 32,  /* at the first message */
    IS_CALM = 64, /* no time is too long */
};

enum doing { TEXT, BINARY, PING, PONG, NO_UTF8, CLOSE, TICK, TAKE, DOINGS };

#define DEEDS_MAX 15

struct deed {
    size_t gap; /* bytes that come before it, after the last one */
    enum doing what;
    unsigned arg;
};

struct plan {
    struct weft_endpoint_opts opts;
    struct weft_deflate_opts deflate;
    char extensions[160]; /* "" for none */
    int window_bits;
    unsigned how;
    struct fuzz_cuts cuts;
    struct deed deeds[DEEDS_MAX];
    size_t deed_count;
    struct fuzz_input in; /* what is left of the input */
};

struct run {
    const struct plan *plan;
    struct weft_endpoint *ep;
    struct fail_mem fm;
    struct weft_mem mem;
    uint64_t random, now;
    int rc;              /* the last result of next */
    bool is_closed;      /* the close event has come */
    bool is_close_sent;  /* by us, as an echo, or for an error */
    size_t fed, sent;    /* bytes of the peer's, of our own messages */
    size_t steps;        /* calls across the interface, both ways */
    size_t pieces;       /* that were fed, and deeds */
    size_t copied;       /* bytes, as blocks grew */
    struct bytes events; /* and results, as words */
    struct bytes out;    /* all that was sent */
    struct bytes keys;   /* for masks, as they were drawn */
    struct bytes want;   /* words of the frames that have to be sent */
};

/* Makes the endpoint. The plan must stay. */
void run_open(struct run *r, const struct plan *plan);
void run_close(struct run *r);

/* Feeds a piece and pulls its events. */
void run_feed(struct run *r, const uint8_t *bytes, size_t len);

/* The peer's stream ends. */
void run_feed_end(struct run *r);

/* Does something of our own. */
void run_act(struct run *r, const struct deed *deed);

/* Takes what still waits to be sent, and checks all that was, and the costs. */
void run_finish(struct run *r);

#endif
