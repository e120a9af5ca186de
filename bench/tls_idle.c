/* SPDX-License-Identifier: MIT */
/*
 * One figure: the bytes that OpenSSL and Weft hold for a TLS connection at
 * rest, on a server and on a client.
 *
 *     build-bench/bench/tls_idle CERTIFICATE KEY [CONNECTIONS]
 *
 * Pairs of a server and a client in one process, over pairs of sockets, which
 * shake hands, say a few bytes each way, and then rest. What each side has
 * allocated is told apart by whose call it was made in: OpenSSL's allocator and
 * that of the loop are both counted here, and each side has a loop of its own.
 * The kernel's part of a socket is not counted. Uses the internal interface.
 */
#include "net/stream.h"
#include "tls/tls_context.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define CONNECTIONS_MAX 20000
#define TURNS_MAX 100000

/* ---- Counting ------------------------------------------------------------ */

enum side { OUTSIDE, SERVER, CLIENT, SIDES };

/* Before each block: how large it is, and whose. As long as malloc aligns. */
union header {
    struct {
        size_t size;
        enum side side;
    } is;
    max_align_t align;
};

static enum side side;        /* whose call this is */
static long long held[SIDES]; /* bytes, as malloc rounds them */
static long long blocks[SIDES];

static void count(union header *h, int sign)
{
    held[h->is.side] +=
        sign * (long long)(malloc_usable_size(h) - sizeof(*h) + sizeof(size_t));
    blocks[h->is.side] += sign;
}

static void *resize(void *p, size_t size)
{
    union header *h = p ? (union header *)p - 1 : NULL;
    enum side whose = h ? h->is.side : side;

    if (h)
        count(h, -1);
    if (size == 0) {
        free(h);
        return NULL;
    }
    h = realloc(h, sizeof(*h) + size);
    if (!h)
        abort();
    h->is.size = size;
    h->is.side = whose;
    count(h, 1);
    return h + 1;
}

static void *crypto_alloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size ? resize(NULL, size) : NULL;
}

static void *crypto_resize(void *p, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return resize(p, size);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    resize(p, 0);
}

static void *loop_resize(void *ud, void *p, size_t old_size, size_t new_size)
{
    (void)ud;
    (void)old_size;
    return resize(p, new_size);
}

/* ---- Connections --------------------------------------------------------- */

struct end {
    struct weft_stream stream;
    size_t got;
};

struct bench {
    struct weft_loop *loops[SIDES];
    struct weft_tls *tls[SIDES];
    struct end *ends[SIDES];
    size_t connections;
};

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "tls_idle: %s: %s\n", what, why);
    exit(1);
}

static struct end *end_of(struct weft_stream *stream)
{
    return (struct end *)(void *)((char *)stream -
                                  offsetof(struct end, stream));
}

static void on_data(struct weft_stream *stream, uint8_t *p, size_t len)
{
    (void)p;
    end_of(stream)->got += len;
}

static void on_end(struct weft_stream *stream, int err)
{
    die(weft_strerror(err), weft_tls_why(stream));
}

static void on_nothing(struct weft_stream *stream)
{
    (void)stream;
}

static const struct weft_stream_ops ops = {
    .data = on_data,
    .end = on_end,
    .sent = on_nothing,
    .closed = on_nothing,
};

static void turn(struct bench *b)
{
    for (side = SERVER; side < SIDES; side++)
        if (weft_loop_turn(b->loops[side], 0) != 0)
            die("loop", "no turn");
    side = OUTSIDE;
}

static void join(struct bench *b, size_t i)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
        die("sockets", "raise the limit of descriptors: ulimit -n");
    for (side = SERVER; side < SIDES; side++) {
        struct weft_stream *stream = &b->ends[side][i].stream;
        int err = weft_stream_open(stream, b->loops[side], fds[side - 1], &ops);

        if (!err)
            err = side == SERVER
                      ? weft_tls_accept(stream, b->tls[SERVER])
                      : weft_tls_connect(stream, b->tls[CLIENT], "localhost",
                                         (unsigned)i + 1);
        if (err)
            die("opening", weft_strerror(err));
    }
    side = OUTSIDE;
}

