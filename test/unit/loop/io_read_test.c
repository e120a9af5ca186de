/* SPDX-License-Identifier: MIT */
/* Reading to where the owner says; all other reading is in io_test.c. */
#include "loop/loop.h"

#include "base/list.h"
#include "base/sizes.h"
#include "turns.h"

#define ROOM 100000

/* Notes where bytes came: 'r' in the room, 'l' in the loop's buffer, '0' for
 * the end. */
struct reader {
    struct weft_io io;
    struct weft_loop *loop;
    int fd; /* of the other end */
    char where[64];
    size_t len[64];
    size_t count;
    char text[64]; /* the first bytes of all */
    size_t total;
    int end_err, closeds;

    uint8_t place[ROOM];
    size_t room; /* that is offered; 0: none */
    int asked;
    bool always; /* asks for it again in data */
    bool stops;  /* reading, in data */
};

static struct reader *reader_of(struct weft_io *io)
{
    return WEFT_OF(io, struct reader, io);
}

static void on_data(struct weft_io *io, uint8_t *p, size_t len, int err)
{
    struct reader *r = reader_of(io);
    bool is_room = p >= r->place && p < r->place + ROOM;

    assert_true(r->count + 1 < COUNT(r->where));
    r->where[r->count] = len == 0 ? '0' : is_room ? 'r' : 'l';
    r->len[r->count++] = len;
    r->end_err = err;
    assert_true(!is_room || p == r->place);
    for (size_t i = 0; i < len; i++, r->total++)
        if (r->total + 1 < sizeof(r->text))
            r->text[r->total] = (char)p[i];
    if (len > 0)
        memset(p, 0xee, len); /* the callee may write there */
    if (r->always)
        weft_io_read_into(io);
    if (r->stops)
        weft_io_read_stop(io);
}

static uint8_t *on_room(struct weft_io *io, size_t *len)
{
    struct reader *r = reader_of(io);

    r->asked++;
    if (r->room == 0)
        return NULL;
    *len = r->room;
    return r->place;
}

static void on_closed(struct weft_io *io)
{
    reader_of(io)->closeds++;
}

static const struct weft_io_ops ops = {
    .data = on_data,
    .closed = on_closed,
    .room = on_room,
};

static void start(struct reader *r, struct weft_loop *loop, bool tcp,
                  size_t room)
{
    int fds[2];

    (tcp ? tcp_pair : unix_pair)(fds);
    memset(r, 0, sizeof(*r));
    r->loop = loop;
    r->fd = fds[1];
    r->room = room;
    assert_int_equal(weft_io_open(&r->io, loop, fds[0], &ops), 0);
    weft_io_read_start(&r->io);
}

static void end(struct reader *r)
{
    if (r->fd >= 0)
        close(r->fd);
    weft_io_close(&r->io, false);
    turn(r->loop);
    assert_int_equal(r->closeds, 1);
}

/* One receive goes where it should, bounded by its room; what follows goes into
 * the loop's buffer again. */
static void test_into(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 1000);
    uint64_t before;

    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        static struct reader r;

        before = weft_loop_traffic(loop).received;
        start(&r, loop, tcp, 4);
        weft_io_read_into(&r.io);
        weft_io_read_into(&r.io); /* twice is once */
        turn_until_quiet(loop);
        assert_int_equal(r.asked, 0); /* nothing has come yet */
        put(r.fd, "abcdefghij");
        TURN_UNTIL(loop, r.total == 10);
        assert_string_equal(r.where, "rl");
        assert_int_equal(r.len[0], 4);
        assert_int_equal(r.len[1], 6);
        assert_int_equal(r.asked, 1);

        weft_io_read_into(&r.io);
        put(r.fd, "kl"); /* less than there is room for */
        TURN_UNTIL(loop, r.total == 12);
        put(r.fd, "mn");
        TURN_UNTIL(loop, r.total == 14);
        assert_string_equal(r.where, "rlrl");
        assert_string_equal(r.text, "abcdefghijklmn");
        assert_int_equal(weft_loop_traffic(loop).received - before, 14);
        turn_until_quiet(loop);
        end(&r);
    }
    end_loop(&fx);
}

/* An owner that asks for it each time, with a room that is larger than the
 * loop's buffer. */
static void test_into_each_time(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 3);
    static struct reader r;

    (void)state;
    start(&r, loop, false, 5);
    r.always = true;
    put(r.fd, "abcdefghijklm");
    TURN_UNTIL(loop, r.total == 13);
    assert_string_equal(r.where, "lrr");
    assert_int_equal(r.len[1], 5);
    assert_string_equal(r.text, "abcdefghijklm");
    turn_until_quiet(loop);
    end(&r);
    end_loop(&fx);
}

