/* SPDX-License-Identifier: MIT */
/*
 * Opening a connection: socket, perhaps TLS, handshake. The addresses of the
 * host are tried in turn by the first connections of a thread; the one that
 * answers is that of all others.
 *
 * A descriptor that connects is in the loop twice, first for that and then as a
 * stream: what joins the two is the call that says it was taken out. On this
 * machine it need not: the kernel does the handshake of TCP within connect, so
 * the request is sent at once and the loop sees a stream alone.
 */
#include "load/load_conn.h"

#include "load/load_thread.h"
#include "loop/poller.h"
#include "tls/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

/* A port of ours for each connection to the same address and port: Linux has
 * 28,232 by default. */
#define PORTS 25000

/* The least that the kernel allows is about twice as much. */
#define SLOW_BUFFER 2048

static struct load_conn *conn_of(struct weft_io *io)
{
    return WEFT_OF(io, struct load_conn, stream.io);
}

static const struct weft_address *address_of(const struct load_conn *conn)
{
    return &conn->thread->plan->target.addresses[conn->address];
}

/* ---- The request --------------------------------------------------------- */

/* All of it from this byte on. */
static void send_request(struct load_conn *conn, size_t at)
{
    const struct weft_buf *request = &conn->thread->plan->hello.request;
    struct iovec iov = {request->data + at, request->len - at};
    int64_t n = weft_stream_write(&conn->stream, &iov, 1);

    if (n < 0) {
        load_conn_fail(conn, "the connection was lost at once");
        return;
    }
    if ((size_t)n == iov.iov_len)
        return;
    at += (size_t)n;
    conn->iov = (struct iovec){request->data + at, request->len - at};
    conn->tx = (struct weft_tx){.iov = &conn->iov, .niov = 1};
    weft_stream_queue(&conn->stream, &conn->tx);
}

/* One that lives for a single message has no use for TCP_NODELAY: nothing of
 * ours is ever on the way when it sends. */
static int open_stream(struct load_conn *conn)
{
    struct weft_loop *loop = conn->thread->loop;

    if (conn->thread->plan->opts->work == LOAD_CHURN)
        return weft_stream_accept(&conn->stream, loop, conn->fd,
                                  &load_conn_ops);
    return weft_stream_open(&conn->stream, loop, conn->fd, &load_conn_ops);
}

/* The descriptor becomes a stream; so much of the request is sent. */
static void begin_talk(struct load_conn *conn, size_t sent)
{
    const struct load_plan *plan = conn->thread->plan;
    int err = open_stream(conn);

    if (err) {
        close(conn->fd);
        conn->state = LOAD_CONN_NONE;
        load_conn_fail(conn, "%s", weft_strerror(err));
        return;
    }
    conn->fd = -1;
    if (plan->target.is_secure)
        err = weft_tls_connect(&conn->stream, conn->thread->tls,
                               plan->target.host, plan->target.port);
    if (err)
        load_conn_fail(conn, "TLS: %s", weft_strerror(err));
    else if (sent < plan->hello.request.len)
        send_request(conn, sent);
}

/* ---- The answer ---------------------------------------------------------- */

/* All requests are the same, so what answers one well answers them all. */
static bool is_known(const struct weft_buf *answer, const uint8_t *p,
                     size_t len)
{
    return answer->len > 0 && len >= answer->len &&
           memcmp(p, answer->data, answer->len) == 0;
}

/* A head in one piece: its length, or 0. */
static size_t read_head(struct load_conn *conn, uint8_t *p, size_t len)
{
    struct load_thread *thread = conn->thread;
    char why[LOAD_WHY];
    bool has_takeover = false;
    int n;

    if (is_known(&thread->answer, p, len))
        return thread->answer.len;
    n = load_hello_check(&thread->plan->hello, (char *)p, len, conn->seen,
                         &has_takeover, why);
    if (n < 0) {
        load_conn_fail(conn, "%s", why);
        return 0;
    }
    thread->has_takeover |= has_takeover;
    weft_buf_clear(&thread->answer);
    if (n > 0 && weft_buf_append(&thread->answer, p, (size_t)n) != 0)
        weft_buf_clear(&thread->answer);
    return (size_t)n;
}

void load_knock_data(struct load_conn *conn, uint8_t *p, size_t len)
{
    size_t before = conn->head.len, head;

    if (before == 0) {
        head = read_head(conn, p, len);
    } else if (weft_buf_append(&conn->head, p, len) != 0) {
        load_conn_fail(conn, "the server's answer has too long a head");
        return;
    } else {
        head = read_head(conn, conn->head.data, conn->head.len);
    }
    if (conn->state != LOAD_CONN_KNOCKING)
        return;
    if (head > 0) {
        weft_buf_release(&conn->head);
        load_conn_begin(conn, p + (head - before), len - (head - before));
        return;
    }
    if (before == 0 && weft_buf_append(&conn->head, p, len) != 0)
        load_conn_fail(conn, "%s", weft_strerror(WEFT_ERR_NOMEM));
    conn->seen = conn->head.len;
}

