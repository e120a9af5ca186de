/* SPDX-License-Identifier: MIT */
/*
 * Plays the script of one case. Frames gather in a segment that is sent when
 * the script waits, or says that a segment ends. What is sent is noted in the
 * model until the script says that it breaks the RFC; expect.c then compares
 * what comes back.
 */
#include "judge.h"

#include "expect.h"
#include "handshake.h"
#include "payload.h"

#include <stdio.h>
#include <string.h>

static void flush(struct judge *j)
{
    conn_send(&j->conn, j->out.p, j->out.len);
    j->out.len = 0;
}

static void choose_key(struct judge *j, uint8_t key[4])
{
    for (int i = 0; i < 4; i++) {
        j->seed = j->seed * 1664525 + 1013904223;
        key[i] = (uint8_t)(j->seed >> 24);
    }
}

static void trace_frame(struct judge *j, const struct frame *f)
{
    char q[100];

    if (!j->verdict->tracing)
        return;
    verdict_trace(j->verdict, "> %s%s%s%s, %zu bytes %s",
                  opcode_name(f->opcode), f->fin ? "" : ", more to come",
                  f->rsv == RSV1 && j->deal.on ? ", compressed"
                  : f->rsv                     ? ", reserved bits"
                                               : "",
                  f->masked == (j->side == SIDE_CLIENT) ? "" : ", wrong mask",
                  f->len, quoted(q, sizeof(q), f->data, f->len));
}

/* Only the first Close counts (7.1.5), and only if it is right. */
static void note_close(struct judge *j, const struct frame *f)
{
    struct seen *s = &j->seen;

    if (f->opcode != OP_CLOSE || s->close_sent || j->wrong)
        return;
    s->close_sent = true;
    s->code = close_code(f->data, f->len);
    s->reason_len = f->len > 2 ? f->len - 2 : 0;
    if (s->reason_len > sizeof(s->reason))
        s->reason_len = sizeof(s->reason);
    if (s->reason_len)
        memcpy(s->reason, f->data + 2, s->reason_len);
}

static void write_frame(struct judge *j, const struct frame *f)
{
    const char *fault;

    trace_frame(j, f);
    frame_write(&j->out, f);
    fault = model_sent(&j->model, f);
    if (fault)
        verdict_say(j->verdict, GRADE_FAIL, "the case itself is wrong: %s",
                    fault);
    note_close(j, f);
}

/* What the script says, if that is to be compressed. */
static void pack_frame(struct judge *j, const struct step *step,
                       struct frame *f)
{
    struct pack_part part = {.p = f->data,
                             .len = f->len,
                             .is_first = f->opcode != OP_CONT,
                             .is_last = f->fin};

    if (f->opcode >= OP_CLOSE)
        return;
    if (part.is_first || step->way.on)
        j->way = step->way;
    if (!j->way.on)
        return;
    j->packed.len = 0;
    pack(&j->packer, &j->deal.flow[j->side], &j->way, &part, &j->packed);
    f->data = j->packed.p;
    f->len = j->packed.len;
    if (part.is_first)
        f->rsv |= RSV1;
}

/* The payload in as many frames as it takes. */
static void write_fragments(struct judge *j, const struct step *step,
                            const struct frame *whole)
{
    struct frame f = *whole;
    struct frame ping = {
        .fin = true, .masked = f.masked, .opcode = OP_PING, .data = f.data};

    for (size_t at = 0, n = 1; at < whole->len; at += f.len, n++) {
        f.data = whole->data + at;
        f.len = whole->len - at < step->frag ? whole->len - at : step->frag;
        f.fin = whole->fin && at + f.len == whole->len;
        choose_key(j, f.key);
        write_frame(j, &f);
        f.opcode = OP_CONT;
        f.rsv = 0;
        if (!step->pings || n % step->pings || f.fin)
            continue;
        choose_key(j, ping.key);
        write_frame(j, &ping);
    }
}

