/* SPDX-License-Identifier: MIT */
/*
 * What must come back. Every wait ends with an event, the end of TCP, or
 * silence. Messages and pongs that are owed are settled wherever they come;
 * anything else that the script did not ask for is a failure, and so is
 * everything that the reader calls a fault.
 */
#include "expect.h"

#include <stdio.h>
#include <string.h>

/* How long to look for an answer that need not come. */
#define LOOK_MS 250
/* How long to look whether a client is in a haste to end TCP. */
#define HASTE_MS 20
/* Who never falls silent is cut off after so many silences. */
#define PATIENCE 20

/* Fetches the next event. Pings that come are passed over: no case lasts
 * long enough for an answer to matter. */
static enum event_kind next_event(struct judge *j, int64_t wait_ms)
{
    struct event *ev = &j->event;
    int64_t end = now_ms() + PATIENCE * j->conn.silence_ms;
    enum conn_news news = CONN_BYTES;

    if (j->held) {
        j->held = false;
        return ev->kind;
    }
    do {
        bytes_drop(&j->conn.in, j->used);
        j->used = reader_next(&j->reader, ev, j->conn.in.p, j->conn.in.len);
        if (ev->kind != EVENT_NONE)
            continue;
        news = now_ms() > end ? CONN_SILENCE : conn_fill(&j->conn, wait_ms);
        if (news != CONN_BYTES)
            ev->kind = news == CONN_END ? EVENT_END : EVENT_SILENCE;
    } while (ev->kind == EVENT_NONE || ev->kind == EVENT_PING);
    if (news != CONN_BYTES)
        event_describe(ev);
    if (ev->kind == EVENT_CLOSE)
        j->seen.close_came = true;
    verdict_trace(j->verdict, "< %s%s", ev->text,
                  j->conn.reset && ev->kind == EVENT_END ? ", a reset" : "");
    return ev->kind;
}

static void lose(struct judge *j, const char *wanted)
{
    verdict_say(j->verdict, GRADE_FAIL, "expected %s; got %s", wanted,
                j->event.text);
    j->over = true;
}

/* The next event that settles nothing that is owed. */
static enum event_kind next_news(struct judge *j, int64_t wait_ms)
{
    for (;;) {
        enum event_kind kind = next_event(j, wait_ms);

        if (kind != EVENT_MESSAGE && kind != EVENT_PONG)
            return kind;
        if (!model_take(&j->model, &j->event, j->verdict)) {
            j->over = true;
            return EVENT_FAULT;
        }
    }
}

/* "Close 1007 or 1002" */
static const char *describe_codes(const struct step *step, char *out,
                                  size_t size)
{
    size_t n = (size_t)snprintf(out, size, "%s", "Close");

    for (size_t i = 0; i < COUNT(step->codes) && step->codes[i].code; i++)
        n += (size_t)snprintf(out + n, size - n, "%s %d", i ? " or" : "",
                              step->codes[i].code);
    return out;
}

/* True if the Close frame that came has one of the codes. */
static bool code_wanted(struct judge *j, const struct step *step)
{
    for (size_t i = 0; i < COUNT(step->codes); i++) {
        const struct code_want *want = &step->codes[i];

        if (!want->code || want->code != j->event.code)
            continue;
        if (want->odd)
            verdict_say(j->verdict, GRADE_NOTE, "Close %d, where %d is clearer",
                        want->code, step->codes[0].code);
        return true;
    }
    return false;
}

/* RFC 6455 7.1.1: a client should leave it to the server to end TCP first. One
 * that has failed the connection is not blamed. */
static void look_for_haste(struct judge *j)
{
    if (j->conn.finished)
        return;
    if (next_event(j, HASTE_MS) == EVENT_END && j->seen.close_sent)
        verdict_say(j->verdict, GRADE_SOFT,
                    "ends TCP before the server does (7.1.1)");
    j->held = j->event.kind != EVENT_SILENCE;
    conn_finish(&j->conn);
}

/* Behind the Close frames: RFC 6455 7.1.1, the server ends TCP at once, and the
 * client then. */
static void expect_end_of_tcp(struct judge *j)
{
    const char *whose = "Close";
    char wanted[60];

    j->over = true;
    if (j->side == SIDE_SERVER) {
        look_for_haste(j);
        whose = "ours";
    }
    if (next_news(j, 0) == EVENT_END)
        return;
    snprintf(wanted, sizeof(wanted), "the end of TCP within %.1f s of %s",
             (double)j->conn.silence_ms / 1000, whose);
    lose(j, wanted);
}

