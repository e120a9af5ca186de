/* SPDX-License-Identifier: MIT */
/*
 * Loads for a server, and what an honest client sees meanwhile. One thread, one
 * epoll; sockets of its own, so that nothing is shared with the server.
 */
#ifndef WEFT_TEST_SOAK_H
#define WEFT_TEST_SOAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

/* Of test/soak/handlers/stream_wsh.c. */
#define STREAM_MESSAGE ((size_t)4096)
#define STREAM_QUEUE ((size_t)65536)

uint64_t now_ns(void);
void *need(void *p); /* dies for want of memory */
_Noreturn void die(const char *what);

/* ---- The server: server.c ------------------------------------------------ */

struct server {
    pid_t pid;
    int port;
    int out; /* its standard output */
};

/* Starts weft serve with the handlers of this folder and these arguments more,
 * which end with NULL, and waits until it listens. */
void server_start(struct server *server, const char *weft, const char *handlers,
                  const char *const *more);

/* Its exit status, or -1. */
int server_stop(struct server *server);

/* Bytes in memory, and milliseconds of processor so far. */
size_t server_rss(const struct server *server);
uint64_t server_cpu_ms(const struct server *server);

/* ---- Connections: peer.c ------------------------------------------------- */

enum told { PEER_CONNECTED, PEER_OPEN, PEER_MESSAGE, PEER_CLOSED };

struct peer {
    int fd; /* -1: there is none */
    unsigned from;
    const char *path; /* asked for once connected; NULL: nothing is said */
    bool is_deaf;     /* nothing is read */
    bool is_connected, is_open;
    size_t head_len;   /* bytes in head */
    uint64_t left;     /* payload of a long frame, passed over */
    uint64_t began_ns; /* of the connect */
    void *owner;
    void (*tell)(struct peer *peer, enum told what, const uint8_t *payload,
                 size_t len); /* may close and connect anew */
    uint8_t head[300];        /* a head, or a frame, that is not whole */
};

/* Sets the epoll up, and the port that is meant. */
void peers_begin(int port);
void peers_end(void);

/* Connects from 127.0.0.(1 + from); what comes of it is told. is_deaf sockets
 * have the smallest receive buffer. */
void peer_connect(struct peer *peer);
void peer_close(struct peer *peer);

/* Raw bytes, and a masked frame of at most 125 bytes. Whether all was taken. */
bool peer_put(struct peer *peer, const void *bytes, size_t len);
bool peer_send(struct peer *peer, unsigned opcode, const void *payload,
               size_t len);

/* Reads at most len bytes and forgets them. */
void peer_sip(struct peer *peer, size_t len);

/* Handles what happens, for at most 5 ms. */
void peers_turn(void);

/* Writes the request for a path; its length. */
size_t request_write(char *text, size_t size, const char *path);

/* ---- Honest clients: honest.c -------------------------------------------- */

struct samples {
    uint64_t *ns;
    size_t count, room;
};

struct honest;

/* Begins to echo over some connections, and to open one after another. */
struct honest *honest_begin(void);
void honest_turn(struct honest *honest);

/* Waits for the echoes that are on their way, and ends the connections. */
void honest_finish(struct honest *honest);
void honest_free(struct honest *honest);

/* Milliseconds; part is 0.5 for the median. */
double honest_handshake_ms(struct honest *honest, double part);
double honest_echo_ms(struct honest *honest, double part);
size_t honest_sent(const struct honest *honest);
size_t honest_handshakes(const struct honest *honest);

/* Messages that did not come back, or came back wrong; connections that ended.
 */
size_t honest_lost(const struct honest *honest);

/* ---- Loads --------------------------------------------------------------- */

struct plan {
    const char *weft, *handlers;
    bool is_short; /* latencies are told and not judged */
    size_t held, slow, deaf;
    uint64_t slow_ns, deaf_ns; /* how long these two last */
    uint64_t drip_ns;          /* between two bytes of a slow client */
    double handshake_ms;       /* for the 99th percentile */
};

/* Each prints its figures and a line for each thing it judges. The number of
 * those that failed. */
unsigned load_held(const struct plan *plan);
unsigned load_slow(const struct plan *plan);
unsigned load_deaf(const struct plan *plan);

/* A line PASS or FAIL; 1 when it failed. */
unsigned judge(bool is_good, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Two lines on the honest clients, and what is to be said of them. */
unsigned judge_honest(struct honest *honest, const struct plan *plan,
                      bool judges_handshakes);

#endif
