/* SPDX-License-Identifier: MIT */
/*
 * A client in a loop of one's own, here a plain poll(): lines from standard
 * input go out as messages, and messages are printed. When the input ends a
 * ping goes out: what the server said before its pong is printed, then it
 * closes.
 *
 * weft_loop_fd is readable when a turn would find work, weft_loop_timeout_ms
 * bounds the wait, and weft_loop_turn(loop, 0) does the work without waiting.
 *
 *     cc -o client_poll client_poll.c $(pkg-config --cflags --libs weft)
 *     ./client_poll ws://localhost:9998/echo
 */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>
#include <weft/client.h>

struct app {
    struct weft_socket *ws;
    char line[4096]; /* of standard input, as far as it has come */
    size_t len;
    bool is_open; /* and there is more input */
    bool is_over; /* closed */
    bool is_clean;
};

static void on_open(struct weft_socket *ws)
{
    struct app *app = weft_socket_user(ws);

    app->is_open = true;
}

static void on_message(struct weft_socket *ws, const struct weft_message *msg)
{
    printf("%.*s\n", (int)msg->len, (const char *)msg->data);
    fflush(stdout);
}

static void on_control(struct weft_socket *ws, const struct weft_message *msg)
{
    struct app *app = weft_socket_user(ws);

    if (msg->kind == WEFT_PONG && !app->is_open)
        weft_socket_close(ws, WEFT_CLOSE_NORMAL, "");
}

static void on_error(struct weft_socket *ws, int err, const char *why)
{
    fprintf(stderr, "%s: %s\n", weft_socket_url(ws), why);
}

static void on_close(struct weft_socket *ws, const struct weft_closed *how)
{
    struct app *app = weft_socket_user(ws);

    app->is_over = true;
    app->is_clean = how->clean;
}

static const struct weft_socket_events events = {
    .open = on_open,
    .message = on_message,
    .control = on_control,
    .error = on_error,
    .close = on_close,
};

/* Sends the lines that are whole. One that is too long goes in pieces, as
 * binary messages, for a piece may end inside a character. */
static void send_lines(struct app *app)
{
    size_t start = 0;
    char *end;

    while ((end = memchr(app->line + start, '\n', app->len - start))) {
        size_t len = (size_t)(end - app->line) - start;

        if (weft_socket_send(app->ws, WEFT_TEXT, app->line + start, len) != 0)
            fprintf(stderr, "this line could not be sent\n");
        start += len + 1;
    }
    if (start == 0 && app->len == sizeof(app->line)) {
        weft_socket_send(app->ws, WEFT_BINARY, app->line, app->len);
        start = app->len;
    }
    app->len -= start;
    memmove(app->line, app->line + start, app->len);
}

static void read_input(struct app *app)
{
    ssize_t n =
        read(STDIN_FILENO, app->line + app->len, sizeof(app->line) - app->len);

    if (n > 0) {
        app->len += (size_t)n;
        send_lines(app);
    } else {
        app->is_open = false; /* no more input */
        if (app->len > 0)
            weft_socket_send(app->ws, WEFT_TEXT, app->line, app->len);
        weft_socket_ping(app->ws, "", 0);
    }
}

static int run(struct app *app, struct weft_loop *loop)
{
    int err = 0;

    while (!err && !app->is_over) {
        struct pollfd fds[] = {
            {.fd = weft_loop_fd(loop), .events = POLLIN},
            {.fd = app->is_open ? STDIN_FILENO : -1, .events = POLLIN},
        };

        if (poll(fds, 2, weft_loop_timeout_ms(loop)) < 0)
            return WEFT_ERR_SYSTEM;
        if (fds[1].revents)
            read_input(app);
        err = weft_loop_turn(loop, 0);
    }
    return err;
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "ws://localhost:9998/echo";
    const char *why = "";
    struct app app = {0};
    const struct weft_socket_opts opts = {
        .size = sizeof(opts),
        .events = &events,
        .user = &app,
        .why = &why,
    };
    struct weft_loop *loop = NULL;
    int err = weft_loop_new(&loop, NULL);

    if (!err)
        err = weft_socket_new(&app.ws, loop, url, &opts);
    if (!err)
        err = run(&app, loop);
    if (err)
        fprintf(stderr, "%s: %s\n", weft_strerror(err), why);
    weft_socket_free(app.ws);
    weft_loop_free(loop);
    return app.is_clean ? 0 : 1;
}
