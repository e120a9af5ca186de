/* SPDX-License-Identifier: MIT */
#include "net/stream.h"

#include "../loop/turns.h"

#include "base/list.h"
#include <netinet/tcp.h>

struct line {
    struct weft_stream stream;
    struct weft_loop *loop;
    int fd; /* the other end */
    uint8_t got[256];
    size_t got_len;
    int ends, end_err, sents, closeds;
    const char *close_in; /* the callback that closes */
    uint8_t room[4];
    int asked, in_room; /* how often room was called, and data given there */
    struct weft_tx tx;
};

static struct line *line_of(struct weft_stream *stream)
{
    return WEFT_OF(stream, struct line, stream);
}

static void close_if(struct line *line, const char *in)
{
    if (line->close_in && strcmp(line->close_in, in) == 0)
        weft_stream_close(&line->stream, false);
}

static void on_data(struct weft_stream *stream, uint8_t *p, size_t len)
{
    struct line *line = line_of(stream);

    assert_int_equal(line->ends, 0);
    assert_true(len > 0 && line->got_len + len <= sizeof(line->got));
    memcpy(line->got + line->got_len, p, len);
    line->got_len += len;
    line->in_room += p == line->room;
    close_if(line, "data");
}

static uint8_t *on_room(struct weft_stream *stream, size_t *len)
{
    struct line *line = line_of(stream);

    line->asked++;
    *len = sizeof(line->room);
    return line->room;
}

static void on_end(struct weft_stream *stream, int err)
{
    struct line *line = line_of(stream);

    assert_int_equal(line->ends, 0);
    line->ends++;
    line->end_err = err;
    close_if(line, "end");
}

static void on_sent(struct weft_stream *stream)
{
    struct line *line = line_of(stream);

    assert_false(weft_stream_is_queued(stream));
    line->sents++;
    close_if(line, "sent");
}

static void on_closed(struct weft_stream *stream)
{
    struct line *line = line_of(stream);

    line->closeds++;
}

static const struct weft_stream_ops ops = {
    .data = on_data,
    .end = on_end,
    .sent = on_sent,
    .closed = on_closed,
};

static uint8_t big[8 << 20];
static const struct iovec big_iov = {big, sizeof(big)};
static const struct iovec small_iov = {big, 5};

static void start_line(struct line *line, struct weft_loop *loop, bool tcp)
{
    int fds[2];

    (tcp ? tcp_pair : unix_pair)(fds);
    memset(line, 0, sizeof(*line));
    line->loop = loop;
    line->fd = fds[1];
    assert_int_equal(weft_stream_open(&line->stream, loop, fds[0], &ops), 0);
    assert_ptr_equal(weft_stream_loop(&line->stream), loop);
}

static void end_line(struct line *line)
{
    if (line->fd >= 0)
        close(line->fd);
    weft_stream_close(&line->stream, false);
    turn(line->loop);
    assert_int_equal(line->closeds, 1);
}

static void queue(struct line *line, const struct iovec *iov)
{
    line->tx = (struct weft_tx){.iov = iov, .niov = 1};
    weft_stream_queue(&line->stream, &line->tx);
    assert_true(weft_stream_is_queued(&line->stream));
}

/* ---- The plain path ------------------------------------------------------ */

static void test_both_ways(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);

    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        struct weft_address peer, want;
        struct line line;
        uint8_t bytes[16];

        start_line(&line, loop, tcp);
        put(line.fd, "hello");
        TURN_UNTIL(loop, line.got_len == 5);
        assert_memory_equal(line.got, "hello", 5);

        assert_int_equal(weft_stream_write(&line.stream, &small_iov, 1), 5);
        assert_false(weft_stream_is_queued(&line.stream));
        queue(&line, &small_iov);
        assert_int_equal(line.sents, 0);
        TURN_UNTIL(loop, line.sents == 1);
        wait_ready(line.fd, POLLIN);
        assert_int_equal(recv(line.fd, bytes, sizeof(bytes), 0), 10);

        assert_int_equal(weft_stream_peer(&line.stream, &peer), 0);
        assert_int_equal(weft_address_of_socket(&want, line.fd), 0);
        assert_int_equal(peer.len, want.len);
        assert_memory_equal(&peer.sa, &want.sa, want.len);

        weft_stream_shutdown(&line.stream);
        wait_ready(line.fd, POLLIN);
        assert_int_equal(recv(line.fd, bytes, sizeof(bytes), 0), 0);
        shutdown(line.fd, SHUT_WR);
        TURN_UNTIL(loop, line.ends == 1);
        assert_int_equal(line.end_err, 0);
        end_line(&line);
    }
    end_loop(&fx);
}

