/* SPDX-License-Identifier: MIT */
/*
 * One figure: how long the processor of a server works for an echoed message.
 *
 *     build-bench/bench/echo ws://127.0.0.1:9998/echo PID \
 *         CONNECTIONS DEPTH SIZE SECONDS
 *
 * Each connection keeps DEPTH binary messages of SIZE bytes on the way: all are
 * written at once, and again when the last of their echoes has come. The frames
 * are masked before the run and echoes are counted, not read, so that this
 * program does little beside the server. The figure is the processor time of
 * process PID, all its threads, between the first message and the last, by the
 * number of echoes. Shares no code with Weft; any server that echoes will do.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 100000
#define BATCH_MAX ((size_t)64 << 20) /* bytes of one connection's messages */
#define PATIENCE_MS 10000
#define NS UINT64_C(1000000000)

struct url {
    char host[256], port[6], path[256];
};

struct conn {
    int fd;
    size_t to_write; /* of the batch */
    size_t to_read;  /* of its echoes */
};

struct bench {
    struct url url;
    long pid;
    size_t connections, depth, size;
    uint64_t run_ns;

    int epoll;
    struct conn *conns;
    uint8_t *batch;               /* DEPTH masked frames */
    size_t batch_len, echoes_len; /* bytes there and back */
    uint64_t messages;            /* echoed */
};

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "echo: %s: %s\n", what, why);
    exit(1);
}

static void *alloc(size_t count, size_t size)
{
    void *p = calloc(count, size);

    if (!p)
        die("memory", strerror(errno));
    return p;
}

/* ---- Clocks -------------------------------------------------------------- */

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    if (clock_gettime(clock, &t) != 0)
        die("clock", strerror(errno));
    return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

/* The processor time of the server so far, in nanoseconds. */
static uint64_t server_ns(const struct bench *b)
{
    clockid_t clock;
    int error = clock_getcpuclockid((pid_t)b->pid, &clock);

    if (error)
        die("the server's process", strerror(error));
    return clock_ns(clock);
}

/* ---- Frames -------------------------------------------------------------- */

/* Writes the length of RFC 6455 section 5.2 and returns the header's. */
static size_t put_header(uint8_t *p, size_t size)
{
    size_t extended = size > 65535 ? 8 : size > 125 ? 2 : 0;

    p[0] = 0x82; /* binary, FIN */
    p[1] = (uint8_t)(extended == 8 ? 127 : extended == 2 ? 126 : size);
    for (size_t i = 0; i < extended; i++)
        p[1 + extended - i] = (uint8_t)((uint64_t)size >> 8 * i);
    return 2 + extended;
}

static size_t put_masked(uint8_t *p, size_t size)
{
    static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
    size_t len = put_header(p, size);

    p[1] |= 0x80;
    memcpy(p + len, key, sizeof(key));
    len += sizeof(key);
    for (size_t i = 0; i < size; i++)
        p[len + i] = (uint8_t)('a' + i % 26) ^ key[i % 4];
    return len + size;
}

static void make_batch(struct bench *b)
{
    uint8_t header[10];

    b->batch = alloc(b->depth, b->size + 14);
    for (size_t i = 0; i < b->depth; i++)
        b->batch_len += put_masked(b->batch + b->batch_len, b->size);
    b->echoes_len = b->depth * (put_header(header, b->size) + b->size);
}

/* ---- Connecting ---------------------------------------------------------- */

static int connect_to(const struct url *url)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const struct timeval bound = {.tv_sec = PATIENCE_MS / 1000};
    const int on = 1;
    struct addrinfo *to;
    int error = getaddrinfo(url->host, url->port, &hints, &to), fd;

    if (error)
        die(url->host, gai_strerror(error));
    fd = socket(to->ai_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, to->ai_addr, to->ai_addrlen) != 0)
        die("connecting", strerror(errno));
    freeaddrinfo(to);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
    return fd;
}

/* The server speaks only when spoken to, so nothing comes behind its answer. */
static void upgrade(int fd, const struct url *url)
{
    char text[1024];
    size_t len = 0;
    int size = snprintf(text, sizeof(text),
                        "GET %s HTTP/1.1\r\n"
                        "Host: %s:%s\r\n"
                        "Upgrade: websocket\r\n"
                        "Connection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "Sec-WebSocket-Version: 13\r\n\r\n",
                        url->path, url->host, url->port);

    if (send(fd, text, (size_t)size, MSG_NOSIGNAL) != size)
        die("handshake", strerror(errno));
    do {
        ssize_t n = recv(fd, text + len, sizeof(text) - len, 0);

        if (n <= 0)
            die("handshake", n < 0 ? strerror(errno) : "no whole answer");
        len += (size_t)n;
    } while (!memmem(text, len, "\r\n\r\n", 4));
    if (len < 12 || memcmp(text, "HTTP/1.1 101", 12) != 0)
        die("handshake", "the server did not answer with 101");
}

