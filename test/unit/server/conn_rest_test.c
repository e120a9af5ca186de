/* SPDX-License-Identifier: MIT */
/*
 * What an open connection costs that has nothing to do: counted at the server's
 * allocator, so that it is the same on every machine. What it needed for its
 * handshake and its messages has been given back.
 */
#include "serve.h"

#include "base/sizes.h"

#define CROWD 256
#define BOUND 240 /* bytes; see docs/internals/hot.md */

/* A block of a slab has a place in a list, which doubles when it is full. */
#define ROUNDING (WEFT_SLAB_BLOCK_SLOTS < CROWD ? 16 : 0)

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    EXPECT(weft_send(conn, msg->kind, msg->data, msg->len) == 0);
}

static const struct weft_handler echo = {
    .size = sizeof(echo),
    .message = on_message,
};

static void echo_once(struct client *c, struct serve *s)
{
    client_join(c, s, "/echo");
    client_text(c, "hello");
    client_expect(c, "text:hello");
}

static size_t live(struct serve *s)
{
    size_t bytes;

    serve_turn(s);
    pthread_mutex_lock(&s->lock);
    bytes = s->fm.live;
    pthread_mutex_unlock(&s->lock);
    return bytes;
}

static void test_bytes_of_a_connection(void **state)
{
    static struct client crowd[2][CROWD];
    struct serve *s = serve_new();
    size_t before, more;

    (void)state;
    serve_open_at(s, "/echo", &echo);
    serve_run(s);
    /* The first ones make what all share. */
    for (size_t i = 0; i < CROWD; i++)
        echo_once(&crowd[0][i], s);
    before = live(s);
    for (size_t i = 0; i < CROWD; i++)
        echo_once(&crowd[1][i], s);
    more = live(s) - before;
    CHECK(more <= (BOUND + ROUNDING) * CROWD, "%zu bytes for each",
          more / CROWD);
    for (size_t i = 0; i < CROWD; i++) {
        client_close(&crowd[0][i]);
        client_close(&crowd[1][i]);
    }
    serve_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_of_a_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