/* Without a room, or without anybody to say where it is. */
static void test_no_room(void **state)
{
    static const struct weft_io_ops no_room = {.data = on_data,
                                               .closed = on_closed};
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 4);

    (void)state;
    for (int nobody = 0; nobody < 2; nobody++) {
        static struct reader r;

        start(&r, loop, false, 0);
        if (nobody)
            r.io.ops = &no_room;
        weft_io_read_into(&r.io);
        put(r.fd, "abcdef");
        TURN_UNTIL(loop, r.total == 6);
        assert_string_equal(r.where, "ll");
        assert_int_equal(r.len[0], 4);
        assert_int_equal(r.asked, nobody ? 0 : 1);
        assert_string_equal(r.text, "abcdef");
        end(&r);
    }
    end_loop(&fx);
}

/* Reading that was stopped meanwhile: it is asked for when it goes on. */
static void test_stopped(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    static struct reader r;

    (void)state;
    start(&r, loop, false, 4);
    weft_io_read_into(&r.io);
    r.stops = true;
    put(r.fd, "abcdefgh");
    TURN_UNTIL(loop, r.total == 4);
    turn_until_quiet(loop);
    weft_io_read_into(&r.io);
    put(r.fd, "ij");
    turn_until_quiet(loop);
    assert_int_equal(r.asked, 1);
    weft_io_read_start(&r.io);
    TURN_UNTIL(loop, r.total == 8);
    weft_io_read_start(&r.io);
    TURN_UNTIL(loop, r.total == 10);
    assert_string_equal(r.where, "rrl");
    assert_string_equal(r.text, "abcdefghij");
    end(&r);
    end_loop(&fx);
}

/* The end is told all the same: by a FIN or a RST, at once or behind bytes. */
static void test_end(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);

    (void)state;
    for (int n = 0; n < 12; n++) {
        bool is_tcp = n & 1, has_bytes = n & 2, resets = n >= 8;
        size_t room = n & 4 ? 3 : 100;
        static struct reader r;

        start(&r, loop, is_tcp, room);
        r.always = true;
        weft_io_read_into(&r.io);
        if (has_bytes)
            put(r.fd, "bye");
        if (resets) {
            reset_peer(r.fd);
            r.fd = -1;
        } else {
            shutdown(r.fd, SHUT_WR);
        }
        TURN_UNTIL(loop, strchr(r.where, '0'));
        assert_string_equal(r.where, has_bytes ? "r0" : "0");
        assert_string_equal(r.text, has_bytes ? "bye" : "");
        assert_int_equal(r.end_err, resets && is_tcp ? WEFT_ERR_EOF : 0);
        turn_until_quiet(loop);
        end(&r);
    }
    end_loop(&fx);
}

/* The room has a bound of its own; behind it, that of the short read holds. */
static void test_short_too(void **state)
{
    static char many[WEFT_READ_SHORT + ROOM];
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, sizeof(many));
    static struct reader r;
    size_t sent = 0, room = WEFT_READ_SHORT + 10;
    int size = 4 * (int)sizeof(many);

    (void)state;
    start(&r, loop, false, room);
    assert_return_code(
        setsockopt(r.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), errno);
    weft_io_read_short(&r.io);
    weft_io_read_into(&r.io);
    sent = (size_t)send(r.fd, many, sizeof(many), MSG_NOSIGNAL);
    assert_true(sent > room + WEFT_READ_SHORT);
    while (r.count < 3)
        turn(loop);
    assert_memory_equal(r.where, "rll", 3);
    assert_int_equal(r.len[0], room);
    assert_int_equal(r.len[1], WEFT_READ_SHORT);
    end(&r);
    end_loop(&fx);
}

/* Nobody asks for one that is closed. */
static void test_closed(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    static struct reader r;

    (void)state;
    start(&r, loop, false, 4);
    put(r.fd, "abcdefgh");
    weft_io_close(&r.io, false);
    weft_io_read_into(&r.io);
    turn(loop);
    assert_int_equal(r.asked, 0);
    assert_int_equal(r.count, 0);
    end(&r);
    end_loop(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_into),    cmocka_unit_test(test_into_each_time),
        cmocka_unit_test(test_no_room), cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_end),     cmocka_unit_test(test_short_too),
        cmocka_unit_test(test_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