/* ---- Connecting ---------------------------------------------------------- */

/* Another of the host's addresses, as long as none has been seen to work. */
static bool try_next(struct load_conn *conn)
{
    struct load_thread *thread = conn->thread;

    if (conn->address == thread->address) {
        if (thread->has_opened ||
            thread->address + 1 >= thread->plan->target.count)
            return false;
        thread->address++;
    }
    load_knock_start(conn);
    return true;
}

static void connect_failed(struct load_conn *conn)
{
    char text[WEFT_ADDRESS_TEXT];

    if (try_next(conn))
        return;
    conn->state = LOAD_CONN_NONE;
    load_conn_fail(
        conn, "cannot connect to %s: %s%s",
        weft_address_text(address_of(conn), text), strerror(conn->error),
        conn->error == EADDRNOTAVAIL ? " (all local ports are in use)" : "");
}

static void on_connected(struct weft_io *io, int error)
{
    struct load_conn *conn = conn_of(io);

    conn->error = error;
    if (error)
        weft_io_close(io, false);
    else
        conn->fd = weft_io_detach(io);
}

static void on_taken_out(struct weft_io *io)
{
    struct load_conn *conn = conn_of(io);

    if (conn->state == LOAD_CONN_GOING) {
        if (conn->fd >= 0)
            close(conn->fd);
        conn->fd = -1;
        load_conn_closed(conn);
    } else if (conn->fd >= 0) {
        begin_talk(conn, 0);
    } else {
        connect_failed(conn);
    }
}

static const struct weft_io_ops connecting_ops = {
    .closed = on_taken_out,
    .connected = on_connected,
};

/* Addresses of ours to connect from, where one has too few ports. */
static void spread(const struct load_conn *conn, int fd)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    const int on = 1;

    if (conn->thread->plan->opts->connections <= PORTS ||
        !load_target_is_loopback(address_of(conn)))
        return;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + conn->index / PORTS);
    /* Where it fails, connecting will tell. */
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    (void)bind(fd, (struct sockaddr *)&from, sizeof(from));
}

static int open_socket(const struct load_conn *conn)
{
    const int size = SLOW_BUFFER;
    int fd = socket(address_of(conn)->sa.ss_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    spread(conn, fd);
    if (conn->kind == LOAD_CONN_SLOW)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    return fd;
}

/* Through the loop, which tells when it is connected. */
static void start_far(struct load_conn *conn, int fd)
{
    const struct weft_address *address = address_of(conn);
    int err =
        weft_io_open(&conn->stream.io, conn->thread->loop, fd, &connecting_ops);

    if (err) {
        close(fd);
        conn->state = LOAD_CONN_NONE;
        load_conn_fail(conn, "no socket: %s", weft_strerror(err));
        return;
    }
    conn->fd = -1;
    conn->stream.filter = NULL;
    conn->error = weft_io_connect(
        &conn->stream.io, (const struct sockaddr *)&address->sa, address->len);
    if (conn->error)
        weft_io_close(&conn->stream.io, false);
}

/* Bytes of the request that a socket has taken which is connected or about to
 * be; or -1, and errno. */
static int64_t connect_near(const struct load_conn *conn, int fd)
{
    const struct weft_address *address = address_of(conn);
    const struct weft_buf *request = &conn->thread->plan->hello.request;
    int rc = connect(fd, (const struct sockaddr *)&address->sa, address->len);
    ssize_t n;

    if (rc < 0 && errno != EINPROGRESS && errno != EINTR)
        return -1;
    n = send(fd, request->data, request->len, MSG_NOSIGNAL | MSG_DONTWAIT);
    /* A full backlog: it will be sent when the server has accepted others. */
    return n < 0 && errno == EAGAIN ? 0 : n;
}

static void start_near(struct load_conn *conn, int fd)
{
    int64_t sent = connect_near(conn, fd);

    if (sent < 0) {
        conn->error = errno;
        close(fd);
        connect_failed(conn);
        return;
    }
    conn->fd = fd;
    begin_talk(conn, (size_t)sent);
}

void load_knock_start(struct load_conn *conn)
{
    const struct load_target *target = &conn->thread->plan->target;
    int fd;

    conn->address = conn->thread->address;
    fd = open_socket(conn);
    if (fd < 0) {
        int error = errno;

        conn->state = LOAD_CONN_NONE;
        load_conn_fail(conn, "no socket: %s", strerror(error));
    } else if (!target->is_secure &&
               load_target_is_loopback(address_of(conn))) {
        start_near(conn, fd);
    } else {
        start_far(conn, fd);
    }
}
