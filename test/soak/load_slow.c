/* SPDX-License-Identifier: MIT */
/*
 * Slow clients: of each five, two send a byte of their request now and then,
 * two a byte of a message, and one reads a byte of a stream. Whoever is cut off
 * comes again, as an attacker would.
 */
#include "soak.h"

#include <stdlib.h>
#include <string.h>

struct slow {
    struct peer peer;
    size_t at; /* bytes sent of what it sends slowly */
};

static struct {
    char request[400];
    size_t request_len;
    size_t open; /* have a connection */
    size_t cut;
} slow;

/* A frame of 60 KiB that never ends, at ten seconds a byte. */
static const uint8_t frame_head[] = {0x82, 0xfe, 0xf0, 0x00, 1, 2, 3, 4};

static void on_told(struct peer *peer, enum told what, const uint8_t *payload,
                    size_t len)
{
    struct slow *s = peer->owner;

    (void)payload;
    (void)len;
    if (what == PEER_CLOSED) {
        slow.cut++;
        s->at = 0;
        peer_connect(peer);
    }
    if (what == PEER_OPEN && !peer->is_deaf)
        (void)peer_put(peer, frame_head, sizeof(frame_head));
}

static void drip(struct slow *s)
{
    struct peer *peer = &s->peer;

    if (!peer->is_connected)
        return;
    if (peer->is_deaf) {
        peer_sip(peer, 1);
    } else if (peer->path) {
        if (peer->is_open)
            (void)peer_put(peer, "x", 1);
    } else if (s->at < slow.request_len) {
        (void)peer_put(peer, slow.request + s->at++, 1);
    }
}

static void begin(struct slow *all, size_t n)
{
    slow.request_len =
        request_write(slow.request, sizeof(slow.request), "/echo");
    for (size_t i = 0; i < n; i++) {
        struct slow *s = &all[i];

        s->peer = (struct peer){.fd = -1,
                                .from = (unsigned)i,
                                .path = i % 5 < 2   ? NULL
                                        : i % 5 < 4 ? "/echo"
                                                    : "/stream",
                                .is_deaf = i % 5 == 4,
                                .owner = s,
                                .tell = on_told};
        peer_connect(&s->peer);
        if (i % 128 == 127)
            peers_turn();
    }
}

/* Everybody's turn comes once in drip_ns, one after the other. */
static void run(const struct plan *plan, struct slow *all, size_t n,
                struct honest *honest)
{
    uint64_t began = now_ns(), now;
    uint64_t turns = 0;

    while ((now = now_ns()) < began + plan->slow_ns) {
        uint64_t due = (uint64_t)((double)(now - began) /
                                  (double)plan->drip_ns * (double)n);

        for (; turns < due; turns++)
            drip(&all[turns % n]);
        honest_turn(honest);
        peers_turn();
    }
}

unsigned load_slow(const struct plan *plan)
{
    /* An address may have as many connections as there are. */
    const char *const none[] = {NULL};
    size_t n = plan->slow, empty;
    struct slow *all = need(calloc(n, sizeof(*all)));
    struct honest *honest;
    struct server server;
    unsigned failed = 0;

    server_start(&server, plan->weft, plan->handlers, none);
    peers_begin(server.port);
    memset(&slow, 0, sizeof(slow));
    empty = server_rss(&server);
    begin(all, n);
    honest = honest_begin();
    run(plan, all, n, honest);
    for (size_t i = 0; i < n; i++)
        slow.open += all[i].peer.is_connected;
    printf("slow   %zu clients, %zu connected at the end, %zu cut off; memory "
           "%zu KiB, of them %zu before; processor %llu ms\n",
           n, slow.open, slow.cut, server_rss(&server) / 1024, empty / 1024,
           (unsigned long long)server_cpu_ms(&server));
    honest_finish(honest);
    failed += judge(slow.open >= n - n / 20,
                    "%zu of %zu slow clients are connected", slow.open, n);
    failed += judge_honest(honest, plan, true);
    for (size_t i = 0; i < n; i++)
        peer_close(&all[i].peer);
    peers_end();
    failed += judge(server_stop(&server) == 0, "the server ends well");
    honest_free(honest);
    free(all);
    return failed;
}
