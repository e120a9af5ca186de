/* SPDX-License-Identifier: MIT */
/* A server for one test: a thread that speaks with one connection after the
 * other, in bytes, and need not tell the truth; and a load that meets it. */
#ifndef WEFT_TEST_LIAR_H
#define WEFT_TEST_LIAR_H

#include "load/load.h"
#include "support.h"
#include <pthread.h>

struct liar {
    void (*talk)(struct liar *liar, int fd);
    const void *user; /* of the test */
    int fd;           /* it listens */
    unsigned port;
    unsigned visits; /* connections so far; its thread's */
    pthread_t thread;
};

/* Each call of talk has a new connection, which is closed behind it. */
void liar_open(struct liar *liar, void (*talk)(struct liar *liar, int fd),
               const void *user);
void liar_close(struct liar *liar);

/* Reads a request, and agrees to it; fields are further ones, with their CR
 * LF. What is written is lost where the peer has gone. */
void liar_agree(int fd, const char *fields);

/* Bytes as hex, or a text. */
void liar_say(int fd, const char *hex);
void liar_say_text(int fd, const char *text);

/* Reads a frame of the client: its first byte, or -1 at the end. The payload
 * goes to out, which has room for 200 bytes, and its length to *len. */
int liar_hear(int fd, uint8_t *out, size_t *len);

/* Sends a frame as a server does, up to 125 bytes. */
void liar_frame(int fd, uint8_t first, const void *p, size_t len);

/* Echoes up to n messages, then the closing handshake. */
void liar_echo(int fd, size_t n);

/* Until the client has gone. */
void liar_wait(int fd);

/* ---- The load ------------------------------------------------------------ */

struct ran {
    struct load_opts opts; /* of one connection, 20 ms; change what differs */
    struct load_result result;
    char url[64];
    char told[8][LOAD_WHY];
    size_t told_count;
    char why[LOAD_WHY];
    int err;
};

struct ran *ran_new(unsigned port);

/* Runs it; again, and for longer, where not one message was counted and nothing
 * was wrong. */
void ran_run(struct ran *ran);
void ran_free(struct ran *ran);

/* Fails the test unless the load was told of a fault with these words. */
void ran_check_told(const struct ran *ran, const char *what, const char *words);

#endif
