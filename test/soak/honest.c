/* SPDX-License-Identifier: MIT */
/*
 * What well-behaved clients see: some that echo ten times a second each, with
 * messages that no other has, and one that opens a connection, closes it and
 * opens the next. Times are taken from the call to what it brought.
 */
#include "soak.h"

#include <stdlib.h>
#include <string.h>

#define ECHOES 20
#define ECHO_NS (100 * MS)     /* between an echo and the next message */
#define HANDSHAKE_NS (20 * MS) /* between two connections */
#define PATIENCE_NS (10 * SECOND)

struct echo {
    struct peer peer;
    struct honest *honest;
    unsigned number;
    uint64_t sent_ns; /* 0: nothing is on its way */
    uint64_t next_ns;
    char text[40];
};

struct honest {
    struct echo echoes[ECHOES];
    struct peer prober;
    uint64_t next_ns;
    bool is_finishing;
    struct samples handshakes, round_trips;
    size_t sent, lost;
};

static void sample(struct samples *s, uint64_t ns)
{
    if (s->count == s->room) {
        s->room = s->room ? 2 * s->room : 1024;
        s->ns = need(realloc(s->ns, s->room * sizeof(*s->ns)));
    }
    s->ns[s->count++] = ns;
}

/* ---- Echoes -------------------------------------------------------------- */

static void on_echo(struct peer *peer, enum told what, const uint8_t *payload,
                    size_t len)
{
    struct echo *e = peer->owner;
    struct honest *h = e->honest;

    if (what == PEER_OPEN) {
        e->next_ns = now_ns();
    } else if (what == PEER_CLOSED) {
        h->lost++;
        e->sent_ns = 0;
    } else if (what == PEER_MESSAGE) {
        if (e->sent_ns == 0 || len != strlen(e->text) ||
            memcmp(payload, e->text, len) != 0)
            h->lost++;
        else
            sample(&h->round_trips, now_ns() - e->sent_ns);
        e->sent_ns = 0;
        e->next_ns = now_ns() + ECHO_NS;
    }
}

static void say(struct echo *e)
{
    struct honest *h = e->honest;

    snprintf(e->text, sizeof(e->text), "%u of %u", e->number++, e->peer.from);
    e->sent_ns = now_ns();
    h->sent++;
    if (!peer_send(&e->peer, 1, e->text, strlen(e->text))) {
        e->sent_ns = 0;
        h->lost++;
    }
}

/* ---- Handshakes ---------------------------------------------------------- */

static void on_probe(struct peer *peer, enum told what, const uint8_t *payload,
                     size_t len)
{
    struct honest *h = peer->owner;

    (void)payload;
    (void)len;
    if (what == PEER_OPEN) {
        sample(&h->handshakes, now_ns() - peer->began_ns);
        (void)peer_send(peer, 8, "\x03\xe8", 2);
        peer_close(peer);
    } else if (what == PEER_CLOSED) {
        h->lost++;
    }
    h->next_ns = now_ns() + HANDSHAKE_NS;
}

/* ---- All of them --------------------------------------------------------- */

struct honest *honest_begin(void)
{
    struct honest *h = need(calloc(1, sizeof(*h)));

    for (unsigned i = 0; i < ECHOES; i++) {
        struct echo *e = &h->echoes[i];

        e->honest = h;
        e->peer = (struct peer){
            .fd = -1, .from = i, .path = "/echo", .owner = e, .tell = on_echo};
        peer_connect(&e->peer);
    }
    h->prober =
        (struct peer){.fd = -1, .path = "/echo", .owner = h, .tell = on_probe};
    return h;
}

void honest_turn(struct honest *h)
{
    uint64_t now = now_ns();

    for (unsigned i = 0; i < ECHOES; i++) {
        struct echo *e = &h->echoes[i];

        if (e->peer.is_open && !e->sent_ns && now >= e->next_ns &&
            !h->is_finishing)
            say(e);
    }
    if (h->prober.fd < 0 && now >= h->next_ns && !h->is_finishing)
        peer_connect(&h->prober);
}

static bool is_waiting(const struct honest *h)
{
    bool is = h->prober.fd >= 0;

    for (unsigned i = 0; i < ECHOES; i++)
        is |= h->echoes[i].sent_ns != 0;
    return is;
}

void honest_finish(struct honest *h)
{
    uint64_t until = now_ns() + PATIENCE_NS;

    h->is_finishing = true;
    while (is_waiting(h) && now_ns() < until)
        peers_turn();
    for (unsigned i = 0; i < ECHOES; i++) {
        h->lost += h->echoes[i].sent_ns != 0;
        peer_close(&h->echoes[i].peer);
    }
    h->lost += h->prober.fd >= 0;
    peer_close(&h->prober);
}

void honest_free(struct honest *h)
{
    free(h->handshakes.ns);
    free(h->round_trips.ns);
    free(h);
}

/* ---- Figures ------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static double quantile_ms(struct samples *s, double part)
{
    size_t i = (size_t)(part * (double)s->count);

    if (s->count == 0)
        return 0;
    qsort(s->ns, s->count, sizeof(*s->ns), by_size);
    return (double)s->ns[i < s->count ? i : s->count - 1] / 1e6;
}

double honest_handshake_ms(struct honest *h, double part)
{
    return quantile_ms(&h->handshakes, part);
}

double honest_echo_ms(struct honest *h, double part)
{
    return quantile_ms(&h->round_trips, part);
}

size_t honest_sent(const struct honest *h)
{
    return h->sent;
}

size_t honest_handshakes(const struct honest *h)
{
    return h->handshakes.count;
}

size_t honest_lost(const struct honest *h)
{
    return h->lost;
}
