/* SPDX-License-Identifier: MIT */
/*
 * The least that an echo over WebSocket can cost: the floor under every server
 * of the benchmark, not a server for anyone to use.
 *
 *     floor PORT
 *
 * One thread and one epoll. What one recv brings is read frame by frame; each
 * frame that is whole is unmasked into the output, and all of them leave in one
 * send. A large one is unmasked where it lies, and sent from there. Nothing is
 * checked: not the lengths, nor the opcodes, nor UTF-8, nor what the client
 * asks for. There are no limits, no timers and no handlers, and a client that
 * does not read holds up all others. A close frame is echoed as the others are,
 * which is just the answer it wants.
 *
 * All connections share the two buffers. One whose frames come in parts has a
 * buffer of its own from then on; another costs 48 bytes besides what the
 * kernel holds for it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE ((size_t)512 * 1024)
#define LARGE ((size_t)4 * 1024)
#define EVENTS 512
#define CLOSE 0x88 /* the first byte of a close frame */
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define ANSWER                                                                 \
    "HTTP/1.1 101 Switching Protocols\r\n"                                     \
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "

struct bytes {
    uint8_t *p;
    size_t len, room;
};

struct conn {
    int fd;
    bool open;       /* the handshake is done */
    bool closes;     /* the answer to the client's close frame is made */
    struct bytes in; /* a part of a frame, or of the request */
};

/* Shared by all connections while one is served. */
static int epoll;
static uint8_t *arrived;
static struct bytes reply;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void reserve(struct bytes *b, size_t more)
{
    size_t room = b->room ? b->room : 1024;

    while (room < b->len + more)
        room *= 2;
    if (room == b->room)
        return;
    b->p = realloc(b->p, room);
    if (!b->p)
        die("realloc");
    b->room = room;
}

static void append(struct bytes *b, const void *p, size_t len)
{
    reserve(b, len);
    memcpy(b->p + b->len, p, len);
    b->len += len;
}

static void end(struct conn *c)
{
    close(c->fd);
    free(c->in.p);
    free(c);
}

static void watch(int fd, struct conn *c)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev))
        die("epoll_ctl");
}

/* All of it; a client that has gone is noticed when it is read from. */
static void send_bytes(struct conn *c, const uint8_t *p, size_t len)
{
    struct pollfd room = {.fd = c->fd, .events = POLLOUT};

    while (len) {
        ssize_t sent = send(c->fd, p, len, MSG_NOSIGNAL);

        if (sent < 0 && errno != EAGAIN)
            return;
        if (sent > 0) {
            p += sent;
            len -= (size_t)sent;
        }
        if (len)
            poll(&room, 1, -1);
    }
}

static void send_reply(struct conn *c)
{
    if (reply.len)
        send_bytes(c, reply.p, reply.len);
    reply.len = 0;
}

/* From in to out, eight bytes a step, which the compiler makes into vectors. */
static void unmask(uint8_t *out, const uint8_t *in, size_t len, uint32_t key)
{
    uint64_t wide = (uint64_t)key << 32 | key;
    size_t i = 0;

    for (; i + 8 <= len; i += 8) {
        uint64_t word;

        memcpy(&word, in + i, 8);
        word ^= wide;
        memcpy(out + i, &word, 8);
    }
    for (; i < len; i++)
        out[i] = in[i] ^ ((const uint8_t *)&wide)[i % 8];
}

static uint64_t big_endian(const uint8_t *p, int len)
{
    uint64_t value = 0;

    while (len--)
        value = value << 8 | *p++;
    return value;
}

/* The header, less its mask, and behind it the payload. */
static void answer_small(const uint8_t *in, size_t head, size_t payload,
                         uint32_t key)
{
    uint8_t *out;

    reserve(&reply, head + payload);
    out = reply.p + reply.len;
    memcpy(out, in, head - 4);
    out[1] &= 127;
    unmask(out + head - 4, in + head, payload, key);
    reply.len += head - 4 + payload;
}

/* The same where it lies: the header moves to where the mask was. */
static void answer_large(struct conn *c, uint8_t *in, size_t head,
                         size_t payload, uint32_t key)
{
    send_reply(c);
    in[1] &= 127;
    memmove(in + 4, in, head - 4);
    unmask(in + head, in + head, payload, key);
    send_bytes(c, in + 4, head - 4 + payload);
}

