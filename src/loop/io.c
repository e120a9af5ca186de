/* SPDX-License-Identifier: MIT */
/*
 * Descriptors, as far as they are the same under every poller: opening, trying
 * to write, shutting down, and ending in two steps. Closing takes the
 * descriptor from the poller and the kernel at once, detaching from the poller
 * only, and the struct comes on a list; closed is told when the turn is over,
 * so that an event at hand may still point to the struct, where it finds fd -1
 * and is passed over.
 */
#include "loop/loop.h"

#include "base/sizes.h"
#include "loop/poller.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <unistd.h>

static_assert(sizeof(void *) != 8 || sizeof(struct weft_io) == 40,
              "struct weft_io has grown");

int weft_io_error(int error)
{
    switch (error) {
    case ECONNRESET:
    case EPIPE:
    case ETIMEDOUT:
    case ECONNABORTED:
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN:
    case ENETRESET:
    case ENONET:
    case ENOPROTOOPT: /* this and the next: what ICMP says may arrive so */
    case EPROTO:
        return WEFT_ERR_EOF;
    default:
        return WEFT_ERR_SYSTEM;
    }
}

int weft_system_error(int error)
{
    switch (error) {
    case ENOMEM:
    case ENOSPC: /* epoll: fs.epoll.max_user_watches is reached */
        return WEFT_ERR_NOMEM;
    default:
        return WEFT_ERR_SYSTEM;
    }
}

int weft_io_open(struct weft_io *io, struct weft_loop *loop, int fd,
                 const struct weft_io_ops *ops)
{
    int err;

    *io = (struct weft_io){.loop = loop, .ops = ops, .fd = fd};
    err = loop->ops->add(io);
    if (err)
        io->fd = -1;
    return err;
}

static bool is_open(const struct weft_io *io)
{
    return io->loop && io->fd >= 0;
}

int weft_io_connect(struct weft_io *io, const struct sockaddr *sa,
                    socklen_t len)
{
    if (!is_open(io))
        return EBADF;
    assert(io->ops->connected);
    return io->loop->ops->connect(io, sa, len);
}

void weft_io_read_start(struct weft_io *io)
{
    if (is_open(io))
        io->loop->ops->read_start(io);
}

void weft_io_read_short(struct weft_io *io)
{
    io->flags |= WEFT_IO_SHORT;
}

void weft_io_read_into(struct weft_io *io)
{
    io->flags |= WEFT_IO_INTO;
}

uint8_t *weft_io_buffer(struct weft_io *io, size_t *size)
{
    uint8_t *p = NULL;

    if (io->flags & WEFT_IO_INTO && io->ops->room)
        p = io->ops->room(io, size);
    io->flags &= (uint16_t)~WEFT_IO_INTO;
    if (p)
        return p;
    *size = io->loop->buf_size;
    if ((io->flags & WEFT_IO_SHORT) && *size > WEFT_READ_SHORT)
        *size = WEFT_READ_SHORT;
    return io->loop->buf;
}

void weft_io_read_stop(struct weft_io *io)
{
    if (is_open(io))
        io->loop->ops->read_stop(io);
}

/* ---- Writing ------------------------------------------------------------- */

int64_t weft_io_send(int fd, const struct iovec *iov, int niov, int flags)
{
    /* The kernel does not write to the vector, though msghdr cannot say so. */
    struct msghdr msg = {
        .msg_iov = (struct iovec *)(uintptr_t)iov,
        .msg_iovlen = niov < IOV_MAX ? (size_t)niov : IOV_MAX,
    };
    ssize_t n;

    flags |= MSG_NOSIGNAL | MSG_DONTWAIT;
    do {
        /* One piece, as nearly always, costs the kernel less by this call. */
        n = niov == 1 ? send(fd, iov->iov_base, iov->iov_len, flags)
                      : sendmsg(fd, &msg, flags);
    } while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    return errno == EAGAIN ? 0 : weft_io_error(errno);
}

int64_t weft_io_try_write(struct weft_io *io, const struct iovec *iov, int niov)
{
    int64_t n;

    assert(!io->tx);
    if (!is_open(io))
        return WEFT_ERR_EOF;
    n = weft_io_send(io->fd, iov, niov,
                     io->flags & WEFT_IO_ENDING ? MSG_MORE : 0);
    if (n > 0)
        io->loop->traffic.sent += (uint64_t)n;
    return n;
}

void weft_io_ending(struct weft_io *io)
{
    io->flags |= WEFT_IO_ENDING;
}

void weft_io_write(struct weft_io *io, struct weft_tx *tx)
{
    assert(!io->tx);
    if (!is_open(io))
        return;
    tx->taken = 0;
    io->tx = tx;
    io->loop->ops->write(io);
}

int weft_tx_rest(const struct weft_tx *tx, struct iovec *vec, int max)
{
    size_t skip = tx->taken;
    int n = 0;

    for (int i = 0; i < tx->niov && n < max; i++) {
        const struct iovec *piece = &tx->iov[i];

        if (skip >= piece->iov_len) {
            skip -= piece->iov_len;
            continue;
        }
        vec[n].iov_base = (uint8_t *)piece->iov_base + skip;
        vec[n].iov_len = piece->iov_len - skip;
        skip = 0;
        n++;
    }
    return n;
}

/* ---- Ending -------------------------------------------------------------- */

void weft_io_shutdown(struct weft_io *io)
{
    assert(!io->tx);
    /* It fails only when the connection has ended, which reading will tell. */
    if (is_open(io))
        shutdown(io->fd, SHUT_WR);
}

int weft_io_detach(struct weft_io *io)
{
    struct weft_loop *loop = io->loop;
    int fd = io->fd;

    if (!is_open(io))
        return -1;
    loop->ops->remove(io);
    io->fd = -1;
    io->tx = NULL;

    io->next = NULL;
    if (loop->closed)
        loop->closed_last->next = io;
    else
        loop->closed = io;
    loop->closed_last = io;
    return fd;
}

void weft_io_close(struct weft_io *io, bool reset)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    int fd = weft_io_detach(io);

    if (fd < 0)
        return;
    if (reset)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
}

void weft_io_tell_closed(struct weft_loop *loop)
{
    struct weft_io *io;

    while ((io = loop->closed)) {
        loop->closed = io->next;
        io->ops->closed(io);
    }
}