static void expect_echo(struct judge *j, const struct step *step)
{
    char wanted[160];

    while (model_owes_echo(&j->model) && !j->over) {
        enum event_kind kind = next_event(j, 0);

        if (kind == EVENT_MESSAGE || kind == EVENT_PONG) {
            j->over = !model_take(&j->model, &j->event, j->verdict);
        } else if (kind == EVENT_CLOSE && code_wanted(j, step)) {
            verdict_say(j->verdict, GRADE_NOTE, "refused with Close %d",
                        j->event.code);
            j->model.echoes.count = j->model.echoes.at; /* they were not told */
            expect_end_of_tcp(j);
        } else if (step->soft && kind != EVENT_FAULT) {
            model_next_echo(&j->model, wanted, sizeof(wanted));
            verdict_say(j->verdict, GRADE_SOFT, "expected %s; got %s", wanted,
                        j->event.text);
            j->held = true;
            return;
        } else {
            lose(j, model_next_echo(&j->model, wanted, sizeof(wanted)));
        }
    }
}

static void expect_pong(struct judge *j)
{
    while (model_owes_pong(&j->model) && !j->over) {
        enum event_kind kind = next_event(j, 0);

        if (kind == EVENT_MESSAGE || kind == EVENT_PONG)
            j->over = !model_take(&j->model, &j->event, j->verdict);
        else
            lose(j, "an answer to the ping");
    }
}

/* "fail~": whether the other side takes what it should not. */
static bool is_taken(struct judge *j, const struct step *step)
{
    if (!step->soft && !step->lax)
        return false;
    if (next_event(j, 0) == EVENT_MESSAGE) {
        verdict_say(j->verdict, step->lax ? GRADE_NOTE : GRADE_SOFT,
                    "takes this: %s", j->event.text);
        j->seen.messages++; /* the client has told its owner */
        j->seen.dubious = j->over = true;
        return true;
    }
    j->held = true;
    return false;
}

/* fail, drop and refuse differ in what is not a failure. */
static void expect_refusal(struct judge *j, const struct step *step)
{
    enum event_kind kind;
    char wanted[100];

    if (is_taken(j, step))
        return;
    kind = next_news(j, 0);
    if (j->over)
        return;
    describe_codes(step, wanted, sizeof(wanted));
    if (kind == EVENT_END) {
        verdict_say(j->verdict,
                    step->kind == STEP_DROP ? GRADE_NOTE : GRADE_SOFT,
                    "ends TCP without %s (7.1.7)", wanted);
        j->over = true;
    } else if (kind != EVENT_CLOSE) {
        lose(j, wanted);
    } else if (code_wanted(j, step)) {
        expect_end_of_tcp(j);
    } else if (step->kind == STEP_REFUSE) {
        verdict_say(j->verdict, GRADE_SOFT, "answers with %s; %s is better",
                    j->event.text, wanted);
        j->seen.dubious = true;
        expect_end_of_tcp(j);
    } else {
        lose(j, wanted);
    }
}

/* 5.5.1: the answer typically has the code that was received. Codes that
 * blame us are wrong, because we did nothing wrong. */
static bool blames(int code)
{
    return code == 1002 || code == 1003 || (code >= 1007 && code <= 1011);
}

static void expect_close(struct judge *j, const struct step *step)
{
    enum event_kind kind = next_news(j, 0);
    int sent = step->codes[0].code ? step->codes[0].code : -1;
    char wanted[100] = "an empty Close";

    if (j->over)
        return;
    if (sent > 0)
        describe_codes(step, wanted, sizeof(wanted));
    if (kind != EVENT_CLOSE ||
        (j->event.code != sent && blames(j->event.code))) {
        lose(j, wanted);
        return;
    }
    /* 1000 is also what many say to an empty one. */
    if (j->event.code != sent && !(sent < 0 && j->event.code == 1000))
        verdict_say(j->verdict, GRADE_NOTE, "answers %s with %s", wanted,
                    j->event.text);
    expect_end_of_tcp(j);
}

/* One may refuse as soon as one can know, or wait for the whole. If a ping was
 * sent, its answer tells that the other side goes on. */
static void expect_maybe(struct judge *j, const struct step *step)
{
    bool pinged = model_owes_pong(&j->model);
    enum event_kind kind;
    char wanted[100];

    do {
        kind = next_event(j, pinged ? 0 : LOOK_MS);
        if (kind == EVENT_SILENCE && !pinged)
            break;
        if (kind == EVENT_MESSAGE || kind == EVENT_PONG) {
            j->over = !model_take(&j->model, &j->event, j->verdict);
        } else if (kind == EVENT_CLOSE && code_wanted(j, step)) {
            verdict_say(j->verdict, GRADE_NOTE, "refuses at once");
            expect_end_of_tcp(j);
        } else if (kind == EVENT_END) {
            verdict_say(j->verdict, GRADE_SOFT, "ends TCP without Close");
            j->over = true;
        } else {
            lose(j, describe_codes(step, wanted, sizeof(wanted)));
        }
    } while (!j->over && !(pinged && !model_owes_pong(&j->model)));
    if (!j->over)
        verdict_say(j->verdict, GRADE_NOTE, "waits for more");
}

