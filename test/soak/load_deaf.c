/* SPDX-License-Identifier: MIT */
/*
 * Clients that never read while the server streams to them, and are not closed
 * for it: each keeps as much as its queue may hold. What that is in all is the
 * sum of the limits.
 */
#include "soak.h"

#include <stdlib.h>
#include <string.h>

#define AT_ONCE 256

/*
 * For each: its queue, in chunks of 16 KiB, of which each holds as many whole
 * messages as fit; the last message goes over the limit, and the first chunk
 * has been sent in part. And 2 KiB for the connection, its timer and its write
 * in progress. For all: what the pools of two threads keep (8 MiB each) and the
 * allocator's own.
 */
#define CHUNK ((size_t)16384)
#define IN_CHUNK (CHUNK / (STREAM_MESSAGE + 4))
#define MESSAGES (STREAM_QUEUE / STREAM_MESSAGE + 1)
#define BYTES_EACH (((MESSAGES + IN_CHUNK - 1) / IN_CHUNK + 1) * CHUNK + 2048)
#define BYTES_FOR_ALL ((size_t)24 << 20)

static struct {
    size_t open, closed;
} count;

static void on_told(struct peer *peer, enum told what, const uint8_t *payload,
                    size_t len)
{
    (void)peer;
    (void)payload;
    (void)len;
    count.open += what == PEER_OPEN;
    count.closed += what == PEER_CLOSED;
}

static void begin(struct peer *peers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        peers[i] = (struct peer){.fd = -1,
                                 .from = (unsigned)i,
                                 .path = "/stream",
                                 .is_deaf = true,
                                 .tell = on_told};
        peer_connect(&peers[i]);
        while (i + 1 - count.open - count.closed > AT_ONCE)
            peers_turn();
    }
}

/* The most memory that was seen. */
static size_t run(const struct plan *plan, const struct server *server,
                  struct honest *honest)
{
    uint64_t until = now_ns() + plan->deaf_ns, look_ns = 0, now;
    size_t peak = 0;

    while ((now = now_ns()) < until) {
        honest_turn(honest);
        peers_turn();
        if (now >= look_ns) {
            size_t rss = server_rss(server);

            peak = rss > peak ? rss : peak;
            look_ns = now + SECOND / 4;
        }
    }
    return peak;
}

unsigned load_deaf(const struct plan *plan)
{
    /* Without pings: who does not read cannot answer them, and would go. */
    const char *const args[] = {"--ping-interval", "off", NULL};
    size_t n = plan->deaf, empty, peak, bound;
    struct peer *peers = need(calloc(n, sizeof(*peers)));
    struct honest *honest;
    struct server server;
    unsigned failed = 0;

    server_start(&server, plan->weft, plan->handlers, args);
    peers_begin(server.port);
    memset(&count, 0, sizeof(count));
    empty = server_rss(&server);
    bound = empty + n * BYTES_EACH + BYTES_FOR_ALL;
    begin(peers, n);
    honest = honest_begin();
    peak = run(plan, &server, honest);
    honest_finish(honest);
    printf("deaf   %zu clients; memory %zu KiB at most, of them %zu before; "
           "the bound is %zu KiB; %.0f bytes each; processor %llu ms\n",
           count.open, peak / 1024, empty / 1024, bound / 1024,
           n > 0 ? (double)(peak - empty) / (double)n : 0,
           (unsigned long long)server_cpu_ms(&server));
    failed += judge(count.open == n && count.closed == 0,
                    "%zu of %zu who do not read are there", count.open, n);
    failed += judge(peak - empty >= n * STREAM_QUEUE / 2,
                    "their queues are at least half full");
    failed += judge(peak <= bound, "memory within the sum of the limits");
    failed += judge_honest(honest, plan, false);
    for (size_t i = 0; i < n; i++)
        peer_close(&peers[i]);
    peers_end();
    failed += judge(server_stop(&server) == 0, "the server ends well");
    honest_free(honest);
    free(peers);
    return failed;
}
