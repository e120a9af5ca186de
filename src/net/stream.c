/* SPDX-License-Identifier: MIT */
/*
 * The stream over a bare socket: little more than other names for the calls of
 * struct weft_io. What it adds is one end: reading and writing may each find
 * out that a connection has failed, in either order, and the owner is told
 * once.
 */
#include "net/stream.h"

#include "base/list.h"

/* For the whole of struct tcp_info, which <netinet/tcp.h> has in part. */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

enum {
    ENDED = 1, /* in io.owner_flags: end has been called */
};

static struct weft_stream *stream_of(struct weft_io *io)
{
    return WEFT_OF(io, struct weft_stream, io);
}

static void end(struct weft_stream *stream, int err)
{
    stream->io.owner_flags |= ENDED;
    weft_io_read_stop(&stream->io);
    stream->ops->end(stream, err);
}

static void on_data(struct weft_io *io, uint8_t *p, size_t len, int err)
{
    struct weft_stream *stream = stream_of(io);

    if (len > 0)
        stream->ops->data(stream, p, len);
    else
        end(stream, err);
}

static void on_sent(struct weft_io *io, int err)
{
    struct weft_stream *stream = stream_of(io);

    /* Behind an end there is no second one: the owner, who waits for its last
     * bytes to go before it closes, learns from sent that it need not. */
    if (!err || (io->owner_flags & ENDED))
        stream->ops->sent(stream);
    else if (err == WEFT_ERR_EOF && stream->ops->broken)
        stream->ops->broken(stream);
    else
        end(stream, err);
}

static void on_closed(struct weft_io *io)
{
    struct weft_stream *stream = stream_of(io);

    stream->ops->closed(stream);
}

static const struct weft_io_ops io_ops = {
    .data = on_data,
    .sent = on_sent,
    .closed = on_closed,
};

int weft_stream_open(struct weft_stream *stream, struct weft_loop *loop, int fd,
                     const struct weft_stream_ops *ops)
{
    int on = 1;
    int err;

    stream->ops = ops;
    stream->filter = NULL;
    err = weft_io_open(&stream->io, loop, fd, &io_ops);
    if (err)
        return err;
    /* Output is gathered here, not in the kernel. A Unix socket refuses the
     * option and has no need of it. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    weft_io_read_start(&stream->io);
    return 0;
}

int64_t weft_stream_write(struct weft_stream *stream, const struct iovec *iov,
                          int niov)
{
    return weft_io_try_write(&stream->io, iov, niov);
}

void weft_stream_queue(struct weft_stream *stream, struct weft_tx *tx)
{
    weft_io_write(&stream->io, tx);
}

bool weft_stream_is_queued(const struct weft_stream *stream)
{
    return stream->io.tx != NULL;
}

void weft_stream_pause(struct weft_stream *stream)
{
    weft_io_read_stop(&stream->io);
}

void weft_stream_resume(struct weft_stream *stream)
{
    if (!(stream->io.owner_flags & ENDED))
        weft_io_read_start(&stream->io);
}

void weft_stream_shutdown(struct weft_stream *stream)
{
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
