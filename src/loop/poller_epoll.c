/* SPDX-License-Identifier: MIT */
/*
 * Completions from epoll, edge-triggered: the kernel says once that something
 * came, and looks at a descriptor half as often as for levels. A receive that
 * is not filled has emptied the socket, behind which only the end can wait,
 * and that has an event of its own. Where more may be left, io->flags has MORE,
 * and arming the descriptor anew (EPOLL_CTL_MOD, which cannot fail for want of
 * memory) makes the kernel report it again: at once if it is read from, else
 * when reading goes on. So pausing and resuming between two events costs
 * nothing, and what happens meanwhile, a reset among it, wakes the loop once.
 * EPOLLOUT is armed while a write is in progress, and anew after each send that
 * was not taken whole.
 *
 * A socket that has yet to connect is hung up in the eyes of epoll, so the
 * event at hand may be older than the connect that it seems to answer: it is
 * believed only when the socket itself says the same.
 */
#include "loop/poller.h"

#include "base/sizes.h"

#include <assert.h>
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    READING = 1,   /* data is wanted */
    ENDED = 2,     /* and has been told the end */
    MORE = 4,      /* data or the end may be waiting, unreported */
    ARMED_OUT = 8, /* the kernel knows of a write */
    CONNECTING = 16,
};

/* What every descriptor is registered for. */
#define EVENTS (EPOLLIN | EPOLLRDHUP | EPOLLET)

#define NS_PER_MS UINT64_C(1000000)

struct epoller {
    int fd;
    int count, at; /* the batch at hand, and the next of it */
    struct epoll_event events[WEFT_EVENT_BATCH]; /* events 0: struck off */
    struct iovec vec[WEFT_IOV_BATCH];            /* for one sendmsg */
};

/*
 * What an event's pointer says: an io; an acceptor, when the lowest bit is
 * set; NULL for the wake.
 */
static void *tag_acceptor(struct weft_acceptor *acceptor)
{
    return (uint8_t *)acceptor + 1;
}

static bool is_acceptor(const void *tag)
{
    return (uintptr_t)tag & 1;
}

static struct weft_acceptor *untag_acceptor(void *tag)
{
    return (void *)((uint8_t *)tag - 1);
}

/* ---- Making and freeing -------------------------------------------------- */

static int control(const struct epoller *ep, int op, int fd, uint32_t events,
                   void *tag)
{
    struct epoll_event event = {.events = events, .data.ptr = tag};

    return epoll_ctl(ep->fd, op, fd, &event) < 0 ? weft_system_error(errno) : 0;
}

static int poller_open(struct weft_loop *loop)
{
    struct epoller *ep = weft_zalloc(loop->mem, sizeof(*ep));

    if (!ep)
        return WEFT_ERR_NOMEM;
    loop->poller = ep;
    ep->fd = epoll_create1(EPOLL_CLOEXEC);
    if (ep->fd < 0)
        return weft_system_error(errno);
    return control(ep, EPOLL_CTL_ADD, loop->wake_fd, EPOLLIN, NULL);
}

static void poller_close(struct weft_loop *loop)
{
    struct epoller *ep = loop->poller;

    if (!ep)
        return;
    if (ep->fd >= 0)
        close(ep->fd);
    weft_free(loop->mem, ep, sizeof(*ep));
    loop->poller = NULL;
}

static int poller_fd(const struct weft_loop *loop)
{
    const struct epoller *ep = loop->poller;

    return ep->fd;
}

/* ---- Descriptors --------------------------------------------------------- */

static int add(struct weft_io *io)
{
    return control(io->loop->poller, EPOLL_CTL_ADD, io->fd, EVENTS, io);
}

/* By name, not by closing alone: a child that has forked and not yet called
 * exec still holds the descriptor, and the kernel would keep the pointer. */
static void forget(struct weft_io *io)
{
    (void)control(io->loop->poller, EPOLL_CTL_DEL, io->fd, 0, NULL);
}

static bool wants_out(const struct weft_io *io)
{
    return io->tx || io->flags & CONNECTING;
}

/* Has everything reported that there is now. Fails only for a descriptor that
 * is not registered, and all are. */
