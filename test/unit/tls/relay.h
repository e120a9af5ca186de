/* SPDX-License-Identifier: MIT */
/* Our server and our client with the test between them, which passes on what
 * each says, in pieces of its choice. */
#ifndef WEFT_TEST_UNIT_TLS_RELAY_H
#define WEFT_TEST_UNIT_TLS_RELAY_H

#include "ends.h"

struct relay {
    struct fixture fx;
    struct weft_loop *loop;
    struct weft_tls *server_tls, *client_tls;
    struct end server, client;
    int to_server, to_client;      /* ours */
    size_t passed_up, passed_down; /* bytes to the server, to the client */
    size_t cut_up, cut_down;       /* where a piece ends; 0: nowhere */
    size_t piece;                  /* the most at once */
};

static inline void relay_start(struct relay *relay, int version)
{
    int fds[2];

    memset(relay, 0, sizeof(*relay));
    relay->piece = SIZE_MAX;
    relay->loop = start_loop(&relay->fx, READ_SIZE);
    relay->server_tls = server_of(&certs.server);
    relay->client_tls = client_of(relay->loop, NULL);
    if (version)
        limit_version(relay->server_tls, version);
    unix_pair(fds);
    end_open(&relay->server, relay->loop, fds[0]);
    relay->to_server = fds[1];
    unix_pair(fds);
    end_open(&relay->client, relay->loop, fds[0]);
    relay->to_client = fds[1];
    assert_int_equal(weft_tls_accept(&relay->server.stream, relay->server_tls),
                     0);
    assert_int_equal(weft_tls_connect(&relay->client.stream, relay->client_tls,
                                      "a.test", 443),
                     0);
}

/* Passes one piece on: whether there was one. */
static inline bool relay_pass(struct relay *relay, int from, int to,
                              size_t *passed, size_t cut)
{
    static uint8_t bytes[65536];
    size_t max = relay->piece < sizeof(bytes) ? relay->piece : sizeof(bytes);
    ssize_t n;

    if (*passed < cut && max > cut - *passed)
        max = cut - *passed;
    n = recv(from, bytes, max, 0);
    if (n <= 0)
        return false;
    *passed += (size_t)n;
    assert_int_equal(send(to, bytes, (size_t)n, MSG_NOSIGNAL), n);
    return true;
}

/* One piece each way, and what the ends do with it. */
static inline void relay_step(struct relay *relay)
{
    relay_pass(relay, relay->to_client, relay->to_server, &relay->passed_up,
               relay->cut_up);
    turn(relay->loop);
    relay_pass(relay, relay->to_server, relay->to_client, &relay->passed_down,
               relay->cut_down);
    turn(relay->loop);
}

#define RELAY_UNTIL(relay, cond)                                               \
    do {                                                                       \
        uint64_t until_ = weft_clock() + PATIENCE_NS;                          \
        while (!(cond)) {                                                      \
            CHECK(weft_clock() < until_, "it never happened");                 \
            relay_step(relay);                                                 \
        }                                                                      \
    } while (0)

static inline void relay_end(struct relay *relay)
{
    end_close(&relay->client);
    end_close(&relay->server);
    close(relay->to_server);
    close(relay->to_client);
    weft_tls_unref(relay->server_tls);
    weft_tls_unref(relay->client_tls);
    end_loop(&relay->fx);
}

#endif
