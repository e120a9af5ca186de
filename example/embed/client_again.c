/* SPDX-License-Identifier: MIT */
/*
 * A client that stays: whenever its connection ends it makes another, after
 * waits that grow and are never twice the same, so that a thousand clients of a
 * server that restarts do not all come back at once. It prints what it gets,
 * until the server closes with 1000, or Ctrl-C.
 *
 *     cc -o client_again client_again.c $(pkg-config --cflags --libs weft)
 *     ./client_again ws://localhost:9998/echo
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <weft/client.h>

#define WAIT_MS 500
#define DOUBLINGS_MAX 6 /* so half a minute is the longest */

struct app {
    struct weft_loop *loop;
    struct weft_timer *timer;
    struct weft_socket *ws; /* NULL while it waits */
    const char *url;
    unsigned failures; /* since it was open */
};

static struct app app;

static void on_signal(int number)
{
    weft_loop_stop(app.loop);
}

/* From half the wait to one and a half. */
static void wait_for_next(void)
{
    unsigned doublings =
        app.failures < DOUBLINGS_MAX ? app.failures : DOUBLINGS_MAX;
    unsigned ms = WAIT_MS << doublings;

    app.failures++;
    weft_timer_start(app.timer, ms / 2 + (unsigned)rand() % ms, 0);
}

static void on_open(struct weft_socket *ws)
{
    app.failures = 0;
    weft_socket_send(ws, WEFT_TEXT, "Here I am", 9);
}

static void on_message(struct weft_socket *ws, const struct weft_message *msg)
{
    printf("%.*s\n", (int)msg->len, (const char *)msg->data);
    fflush(stdout);
}

static void on_error(struct weft_socket *ws, int err, const char *why)
{
    fprintf(stderr, "%s: %s\n", weft_socket_url(ws), why);
}

static void on_close(struct weft_socket *ws, const struct weft_closed *how)
{
    weft_socket_free(ws); /* allowed in every event */
    app.ws = NULL;
    if (how->code == WEFT_CLOSE_NORMAL)
        weft_loop_stop(app.loop);
    else
        wait_for_next();
}

/* ping_ms has a connection noticed that went without a word. */
static void connect_again(void *arg)
{
    static const struct weft_socket_events events = {
        .open = on_open,
        .message = on_message,
        .error = on_error,
        .close = on_close,
    };
    const char *why = "";
    const struct weft_socket_opts opts = {
        .size = sizeof(opts),
        .events = &events,
        .ping_ms = 30000,
        .why = &why,
    };
    int err = weft_socket_new(&app.ws, app.loop, app.url, &opts);

    if (err) { /* an argument is wrong: that will not change */
        fprintf(stderr, "%s: %s\n", weft_strerror(err), why);
        weft_loop_stop(app.loop);
    }
}

int main(int argc, char **argv)
{
    int err = weft_loop_new(&app.loop, NULL);

    app.url = argc > 1 ? argv[1] : "ws://localhost:9998/echo";
    srand((unsigned)time(NULL));
    if (!err)
        err = weft_timer_new(&app.timer, app.loop, connect_again, NULL);
    if (!err) {
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        weft_timer_start(app.timer, 0, 0);
        err = weft_loop_run(app.loop);
    }
    if (err)
        fprintf(stderr, "%s\n", weft_strerror(err));
    weft_socket_free(app.ws);
    weft_timer_free(app.timer);
    weft_loop_free(app.loop);
    return err ? 1 : 0;
}
