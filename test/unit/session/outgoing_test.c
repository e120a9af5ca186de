/* SPDX-License-Identifier: MIT */
#include "session/outgoing.h"

#include "../loop/turns.h"
#include "base/list.h"

#include <stdlib.h>

/* A stream to a peer, and a queue that goes out on it. */
struct line {
    struct fixture fx;
    struct weft_stream stream;
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_queue queue;
    struct weft_outgoing *outgoing;
    int fd; /* the peer */
    int sents, ends, closeds;
};

static struct line *line_of(struct weft_stream *stream)
{
    return WEFT_OF(stream, struct line, stream);
}

static void on_data(struct weft_stream *stream, uint8_t *p, size_t len)
{
    (void)stream;
    (void)p;
    (void)len;
}

static void on_end(struct weft_stream *stream, int err)
{
    (void)err;
    line_of(stream)->ends++;
}

static void on_sent(struct weft_stream *stream)
{
    line_of(stream)->sents++;
}

static void on_closed(struct weft_stream *stream)
{
    line_of(stream)->closeds++;
}

static const struct weft_stream_ops ops = {
    .data = on_data,
    .end = on_end,
    .sent = on_sent,
    .closed = on_closed,
};

static void start(struct line *line)
{
    int fds[2], size = 4096;

    memset(line, 0, sizeof(*line));
    line->fm.left = -1;
    line->mem = (struct weft_mem){fail_realloc, &line->fm};
    weft_queue_init(&line->queue, &line->mem);
    unix_pair(fds);
    assert_return_code(
        setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), errno);
    line->fd = fds[1];
    assert_int_equal(
        weft_stream_open(&line->stream, start_loop(&line->fx, 0), fds[0], &ops),
        0);
}

static void end(struct line *line)
{
    weft_outgoing_end(&line->outgoing, &line->mem);
    weft_queue_release(&line->queue);
    CHECK(line->fm.live == 0, "%zu bytes leaked", line->fm.live);
    weft_stream_close(&line->stream, false);
    turn(line->fx.loop);
    assert_int_equal(line->closeds, 1);
    close(line->fd);
    end_loop(&line->fx);
}

/* Pieces of len bytes, each in a chunk of its own, of letters that count up. */
static void put_pieces(struct line *line, int count, size_t len)
{
    uint8_t *p = malloc(len);

    assert_non_null(p);
    for (int i = 0; i < count; i++) {
        memset(p, 'a' + i % 26, len);
        assert_int_equal(weft_queue_append(&line->queue, p, len), 0);
        weft_queue_split(&line->queue, true);
    }
    free(p);
}

