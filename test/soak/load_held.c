/* SPDX-License-Identifier: MIT */
/*
 * Connections held open at once. All are opened, some hundreds at a time; then
 * the server's memory is asked for; then each sends a message and gets it back,
 * which shows that it is alive.
 */
#include "soak.h"

#include <stdlib.h>
#include <string.h>

#define AT_ONCE 256
#define PATIENCE_NS (60 * SECOND)

/* What an idle connection may cost: its slot has 232 bytes, the rest is for
 * what the allocators keep. */
#define BYTES_EACH 1024

static struct {
    size_t open, closed, echoed;
} count;

static void on_told(struct peer *peer, enum told what, const uint8_t *payload,
                    size_t len)
{
    (void)peer;
    count.open += what == PEER_OPEN;
    count.closed += what == PEER_CLOSED;
    count.echoed +=
        what == PEER_MESSAGE && len == 5 && memcmp(payload, "alive", 5) == 0;
}

static void open_all(struct peer *peers, size_t n)
{
    uint64_t until = now_ns() + PATIENCE_NS;
    size_t begun = 0;

    while (count.open + count.closed < n && now_ns() < until) {
        for (; begun < n && begun - count.open - count.closed < AT_ONCE;
             begun++) {
            peers[begun] = (struct peer){.fd = -1,
                                         .from = (unsigned)begun,
                                         .path = "/echo",
                                         .tell = on_told};
            peer_connect(&peers[begun]);
        }
        peers_turn();
    }
}

static void ask_all(struct peer *peers, size_t n)
{
    uint64_t until = now_ns() + PATIENCE_NS;
    size_t asked = 0;

    while (count.echoed < n && count.closed == 0 && now_ns() < until) {
        for (; asked < n && asked - count.echoed < AT_ONCE; asked++)
            (void)peer_send(&peers[asked], 1, "alive", 5);
        peers_turn();
    }
}

unsigned load_held(const struct plan *plan)
{
    const char *const none[] = {NULL};
    size_t n = plan->held, empty, full;
    struct peer *peers = need(calloc(n, sizeof(*peers)));
    struct server server;
    unsigned failed = 0;
    uint64_t began;

    server_start(&server, plan->weft, plan->handlers, none);
    peers_begin(server.port);
    memset(&count, 0, sizeof(count));
    empty = server_rss(&server);
    began = now_ns();
    open_all(peers, n);
    full = server_rss(&server);
    printf("held   %zu connections in %.1f s; memory %zu KiB, of them %zu "
           "before; %.0f bytes each\n",
           count.open, (double)(now_ns() - began) / 1e9, full / 1024,
           empty / 1024, n > 0 ? (double)(full - empty) / (double)n : 0);
    failed += judge(count.open == n && count.closed == 0,
                    "%zu of %zu connections are open at once", count.open, n);
    failed += judge(full - empty <= n * BYTES_EACH + ((size_t)4 << 20),
                    "memory within %d bytes each and 4 MiB", BYTES_EACH);
    ask_all(peers, n);
    failed += judge(count.echoed == n && count.closed == 0,
                    "%zu of %zu echo at the end", count.echoed, n);
    for (size_t i = 0; i < n; i++)
        peer_close(&peers[i]);
    peers_end();
    failed += judge(server_stop(&server) == 0, "the server ends well");
    free(peers);
    return failed;
}
