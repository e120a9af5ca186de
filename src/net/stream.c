/* SPDX-License-Identifier: MIT */
/*
 * The stream over a bare socket is little more than other names for the calls
 * of struct weft_io; with a filter, each of them goes through that. What is
 * added is one end: reading and writing may each find out that a connection has
 * failed, in either order, and the owner is told once.
 */
#include "net/stream.h"

#include "base/list.h"

/* For the whole of struct tcp_info, which <netinet/tcp.h> has in part. */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

/* In io.owner_flags. The last two are for filters alone. */
enum {
    ENDED = 1,  /* end has been called */
    PAUSED = 2, /* the owner does not want to be told anything */
    HELD = 4,   /* the filter does not want to read */
};

static struct weft_stream *stream_of(struct weft_io *io)
{
    return WEFT_OF(io, struct weft_stream, io);
}

/* ---- To the owner -------------------------------------------------------- */

void weft_stream_deliver(struct weft_stream *stream, uint8_t *p, size_t len)
{
    stream->ops->data(stream, p, len);
}

bool weft_stream_is_finished(const struct weft_stream *stream)
{
    return (stream->io.owner_flags & ENDED) != 0;
}

void weft_stream_finish(struct weft_stream *stream, int err)
{
    if (weft_stream_is_finished(stream))
        return;
    stream->io.owner_flags |= ENDED;
    weft_io_read_stop(&stream->io);
    stream->ops->end(stream, err);
}

void weft_stream_tell_sent(struct weft_stream *stream, int err)
{
    /* Behind an end there is no second one: the owner, who waits for its last
     * bytes to go before it closes, learns from sent that it need not. */
    if (!err || weft_stream_is_finished(stream))
        stream->ops->sent(stream);
    else if (err == WEFT_ERR_EOF && stream->ops->broken)
        stream->ops->broken(stream);
    else
        weft_stream_finish(stream, err);
}

/* ---- From the socket ----------------------------------------------------- */

static void on_data(struct weft_io *io, uint8_t *p, size_t len, int err)
{
    struct weft_stream *stream = stream_of(io);
    struct weft_filter *filter = stream->filter;

    if (len > 0 && filter)
        filter->ops->data(stream, p, len);
    else if (len > 0)
        stream->ops->data(stream, p, len);
    else if (filter)
        filter->ops->end(stream, err);
    else
        weft_stream_finish(stream, err);
}

static uint8_t *on_room(struct weft_io *io, size_t *len)
{
    struct weft_stream *stream = stream_of(io);

    return stream->ops->room ? stream->ops->room(stream, len) : NULL;
}

static void on_sent(struct weft_io *io, int err)
{
    struct weft_stream *stream = stream_of(io);

    if (stream->filter)
        stream->filter->ops->sent(stream, err);
    else
        weft_stream_tell_sent(stream, err);
}

static void on_closed(struct weft_io *io)
{
    struct weft_stream *stream = stream_of(io);

    if (stream->filter)
        stream->filter->ops->free(stream);
    stream->filter = NULL;
    stream->ops->closed(stream);
}

static const struct weft_io_ops io_ops = {
    .data = on_data,
    .room = on_room,
    .sent = on_sent,
    .closed = on_closed,
};

int weft_stream_accept(struct weft_stream *stream, struct weft_loop *loop,
                       int fd, const struct weft_stream_ops *ops)
{
    int err;

    stream->ops = ops;
    stream->filter = NULL;
    err = weft_io_open(&stream->io, loop, fd, &io_ops);
    if (!err)
        weft_io_read_start(&stream->io);
    return err;
}

int weft_stream_open(struct weft_stream *stream, struct weft_loop *loop, int fd,
                     const struct weft_stream_ops *ops)
{
    int on = 1;
    int err = weft_stream_accept(stream, loop, fd, ops);

    /* Output is gathered here, not in the kernel. A Unix socket refuses the
     * option and has no need of it. */
    if (!err)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return err;
}

int64_t weft_stream_write(struct weft_stream *stream, const struct iovec *iov,
                          int niov)
{
    if (stream->filter)
        return stream->filter->ops->write(stream, iov, niov);
    return weft_io_try_write(&stream->io, iov, niov);
}

void weft_stream_queue(struct weft_stream *stream, struct weft_tx *tx)
{
    if (stream->filter)
        stream->filter->ops->queue(stream, tx);
    else
        weft_io_write(&stream->io, tx);
}

bool weft_stream_is_queued(const struct weft_stream *stream)
{
    if (stream->filter)
        return stream->filter->ops->is_queued(stream);
    return stream->io.tx != NULL;
}

bool weft_stream_is_flushing(const struct weft_stream *stream)
{
    return stream->filter && stream->io.tx;
}

static void read_on(struct weft_stream *stream)
{
    if (!(stream->io.owner_flags & (ENDED | PAUSED | HELD)))
        weft_io_read_start(&stream->io);
}

void weft_stream_pause(struct weft_stream *stream)
{
    stream->io.owner_flags |= PAUSED;
    weft_io_read_stop(&stream->io);
}

void weft_stream_resume(struct weft_stream *stream)
{
    stream->io.owner_flags &= (uint16_t)~PAUSED;
    read_on(stream);
    if (stream->filter && stream->io.fd >= 0)
        stream->filter->ops->resumed(stream);
}

void weft_stream_hold(struct weft_stream *stream)
{
    stream->io.owner_flags |= HELD;
    weft_io_read_stop(&stream->io);
}

void weft_stream_unhold(struct weft_stream *stream)
{
    stream->io.owner_flags &= (uint16_t)~HELD;
    read_on(stream);
}

bool weft_stream_is_paused(const struct weft_stream *stream)
{
    return (stream->io.owner_flags & PAUSED) != 0;
}

void weft_stream_read_into(struct weft_stream *stream)
{
    if (!stream->filter)
        weft_io_read_into(&stream->io);
}

void weft_stream_ending(struct weft_stream *stream)
{
    if (!stream->filter)
        weft_io_ending(&stream->io);
}

void weft_stream_shutdown(struct weft_stream *stream)
{
    if (stream->filter)
        stream->filter->ops->shutdown(stream);
    else
        weft_io_shutdown(&stream->io);
}

void weft_stream_discard(struct weft_stream *stream)
{
    char some[4096];

    for (int i = 0; i < 256 && stream->io.fd >= 0; i++)
        if (recv(stream->io.fd, some, sizeof(some), MSG_DONTWAIT) <= 0)
            return;
}

void weft_stream_close(struct weft_stream *stream, bool reset)
{
    if (stream->filter && stream->io.fd >= 0)
        stream->filter->ops->closing(stream, reset);
    weft_io_close(&stream->io, reset);
}

struct weft_loop *weft_stream_loop(const struct weft_stream *stream)
{
    return stream->io.loop;
}

int weft_stream_peer(const struct weft_stream *stream,
                     struct weft_address *peer)
{
    return weft_address_of_peer(peer, stream->io.fd);
}

bool weft_stream_is_taking(const struct weft_stream *stream, uint32_t *mark)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    uint32_t before = *mark;
    int waiting = 0;

    /* Most connections have nothing outstanding: they are asked no further. */
    if (stream->io.fd < 0 || ioctl(stream->io.fd, SIOCOUTQ, &waiting) != 0 ||
        waiting == 0)
        return false;
    if (getsockopt(stream->io.fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0) {
        *mark = (uint32_t)info.tcpi_bytes_acked;
        return *mark != before;
    }
    *mark = (uint32_t)waiting; /* a Unix socket: is less outstanding? */
    return *mark < before;
}