/* Reads what is there and checks that it goes on where *from was. */
static void check_read(struct line *line, size_t *from, size_t piece)
{
    uint8_t buf[10000];
    ssize_t n;

    while ((n = recv(line->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
        for (ssize_t i = 0; i < n; i++, ++*from)
            CHECK(buf[i] == 'a' + *from / piece % 26, "byte %zu: %c", *from,
                  buf[i]);
}

/* As much as the kernel takes, over many chunks at once. */
static void test_try(void **state)
{
    struct line line;
    size_t got = 0, sent = 0;

    (void)state;
    start(&line);
    put_pieces(&line, 40, 50);
    while (line.queue.bytes > 0) {
        int64_t n = weft_outgoing_try(&line.stream, &line.queue);

        assert_true(n > 0);
        weft_queue_sent(&line.queue, (size_t)n);
        sent += (size_t)n;
        check_read(&line, &got, 50);
    }
    assert_int_equal(sent, 2000);
    assert_int_equal(got, 2000);
    end(&line);
}

/* The kernel is full: 0; the peer has gone: an error. */
static void test_try_in_vain(void **state)
{
    struct line line;
    int64_t n;

    (void)state;
    start(&line);
    put_pieces(&line, 1, 100000);
    while ((n = weft_outgoing_try(&line.stream, &line.queue)) > 0)
        weft_queue_sent(&line.queue, (size_t)n);
    assert_int_equal(n, 0);
    assert_true(line.queue.bytes > 0);
    close(line.fd);
    assert_int_equal(weft_outgoing_try(&line.stream, &line.queue),
                     WEFT_ERR_EOF);
    line.fd = dup(0);
    end(&line);
}

/* A write goes on by itself, and tells when it is done; what was put behind it
 * meanwhile is not part of it. */
static void test_write(void **state)
{
    struct line line;
    size_t got = 0, bytes;

    (void)state;
    start(&line);
    put_pieces(&line, 5, 20000);
    assert_int_equal(weft_outgoing_start(&line.outgoing, &line.stream,
                                         &line.queue, &line.mem),
                     0);
    assert_true(weft_stream_is_queued(&line.stream));
    put_pieces(&line, 1, 20000);
    while (line.sents == 0) {
        turn(line.fx.loop);
        check_read(&line, &got, 20000);
    }
    bytes = weft_outgoing_end(&line.outgoing, &line.mem);
    assert_null(line.outgoing);
    assert_int_equal(bytes, 100000);
    check_read(&line, &got, 20000);
    assert_int_equal(got, 100000);
    weft_queue_sent(&line.queue, bytes);
    assert_int_equal(line.queue.bytes, 20000);
    end(&line);
}

/* One write takes no more pieces than its vector has room for, and holds those
 * where they are. */
static void test_many_pieces(void **state)
{
    struct line line;
    size_t got = 0;
    int writes = 0;

    (void)state;
    start(&line);
    put_pieces(&line, 1000, 100);
    while (line.queue.bytes > 0) {
        assert_int_equal(weft_outgoing_start(&line.outgoing, &line.stream,
                                             &line.queue, &line.mem),
                         0);
        writes++;
        while (line.sents < writes) {
            turn(line.fx.loop);
            check_read(&line, &got, 100);
        }
        weft_queue_sent(&line.queue,
                        weft_outgoing_end(&line.outgoing, &line.mem));
    }
    assert_int_equal(got, 100000);
    CHECK(writes > 1 && writes < 200, "%d writes", writes);
    end(&line);
}

/* What the write names is not dropped; what is behind may be. */
static void test_pinned(void **state)
{
    struct line line;
    size_t got = 0, dropped = 0, n;

    (void)state;
    start(&line);
    put_pieces(&line, 30, 1000);
    assert_int_equal(weft_outgoing_start(&line.outgoing, &line.stream,
                                         &line.queue, &line.mem),
                     0);
    while ((n = weft_queue_drop_oldest(&line.queue)) > 0)
        dropped += n;
    assert_true(dropped > 0);
    while (line.sents == 0) {
        turn(line.fx.loop);
        check_read(&line, &got, 1000);
    }
    n = weft_outgoing_end(&line.outgoing, &line.mem);
    assert_int_equal(n + dropped, 30000);
    assert_int_equal(got, n);
    weft_queue_sent(&line.queue, n);
    end(&line);
}

/* Whether it moves is asked from time to time: each byte counts once. */
static void test_moves(void **state)
{
    struct line line;
    size_t got = 0;

    (void)state;
    start(&line);
    assert_false(weft_outgoing_moves(NULL));
    put_pieces(&line, 1, 100000);
    assert_int_equal(weft_outgoing_start(&line.outgoing, &line.stream,
                                         &line.queue, &line.mem),
                     0);
    assert_false(weft_outgoing_moves(line.outgoing));
    for (int i = 0; i < 5; i++) {
        while (!weft_outgoing_moves(line.outgoing)) {
            turn(line.fx.loop);
            assert_int_equal(line.sents, 0);
        }
        turn_until_quiet(line.fx.loop);
        weft_outgoing_moves(line.outgoing);
        assert_false(weft_outgoing_moves(line.outgoing));
        check_read(&line, &got, 100000);
    }
    end(&line);
}

/* Given up: the owner closes the stream, and only then frees the write. */
static void test_given_up(void **state)
{
    struct line line;

    (void)state;
    start(&line);
    put_pieces(&line, 1, 100000);
    assert_int_equal(weft_outgoing_start(&line.outgoing, &line.stream,
                                         &line.queue, &line.mem),
                     0);
    turn(line.fx.loop);
    weft_stream_close(&line.stream, true);
    assert_int_equal(weft_outgoing_end(&line.outgoing, &line.mem), 100000);
    assert_int_equal(weft_outgoing_end(&line.outgoing, &line.mem), 0);
    turn(line.fx.loop);
    assert_int_equal(line.sents, 0);
    end(&line);
}

static void test_no_memory(void **state)
{
    struct line line;

    (void)state;
    start(&line);
    put_pieces(&line, 1, 100);
    line.fm.left = 0;
    assert_int_equal(weft_outgoing_start(&line.outgoing, &line.stream,
                                         &line.queue, &line.mem),
                     WEFT_ERR_NOMEM);
    assert_null(line.outgoing);
    assert_false(weft_stream_is_queued(&line.stream));
    assert_int_equal(weft_queue_drop_oldest(&line.queue), 100);
    end(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_try),      cmocka_unit_test(test_try_in_vain),
        cmocka_unit_test(test_write),    cmocka_unit_test(test_many_pieces),
        cmocka_unit_test(test_pinned),   cmocka_unit_test(test_moves),
        cmocka_unit_test(test_given_up), cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
