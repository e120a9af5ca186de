/* SPDX-License-Identifier: MIT */
/* An io under test, with the other end of its connection. */
#ifndef WEFT_TEST_UNIT_LOOP_PEER_H
#define WEFT_TEST_UNIT_LOOP_PEER_H

#include "turns.h"

#include "base/list.h"

/* An io that keeps all that it is told. */
struct peer {
    struct weft_io io;
    struct weft_loop *loop;
    int fd; /* of the other end */
    uint8_t got[4096];
    size_t got_len, largest;
    int datas, ends, end_err;
    int sents, sent_err;
    int closeds;
    bool close_in_data, close_in_sent, close_in_closed, stop_in_data;
    struct peer *closes; /* closed in data, with this one */
    struct weft_tx tx;
};

static inline struct peer *peer_of(struct weft_io *io)
{
    return WEFT_OF(io, struct peer, io);
}

static inline void peer_data(struct weft_io *io, uint8_t *p, size_t len,
                             int err)
{
    struct peer *peer = peer_of(io);

    assert_int_equal(peer->ends, 0);
    assert_int_equal(peer->closeds, 0);
    if (len == 0) {
        peer->ends++;
        peer->end_err = err;
    } else {
        assert_int_equal(err, 0);
        assert_true(peer->got_len + len <= sizeof(peer->got));
        memcpy(peer->got + peer->got_len, p, len);
        memset(p, 0xee, len); /* the callee may write there */
        peer->got_len += len;
        peer->datas++;
        if (len > peer->largest)
            peer->largest = len;
    }
    if (peer->stop_in_data)
        weft_io_read_stop(io);
    if (peer->close_in_data)
        weft_io_close(io, false);
    if (peer->closes)
        weft_io_close(&peer->closes->io, false);
}

static inline void peer_sent(struct weft_io *io, int err)
{
    struct peer *peer = peer_of(io);

    assert_null(io->tx);
    peer->sents++;
    peer->sent_err = err;
    if (peer->close_in_sent)
        weft_io_close(io, false);
}

static inline void peer_closed(struct weft_io *io)
{
    struct peer *peer = peer_of(io);

    assert_int_equal(io->fd, -1);
    peer->closeds++;
    if (peer->close_in_closed)
        weft_io_close(io, true);
}

static const struct weft_io_ops peer_ops = {peer_data, peer_sent, peer_closed};

/* ours goes to the loop, theirs stays with the test. */
static inline void start_peer(struct peer *peer, struct weft_loop *loop,
                              int ours, int theirs)
{
    memset(peer, 0, sizeof(*peer));
    peer->loop = loop;
    peer->fd = theirs;
    assert_int_equal(weft_io_open(&peer->io, loop, ours, &peer_ops), 0);
    weft_io_read_start(&peer->io);
}

static inline void start_unix(struct peer *peer, struct weft_loop *loop)
{
    int fds[2];

    unix_pair(fds);
    start_peer(peer, loop, fds[0], fds[1]);
}

static inline void start_tcp(struct peer *peer, struct weft_loop *loop)
{
    int fds[2];

    tcp_pair(fds);
    start_peer(peer, loop, fds[0], fds[1]);
}

static inline void end_peer(struct peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    weft_io_close(&peer->io, false);
    turn(peer->loop);
    assert_int_equal(peer->closeds, 1);
}

static inline void check_got(const struct peer *peer, const char *want)
{
    CHECK(peer->got_len == strlen(want) &&
              memcmp(peer->got, want, peer->got_len) == 0,
          "%.*s", (int)peer->got_len, (const char *)peer->got);
}

#endif