static void test_no_delay(void **state)
{
    struct fixture fx;
    struct line line;
    int on = 0;
    socklen_t len = sizeof(on);

    (void)state;
    start_line(&line, start_loop(&fx, 0), true);
    assert_return_code(
        getsockopt(line.stream.io.fd, IPPROTO_TCP, TCP_NODELAY, &on, &len),
        errno);
    assert_int_equal(on, 1);
    end_line(&line);
    end_loop(&fx);
}

static void test_pause(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct line line;

    (void)state;
    start_line(&line, loop, false);
    weft_stream_pause(&line.stream);
    put(line.fd, "x");
    turn_until_quiet(loop);
    assert_int_equal(line.got_len, 0);
    weft_stream_resume(&line.stream);
    turn(loop);
    assert_int_equal(line.got_len, 1);
    end_line(&line);
    end_loop(&fx);
}

/* Over bytes that nobody has read a socket is closed by a RST, unless they were
 * thrown away. */
static void test_discard(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);

    (void)state;
    for (int n = 0; n < 4; n++) {
        bool is_tcp = n / 2, discards = n % 2;
        struct line line;
        char c;

        start_line(&line, loop, is_tcp);
        put(line.fd, "nobody reads this");
        wait_ready(line.stream.io.fd, POLLIN);
        if (discards)
            weft_stream_discard(&line.stream);
        weft_stream_close(&line.stream, false);
        wait_ready(line.fd, POLLIN);
        assert_int_equal(recv(line.fd, &c, 1, 0), discards ? 0 : -1);
        turn(loop);
        weft_stream_discard(&line.stream); /* of no use, and no harm */
        assert_int_equal(line.got_len, 0);
        end_line(&line);
    }
    end_loop(&fx);
}

static void test_open_fails(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct line line = {.loop = loop};
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_int_equal(weft_stream_open(&line.stream, loop, fd, &ops),
                     WEFT_ERR_SYSTEM);
    weft_stream_close(&line.stream, false);
    turn(loop);
    assert_int_equal(line.closeds, 0);
    assert_return_code(close(fd), errno);
    end_loop(&fx);
}

/* ---- One end ------------------------------------------------------------- */

/* A reset fails what is queued and ends the reading: one end, no sent, and
 * nothing more, whatever the owner resumes. */
static void test_reset_while_queued(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);

    (void)state;
    for (int paused = 0; paused < 2; paused++) {
        struct line line;

        start_line(&line, loop, true);
        if (paused)
            weft_stream_pause(&line.stream);
        put(line.fd, "bye");
        queue(&line, &big_iov);
        reset_peer(line.fd);
        line.fd = -1;
        TURN_UNTIL(loop, line.ends == 1);
        assert_int_equal(line.end_err, WEFT_ERR_EOF);
        assert_int_equal(line.got_len, paused ? 0 : 3);
        weft_stream_resume(&line.stream);
        turn_until_quiet(loop);
        assert_false(weft_stream_is_queued(&line.stream));
        end_line(&line);
    }
    end_loop(&fx);
}

/* Behind an end, what is queued is told in any case: when it has gone, and when
 * it never will. */