static void open_all(struct bench *b)
{
    b->epoll = epoll_create1(0);
    b->conns = alloc(b->connections, sizeof(*b->conns));
    for (size_t i = 0; i < b->connections; i++) {
        struct conn *c = &b->conns[i];
        struct epoll_event event = {EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = c}};

        c->fd = connect_to(&b->url);
        upgrade(c->fd, &b->url);
        if (epoll_ctl(b->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
            die("epoll", strerror(errno));
    }
}

/* ---- Running ------------------------------------------------------------- */

/* The result of a call that does not wait: bytes, or 0 for not now. */
static size_t moved(ssize_t n)
{
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        die("the run", strerror(errno));
    return n > 0 ? (size_t)n : 0;
}

static size_t write_some(struct bench *b, struct conn *c)
{
    size_t n;

    if (c->to_write == 0)
        return 0;
    n = moved(send(c->fd, b->batch + b->batch_len - c->to_write, c->to_write,
                   MSG_DONTWAIT | MSG_NOSIGNAL));
    c->to_write -= n;
    return n;
}

static size_t read_some(struct bench *b, struct conn *c)
{
    static uint8_t sink[1 << 20];
    ssize_t result = recv(c->fd, sink, sizeof(sink), MSG_DONTWAIT);
    size_t n = moved(result);

    if (result == 0)
        die("the run", "the server has ended a connection");
    if (n > c->to_read)
        die("the run", "the server sends more than echoes");
    c->to_read -= n;
    if (n > 0 && c->to_read == 0) {
        b->messages += b->depth;
        c->to_write = b->batch_len;
        c->to_read = b->echoes_len;
    }
    return n;
}

/* Until neither moves, as events come only once. */
static void serve(struct bench *b, struct conn *c)
{
    size_t n;

    do {
        n = write_some(b, c);
        n += read_some(b, c);
    } while (n > 0);
}

static uint64_t run(struct bench *b)
{
    uint64_t begin = clock_ns(CLOCK_MONOTONIC), now = begin;

    for (size_t i = 0; i < b->connections; i++) {
        b->conns[i].to_write = b->batch_len;
        b->conns[i].to_read = b->echoes_len;
    }
    while (now - begin < b->run_ns) {
        struct epoll_event events[256];
        int n = epoll_wait(b->epoll, events, 256, PATIENCE_MS);

        if (n == 0)
            die("the run", "the server has stopped");
        for (int i = 0; i < n; i++)
            serve(b, events[i].data.ptr);
        now = clock_ns(CLOCK_MONOTONIC);
    }
    return now - begin;
}

static void measure(struct bench *b)
{
    uint64_t before = server_ns(b);
    uint64_t took = run(b), worked = server_ns(b) - before;

    if (b->messages == 0)
        die("the run", "too short: not one echo came");
    printf("%.1f ns of server CPU per message "
           "(%zu connections, depth %zu, %zu bytes, %.0f messages/s)\n",
           (double)worked / (double)b->messages, b->connections, b->depth,
           b->size, (double)b->messages / ((double)took / NS));
}

/* ---- Arguments ----------------------------------------------------------- */

static long read_number(const char *name, const char *text, long max)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < 0 || value > max) {
        fprintf(stderr, "echo: %s: not a number from 0 to %ld: %s\n", name, max,
                text);
        exit(2);
    }
    return value;
}

static bool read_url(struct url *url, const char *text)
{
    int n = sscanf(text, "ws://%255[^:/]:%5[0-9]%255s", url->host, url->port,
                   url->path);

    if (n == 2)
        memcpy(url->path, "/", 2);
    return n >= 2 && url->path[0] == '/';
}

int main(int argc, char **argv)
{
    struct bench b = {0};

    if (argc != 7 || !read_url(&b.url, argv[1])) {
        fprintf(stderr, "usage: echo ws://HOST:PORT/PATH "
                        "PID CONNECTIONS DEPTH SIZE SECONDS\n");
        return 2;
    }
    b.pid = read_number("PID", argv[2], INT32_MAX);
    b.connections =
        (size_t)read_number("CONNECTIONS", argv[3], CONNECTIONS_MAX);
    b.depth = (size_t)read_number("DEPTH", argv[4], 1000000);
    b.size = (size_t)read_number("SIZE", argv[5], 16 << 20);
    b.run_ns = (uint64_t)read_number("SECONDS", argv[6], 3600) * NS;
    if (!b.pid || !b.connections || !b.depth || !b.run_ns ||
        b.depth * (b.size + 14) > BATCH_MAX) {
        fprintf(stderr,
                "echo: only SIZE may be 0, and DEPTH messages of SIZE "
                "bytes may be %zu bytes\n",
                BATCH_MAX);
        return 2;
    }
    make_batch(&b);
    open_all(&b);
    measure(&b);
    return 0; /* the connections and all memory go with the process */
}
