/* SPDX-License-Identifier: MIT */
/*
 * One epoll for all connections, level-triggered. What comes is looked at as it
 * comes: a head, then frames, of which the short ones are told and the long
 * ones passed over. Pings are answered, or the server would cut the connection.
 *
 * A peer may be closed in what it is told; events that are still at hand for it
 * find another descriptor, or none, and are passed over.
 */
#include "soak.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SOURCES 8 /* addresses that connections come from */

static int epoll_fd = -1;
static int server_port;

uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

_Noreturn void die(const char *what)
{
    fprintf(stderr, "soak: %s: %s\n", what, strerror(errno));
    _exit(2);
}

void *need(void *p)
{
    if (!p)
        die("memory");
    return p;
}

void peers_begin(int port)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        die("epoll_create1");
    server_port = port;
}

void peers_end(void)
{
    close(epoll_fd);
    epoll_fd = -1;
}

/* ---- Connecting ---------------------------------------------------------- */

static void arm(struct peer *peer, int op, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = peer};

    if (epoll_ctl(epoll_fd, op, peer->fd, &event) < 0)
        die("epoll_ctl");
}

static int open_socket(const struct peer *peer)
{
    struct sockaddr_in sa = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK + peer->from % SOURCES),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1, least = 2048, segment = 536;

    if (fd < 0)
        die("socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    /* The port is chosen in connect, where it need only differ by both ends. */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    /* Short segments keep the server's socket from taking megabytes, as it
     * would over the loopback device: what waits is to wait in the server. */
    if (peer->is_deaf) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
        setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
    }
    if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
        die("bind");
    sa.sin_port = htons((uint16_t)server_port);
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 &&
        errno != EINPROGRESS)
        die("connect");
    return fd;
}

void peer_connect(struct peer *peer)
{
    peer->is_connected = peer->is_open = false;
    peer->head_len = 0;
    peer->left = 0;
    peer->began_ns = now_ns();
    peer->fd = open_socket(peer);
    arm(peer, EPOLL_CTL_ADD, EPOLLOUT);
}

void peer_close(struct peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
    peer->is_open = peer->is_connected = false;
}

static void lost(struct peer *peer)
{
    peer_close(peer);
    peer->tell(peer, PEER_CLOSED, NULL, 0);
}

/* ---- Sending ------------------------------------------------------------- */