static void test_queue_behind_end(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);

    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        struct line line;

        start_line(&line, loop, true);
        queue(&line, &big_iov);
        shutdown(line.fd, SHUT_WR);
        TURN_UNTIL(loop, line.ends == 1);
        assert_int_equal(line.end_err, 0);
        assert_int_equal(line.sents, 0);
        weft_stream_resume(&line.stream);
        if (fails) {
            reset_peer(line.fd);
            line.fd = -1;
            TURN_UNTIL(loop, line.sents == 1);
        } else {
            static uint8_t sink[1 << 20];

            for (int i = 0; line.sents == 0; i++) {
                CHECK(i < 100000, "not sent");
                while (recv(line.fd, sink, sizeof(sink), 0) > 0)
                    ;
                assert_int_equal(weft_loop_turn(loop, 10), 0);
            }
        }
        turn_until_quiet(loop);
        assert_int_equal(line.sents, 1);
        end_line(&line);
    }
    end_loop(&fx);
}

/* A write that fails at once is its caller's to notice. */
static void test_write_fails(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct line line;

    (void)state;
    start_line(&line, loop, false);
    close(line.fd);
    line.fd = -1;
    assert_int_equal(weft_stream_write(&line.stream, &small_iov, 1),
                     WEFT_ERR_EOF);
    assert_int_equal(line.ends, 0);
    end_line(&line);
    assert_int_equal(line.ends, 0);
    end_loop(&fx);
}

/* ---- Closing ------------------------------------------------------------- */

static void test_close_in_callbacks(void **state)
{
    static const char *const where[] = {"data", "sent", "end"};
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);

    (void)state;
    for (size_t i = 0; i < COUNT(where); i++) {
        struct line line;

        start_line(&line, loop, false);
        line.close_in = where[i];
        put(line.fd, "x");
        queue(&line, &small_iov);
        shutdown(line.fd, SHUT_WR);
        TURN_UNTIL(loop, line.closeds == 1);
        CHECK(line.got_len == 1, "%s", where[i]);
        CHECK(line.sents == (i > 0), "%s", where[i]);
        CHECK(line.ends == (i > 1), "%s", where[i]);
        assert_false(weft_stream_is_queued(&line.stream));
        turn_until_quiet(loop);
        end_line(&line);
    }
    end_loop(&fx);
}

/* ---- Filters ------------------------------------------------------------- */

/* Notes each call by a letter. What comes it delivers as it is. */
struct probe {
    struct weft_filter filter;
    char calls[32];
    struct weft_tx *tx;
};

static struct probe *probe_of(const struct weft_stream *stream)
{
    return WEFT_OF(stream->filter, struct probe, filter);
}

static void note(const struct weft_stream *stream, char call)
{
    struct probe *probe = probe_of(stream);
    size_t len = strlen(probe->calls);

    assert_true(len + 1 < sizeof(probe->calls));
    probe->calls[len] = call;
}

static int64_t probe_write(struct weft_stream *stream, const struct iovec *iov,
                           int niov)
{
    note(stream, 'w');
    return weft_io_try_write(&stream->io, iov, niov);
}

static void probe_queue(struct weft_stream *stream, struct weft_tx *tx)
{
    note(stream, 'q');
    probe_of(stream)->tx = tx;
    weft_io_write(&stream->io, tx);
}

static bool probe_is_queued(const struct weft_stream *stream)
{
    return probe_of(stream)->tx != NULL;
}

static void probe_shutdown(struct weft_stream *stream)
{
    note(stream, 's');
    weft_io_shutdown(&stream->io);
}

static void probe_closing(struct weft_stream *stream, bool reset)
{
    note(stream, reset ? 'R' : 'c');
}

static void probe_data(struct weft_stream *stream, uint8_t *p, size_t len)
{
    note(stream, 'd');
    weft_stream_deliver(stream, p, len);
}

static void probe_end(struct weft_stream *stream, int err)
{
    note(stream, 'e');
    assert_false(weft_stream_is_finished(stream));
    weft_stream_finish(stream, err);
    assert_true(weft_stream_is_finished(stream));
    weft_stream_finish(stream, WEFT_ERR_TLS); /* once is enough */
}

static void probe_sent(struct weft_stream *stream, int err)
{
    note(stream, 't');
    probe_of(stream)->tx = NULL;
    weft_stream_tell_sent(stream, err);
}

static void probe_resumed(struct weft_stream *stream)
{
    note(stream, 'r');
}

static void probe_free(struct weft_stream *stream)
{
    note(stream, 'f');
}