static void say(struct bench *b, enum side from, enum side to, size_t i)
{
    static char text[] = "at rest";
    const struct iovec iov = {.iov_base = text, .iov_len = sizeof(text)};
    size_t before = b->ends[to][i].got;
    int64_t n = 0;

    for (int turns = 0; n == 0 && turns < TURNS_MAX; turns++) {
        side = from;
        n = weft_stream_write(&b->ends[from][i].stream, &iov, 1);
        turn(b);
    }
    for (int turns = 0; b->ends[to][i].got == before; turns++) {
        if (turns == TURNS_MAX)
            die("saying", "nobody hears");
        turn(b);
    }
}

/* ---- The run ------------------------------------------------------------- */

static void set_up(struct bench *b, const char *certificate, const char *key,
                   int version)
{
    static const struct weft_mem mem = {loop_resize, NULL};
    const struct weft_loop_opts loop_opts = {.size = sizeof(loop_opts),
                                             .mem = &mem};
    const struct weft_tls_identity identity = {certificate, key};
    const struct weft_tls_opts opts = {
        .size = sizeof(opts), .identities = &identity, .identity_count = 1};
    const struct weft_tls_client_opts client_opts = {.is_insecure = true};
    char why[WEFT_TLS_WHY] = "";

    for (enum side s = SERVER; s < SIDES; s++) {
        b->ends[s] = calloc(b->connections, sizeof(struct end));
        if (!b->ends[s] || weft_loop_new(&b->loops[s], &loop_opts) != 0)
            die("loop", "not made");
    }
    if (weft_tls_new_server(&b->tls[SERVER], &opts, NULL, why) != 0 ||
        weft_tls_new_client(&b->tls[CLIENT], b->loops[CLIENT], &client_opts,
                            why) != 0)
        die("TLS", why);
    SSL_CTX_set_max_proto_version(b->tls[SERVER]->ctxs[0], version);
}

static void add(struct bench *b, size_t i)
{
    join(b, i);
    say(b, CLIENT, SERVER, i);
    say(b, SERVER, CLIENT, i);
}

/* The first connections make what all of them share; the others are counted. */
static void run(struct bench *b)
{
    const size_t warm = 40; /* more than the sessions that a client keeps */
    const long long n = (long long)(b->connections - warm);
    long long bytes[SIDES], count_of[SIDES];
    char text[80];

    for (size_t i = 0; i < warm; i++)
        add(b, i);
    memcpy(bytes, held, sizeof(bytes));
    memcpy(count_of, blocks, sizeof(count_of));
    for (size_t i = warm; i < b->connections; i++)
        add(b, i);
    puts(weft_tls_describe(&b->ends[SERVER][0].stream, text, sizeof(text)));
    for (enum side s = SERVER; s < SIDES; s++)
        printf("  %s: %lld bytes in %lld blocks\n",
               s == SERVER ? "server" : "client", (held[s] - bytes[s]) / n,
               (blocks[s] - count_of[s]) / n);
}

static void tear_down(struct bench *b)
{
    for (enum side s = SERVER; s < SIDES; s++) {
        for (size_t i = 0; i < b->connections; i++)
            weft_stream_close(&b->ends[s][i].stream, true);
        weft_tls_unref(b->tls[s]);
        if (weft_loop_turn(b->loops[s], 0) != 0)
            die("loop", "no turn");
        weft_loop_free(b->loops[s]);
        free(b->ends[s]);
    }
}

int main(int argc, char **argv)
{
    const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct bench b = {.connections = 240};

    CRYPTO_set_mem_functions(crypto_alloc, crypto_resize, crypto_free);
    if (argc < 3 || argc > 4)
        die("usage", "tls_idle CERTIFICATE KEY [CONNECTIONS]");
    if (argc == 4)
        b.connections = (size_t)strtoul(argv[3], NULL, 10);
    if (b.connections < 50 || b.connections > CONNECTIONS_MAX)
        die("CONNECTIONS", "a number from 50 to 20000");
    for (int i = 0; i < 2; i++) {
        set_up(&b, argv[1], argv[2], versions[i]);
        run(&b);
        tear_down(&b);
    }
    return 0;
}