bool peer_put(struct peer *peer, const void *bytes, size_t len)
{
    return peer->fd >= 0 && send(peer->fd, bytes, len,
                                 MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
}

bool peer_send(struct peer *peer, unsigned opcode, const void *payload,
               size_t len)
{
    static const uint8_t key[4] = {0x4d, 0xa1, 0x07, 0xf2};
    const uint8_t *p = payload;
    uint8_t frame[6 + 125] = {(uint8_t)(0x80 | opcode), (uint8_t)(0x80 | len)};

    memcpy(frame + 2, key, sizeof(key));
    for (size_t i = 0; i < len; i++)
        frame[6 + i] = p[i] ^ key[i % 4];
    return peer_put(peer, frame, 6 + len);
}

size_t request_write(char *text, size_t size, const char *path)
{
    return (size_t)snprintf(text, size,
                            "GET %s HTTP/1.1\r\n"
                            "Host: localhost\r\n"
                            "Upgrade: websocket\r\n"
                            "Connection: Upgrade\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                            "Sec-WebSocket-Version: 13\r\n\r\n",
                            path);
}

static void ask(struct peer *peer)
{
    char text[400];

    if (!peer_put(peer, text, request_write(text, sizeof(text), peer->path)))
        lost(peer);
}

/* ---- Receiving ----------------------------------------------------------- */

/* Takes the first len bytes of head away. */
static void shift(struct peer *peer, size_t len)
{
    peer->head_len -= len;
    memmove(peer->head, peer->head + len, peer->head_len);
}

/* Whether the answer is whole; then it is gone. */
static bool take_answer(struct peer *peer)
{
    static const char good[] = "HTTP/1.1 101 ";
    const uint8_t *end = memmem(peer->head, peer->head_len, "\r\n\r\n", 4);

    if (!end)
        return false;
    if (memcmp(peer->head, good, sizeof(good) - 1) != 0) {
        lost(peer);
        return false;
    }
    shift(peer, (size_t)(end - peer->head) + 4);
    peer->is_open = true;
    peer->tell(peer, PEER_OPEN, NULL, 0);
    return peer->is_open;
}

static void told_frame(struct peer *peer, unsigned opcode,
                       const uint8_t *payload, size_t len)
{
    uint8_t copy[125];

    memcpy(copy, payload, len);
    if (opcode == 9)
        (void)peer_send(peer, 10, copy, len);
    else if (opcode == 1 || opcode == 2)
        peer->tell(peer, PEER_MESSAGE, copy, len);
    else if (opcode == 8)
        lost(peer);
}

/* Whether a frame, or the head of a long one, was there; then it is gone. */
static bool take_frame(struct peer *peer)
{
    const uint8_t *p = peer->head;
    size_t have = peer->head_len, len, ext;

    if (have < 2)
        return false;
    len = p[1];
    ext = len == 127 ? 8 : len == 126 ? 2 : 0;
    if (have < 2 + ext + (ext ? 0 : len))
        return false;
    if (ext == 0) {
        uint8_t frame[127];

        memcpy(frame, p, 2 + len);
        shift(peer, 2 + len);
        told_frame(peer, frame[0] & 15, frame + 2, len);
        return peer->fd >= 0;
    }
    len = 0;
    for (size_t i = 0; i < ext; i++)
        len = len << 8 | p[2 + i];
    shift(peer, 2 + ext);
    peer->left = len;
    return true;
}

/* Passes over payload of a long frame, from head and then from what came. */
static void pass_over(struct peer *peer, const uint8_t **p, size_t *len)
{
    size_t n =
        peer->left < peer->head_len ? (size_t)peer->left : peer->head_len;

    shift(peer, n);
    peer->left -= n;
    n = peer->left < *len ? (size_t)peer->left : *len;
    peer->left -= n;
    *p += n;
    *len -= n;
}

static void take(struct peer *peer, const uint8_t *p, size_t len)
{
    const int fd = peer->fd;
    bool is_taken = true;

    while (is_taken && peer->fd == fd) {
        size_t n;

        pass_over(peer, &p, &len);
        if (peer->left > 0)
            return;
        n = sizeof(peer->head) - peer->head_len;
        if (n > len)
            n = len;
        memcpy(peer->head + peer->head_len, p, n);
        peer->head_len += n;
        p += n;
        len -= n;
        is_taken = peer->is_open ? take_frame(peer) : take_answer(peer);
    }
    if (peer->fd == fd && len > 0)
        lost(peer); /* longer than all that a good server says */
}

static void receive(struct peer *peer)
{
    static uint8_t buf[65536];
    ssize_t n = recv(peer->fd, buf, sizeof(buf), MSG_DONTWAIT);

    if (n > 0)
        take(peer, buf, (size_t)n);
    else if (n == 0 || errno != EAGAIN)
        lost(peer);
}

void peer_sip(struct peer *peer, size_t len)
{
    char some[64];

    if (peer->fd >= 0 &&
        recv(peer->fd, some, len < sizeof(some) ? len : sizeof(some),
             MSG_DONTWAIT) == 0)
        lost(peer);
}

/* ---- Events -------------------------------------------------------------- */

static void connected(struct peer *peer)
{
    int error = 0;
    socklen_t len = sizeof(error);

    getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error) {
        lost(peer);
        return;
    }
    peer->is_connected = true;
    /* A deaf one reads its answer before it turns deaf. */
    arm(peer, EPOLL_CTL_MOD, EPOLLIN);
    if (peer->path)
        ask(peer);
    else
        peer->tell(peer, PEER_CONNECTED, NULL, 0);
}

static void ready(struct peer *peer, uint32_t events)
{
    if (peer->fd < 0)
        return;
    if (!peer->is_connected) {
        connected(peer);
        return;
    }
    if (peer->is_deaf && peer->is_open) {
        if (events & (EPOLLERR | EPOLLHUP))
            lost(peer);
        else
            arm(peer, EPOLL_CTL_MOD, 0);
        return;
    }
    receive(peer);
}

void peers_turn(void)
{
    struct epoll_event events[512];
    int n = epoll_wait(epoll_fd, events, 512, 5);

    for (int i = 0; i < n; i++)
        ready(events[i].data.ptr, events[i].events);
}
