/* SPDX-License-Identifier: MIT */
#include "net/rest.h"

#include "../loop/turns.h"

#include "base/sizes.h"

/* A stream whose owner counts what came, and what turn it came in. */
struct line {
    struct weft_stream stream;
    int fd; /* the other end */
    size_t got;
    bool is_closed;
};

static void on_data(struct weft_stream *stream, uint8_t *p, size_t len)
{
    (void)p;
    WEFT_OF(stream, struct line, stream)->got += len;
}

static void on_end(struct weft_stream *stream, int err)
{
    (void)stream;
    (void)err;
}

static void on_closed(struct weft_stream *stream)
{
    WEFT_OF(stream, struct line, stream)->is_closed = true;
}

static const struct weft_stream_ops ops = {
    .data = on_data, .end = on_end, .closed = on_closed};

static void line_open(struct line *line, struct weft_loop *loop)
{
    int fds[2];

    unix_pair(fds);
    *line = (struct line){.fd = fds[1]};
    assert_int_equal(weft_stream_open(&line->stream, loop, fds[0], &ops), 0);
}

static void line_close(struct line *line, struct weft_loop *loop)
{
    weft_rest_end(&line->stream);
    weft_stream_close(&line->stream, false);
    turn(loop);
    assert_true(line->is_closed);
    close(line->fd);
}

static void say(struct line *line)
{
    assert_int_equal(write(line->fd, "x", 1), 1);
}

/* Work is forgiven bit by bit, to the first first, and the others are read from
 * meanwhile. */
static void test_in_a_row(void **state)
{
    struct line lines[3];
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++)
        line_open(&lines[i], loop);
    weft_rest_begin(&lines[0].stream, 3 * WEFT_REST_TURN);
    weft_rest_begin(&lines[1].stream, WEFT_REST_TURN);
    for (size_t i = 0; i < COUNT(lines); i++)
        say(&lines[i]);
    turn(loop);
    assert_int_equal(lines[0].got + lines[1].got, 0);
    TURN_UNTIL(loop, lines[2].got == 1);
    TURN_UNTIL(loop, lines[0].got == 1);
    assert_int_equal(lines[1].got, 0);
    TURN_UNTIL(loop, lines[1].got == 1);
    for (size_t i = 0; i < COUNT(lines); i++)
        line_close(&lines[i], loop);
    end_loop(&fx);
}

/* Resting twice is resting longer. */
static void test_again(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct line line;
    int turns = 0;

    (void)state;
    line_open(&line, loop);
    weft_rest_begin(&line.stream, 2 * WEFT_REST_TURN);
    weft_rest_begin(&line.stream, 2 * WEFT_REST_TURN);
    say(&line);
    for (; line.got == 0; turns++) {
        CHECK(turns < 100, "no end");
        turn(loop);
    }
    CHECK(turns >= 4, "%d turns", turns);
    line_close(&line, loop);
    end_loop(&fx);
}

/* A stream may be closed while it rests, and the loop be freed. */
static void test_closed(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct line lines[2];

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        line_open(&lines[i], loop);
        weft_rest_begin(&lines[i].stream, SIZE_MAX / 2);
    }
    for (size_t i = 0; i < COUNT(lines); i++)
        line_close(&lines[i], loop);
    weft_rest_end(&lines[0].stream); /* which does not rest */
    end_loop(&fx);
}

/* Without memory a stream goes on as it is. */
static void test_no_memory(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct line line;

    (void)state;
    line_open(&line, loop);
    for (long left = 0; left < 2; left++) {
        fx.fm.left = left;
        weft_rest_begin(&line.stream, SIZE_MAX / 2);
    }
    fx.fm.left = -1;
    say(&line);
    TURN_UNTIL(loop, line.got == 1);
    line_close(&line, loop);
    end_loop(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_a_row),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_closed),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
