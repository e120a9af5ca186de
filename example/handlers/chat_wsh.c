/* SPDX-License-Identifier: MIT */
/*
 * A room: everyone on the path hears everyone, also those on other threads.
 * Connect to /chat?name=Ann to be called Ann. Everybody gets the same lines in
 * the same words, the speaker too: "Ann joined", "Ann: hello", "Ann left".
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <weft/handler.h>

enum { NAME_MAX_LEN = 32, MESSAGE_MAX = 4096 };

/* What we keep of each connection: weft_conn_user. */
struct guest {
    char name[NAME_MAX_LEN + 1];
};

/* The name that was asked for; "" for none; NULL for one that is too long. */
static const char *wanted_name(struct weft_request *req)
{
    const char *name = weft_request_param(req, "name");

    if (!name)
        return "";
    return strlen(name) <= NAME_MAX_LEN ? name : NULL;
}

static int on_request(struct weft_request *req)
{
    if (wanted_name(req))
        return 0;
    weft_request_body(req, "A name has 32 bytes at most.\n");
    return 400;
}

/* Says "<name><text>" to the room, whose topic is the path. */
static int say(struct weft_conn *conn, const void *text, size_t len)
{
    const struct guest *guest = weft_conn_user(conn);
    size_t name_len = strlen(guest->name);
    char line[NAME_MAX_LEN + 2 + MESSAGE_MAX];

    memcpy(line, guest->name, name_len);
    memcpy(line + name_len, text, len);
    return weft_publish(conn, weft_conn_path(conn), WEFT_TEXT, line,
                        name_len + len, 0);
}

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    /* Connections open on several threads at once. */
    static atomic_uint guests;
    struct guest *guest = calloc(1, sizeof(*guest));
    const char *name = wanted_name(req);

    if (!guest || weft_subscribe(conn, weft_conn_path(conn))) {
        free(guest);
        weft_close(conn, WEFT_CLOSE_INTERNAL, "");
        return;
    }
    if (name && name[0])
        memcpy(guest->name, name, strlen(name));
    else
        snprintf(guest->name, sizeof(guest->name), "guest %u", ++guests);
    weft_conn_set_user(conn, guest);

    /* Text must be UTF-8, and so must the names in it. */
    if (say(conn, " joined", strlen(" joined")))
        weft_close(conn, WEFT_CLOSE_INVALID_DATA, "the name is not UTF-8");
}

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    char text[2 + MESSAGE_MAX] = ": ";

    if (msg->kind != WEFT_TEXT) {
        weft_close(conn, WEFT_CLOSE_UNSUPPORTED, "text only");
        return;
    }
    memcpy(text + 2, msg->data, msg->len);
    say(conn, text, 2 + msg->len);
}

static void on_close(struct weft_conn *conn, const struct weft_closed *how)
{
    struct guest *guest = weft_conn_user(conn);

    (void)how;
    if (!guest)
        return; /* on_open had no memory for it */
    say(conn, " left", strlen(" left"));
    free(guest);
}

/* The limit is what keeps a message within the buffers above. */
WEFT_HANDLER(.request = on_request, .open = on_open, .message = on_message,
             .close = on_close, .message_limit = MESSAGE_MAX)