static void send_frame(struct judge *j, const struct step *step)
{
    struct frame f = step->frame;
    size_t at;

    f.data = j->script->pool.p + step->at;
    f.len = step->len;
    if (step->prose) {
        f.data = payload_prose(j->seed, step->prose);
        f.len = step->prose;
    }
    /* In the tables "nomask" is the wrong thing to do, whoever does it. */
    f.masked = f.masked == (j->side == SIDE_CLIENT);
    if (!step->has_key)
        choose_key(j, f.key);
    at = j->out.len;
    pack_frame(j, step, &f);
    if (step->frag)
        write_fragments(j, step, &f);
    else
        write_frame(j, &f);
    at += step->cut;
    if (step->cut && at < j->out.len) {
        conn_send(&j->conn, j->out.p, at);
        conn_pause();
        bytes_drop(&j->out, at);
    }
}

static void begin_deal(struct judge *j)
{
    if (j->deal.on)
        j->reader.flow = &j->deal.flow[j->side ^ 1];
}

/* A script that is about compression has nothing to say without. */
static bool is_pointless(const struct judge *j)
{
    const struct script *s = j->script;

    if (!s->deflate || j->refusal)
        return false;
    if (!j->deal.on)
        verdict_say(j->verdict, s->deflate_soft ? GRADE_SOFT : GRADE_NOTE,
                    "%s permessage-deflate",
                    j->side == SIDE_CLIENT ? "declines" : "does not offer");
    else if (s->takeover && j->deal.flow[j->side].fresh)
        verdict_say(j->verdict, GRADE_NOTE, "leaves us no context");
    else
        return false;
    return true;
}

static void shake(struct judge *j)
{
    flush(j);
    j->shaken = true;
    /* What a client makes of our answer shows in what it does then. */
    if (j->side == SIDE_SERVER)
        return;
    if (handshake_judge(&j->conn, &j->request, j->script, &j->deal,
                        j->verdict)) {
        begin_deal(j);
        return;
    }
    j->over = true;
    if (j->script->unanswered && j->verdict->grade != GRADE_FAIL)
        expect_unanswered(j);
}

static void play(struct judge *j, const struct step *step)
{
    switch (step->kind) {
    case STEP_FRAME:
        send_frame(j, step);
        break;
    case STEP_RAW:
        verdict_trace(j->verdict, "> %zu raw bytes", step->len);
        bytes_add(&j->out, j->script->pool.p + step->at, step->len);
        break;
    case STEP_SEGMENT:
        flush(j);
        conn_pause();
        break;
    case STEP_FIN:
        flush(j);
        verdict_trace(j->verdict, "> the end of TCP");
        conn_finish(&j->conn);
        break;
    case STEP_RST:
        flush(j);
        verdict_trace(j->verdict, "> a reset of TCP");
        conn_reset(&j->conn);
        j->seen.open = OPEN_MAYBE;
        j->over = true;
        break;
    case STEP_WRONG:
        j->wrong = j->model.over = true;
        break;
    default:
        flush(j);
        expect(j, step);
        break;
    }
}

/* A script whose last word is "maybe" may leave a frame unfinished, and has
 * nothing more to learn. */
static bool ends_open(const struct script *s)
{
    return s->count == 0 || s->steps[s->count - 1].kind != STEP_MAYBE;
}

/* The end of every script that leaves the connection open. */
static void say_goodbye(struct judge *j)
{
    static const struct step goodbye = {.kind = STEP_CLOSE,
                                        .codes = {{.code = 1000}}};
    static const uint8_t code[2] = {1000 >> 8, 1000 & 255};
    struct frame f = {.fin = true,
                      .opcode = OP_CLOSE,
                      .masked = j->side == SIDE_CLIENT,
                      .data = code,
                      .len = sizeof(code)};

    choose_key(j, f.key);
    write_frame(j, &f);
    play(j, &goodbye);
}