static void expect_end(struct judge *j)
{
    enum event_kind kind;

    if (j->side == SIDE_SERVER && j->seen.close_sent)
        look_for_haste(j);
    kind = next_news(j, 0);
    if (j->over)
        return;
    if (kind == EVENT_CLOSE)
        expect_end_of_tcp(j);
    else if (kind != EVENT_END)
        lose(j, "the end of TCP");
    j->over = true;
}

/* A client that refuses our half of the handshake may leave it to us to end
 * TCP (7.1.1). One that may take it is given the time to do so. */
static enum event_kind next_after_handshake(struct judge *j, bool may_take)
{
    enum event_kind kind = next_event(j, may_take ? 0 : LOOK_MS);

    if (kind != EVENT_SILENCE)
        return kind;
    conn_finish(&j->conn);
    return next_event(j, 0);
}

static void expect_refused(struct judge *j, const struct step *step)
{
    bool may_take = step->kind == STEP_EITHER || step->soft;
    enum event_kind kind = next_after_handshake(j, may_take);
    bool is_frame =
        kind != EVENT_END && kind != EVENT_SILENCE && kind != EVENT_FAULT;

    j->seen.open = OPEN_NO;
    if (kind == EVENT_END) {
        j->over = true;
        if (step->kind == STEP_EITHER)
            verdict_say(j->verdict, GRADE_NOTE, "refuses this");
    } else if (is_frame && may_take) {
        j->seen.open = OPEN_YES;
        j->held = true;
        verdict_say(j->verdict, step->soft ? GRADE_SOFT : GRADE_NOTE,
                    step->soft ? "takes it, which browsers do not"
                               : "takes this");
    } else {
        lose(j, "the end of TCP, as the handshake is to be refused");
    }
}

/* The client closes by itself. From then on nothing is owed but pongs. */
static void expect_leave(struct judge *j, const struct step *step)
{
    enum event_kind kind = next_news(j, 0);
    const uint8_t *body = j->script->pool.p + step->at;
    char wanted[160];
    struct event want = {.kind = EVENT_CLOSE,
                         .code = close_code(body, step->len),
                         .data = body,
                         .len = step->len};

    if (j->over)
        return;
    event_describe(&want);
    snprintf(wanted, sizeof(wanted), "%s", want.text);
    if (kind != EVENT_CLOSE || j->event.len != step->len ||
        (step->len && memcmp(j->event.data, body, step->len) != 0))
        lose(j, wanted);
    j->model.over = true;
    j->reader.may_pong = true;
}

/* Whether our answer about compression is right depends on the offer. */
static void expect_agreed(struct judge *j)
{
    static const struct step refused = {.kind = STEP_REFUSED};
    static const struct step either = {.kind = STEP_EITHER};

    if (j->refusal)
        expect_refused(j, &refused);
    else if (j->deal.odd)
        expect_refused(j, &either);
}

static void expect_packed(struct judge *j)
{
    if (j->reader.packed == 0)
        verdict_say(j->verdict, GRADE_NOTE, "compresses nothing");
}

void expect(struct judge *j, const struct step *step)
{
    switch (step->kind) {
    case STEP_PACKED:
        expect_packed(j);
        break;
    case STEP_AGREED:
        expect_agreed(j);
        break;
    case STEP_ECHO:
        expect_echo(j, step);
        break;
    case STEP_PONG:
        expect_pong(j);
        break;
    case STEP_CLOSE:
        expect_close(j, step);
        break;
    case STEP_MAYBE:
        expect_maybe(j, step);
        break;
    case STEP_END:
        expect_end(j);
        break;
    case STEP_REFUSED:
    case STEP_EITHER:
        expect_refused(j, step);
        break;
    case STEP_LEAVE:
        expect_leave(j, step);
        break;
    default:
        expect_refusal(j, step);
        break;
    }
}

void expect_unanswered(struct judge *j)
{
    const struct debts *d = &j->model.echoes;
    struct bytes echo = {0};
    struct frame f = {.fin = true};

    while (conn_fill(&j->conn, LOOK_MS) == CONN_BYTES)
        ;
    if (!model_owes_echo(&j->model))
        return;
    f.opcode = d->list[0].opcode;
    f.data = d->sent.p + d->list[0].at;
    f.len = d->list[0].len;
    frame_write(&echo, &f);
    if (memmem(j->conn.in.p, j->conn.in.len, echo.p, echo.len))
        verdict_say(j->verdict, GRADE_FAIL,
                    "frames are answered although the handshake was refused");
    bytes_release(&echo);
}
