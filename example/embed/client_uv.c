/* SPDX-License-Identifier: MIT */
/*
 * A client under libuv. A poll handle watches weft_loop_fd, a prepare handle
 * asks weft_loop_timeout_ms before libuv waits, and a timer bounds that wait;
 * each does one turn of our loop, without waiting. Beside them runs a timer of
 * the program's own, whose ticks are sent and come back.
 *
 *     cc -o client_uv client_uv.c $(pkg-config --cflags --libs weft libuv)
 *     ./client_uv ws://localhost:9998/echo
 */
#include <stdio.h>
#include <uv.h>
#include <weft/client.h>

#define TICK_MS 100
#define TICKS 3

struct app {
    struct weft_loop *loop;
    struct weft_socket *ws;
    uv_poll_t readable;
    uv_prepare_t before_wait;
    uv_timer_t due;
    uv_timer_t tick; /* of the program's own */
    int ticks, echoes;
    bool is_over; /* closed, or the loop failed */
    bool is_clean;
};

/* ---- Our loop in libuv's ------------------------------------------------- */

static void turn(struct app *app)
{
    if (!app->is_over && weft_loop_turn(app->loop, 0) != 0)
        app->is_over = true;
    if (app->is_over)
        uv_stop(app->readable.loop);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    turn(handle->data);
}

static void on_due(uv_timer_t *handle)
{
    turn(handle->data);
}

static void on_before_wait(uv_prepare_t *handle)
{
    struct app *app = handle->data;
    int ms = weft_loop_timeout_ms(app->loop);

    if (ms < 0)
        uv_timer_stop(&app->due);
    else
        uv_timer_start(&app->due, on_due, (uint64_t)ms, 0);
}

static int attach(struct app *app, uv_loop_t *uv)
{
    int err = uv_poll_init(uv, &app->readable, weft_loop_fd(app->loop));

    if (err)
        return err;
    app->readable.data = app->before_wait.data = app->due.data = app;
    uv_prepare_init(uv, &app->before_wait);
    uv_timer_init(uv, &app->due);
    uv_prepare_start(&app->before_wait, on_before_wait);
    return uv_poll_start(&app->readable, UV_READABLE, on_readable);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    uv_close(handle, NULL);
}

/* ---- The program --------------------------------------------------------- */

static void on_tick(uv_timer_t *handle)
{
    struct app *app = handle->data;
    char text[32];
    int len = snprintf(text, sizeof(text), "tick %d", ++app->ticks);

    weft_socket_send(app->ws, WEFT_TEXT, text, (size_t)len);
    if (app->ticks == TICKS)
        uv_timer_stop(handle);
}

static void on_open(struct weft_socket *ws)
{
    struct app *app = weft_socket_user(ws);

    uv_timer_start(&app->tick, on_tick, TICK_MS, TICK_MS);
}

static void on_message(struct weft_socket *ws, const struct weft_message *msg)
{
    struct app *app = weft_socket_user(ws);

    printf("%.*s\n", (int)msg->len, (const char *)msg->data);
    if (++app->echoes == TICKS)
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
    .error = on_error,
    .close = on_close,
};

int main(int argc, char **argv)
{
    uv_loop_t *uv = uv_default_loop();
    struct app app = {0};
    const struct weft_socket_opts opts = {
        .size = sizeof(opts),
        .events = &events,
        .user = &app,
    };
    int err = weft_loop_new(&app.loop, NULL);

    uv_timer_init(uv, &app.tick);
    app.tick.data = &app;
    if (!err)
        err = weft_socket_new(&app.ws, app.loop,
                              argc > 1 ? argv[1] : "ws://localhost:9998/echo",
                              &opts);
    if (err)
        fprintf(stderr, "%s\n", weft_strerror(err));
    else if (attach(&app, uv) == 0)
        uv_run(uv, UV_RUN_DEFAULT);

    weft_socket_free(app.ws);
    uv_walk(uv, close_handle, NULL);
    uv_run(uv, UV_RUN_DEFAULT); /* until the handles are closed */
    uv_loop_close(uv);
    weft_loop_free(app.loop); /* and its descriptor, no longer watched */
    return app.is_clean ? 0 : 1;
}
