/* SPDX-License-Identifier: MIT */
#include "tls/tls_out.h"

#include "../loop/turns.h"

/* A socket of a loop, as a connection has it, and its other end. */
struct line {
    struct fixture fx;
    struct weft_loop *loop;
    struct weft_io io;
    struct weft_tls_out *out;
    int fd, sents, err;
};

static void on_sent(struct weft_io *io, int err)
{
    struct line *line = WEFT_OF(io, struct line, io);

    line->sents++;
    line->err = err;
    if (err)
        weft_tls_out_free(&line->out, &line->fx.mem);
    else
        weft_tls_out_sent(&line->out, io, &line->fx.mem);
}

static void on_closed(struct weft_io *io)
{
    (void)io;
}

static const struct weft_io_ops io_ops = {
    .sent = on_sent,
    .closed = on_closed,
};

static void start_line(struct line *line)
{
    int fds[2], size = 4096;

    memset(line, 0, sizeof(*line));
    line->loop = start_loop(&line->fx, 0);
    unix_pair(fds);
    assert_return_code(
        setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), errno);
    assert_int_equal(weft_io_open(&line->io, line->loop, fds[0], &io_ops), 0);
    line->fd = fds[1];
}

static void end_line(struct line *line)
{
    weft_io_close(&line->io, false);
    turn(line->loop);
    weft_tls_out_free(&line->out, &line->fx.mem);
    if (line->fd >= 0)
        close(line->fd);
    end_loop(&line->fx);
}

static uint8_t bytes[400 << 10];

static int put_bytes(struct line *line, size_t from, size_t len)
{
    const struct weft_buf buf = {.data = bytes + from, .len = len};

    return weft_tls_out_send(&line->out, &line->io, &buf, &line->fx.mem);
}

/* Takes and compares all that comes until len bytes have. */
static void get_bytes(struct line *line, size_t len)
{
    static uint8_t got[sizeof(bytes)];
    size_t have = 0;

    for (int i = 0; have < len; i++) {
        ssize_t n = recv(line->fd, got + have, sizeof(got) - have, 0);

        CHECK(i < 100000, "only %zu came", have);
        if (n > 0)
            have += (size_t)n;
        turn(line->loop);
    }
    assert_int_equal(have, len);
    assert_memory_equal(got, bytes, len);
}

static void test_small(void **state)
{
    struct line line;

    (void)state;
    start_line(&line);
    assert_int_equal(put_bytes(&line, 0, 0), 0);
    assert_int_equal(put_bytes(&line, 0, 100), 0);
    assert_null(line.out);
    assert_null(line.io.tx);
    get_bytes(&line, 100);
    assert_int_equal(line.sents, 0);
    end_line(&line);
}

/* What the kernel does not take follows, and what comes behind it too. */
static void test_rest(void **state)
{
    struct line line;

    (void)state;
    start_line(&line);
    assert_int_equal(put_bytes(&line, 0, 100000), 0);
    assert_non_null(line.out);
    assert_non_null(line.io.tx);
    assert_int_equal(put_bytes(&line, 100000, 7), 0);
    assert_int_equal(put_bytes(&line, 100007, 70000), 0);
    get_bytes(&line, 170007);
    TURN_UNTIL(line.loop, !line.io.tx);
    assert_int_equal(line.sents, 2);
    assert_null(line.out);
    end_line(&line);
}

static void test_limit(void **state)
{
    struct line line;

    (void)state;
    start_line(&line);
    assert_int_equal(put_bytes(&line, 0, 200 << 10), 0);
    assert_int_equal(put_bytes(&line, 0, 200 << 10), 0);
    assert_int_equal(put_bytes(&line, 0, 200 << 10), WEFT_ERR_LIMIT);
    end_line(&line);
}

static void test_peer_gone(void **state)
{
    struct line line;

    (void)state;
    start_line(&line);
    assert_int_equal(put_bytes(&line, 0, 100000), 0);
    close(line.fd);
    line.fd = -1;
    TURN_UNTIL(line.loop, line.sents == 1);
    assert_int_equal(line.err, WEFT_ERR_EOF);
    assert_int_equal(put_bytes(&line, 0, 1), WEFT_ERR_EOF);
    end_line(&line);
}

static void test_without_memory(void **state)
{
    int err = WEFT_ERR_NOMEM;

    (void)state;
    for (long n = 0; err; n++) {
        struct line line;

        start_line(&line);
        line.fx.fm.left = n;
        err = put_bytes(&line, 0, 100000);
        assert_true(err == 0 || err == WEFT_ERR_NOMEM);
        assert_int_equal(line.io.tx == NULL, err != 0);
        end_line(&line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),          cmocka_unit_test(test_rest),
        cmocka_unit_test(test_limit),          cmocka_unit_test(test_peer_gone),
        cmocka_unit_test(test_without_memory),
    };

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 31 + i / 997);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
