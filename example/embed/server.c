/* SPDX-License-Identifier: MIT */
/*
 * A server: sends back what it gets at /echo, until Ctrl-C.
 *
 *     cc -o server server.c $(pkg-config --cflags --libs weft)
 *     ./server 9998
 */
#include <signal.h>
#include <stdio.h>
#include <weft/server.h>

static struct weft_server *server;

static void on_signal(int number)
{
    weft_server_stop(server);
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_send(conn, msg->kind, msg->data, msg->len);
}

static const struct weft_handler echo = {
    .size = sizeof(echo),
    .message = on_message,
};

int main(int argc, char **argv)
{
    char address[64];
    int err = weft_server_new(&server, NULL);

    snprintf(address, sizeof(address), "127.0.0.1:%s",
             argc > 1 ? argv[1] : "9998");
    if (!err)
        err = weft_server_route(server, "/echo", &echo);
    if (!err)
        err = weft_server_listen(server, address, NULL);
    if (!err) {
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        printf("ws://%s/echo\n", weft_server_address(server, 0));
        fflush(stdout);
        err = weft_server_run(server);
    }
    if (err)
        fprintf(stderr, "%s: %s\n", address, weft_strerror(err));
    weft_server_free(server);
    return err ? 1 : 0;
}
