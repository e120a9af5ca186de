/* SPDX-License-Identifier: MIT */
/*
 * Accepting connections. One turn accepts WEFT_ACCEPT_BATCH at most; whoever is
 * left waits in the kernel's queue. When the process or the machine is out of
 * descriptors or memory, accepting fails and the connection stays in the queue,
 * so a listener that stayed in the poller would make the loop spin: it leaves,
 * and an alarm brings it back. Nothing a peer does stops an acceptor.
 */
#include "loop/loop.h"

#include "base/list.h"
#include "base/sizes.h"
#include "loop/poller.h"

#include <errno.h>

#define STARVED_NS UINT64_C(100000000) /* 100 ms */

static void try_again(struct weft_acceptor *acceptor)
{
    weft_alarm_set(acceptor->loop, &acceptor->alarm,
                   acceptor->loop->now + STARVED_NS);
}

static void on_alarm(struct weft_alarm *alarm)
{
    struct weft_acceptor *acceptor =
        WEFT_OF(alarm, struct weft_acceptor, alarm);

    if (acceptor->loop->ops->accept_start(acceptor) < 0)
        try_again(acceptor);
}

int weft_acceptor_start(struct weft_acceptor *acceptor, struct weft_loop *loop,
                        int fd)
{
    int err;

    acceptor->loop = loop;
    acceptor->fd = fd;
    acceptor->alarm = (struct weft_alarm){.ring = on_alarm};
    err = loop->ops->accept_start(acceptor);
    if (err)
        acceptor->fd = -1;
    return err;
}

void weft_acceptor_stop(struct weft_acceptor *acceptor)
{
    if (!acceptor->loop || acceptor->fd < 0)
        return;
    if (weft_heap_has(&acceptor->alarm.node))
        weft_alarm_stop(acceptor->loop, &acceptor->alarm);
    else
        acceptor->loop->ops->accept_stop(acceptor);
    acceptor->fd = -1;
}

/* Errors that belong to one connection, which has left the queue: accept(2)
 * gives those of the network, EPERM is a firewall's. */
static bool is_lost_peer(int error)
{
    return error == EPERM || error == EOPNOTSUPP ||
           weft_io_error(error) == WEFT_ERR_EOF;
}

/* Any error but those of one peer comes here, known or not: the listener must
 * not make the loop spin. */
static void starve(struct weft_acceptor *acceptor, int error)
{
    acceptor->loop->ops->accept_stop(acceptor);
    try_again(acceptor);
    acceptor->starved(acceptor, error);
}

void weft_acceptor_ready(struct weft_acceptor *acceptor)
{
    struct sockaddr_storage peer;

    for (int i = 0; i < WEFT_ACCEPT_BATCH && acceptor->fd >= 0; i++) {
        socklen_t len = sizeof(peer);
        int fd = accept4(acceptor->fd, (struct sockaddr *)&peer, &len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            acceptor->accepted(acceptor, fd, &peer, len);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && !is_lost_peer(errno)) {
            starve(acceptor, errno);
            return;
        }
    }
}