/*
 * Answers the frame at in, if it is whole. Returns its length, or 0; *need is
 * then how many bytes it will have, as far as can be told.
 */
static size_t answer_frame(struct conn *c, uint8_t *in, size_t len,
                           size_t *need)
{
    size_t head = 6, payload;
    uint32_t key;

    *need = 14;
    if (len < 6)
        return 0;
    payload = in[1] & 127;
    if (payload >= 126) {
        int ext = payload == 126 ? 2 : 8;

        head += (size_t)ext;
        if (len < head)
            return 0;
        payload = big_endian(in + 2, ext);
    }
    *need = head + payload;
    if (len < *need)
        return 0;
    memcpy(&key, in + head - 4, 4);
    c->closes = in[0] == CLOSE;
    if (payload < LARGE)
        answer_small(in, head, payload, key);
    else
        answer_large(c, in, head, payload, key);
    return *need;
}

static bool answer_request(struct conn *c, const char *request)
{
    static const char field[] = "\r\nSec-WebSocket-Key:";
    const char *key = strcasestr(request, field);
    char text[24 + sizeof(GUID)];
    unsigned char digest[EVP_MAX_MD_SIZE], accept[32];
    unsigned int len;

    if (!key)
        return false;
    key += sizeof(field) - 1;
    key += strspn(key, " ");
    snprintf(text, sizeof(text), "%.24s" GUID, key);
    if (!EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL))
        return false;
    len = (unsigned int)EVP_EncodeBlock(accept, digest, (int)len);
    append(&reply, ANSWER, sizeof(ANSWER) - 1);
    append(&reply, accept, len);
    append(&reply, "\r\n\r\n", 4);
    c->open = true;
    return true;
}

/* The bytes of the head, 0 when it is not whole, -1 when it is none. */
static long open_conn(struct conn *c, uint8_t *in, size_t len)
{
    char *request = strndup((const char *)in, len);
    char *stop = request ? strstr(request, "\r\n\r\n") : NULL;
    long used = 0;

    if (stop) {
        stop[2] = 0;
        used = answer_request(c, request) ? stop + 4 - request : -1;
    }
    free(request);
    return used;
}

/* Answers what is whole, and keeps the rest. False: nothing more is due. */
static bool answer(struct conn *c, uint8_t *in, size_t len)
{
    size_t used = 0, need = 0, step;

    if (!c->open) {
        long head = open_conn(c, in, len);

        if (head < 0)
            return false;
        used = (size_t)head;
    }
    if (c->open)
        while (!c->closes &&
               (step = answer_frame(c, in + used, len - used, &need)))
            used += step;
    send_reply(c);
    if (c->closes)
        return false;
    if (in == c->in.p) {
        memmove(in, in + used, len - used);
        c->in.len = len - used;
    } else if (used < len) {
        append(&c->in, in + used, len - used);
    }
    if (c->in.len && need > c->in.len)
        reserve(&c->in, need - c->in.len);
    return true;
}

static bool receive(struct conn *c)
{
    bool own = c->in.p;
    uint8_t *in = arrived;
    ssize_t len;

    if (own) {
        reserve(&c->in, 1);
        in = c->in.p;
        len = recv(c->fd, in + c->in.len, c->in.room - c->in.len, 0);
    } else {
        len = recv(c->fd, in, READ_SIZE, 0);
    }
    if (len <= 0)
        return len < 0 && errno == EAGAIN;
    return answer(c, in, (own ? c->in.len : 0) + (size_t)len);
}

static void accept_all(int listener)
{
    int fd, on = 1;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct conn *c = calloc(1, sizeof(*c));

        if (!c)
            die("calloc");
        c->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        watch(fd, c);
    }
}

static int listen_on(const char *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;

    to.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&to, sizeof(to)) || listen(fd, 4096))
        die(port);
    watch(fd, NULL);
    return fd;
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS];
    int listener;

    if (argc != 2) {
        fputs("usage: floor PORT\n", stderr);
        return 2;
    }
    epoll = epoll_create1(0);
    arrived = malloc(READ_SIZE);
    if (epoll < 0 || !arrived)
        die("start");
    listener = listen_on(argv[1]);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            struct conn *c = events[i].data.ptr;

            if (!c)
                accept_all(listener);
            else if (!receive(c))
                end(c);
        }
    }
}