static void arm(struct weft_io *io)
{
    uint32_t out = wants_out(io) ? EPOLLOUT : 0u;

    io->flags &= (uint16_t) ~(MORE | ARMED_OUT);
    if (out)
        io->flags |= ARMED_OUT;
    (void)control(io->loop->poller, EPOLL_CTL_MOD, io->fd, EVENTS | out, io);
}

/* EINTR does not end it: POSIX has it go on as with EINPROGRESS. */
static int connect_start(struct weft_io *io, const struct sockaddr *sa,
                         socklen_t len)
{
    if (connect(io->fd, sa, len) < 0 && errno != EINPROGRESS && errno != EINTR)
        return errno;
    io->flags |= CONNECTING;
    arm(io);
    return 0;
}

static void read_start(struct weft_io *io)
{
    assert(!(io->flags & CONNECTING));
    if (io->flags & ENDED)
        return;
    io->flags |= READING;
    if (io->flags & MORE)
        arm(io);
}

static void read_stop(struct weft_io *io)
{
    io->flags &= (uint16_t)~READING;
}

static void write_start(struct weft_io *io)
{
    assert(!(io->flags & CONNECTING));
    arm(io);
}

/* ---- Completions --------------------------------------------------------- */

/* No error and no peer: the event was an old one. */
static void finish_connect(struct weft_io *io)
{
    struct sockaddr_storage peer;
    socklen_t peer_len = sizeof(peer);
    int error = 0;
    socklen_t error_len = sizeof(error);

    if (getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
        error = errno;
    if (error == 0 &&
        getpeername(io->fd, (struct sockaddr *)&peer, &peer_len) < 0)
        return;
    io->flags &= (uint16_t)~CONNECTING;
    io->ops->connected(io, error);
}

/* One receive, however much there is: the rest is reported again. Urgent data,
 * or descriptors sent along over a Unix socket, end a receive early: what is
 * behind them is not found before something else comes. No peer that wants to
 * be understood sends them. */
static void receive(struct weft_io *io)
{
    struct weft_loop *loop = io->loop;
    size_t size = loop->buf_size;
    uint8_t *buf = loop->buf;
    int err = 0;
    ssize_t n;

    if (io->flags & (WEFT_IO_SHORT | WEFT_IO_INTO))
        buf = weft_io_buffer(io, &size);
    do {
        n = recv(io->fd, buf, size, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if ((size_t)n == size || (n < 0 && errno == EAGAIN))
        io->flags |= MORE;
    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0)
        err = weft_io_error(errno);
    if (n <= 0) {
        io->flags &= (uint16_t)~READING;
        io->flags |= ENDED;
        n = 0;
    }
    loop->traffic.received += (uint64_t)n;
    io->ops->data(io, buf, (size_t)n, err);
}

/* Likewise one send. */
static void send_rest(struct weft_io *io)
{
    struct epoller *ep = io->loop->poller;
    struct weft_tx *tx = io->tx;
    int count = weft_tx_rest(tx, ep->vec, WEFT_IOV_BATCH);
    int64_t n = count > 0 ? weft_io_send(io->fd, ep->vec, count, 0) : 0;

    if (n >= 0) {
        tx->taken += (size_t)n;
        io->loop->traffic.sent += (uint64_t)n;
        if (weft_tx_rest(tx, ep->vec, 1) > 0) {
            io->flags &= (uint16_t)~ARMED_OUT; /* and is armed anew */
            return;
        }
        n = 0;
    }
    io->tx = NULL;
    io->ops->sent(io, (int)n);
}

/* Whether the kernel is to report it again: for what is left to be read, or as
 * a write has begun or ended. */
static bool is_due(const struct weft_io *io)
{
    bool is_armed = io->flags & ARMED_OUT;

    return (io->flags & MORE && io->flags & READING) ||
           is_armed != wants_out(io);
}

/* What is not read now is left for later; and behind the last bytes there may
 * be the end. */
static void in_ready(struct weft_io *io, uint32_t events, uint32_t over)
{
    if (!(events & (EPOLLIN | over)))
        return;
    if (events & over || !(io->flags & READING))
        io->flags |= MORE;
    if (io->flags & READING)
        receive(io);
}

/*
 * Reading comes first: what a peer said before it reset the connection is still
 * heard, and its last word may be a close frame. Any of the callbacks may close
 * the io.
 */
static void io_ready(struct weft_io *io, uint32_t events)
{
    const uint32_t failed = EPOLLERR | EPOLLHUP;
    const uint32_t over = failed | EPOLLRDHUP;

    if (io->fd < 0)
        return;
    if (io->flags & CONNECTING)
        finish_connect(io);
    else
        in_ready(io, events, over);
    if (io->fd >= 0 && io->tx && events & (EPOLLOUT | failed))
        send_rest(io);
    if (io->fd >= 0 && is_due(io))
        arm(io);
}

/* ---- Acceptors ----------------------------------------------------------- */

/* Shared listeners must not wake every loop. An exclusive registration cannot
 * be modified, only made and removed. */
static int accept_start(struct weft_acceptor *acceptor)
{
    return control(acceptor->loop->poller, EPOLL_CTL_ADD, acceptor->fd,
                   EPOLLIN | EPOLLEXCLUSIVE, tag_acceptor(acceptor));
}

/* The struct may go at once, so the batch must not name it any longer. */
static void accept_stop(struct weft_acceptor *acceptor)
{
    struct epoller *ep = acceptor->loop->poller;

    (void)control(ep, EPOLL_CTL_DEL, acceptor->fd, 0, NULL);
    for (int i = ep->at; i < ep->count; i++)
        if (ep->events[i].data.ptr == tag_acceptor(acceptor))
            ep->events[i].events = 0;
}

/* ---- The turn ------------------------------------------------------------ */

static int take_events(struct epoller *ep, int timeout_ms)
{
    return epoll_wait(ep->fd, ep->events, WEFT_EVENT_BATCH, timeout_ms);
}

/* Looks again and again before it sleeps: the number of events, or an error.
 * *timeout_ms is what is left of it. */
static int look(const struct weft_loop *loop, int *timeout_ms)
{
    uint64_t begin = weft_clock(), spent = 0;
    uint64_t most =
        *timeout_ms < 0 ? UINT64_MAX : (uint64_t)*timeout_ms * NS_PER_MS;
    int n;

    if (loop->busy_ns < most)
        most = loop->busy_ns;
    do {
        n = take_events(loop->poller, 0);
        spent = weft_clock() - begin;
    } while (n == 0 && spent < most);
    if (*timeout_ms > 0)
        *timeout_ms -= spent / NS_PER_MS < (uint64_t)*timeout_ms
                           ? (int)(spent / NS_PER_MS)
                           : *timeout_ms;
    return n;
}

static int wait_events(struct weft_loop *loop, int timeout_ms)
{
    struct epoller *ep = loop->poller;
    int n = 0;

    if (loop->busy_ns > 0 && timeout_ms != 0)
        n = look(loop, &timeout_ms);
    if (n == 0)
        n = take_events(ep, timeout_ms);
    ep->at = 0;
    ep->count = n > 0 ? n : 0;
    return n < 0 && errno != EINTR ? WEFT_ERR_SYSTEM : 0;
}

static void dispatch(struct weft_loop *loop)
{
    struct epoller *ep = loop->poller;

    while (ep->at < ep->count) {
        const struct epoll_event *event = &ep->events[ep->at++];
        void *tag = event->data.ptr;

        if (event->events == 0)
            continue;
        if (!tag)
            weft_loop_wake_clear(loop);
        else if (is_acceptor(tag))
            weft_acceptor_ready(untag_acceptor(tag));
        else
            io_ready(tag, event->events);
    }
}

const struct weft_poller_ops weft_poller_epoll = {
    .open = poller_open,
    .close = poller_close,
    .fd = poller_fd,
    .wait = wait_events,
    .dispatch = dispatch,
    .add = add,
    .remove = forget,
    .connect = connect_start,
    .read_start = read_start,
    .read_stop = read_stop,
    .write = write_start,
    .accept_start = accept_start,
    .accept_stop = accept_stop,
};
