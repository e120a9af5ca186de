/* SPDX-License-Identifier: MIT */
/*
 * What the other side says, as events. It is judged as strictly as it should
 * judge us: whatever RFC 6455 5 and 7.4 forbid it to send is a fault, no
 * matter what the case is about. An echo may come in fragments (5.4).
 */
#include "reader.h"

#include "verdict.h"

#include <stdio.h>

/* No case asks for a larger frame. */
#define FRAME_MAX (32u << 20)

static void fault(struct event *ev, const char *text)
{
    ev->kind = EVENT_FAULT;
    ev->fault = text;
}

static void take_control(struct reader *r, struct event *ev,
                         const struct frame *f)
{
    ev->data = f->data;
    ev->len = f->len;
    ev->kind = f->opcode == OP_PING ? EVENT_PING : EVENT_PONG;
    if (f->opcode != OP_CLOSE)
        return;
    ev->kind = EVENT_CLOSE;
    ev->code = close_code(f->data, f->len);
    r->closed = true;
    if (close_fault(f->data, f->len))
        fault(ev, close_fault(f->data, f->len));
}

/* The message is complete. */
static void take_message(struct reader *r, struct event *ev)
{
    const struct bytes *m = &r->message;
    const char *wrong;

    if (r->is_packed) {
        r->inflated.len = 0;
        wrong = unpack(&r->unpacker, r->flow, m, &r->inflated);
        if (wrong) {
            fault(ev, wrong);
            return;
        }
        m = &r->inflated;
        r->packed++;
    }
    if (r->opcode == OP_TEXT && !utf8_valid(m->p, m->len)) {
        fault(ev, "a text message that is not UTF-8 (8.1)");
        return;
    }
    ev->kind = EVENT_MESSAGE;
    ev->opcode = r->opcode;
    ev->is_packed = r->is_packed;
    ev->data = m->p;
    ev->len = m->len;
}

static void take_data(struct reader *r, struct event *ev, const struct frame *f)
{
    if (f->opcode == OP_CONT && !r->open) {
        fault(ev, "a continuation of nothing (5.4)");
        return;
    }
    if (f->opcode != OP_CONT && r->open) {
        fault(ev, "a message inside another message (5.4)");
        return;
    }
    if (f->opcode != OP_CONT) {
        r->opcode = f->opcode;
        r->is_packed = f->rsv & RSV1;
        r->message.len = 0;
    }
    bytes_add(&r->message, f->data, f->len);
    r->open = !f->fin;
    if (!r->open)
        take_message(r, ev);
}

static void unmask(struct reader *r, struct frame *f)
{
    r->plain.len = 0;
    for (size_t i = 0; i < f->len; i++)
        bytes_add_byte(&r->plain, f->data[i] ^ f->key[i % 4]);
    f->data = r->plain.p;
}

static size_t take_frame(struct reader *r, struct event *ev, const uint8_t *in,
                         size_t len)
{
    struct frame f;
    bool header;
    size_t used = frame_read(&f, &header, in, len);

    if (header && r->closed && !(r->may_pong && f.opcode == OP_PONG))
        fault(ev, "a frame after its Close frame (5.5.1)");
    else if (header && frame_fault(&f, r->side, r->flow))
        fault(ev, frame_fault(&f, r->side, r->flow));
    else if (header && f.claim > FRAME_MAX)
        fault(ev, "a frame larger than anything it was sent");
    if (!used || ev->kind != EVENT_NONE)
        return used;
    if (f.masked) {
        bytes_add(&r->masks, f.key, sizeof(f.key));
        unmask(r, &f);
    }
    if (f.opcode >= OP_CLOSE)
        take_control(r, ev, &f);
    else
        take_data(r, ev, &f);
    return used;
}

size_t reader_next(struct reader *r, struct event *ev, const uint8_t *in,
                   size_t len)
{
    size_t used = 0, n;

    *ev = (struct event){.kind = EVENT_NONE};
    do {
        n = used < len ? take_frame(r, ev, in + used, len - used) : 0;
        used += n;
    } while (n && ev->kind == EVENT_NONE);
    event_describe(ev);
    return used;
}

void reader_release(struct reader *r)
{
    bytes_release(&r->message);
    bytes_release(&r->plain);
    bytes_release(&r->masks);
    bytes_release(&r->inflated);
    unpacker_release(&r->unpacker);
}

void event_describe(struct event *ev)
{
    char q[60];

    switch (ev->kind) {
    case EVENT_NONE:
    case EVENT_SILENCE:
        snprintf(ev->text, sizeof(ev->text), "nothing more");
        break;
    case EVENT_END:
        snprintf(ev->text, sizeof(ev->text), "the end of TCP");
        break;
    case EVENT_FAULT:
        snprintf(ev->text, sizeof(ev->text), "%s", ev->fault);
        break;
    case EVENT_CLOSE:
        if (ev->code < 0)
            snprintf(ev->text, sizeof(ev->text), "an empty Close");
        else
            snprintf(ev->text, sizeof(ev->text), "Close %d %s", ev->code,
                     quoted(q, sizeof(q), ev->data + 2, ev->len - 2));
        break;
    default:
        snprintf(ev->text, sizeof(ev->text), "%s%s of %zu bytes %s",
                 ev->is_packed ? "compressed " : "",
                 ev->kind == EVENT_MESSAGE ? opcode_name(ev->opcode)
                 : ev->kind == EVENT_PING  ? "ping"
                                           : "pong",
                 ev->len, quoted(q, sizeof(q), ev->data, ev->len));
        break;
    }
}