static void play_all(struct judge *j)
{
    const struct script *s = j->script;

    for (size_t i = 0; i < s->count && !j->over; i++) {
        const struct step *step = &s->steps[i];

        if (!j->shaken && (!s->early || step->kind >= STEP_ECHO))
            shake(j);
        if (!j->over && j->shaken && is_pointless(j))
            break;
        if (!j->over)
            play(j, step);
    }
    if (!j->shaken)
        shake(j);
    if (!j->over && ends_open(s))
        say_goodbye(j);
}

/* How the script wants the connection. */
static void begin(struct judge *j)
{
    j->conn.singly = j->opts->singly || j->script->singly;
    if (j->script->slow)
        j->conn.silence_ms *= 10;
}

static void run(struct judge *j, const struct test_case *tc)
{
    int err = conn_open(&j->conn, j->opts->target, j->opts->silence_ms);

    if (err) {
        verdict_say(j->verdict, GRADE_FAIL, "cannot connect: %s",
                    strerror(err));
        return;
    }
    begin(j);
    request_make(&j->request, j->opts->target, tc->handshake, j->seed);
    verdict_trace(j->verdict, "> %zu bytes of handshake", j->request.text.len);
    bytes_add(&j->out, j->request.text.p, j->request.text.len);
    play_all(j);
    conn_close(&j->conn);
}

/* Cases differ in their keys, and runs do not. */
static uint32_t seed_of(const char *id)
{
    uint32_t h = 2166136261;

    while (*id)
        h = (h ^ (uint8_t)*id++) * 16777619;
    return h;
}

static void release(struct judge *j)
{
    request_release(&j->request);
    reply_release(&j->reply);
    reader_release(&j->reader);
    model_release(&j->model);
    packer_release(&j->packer);
    bytes_release(&j->packed);
    bytes_release(&j->out);
}

void judge_case(const struct judge_opts *opts, const struct test_case *tc,
                struct verdict *v)
{
    struct script script;
    struct judge j = {.opts = opts, .script = &script, .verdict = v};
    const char *where;
    int64_t start = now_ms();

    j.seed = seed_of(tc->id);
    script_parse(&script, tc->script, &where);
    run(&j, tc);
    release(&j);
    script_release(&script);
    v->took_ms = now_ms() - start;
}

/* What it has seen, now that all is over. */
static void sum_up(struct judge *j, struct visitor *visitor, struct seen *seen)
{
    visitor->masks = j->reader.masks;
    j->reader.masks = (struct bytes){0};
    j->seen.messages += j->model.echoes.count;
    j->seen.echoes += j->model.echoes.at;
    if (j->seen.open != OPEN_NO)
        memcpy(j->seen.protocol, j->reply.protocol, sizeof(j->seen.protocol));
    *seen = j->seen;
}

void judge_visitor(const struct judge_opts *opts, const struct test_case *tc,
                   struct visitor *visitor, struct verdict *v,
                   struct seen *seen)
{
    struct script script;
    struct judge j = {.opts = opts,
                      .script = &script,
                      .verdict = v,
                      .side = SIDE_SERVER,
                      .reader = {.side = SIDE_SERVER},
                      .conn = visitor->conn,
                      .seen = {.open = OPEN_YES}};
    const char *where;
    int64_t start = now_ms();

    j.seed = seed_of(tc->id);
    script_parse(&script, tc->script, &where);
    begin(&j);
    reply_make(&j.reply, &visitor->asked, tc->handshake);
    verdict_trace(v, "> %zu bytes of handshake", j.reply.text.len);
    bytes_add(&j.out, j.reply.text.p, j.reply.text.len);
    if (j.reply.split) {
        conn_send(&j.conn, j.out.p, j.reply.split);
        conn_pause();
        bytes_drop(&j.out, j.reply.split);
    }
    j.refusal =
        bargain_judge(&j.deal, visitor->asked.offered, j.reply.extensions);
    begin_deal(&j);
    play_all(&j);
    conn_close(&j.conn);
    sum_up(&j, visitor, seen);
    release(&j);
    script_release(&script);
    v->took_ms = now_ms() - start;
}
