/* SPDX-License-Identifier: MIT */
/*
 * A thousand sockets on one loop, against Weft's own server in a thread: each
 * opens, sends, gets its echo, and closes cleanly.
 */
#include "../loop/turns.h"
#include "serve.h"
#include <weft/client.h>

#include <stdio.h>

#define SOCKETS 1000

struct caller {
    struct weft_socket *ws;
    int number;
    int opened, echoes, errors, closed;
    struct weft_closed how;
};

static struct caller callers[SOCKETS];
static int closed;
static bool frees; /* each socket in its close event */

static void text_for(const struct caller *c, char text[32])
{
    snprintf(text, 32, "number %d", c->number);
}

static void on_open(struct weft_socket *ws)
{
    struct caller *c = weft_socket_user(ws);
    char text[32];

    c->opened++;
    text_for(c, text);
    assert_int_equal(weft_socket_send(ws, WEFT_TEXT, text, strlen(text)), 0);
}

static void on_message(struct weft_socket *ws, const struct weft_message *msg)
{
    struct caller *c = weft_socket_user(ws);
    char text[32];

    text_for(c, text);
    CHECK(weft_message_equals(msg, text), "%s: \"%.*s\"", text, (int)msg->len,
          (const char *)msg->data);
    assert_true(weft_socket_buffered_amount(ws) == 0);
    c->echoes++;
    assert_int_equal(weft_socket_close(ws, 3000, "done"), 0);
}

static void on_error(struct weft_socket *ws, int err, const char *why)
{
    struct caller *c = weft_socket_user(ws);

    c->errors++;
    CHECK(false, "socket %d: %d, %s", c->number, err, why);
}

static void on_close(struct weft_socket *ws, const struct weft_closed *how)
{
    struct caller *c = weft_socket_user(ws);

    c->closed++;
    c->how = *how;
    closed++;
    if (frees) {
        weft_socket_free(ws);
        c->ws = NULL;
    }
}

static const struct weft_socket_events events = {
    .open = on_open,
    .message = on_message,
    .error = on_error,
    .close = on_close,
};

/* ---- The server ---------------------------------------------------------- */

static void echo(struct weft_conn *conn, const struct weft_message *msg)
{
    EXPECT(weft_send(conn, msg->kind, msg->data, msg->len) == 0);
}

static const struct weft_handler handler = {
    .size = sizeof(handler),
    .message = echo,
};

/* ---- The test ------------------------------------------------------------ */

static void call(struct caller *c, int number, struct weft_loop *loop,
                 const char *url)
{
    const struct weft_socket_opts opts = {
        .size = sizeof(opts),
        .events = &events,
        .user = c,
        .proxy = "",
        .connect_ms = WEFT_SOCKET_NEVER,
        .close_ms = WEFT_SOCKET_NEVER,
    };

    *c = (struct caller){.number = number};
    assert_int_equal(weft_socket_new(&c->ws, loop, url, &opts), 0);
}

static void call_all(struct weft_loop *loop, const char *url)
{
    closed = 0;
    for (int i = 0; i < SOCKETS; i++)
        call(&callers[i], i, loop, url);
    TURN_UNTIL(loop, closed == SOCKETS);
    for (int i = 0; i < SOCKETS; i++) {
        const struct caller *c = &callers[i];

        CHECK(c->opened == 1 && c->echoes == 1 && c->closed == 1,
              "socket %d: opened %d, echoes %d, closed %d", i, c->opened,
              c->echoes, c->closed);
        CHECK(c->how.clean && c->how.code == 3000 && c->how.err == 0,
              "socket %d: %d", i, c->how.code);
        weft_socket_free(c->ws);
    }
}

static void raise_descriptors(void)
{
    struct rlimit rl;

    assert_return_code(getrlimit(RLIMIT_NOFILE, &rl), errno);
    if (rl.rlim_max < 2 * SOCKETS + 200)
        skip();
    rl.rlim_cur = rl.rlim_max;
    assert_return_code(setrlimit(RLIMIT_NOFILE, &rl), errno);
}

static void test_a_thousand(void **state)
{
    struct serve *s;
    struct fixture fx;
    struct weft_loop *loop;
    char url[80];

    (void)state;
    raise_descriptors();
    s = serve_new();
    serve_open_at(s, "/echo", &handler);
    serve_run(s);
    snprintf(url, sizeof(url), "ws://%s/echo", weft_server_address(s->srv, 0));
    for (int n = 0; n < 2; n++) {
        frees = n;
        loop = start_loop(&fx, 0);
        call_all(loop, url);
        end_loop(&fx);
    }
    SERVE_UNTIL(s, serve_connections(s) == 0);
    assert_true(serve_stats(s).opened == 2 * SOCKETS);
    assert_true(serve_stats(s).messages_in == 2 * SOCKETS);
    serve_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thousand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
