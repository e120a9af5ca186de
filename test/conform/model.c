/* SPDX-License-Identifier: MIT */
/*
 * What an echoing peer still owes us. Echoes come in order. Pongs may overtake
 * echoes, because the application answers messages and the protocol answers
 * pings (5.5.2: as soon as is practical), and a peer that is behind may answer
 * the latest ping only (5.5.3).
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void owe(struct debts *d, const struct debt *debt)
{
    if ((d->count & (d->count - 1)) == 0)
        d->list =
            grow(d->list, (d->count ? d->count * 2 : 1) * sizeof(*d->list));
    d->list[d->count++] = *debt;
    bytes_room(&d->sent, 1); /* so that an empty payload has a place */
}

static void begin_message(struct model *m, const struct frame *f)
{
    struct debts *d = &m->echoes;

    if (!model_owes_echo(m))
        d->sent.len = 0; /* nobody asks for what was paid */
    m->open = (struct debt){f->opcode, d->sent.len, 0};
    m->is_packed = f->rsv & RSV1;
    m->packed.len = 0;
}

static const char *data_sent(struct model *m, const struct frame *f)
{
    static const struct flow any = {.bits = 15};
    struct debts *d = &m->echoes;
    const char *fault = NULL;

    if (f->opcode != OP_CONT)
        begin_message(m, f);
    bytes_add(m->is_packed ? &m->packed : &d->sent, f->data, f->len);
    /* A frame that claims more than it has is not whole. */
    if (!f->fin || (f->has_claim && f->claim > f->len))
        return NULL;
    if (m->is_packed)
        fault = unpack(&m->unpacker, &any, &m->packed, &d->sent);
    m->open.len = d->sent.len - m->open.at;
    owe(d, &m->open);
    return fault;
}

const char *model_sent(struct model *m, const struct frame *f)
{
    struct debts *d = &m->pings;
    struct debt ping = {OP_PING, d->sent.len, f->len};

    if (f->opcode == OP_CLOSE)
        m->over = true;
    if (m->over || f->opcode == OP_PONG)
        return NULL;
    if (f->opcode != OP_PING)
        return data_sent(m, f);
    owe(d, &ping);
    bytes_add(&d->sent, f->data, f->len);
    return NULL;
}

bool model_owes_echo(const struct model *m)
{
    return m->echoes.at < m->echoes.count;
}

bool model_owes_pong(const struct model *m)
{
    return m->pings.at < m->pings.count;
}

static bool pays(const struct debts *d, const struct debt *debt,
                 const struct event *ev)
{
    return debt->len == ev->len &&
           (ev->len == 0 ||
            memcmp(d->sent.p + debt->at, ev->data, ev->len) == 0);
}

const char *model_next_echo(const struct model *m, char *buf, size_t size)
{
    const struct debts *d = &m->echoes;
    const struct debt *next = &d->list[d->at];
    struct event ev = {.kind = EVENT_MESSAGE,
                       .opcode = next->opcode,
                       .data = d->sent.p + next->at,
                       .len = next->len};

    event_describe(&ev);
    snprintf(buf, size, "%s", ev.text);
    return buf;
}

/* Where two messages of the same length part. */
static size_t first_difference(const uint8_t *a, const uint8_t *b, size_t len)
{
    size_t i = 0;

    while (i < len && a[i] == b[i])
        i++;
    return i;
}

static bool take_message(struct model *m, const struct event *ev,
                         struct verdict *v)
{
    struct debts *d = &m->echoes;
    const struct debt *next;
    char want[160];

    if (!model_owes_echo(m)) {
        verdict_say(v, GRADE_FAIL, "%s, which nothing asked for", ev->text);
        return false;
    }
    next = &d->list[d->at];
    if (next->opcode == ev->opcode && pays(d, next, ev)) {
        d->at++;
        return true;
    }
    model_next_echo(m, want, sizeof(want));
    if (next->opcode == ev->opcode && next->len == ev->len)
        verdict_say(v, GRADE_FAIL,
                    "an echo that is wrong from byte %zu on: %s for %s",
                    first_difference(d->sent.p + next->at, ev->data, ev->len),
                    ev->text, want);
    else
        verdict_say(v, GRADE_FAIL, "expected %s; got %s", want, ev->text);
    return false;
}

static bool take_pong(struct model *m, const struct event *ev,
                      struct verdict *v)
{
    struct debts *d = &m->pings;

    if (!model_owes_pong(m)) {
        verdict_say(v, GRADE_NOTE, "unsolicited %s", ev->text);
        return true;
    }
    for (size_t i = d->at; i < d->count; i++) {
        if (!pays(d, &d->list[i], ev))
            continue;
        if (i > d->at)
            verdict_say(v, GRADE_NOTE, "answers the latest ping only (5.5.3)");
        d->at = i + 1;
        return true;
    }
    verdict_say(v, GRADE_FAIL, "%s, which is no answer to a ping", ev->text);
    return false;
}

bool model_take(struct model *m, const struct event *ev, struct verdict *v)
{
    if (ev->kind == EVENT_MESSAGE)
        return take_message(m, ev, v);
    return take_pong(m, ev, v);
}

void model_release(struct model *m)
{
    free(m->echoes.list);
    free(m->pings.list);
    bytes_release(&m->echoes.sent);
    bytes_release(&m->pings.sent);
    bytes_release(&m->packed);
    unpacker_release(&m->unpacker);
}
