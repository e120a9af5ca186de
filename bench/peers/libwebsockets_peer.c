/* SPDX-License-Identifier: MIT */
/*
 * libwebsockets, on its own loop. It polls, and yet costs less than those of
 * libuv and libev while most connections are busy, as they are here.
 *
 *     libwebsockets PORT [CERTIFICATE KEY] [--deflate no|shared|takeover]
 *
 * What is sent waits in a queue of the connection and leaves when the library
 * says that the socket takes more: as many messages as it takes, one at a time
 * with compression, where the library may have more to write of the last one.
 * The library gives a message in pieces, and it is sent as it came, in one
 * frame, so it is gathered first. A message to all is one block that all queues
 * point to: the library writes each header into the room before it.
 */
#include <libwebsockets.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_SIZE ((size_t)64 * 1024)
#define PACKED_BITS "16" /* of what is packed at once, as a power of two */

struct message {
    size_t refs, len, room;
    enum lws_write_protocol kind;
    unsigned char bytes[]; /* LWS_PRE, then the payload */
};

struct item {
    struct item *next;
    struct message *message;
};

struct conn {
    struct lws *wsi;
    bool broadcast;
    struct message *part;    /* of a message that is still coming */
    struct message *sending; /* the library may have more to pack of it */
    struct item *first, **last;
    struct conn *next, **at; /* among those that hear what is broadcast */
};

static struct conn *heard;
static bool one_at_a_time;
static struct lws_context *context;

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

static void unref(struct message *m)
{
    if (m && !--m->refs)
        free(m);
}

static void put(struct conn *c, struct message *m)
{
    struct item *item = must(malloc(sizeof(*item)));

    item->next = NULL;
    item->message = m;
    m->refs++;
    *c->last = item;
    c->last = &item->next;
    if (c->first == item)
        lws_callback_on_writable(c->wsi);
}

static struct message *take(struct conn *c)
{
    struct item *item = c->first;
    struct message *m = item->message;

    c->first = item->next;
    if (!c->first)
        c->last = &c->first;
    free(item);
    return m;
}

static void open_conn(struct conn *c, struct lws *wsi)
{
    char path[32] = "";

    c->wsi = wsi;
    c->last = &c->first;
    lws_hdr_copy(wsi, path, sizeof(path), WSI_TOKEN_GET_URI);
    c->broadcast = strcmp(path, "/broadcast") == 0;
    if (one_at_a_time) {
        lws_set_extension_option(wsi, "permessage-deflate", "rx_buf_size",
                                 PACKED_BITS);
        lws_set_extension_option(wsi, "permessage-deflate", "tx_buf_size",
                                 PACKED_BITS);
    }
    if (!c->broadcast)
        return;
    c->next = heard;
    c->at = &heard;
    if (heard)
        heard->at = &c->next;
    heard = c;
}

static void close_conn(struct conn *c)
{
    if (c->at) {
        *c->at = c->next;
        if (c->next)
            c->next->at = c->at;
    }
    while (c->last && c->first)
        unref(take(c));
    unref(c->sending);
    unref(c->part);
}

/* Makes room for what has come and for what is announced of this frame. */
static struct message *grow(struct message *part, struct lws *wsi, size_t more)
{
    size_t len = part ? part->len : 0;
    size_t room = len + more + lws_remaining_packet_payload(wsi);

    if (part && part->room >= room)
        return part;
    if (part && room < 2 * part->room)
        room = 2 * part->room;
    if (!part) {
        part = must(malloc(sizeof(*part) + LWS_PRE + room));
        part->refs = 1;
        part->len = 0;
        part->kind =
            lws_frame_is_binary(wsi) ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
    } else {
        part = must(realloc(part, sizeof(*part) + LWS_PRE + room));
    }
    part->room = room;
    return part;
}

static void receive(struct conn *c, const void *in, size_t len)
{
    struct message *m = grow(c->part, c->wsi, len);

    memcpy(m->bytes + LWS_PRE + m->len, in, len);
    m->len += len;
    c->part = m;
    if (!lws_is_final_fragment(c->wsi) || lws_remaining_packet_payload(c->wsi))
        return;
    c->part = NULL;
    if (!c->broadcast)
        put(c, m);
    else
        for (struct conn *other = heard; other; other = other->next)
            put(other, m);
    unref(m);
}

static int send_queue(struct conn *c)
{
    do {
        struct message *m;

        unref(c->sending);
        c->sending = NULL;
        if (!c->first)
            return 0;
        m = c->sending = take(c);
        if (lws_write(c->wsi, m->bytes + LWS_PRE, m->len, m->kind) < 0)
            return -1;
    } while (!one_at_a_time && !lws_send_pipe_choked(c->wsi));
    if (c->first)
        lws_callback_on_writable(c->wsi);
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason,
                    void *user, void *in, size_t len)
{
    struct conn *c = user;

    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        open_conn(c, wsi);
        return 0;
    case LWS_CALLBACK_CLOSED:
        close_conn(c);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        receive(c, in, len);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return send_queue(c);
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "peer",
     .callback = on_event,
     .per_session_data_size = sizeof(struct conn),
     .rx_buffer_size = READ_SIZE},
    {0},
};

static const struct lws_extension alone[] = {
    {"permessage-deflate", lws_extension_callback_pm_deflate,
     "permessage-deflate; client_no_context_takeover; "
     "server_no_context_takeover"},
    {0},
};

static const struct lws_extension takeover[] = {
    {"permessage-deflate", lws_extension_callback_pm_deflate,
     "permessage-deflate"},
    {0},
};

static void on_signal(int signal)
{
    (void)signal;
    lws_cancel_service(context);
}

static void usage(void)
{
    fputs("usage: libwebsockets PORT [CERTIFICATE KEY] "
          "[--deflate no|shared|takeover]\n",
          stderr);
    exit(2);
}

/* Takes --deflate and its value off the end. */
static int read_deflate(struct lws_context_creation_info *info, int argc,
                        char **argv)
{
    const char *how;

    if (argc < 4 || strcmp(argv[argc - 2], "--deflate") != 0)
        return argc;
    how = argv[argc - 1];
    if (strcmp(how, "shared") == 0)
        info->extensions = alone;
    else if (strcmp(how, "takeover") == 0)
        info->extensions = takeover;
    else if (strcmp(how, "no") != 0)
        usage();
    one_at_a_time = info->extensions != NULL;
    return argc - 2;
}

int main(int argc, char **argv)
{
    struct lws_context_creation_info info = {
        .iface = "127.0.0.1",
        .protocols = protocols,
        .pt_serv_buf_size = READ_SIZE,
        .gid = -1,
        .uid = -1,
    };

    argc = read_deflate(&info, argc, argv);
    if (argc != 2 && argc != 4)
        usage();
    info.port = (int)strtoul(argv[1], NULL, 10);
    if (argc == 4) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.ssl_cert_filepath = argv[2];
        info.ssl_private_key_filepath = argv[3];
    }
    lws_set_log_level(LLL_ERR, NULL);
    context = lws_create_context(&info);
    if (!context)
        return 1;
    signal(SIGINT, on_signal);
    while (lws_service(context, 0) >= 0)
        continue;
    lws_context_destroy(context);
    return 0;
}
