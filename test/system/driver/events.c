/* SPDX-License-Identifier: MIT */
/* What happens becomes a line: the socket's number, the event, its arguments.
 * Then the command is run that was set for this event, inside of it. */
#include "driver.h"
#include "words.h"

#include <stdlib.h>

#define SHOWN 4096 /* longer messages show their length and sum alone */

static const char *const names[EVENT_COUNT] = {
    [EVENT_OPEN] = "open",       [EVENT_MESSAGE] = "message",
    [EVENT_ERROR] = "error",     [EVENT_CLOSE] = "close",
    [EVENT_CONTROL] = "control", [EVENT_DRAIN] = "drain",
    [EVENT_REQUEST] = "request", [EVENT_RESPONSE] = "response",
    [EVENT_FRAME] = "frame",
};

enum event event_named(const char *name)
{
    int i = 0;

    while (i < EVENT_COUNT && strcmp(names[i], name) != 0)
        i++;
    return (enum event)i;
}

static struct slot *slot_of(const struct weft_socket *ws)
{
    return weft_socket_user(ws);
}

static int id_of(const struct weft_socket *ws)
{
    return (int)(slot_of(ws) - slots);
}

static const char *kind_of(const struct weft_message *msg)
{
    switch (msg->kind) {
    case WEFT_TEXT:
        return "text";
    case WEFT_BINARY:
        return "binary";
    case WEFT_PING:
        return "ping";
    default:
        return "pong";
    }
}

/* RFC 1950 section 9. */
static uint64_t adler32(const unsigned char *p, size_t len)
{
    uint64_t a = 1, b = 0;

    for (size_t i = 0; i < len; i++) {
        a = (a + p[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

/* The socket may be gone afterwards. */
static void react(const struct weft_socket *ws, enum event event)
{
    const char *command = slot_of(ws)->on[event];
    char *line = command ? strdup(command) : NULL;

    if (line)
        command_run(line, "reacted");
    free(line);
}

static void on_open(struct weft_socket *ws)
{
    words_print("%d open %s %s", id_of(ws), weft_socket_protocol(ws),
                weft_socket_extensions(ws));
    react(ws, EVENT_OPEN);
}

static void print_message(const struct weft_socket *ws, const char *event,
                          const struct weft_message *msg)
{
    words_print("%d %s %s %u %u %b", id_of(ws), event, kind_of(msg),
                (uint64_t)msg->len, adler32(msg->data, msg->len), msg->data,
                msg->len <= SHOWN ? msg->len : 0);
}

static void on_message(struct weft_socket *ws, const struct weft_message *msg)
{
    struct slot *slot = slot_of(ws);

    print_message(ws, "message", msg);
    slot->msg = msg;
    react(ws, EVENT_MESSAGE);
    slot->msg = NULL;
}

static void on_control(struct weft_socket *ws, const struct weft_message *msg)
{
    print_message(ws, "control", msg);
    react(ws, EVENT_CONTROL);
}

static void on_error(struct weft_socket *ws, int err, const char *why)
{
    words_print("%d error %d %s", id_of(ws), err, why);
    react(ws, EVENT_ERROR);
}

static void on_close(struct weft_socket *ws, const struct weft_closed *how)
{
    words_print("%d close %d %d %d %b", id_of(ws), how->code, how->clean,
                how->err, how->reason, how->reason_len);
    react(ws, EVENT_CLOSE);
}

static void on_drain(struct weft_socket *ws)
{
    words_print("%d drain %u", id_of(ws), weft_socket_buffered_amount(ws));
    command_pour(slot_of(ws));
    react(ws, EVENT_DRAIN);
}

static void on_request(struct weft_socket *ws, const char *head, size_t len)
{
    words_print("%d request %b", id_of(ws), head, len);
    react(ws, EVENT_REQUEST);
}

static void on_response(struct weft_socket *ws, const char *head, size_t len)
{
    words_print("%d response %b", id_of(ws), head, len);
    react(ws, EVENT_RESPONSE);
}

static void on_frame(struct weft_socket *ws, const struct weft_frame_info *f)
{
    words_print("%d frame %s %d %d %d %d %b %u", id_of(ws),
                f->is_sent ? "sent" : "received", f->fin, f->rsv, f->opcode,
                f->masked, f->key, f->masked ? sizeof(f->key) : 0, f->len);
    react(ws, EVENT_FRAME);
}

void events_fill(struct weft_socket_events *events, bool drain, bool wire)
{
    *events = (struct weft_socket_events){
        .open = on_open,
        .message = on_message,
        .error = on_error,
        .close = on_close,
        .control = on_control,
        .drain = drain ? on_drain : NULL,
        .request = wire ? on_request : NULL,
        .response = wire ? on_response : NULL,
        .frame = wire ? on_frame : NULL,
    };
}
