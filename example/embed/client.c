/* SPDX-License-Identifier: MIT */
/*
 * A client: connects, says hello, prints what comes back, and leaves.
 *
 *     cc -o client client.c $(pkg-config --cflags --libs weft)
 *     ./client ws://localhost:9998/echo
 */
#include <stdio.h>
#include <weft/client.h>

static void on_open(struct weft_socket *ws)
{
    weft_socket_send(ws, WEFT_TEXT, "Hello", 5);
}

static void on_message(struct weft_socket *ws, const struct weft_message *msg)
{
    printf("%.*s\n", (int)msg->len, (const char *)msg->data);
    weft_socket_close(ws, WEFT_CLOSE_NORMAL, "bye");
}

static void on_error(struct weft_socket *ws, int err, const char *why)
{
    fprintf(stderr, "%s: %s\n", weft_socket_url(ws), why);
}

static void on_close(struct weft_socket *ws, const struct weft_closed *how)
{
    *(bool *)weft_socket_user(ws) = how->clean;
    weft_loop_stop(weft_socket_loop(ws));
}

static const struct weft_socket_events events = {
    .open = on_open,
    .message = on_message,
    .error = on_error,
    .close = on_close,
};

int main(int argc, char **argv)
{
    bool is_clean = false;
    const char *why = "";
    const struct weft_socket_opts opts = {
        .size = sizeof(opts),
        .events = &events,
        .user = &is_clean,
        .why = &why,
    };
    struct weft_loop *loop = NULL;
    struct weft_socket *ws = NULL;
    int err = weft_loop_new(&loop, NULL);

    if (!err)
        err = weft_socket_new(
            &ws, loop, argc > 1 ? argv[1] : "ws://localhost:9998/echo", &opts);
    if (!err)
        err = weft_loop_run(loop); /* until weft_loop_stop */
    if (err)
        fprintf(stderr, "%s: %s\n", weft_strerror(err), why);
    weft_socket_free(ws);
    weft_loop_free(loop);
    return is_clean ? 0 : 1;
}
