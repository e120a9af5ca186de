/* SPDX-License-Identifier: MIT */
/*
 * The engine alone, for programs with input and output of their own. Here two
 * endpoints talk in memory: the bytes that one wants sent are fed to the other.
 * Where carry() copies them, a program would read and write whatever its
 * transport is. The HTTP handshake in front of this is the program's own.
 *
 *     cc -o endpoint endpoint.c $(pkg-config --cflags --libs weft)
 *     ./endpoint
 */
#include <stdio.h>
#include <sys/random.h>
#include <weft/endpoint.h>

/* Masking keys: a client needs them for every frame. */
static int fill_random(void *ud, void *out, size_t len)
{
    return getrandom(out, len, 0) == (ssize_t)len ? 0 : WEFT_ERR_SYSTEM;
}

static void show_bytes(const char *who, const unsigned char *p, size_t len)
{
    printf("%s sends", who);
    for (size_t i = 0; i < len; i++)
        printf(" %02x", p[i]);
    printf("\n");
}

/* Moves what from wants sent to the other: at most size bytes a time, as a
 * network would. Returns how many. */
static size_t carry(const char *who, struct weft_endpoint *from, void *bytes,
                    size_t size)
{
    struct iovec piece;
    size_t n;

    if (!weft_endpoint_output(from, &piece))
        return 0;
    n = piece.iov_len < size ? piece.iov_len : size;
    memcpy(bytes, piece.iov_base, n);
    weft_endpoint_sent(from, n);
    show_bytes(who, bytes, n);
    return n;
}

static void on_event(const char *who, struct weft_endpoint *ep,
                     const struct weft_event *event)
{
    const struct weft_message *msg = &event->msg;

    switch (event->type) {
    case WEFT_EVENT_MESSAGE:
        printf("%s got %.*s\n", who, (int)msg->len, (const char *)msg->data);
        if (weft_message_equals(msg, "Hello"))
            weft_endpoint_send(ep, WEFT_TEXT, "Hello yourself", 14);
        else
            weft_endpoint_close(ep, WEFT_CLOSE_NORMAL, "bye", 3);
        break;
    case WEFT_EVENT_PING: /* its pong is queued already */
    case WEFT_EVENT_PONG:
        break;
    case WEFT_EVENT_CLOSE:
        printf("%s is closed: %d %.*s\n", who, event->code,
               (int)event->reason_len, event->reason);
        break;
    }
}

/* 0, or what the endpoint found wrong with the bytes. */
static int take(const char *who, struct weft_endpoint *ep, void *bytes,
                size_t len)
{
    struct weft_event event;
    int rc = weft_endpoint_feed(ep, bytes, len);

    if (rc < 0)
        return rc;
    while ((rc = weft_endpoint_next(ep, &event)) > 0)
        on_event(who, ep, &event);
    return rc;
}

/* Until both have nothing to say: 0 or an error. */
static int converse(struct weft_endpoint *client, struct weft_endpoint *server)
{
    unsigned char bytes[16];
    size_t up, down;
    int err = weft_endpoint_send(client, WEFT_TEXT, "Hello", 5);

    do {
        up = carry("client", client, bytes, sizeof(bytes));
        if (!err && up > 0)
            err = take("server", server, bytes, up);
        down = carry("server", server, bytes, sizeof(bytes));
        if (!err && down > 0)
            err = take("client", client, bytes, down);
    } while (!err && up + down > 0);
    return err;
}

int main(void)
{
    struct weft_endpoint_opts opts = WEFT_ENDPOINT_OPTS;
    struct weft_endpoint *client = NULL, *server = NULL;
    int err = weft_endpoint_new(&server, &opts);

    opts.role = WEFT_CLIENT;
    opts.random = fill_random;
    if (!err)
        err = weft_endpoint_new(&client, &opts);
    if (!err)
        err = converse(client, server);
    if (err)
        fprintf(stderr, "%s\n", weft_strerror(err));
    weft_endpoint_free(client);
    weft_endpoint_free(server);
    return err ? 1 : 0;
}