static const struct weft_filter_ops probe_ops = {
    .write = probe_write,
    .queue = probe_queue,
    .is_queued = probe_is_queued,
    .shutdown = probe_shutdown,
    .closing = probe_closing,
    .data = probe_data,
    .end = probe_end,
    .sent = probe_sent,
    .resumed = probe_resumed,
    .free = probe_free,
};

static void start_probe(struct line *line, struct probe *probe,
                        struct weft_loop *loop)
{
    start_line(line, loop, false);
    *probe = (struct probe){.filter.ops = &probe_ops};
    line->stream.filter = &probe->filter;
}

/* Each call goes through the filter, and reaches the owner when it says so. */
static void test_filter(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);

    (void)state;
    for (int reset = 0; reset < 2; reset++) {
        struct probe probe;
        struct line line;

        start_probe(&line, &probe, loop);
        put(line.fd, "x");
        TURN_UNTIL(loop, line.got_len == 1);
        assert_int_equal(weft_stream_write(&line.stream, &small_iov, 1), 5);
        queue(&line, &small_iov);
        TURN_UNTIL(loop, line.sents == 1);
        assert_false(weft_stream_is_queued(&line.stream));
        weft_stream_shutdown(&line.stream);
        shutdown(line.fd, SHUT_WR);
        TURN_UNTIL(loop, line.ends == 1);
        assert_int_equal(line.end_err, 0);
        weft_stream_close(&line.stream, reset);
        weft_stream_close(&line.stream, true); /* twice is once */
        assert_string_equal(probe.calls, reset ? "dwqtseR" : "dwqtsec");
        assert_non_null(line.stream.filter);
        turn(loop);
        assert_string_equal(probe.calls, reset ? "dwqtseRf" : "dwqtsecf");
        assert_null(line.stream.filter);
        end_line(&line);
    }
    end_loop(&fx);
}

/* Once, where the owner has such a call; what a filter is given goes nowhere
 * else. */
static void test_read_into(void **state)
{
    struct weft_stream_ops with_room = ops;
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);

    (void)state;
    with_room.room = on_room;
    for (int n = 0; n < 3; n++) {
        struct probe probe;
        struct line line;

        start_probe(&line, &probe, loop);
        if (n < 2)
            line.stream.filter = NULL;
        if (n > 0)
            line.stream.ops = &with_room;
        weft_stream_read_into(&line.stream);
        put(line.fd, "abcdefgh");
        TURN_UNTIL(loop, line.got_len == 8);
        assert_memory_equal(line.got, "abcdefgh", 8);
        assert_int_equal(line.asked, n == 1);
        assert_int_equal(line.in_room, n == 1);
        end_line(&line);
    }
    end_loop(&fx);
}

/* Owner and filter each may stop the reading; it goes on when both want it. */
static void test_hold(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct probe probe;
    struct line line;

    (void)state;
    start_probe(&line, &probe, loop);
    put(line.fd, "x");
    weft_stream_hold(&line.stream);
    assert_false(weft_stream_is_paused(&line.stream));
    turn_until_quiet(loop);
    weft_stream_pause(&line.stream);
    assert_true(weft_stream_is_paused(&line.stream));
    weft_stream_unhold(&line.stream);
    turn_until_quiet(loop);
    weft_stream_hold(&line.stream);
    weft_stream_resume(&line.stream);
    turn_until_quiet(loop);
    assert_int_equal(line.got_len, 0);
    assert_string_equal(probe.calls, "r");
    weft_stream_unhold(&line.stream);
    TURN_UNTIL(loop, line.got_len == 1);
    weft_stream_close(&line.stream, false);
    weft_stream_resume(&line.stream); /* of no use, and no harm */
    weft_stream_unhold(&line.stream);
    turn(loop);
    assert_string_equal(probe.calls, "rdcf");
    end_line(&line);
    end_loop(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_no_delay),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_discard),
        cmocka_unit_test(test_open_fails),
        cmocka_unit_test(test_reset_while_queued),
        cmocka_unit_test(test_queue_behind_end),
        cmocka_unit_test(test_write_fails),
        cmocka_unit_test(test_close_in_callbacks),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_read_into),
        cmocka_unit_test(test_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
