/* SPDX-License-Identifier: MIT */
/*
 * One TCP connection. The socket does not block; every wait is a poll with a
 * bound. What came before a reset is still read (Linux keeps the receive
 * queue), so whoever sends Close and then drops unread bytes is judged by
 * the Close frame.
 */
#include "conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* More than this is sent in parts even singly, so that a case of a megabyte
 * does not take a minute: its beginning and its end are still single bytes. */
#define SINGLY_ALL 16384
#define SINGLY_HEAD 1024
#define SINGLY_TAIL 64
#define SINGLY_PART 4093

#define READ_SIZE 65536
/* Who sends this much was asked for no such thing. */
#define FLOOD (64u << 20)

static int wait_for(int fd, short events, int64_t wait_ms)
{
    struct pollfd pfd = {.fd = fd, .events = events};
    int rc;

    do
        rc = poll(&pfd, 1, (int)wait_ms);
    while (rc < 0 && errno == EINTR);
    return rc > 0 ? pfd.revents : 0;
}

static int dial(struct conn *c, const struct target *t)
{
    int err = 0;
    socklen_t len = sizeof(err);

    if (connect(c->fd, (const struct sockaddr *)&t->addr, t->addr_len) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    if (!wait_for(c->fd, POLLOUT, c->silence_ms))
        return ETIMEDOUT;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
        return errno;
    return err;
}

static int greet(struct conn *c, const struct target *t)
{
    int events;

    c->tunnel = tunnel_new(c->fd, t->host);
    while ((events = tunnel_greet(c->tunnel)) > 0) {
        if (!wait_for(c->fd, (short)events, c->silence_ms))
            return ETIMEDOUT;
    }
    return events < 0 ? errno : 0;
}

int conn_open(struct conn *c, const struct target *t, int64_t silence_ms)
{
    int one = 1, err;

    memset(c, 0, sizeof(*c));
    c->silence_ms = silence_ms;
    c->fd = socket(t->addr.ss_family,
                   SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0)
        return errno;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    err = dial(c, t);
    if (!err && t->is_secure)
        err = greet(c, t);
    if (err)
        conn_close(c);
    return err;
}

void conn_take(struct conn *c, int fd, int64_t silence_ms)
{
    int one = 1;

    memset(c, 0, sizeof(*c));
    c->silence_ms = silence_ms;
    c->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

void conn_reset(struct conn *c)
{
    struct linger at_once = {.l_onoff = 1};

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(c->fd);
    c->fd = -1;
    c->ended = c->deaf = c->finished = true;
}

void conn_close(struct conn *c)
{
    tunnel_free(c->tunnel);
    c->tunnel = NULL;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    bytes_release(&c->in);
}

static enum conn_news read_some(struct conn *c)
{
    uint8_t *place;
    ssize_t n;

    if (c->ended || c->in.len > FLOOD)
        return CONN_END;
    place = bytes_room(&c->in, READ_SIZE);
    n = c->tunnel ? tunnel_read(c->tunnel, place, READ_SIZE)
                  : recv(c->fd, place, READ_SIZE, 0);
    if (n > 0) {
        c->in.len += (size_t)n;
        return CONN_BYTES;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return CONN_SILENCE;
    c->ended = true;
    c->reset = n < 0;
    return CONN_END;
}

/* Waits until the socket takes bytes; reads meanwhile. */
static void make_way(struct conn *c)
{
    short events = c->ended ? POLLOUT : POLLIN | POLLOUT;
    int got = wait_for(c->fd, events, c->silence_ms);

    if (!got)
        c->deaf = true;
    if (got & POLLIN)
        read_some(c);
}

static void send_part(struct conn *c, const uint8_t *p, size_t len)
{
    while (len && !c->deaf) {
        ssize_t n = c->tunnel ? tunnel_write(c->tunnel, p, len)
                              : send(c->fd, p, len, MSG_NOSIGNAL);

        if (n >= 0) {
            p += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            make_way(c);
        } else if (errno != EINTR) {
            c->deaf = true;
        }
    }
}

static size_t part_size(const struct conn *c, size_t at, size_t len)
{
    size_t left = len - at;

    if (!c->singly)
        return left;
    if (len <= SINGLY_ALL || at < SINGLY_HEAD || left <= SINGLY_TAIL)
        return 1;
    left -= SINGLY_TAIL;
    return left < SINGLY_PART ? left : SINGLY_PART;
}

/* No verdict depends on a pause: it only makes it likely that the other side
 * is handed what was sent so far by itself. */
static void pause_ns(long ns)
{
    struct timespec ts = {.tv_nsec = ns};

    nanosleep(&ts, NULL);
}

void conn_send(struct conn *c, const uint8_t *p, size_t len)
{
    for (size_t at = 0, n; at < len && !c->deaf; at += n) {
        n = part_size(c, at, len);
        send_part(c, p + at, n);
        if (n == 1 && at < SINGLY_HEAD)
            pause_ns(1000);
    }
}

void conn_pause(void)
{
    pause_ns(2000000);
}

void conn_finish(struct conn *c)
{
    if (!c->finished && c->tunnel)
        tunnel_finish(c->tunnel);
    if (!c->finished)
        shutdown(c->fd, SHUT_WR);
    c->finished = c->deaf = true;
}

/* With TLS the socket may be readable and yet have nothing for us. */
enum conn_news conn_fill(struct conn *c, int64_t wait_ms)
{
    enum conn_news news;
    int64_t end, left;

    if (c->ended)
        return CONN_END;
    left = wait_ms ? wait_ms : c->silence_ms;
    end = now_ms() + left;
    do {
        if (!(c->tunnel && tunnel_has_bytes(c->tunnel)) &&
            !wait_for(c->fd, POLLIN, left))
            return CONN_SILENCE;
        news = read_some(c);
        left = end - now_ms();
    } while (news == CONN_SILENCE && left > 0);
    return news;
}
