/* SPDX-License-Identifier: MIT */
/*
 * Two ways through the bytes. Whole messages in one frame each are counted,
 * many in one call; whatever else comes, a cut frame, a fragment or a control
 * frame, goes step by step: header, payload, end.
 */
#include "load/answers.h"

#include "load/packed.h"
#include <stdio.h>

#define PACKED_MAX ((size_t)64 << 20) /* bytes of a first answer, packed */

#define PACKED 0x40 /* RSV1 of RFC 7692, in the first byte */

void load_want_init(struct load_want *want)
{
    const struct weft_frame frame = {
        .fin = true, .opcode = want->opcode, .payload = want->size};
    uint8_t head[WEFT_FRAME_HEADER_MAX];

    want->head_len = weft_frame_write(head, &frame);
    memcpy(want->head, head, want->head_len);
    want->frame_len = want->head_len + want->size;
}

void load_answers_init(struct load_answers *a, const struct weft_mem *mem)
{
    *a = (struct load_answers){0};
    weft_buf_init(&a->control, mem, WEFT_CONTROL_MAX);
    weft_buf_init(&a->first, mem, PACKED_MAX);
}

void load_answers_release(struct load_answers *a)
{
    weft_buf_release(&a->control);
    weft_buf_release(&a->first);
}

static void advance(struct iovec *in, size_t n)
{
    in->iov_base = (uint8_t *)in->iov_base + n;
    in->iov_len -= n;
}

static int fault(struct load_event *event, const char *what)
{
    snprintf(event->why, sizeof(event->why), "an answer is wrong: %s", what);
    return WEFT_ERR_PROTOCOL;
}

/* ---- Many at once -------------------------------------------------------- */

static bool is_head(const struct load_want *want, const uint8_t *p)
{
    return p[0] == want->head[0] && p[1] == want->head[1] &&
           (want->head_len == 2 ||
            memcmp(p + 2, want->head + 2, want->head_len - 2) == 0);
}

/* The length of a packed message that is there whole, or 0: what is wrong with
 * it is found step by step. */
static size_t packed_len(const struct load_want *want, const uint8_t *p,
                         size_t len)
{
    const struct weft_frame_rules rules = {.turn = WEFT_TURN_FIRST, .rsv = 4};
    struct weft_frame frame;
    const char *why;
    int n;

    if (!want->may_be_packed || p[0] != (want->head[0] | PACKED))
        return 0;
    n = weft_frame_parse(&frame, p, len, &rules, &why);
    return n > 0 && frame.payload <= len - (size_t)n
               ? (size_t)n + (size_t)frame.payload
               : 0;
}

static size_t count_whole(const struct load_answers *a,
                          const struct load_want *want, struct iovec *in,
                          size_t *own)
{
    const uint8_t *p = in->iov_base, *end = p + in->iov_len;
    size_t count = 0, len = 1;

    *own = 0;
    while (p < end && len > 0) {
        size_t left = (size_t)(end - p);
        bool is_usual = left >= want->frame_len && is_head(want, p);

        if (is_usual && want->has_tag)
            *own += memcmp(p + want->head_len, a->tag, LOAD_TAG) == 0;
        len = is_usual ? want->frame_len : packed_len(want, p, left);
        p += len;
        count += len > 0;
    }
    advance(in, (size_t)(p - (const uint8_t *)in->iov_base));
    return count;
}

/* ---- Lengths ------------------------------------------------------------- */

/* Bytes of a payload that are read with the header. */
static size_t own_len(const struct load_want *want)
{
    return want->has_tag ? LOAD_TAG : 0;
}

static int length_fault(const struct load_answers *a,
                        const struct load_want *want, struct load_event *event)
{
    uint64_t len = a->message_len + own_len(want);

    if (a->is_inside)
        len += a->frame.payload;
    snprintf(event->why, sizeof(event->why),
             "an answer is wrong: %zu bytes were sent, and %llu came back",
             want->size, (unsigned long long)len);
    return WEFT_ERR_PROTOCOL;
}

/* ---- Headers ------------------------------------------------------------- */

/* Whether the message can still become as long as it must be. */
static bool fits(const struct load_answers *a, const struct load_want *want)
{
    uint64_t left = want->size - own_len(want) - a->message_len;

    return a->frame.fin ? a->frame.payload == left : a->frame.payload <= left;
}

/* A header that is there whole. */
static int begin_frame(struct load_answers *a, const struct load_want *want,
                       struct load_event *event)
{
    const struct weft_frame *frame = &a->frame;

    a->is_inside = true;
    a->left = frame->payload;
    if (weft_opcode_is_control(frame->opcode))
        return 0;
    if (frame->opcode != WEFT_OP_CONTINUATION) {
        a->opcode = frame->opcode;
        a->is_packed = frame->rsv != 0;
        a->message_len = 0;
    }
    if (a->opcode != want->opcode)
        return fault(event, want->opcode == WEFT_OP_TEXT
                                ? "it is binary, and text was sent"
                                : "it is text, and binary was sent");
    return a->is_packed || fits(a, want) ? 0 : length_fault(a, want, event);
}

/* Bytes of a tag that belong to the header at hand. */
static size_t tag_len(const struct load_answers *a,
                      const struct load_want *want)
{
    bool is_first = !weft_opcode_is_control(a->frame.opcode) &&
                    a->frame.opcode != WEFT_OP_CONTINUATION;

    return is_first ? own_len(want) : 0;
}

/* A header with its tag from p: its length, 0 for more, or an error. */
static int parse(struct load_answers *a, const struct load_want *want,
                 const uint8_t *p, size_t len, struct load_event *event)
{
    const struct weft_frame_rules rules = {
        .turn = a->is_fragmented ? WEFT_TURN_CONTINUATION : WEFT_TURN_FIRST,
        .rsv = want->may_be_packed ? 4 : 0,
    };
    const char *why = NULL;
    int n = weft_frame_parse(&a->frame, p, len, &rules, &why);
    size_t tag;

    if (n < 0)
        return fault(event, why);
    tag = n > 0 ? tag_len(a, want) : 0;
    if (tag == 0)
        return n;
    if (a->frame.payload < tag)
        return fault(event, "it is cut within the sender's number");
    if (len < (size_t)n + tag)
        return 0;
    a->is_own = memcmp(p + n, a->tag, tag) == 0;
    a->frame.payload -= tag;
    return n + (int)tag;
}

static int take_header(struct load_answers *a, const struct load_want *want,
                       struct iovec *in, struct load_event *event)
{
    size_t before = a->part_len, room = sizeof(a->part) - before;
    size_t n = in->iov_len < room ? in->iov_len : room;
    int len;

    memcpy(a->part + before, in->iov_base, n);
    len = parse(a, want, a->part, before + n, event);
    if (len < 0)
        return len;
    if (len == 0) {
        a->part_len = (uint8_t)(before + n);
        advance(in, n);
        return 0;
    }
    a->part_len = 0;
    advance(in, (size_t)len - before);
    return begin_frame(a, want, event);
}

/* ---- Payloads ------------------------------------------------------------ */

static const uint8_t *first_payload(const struct load_answers *a,
                                    const struct load_want *want)
{
    return want->payload + a->which * want->size;
}

/* A piece of the first answer. */
static int prove(struct load_answers *a, const struct load_want *want,
                 const uint8_t *p, size_t len, struct load_event *event)
{
    size_t at =
        own_len(want) + (size_t)(a->message_len + a->frame.payload - a->left);

    if (a->is_packed)
        return weft_buf_append(&a->first, p, len);
    if (memcmp(p, first_payload(a, want) + at, len) != 0)
        return fault(event, "its bytes are not those that were sent");
    return 0;
}

static int take_payload(struct load_answers *a, const struct load_want *want,
                        struct iovec *in, struct load_event *event)
{
    size_t len = a->left < in->iov_len ? (size_t)a->left : in->iov_len;
    const uint8_t *p = in->iov_base;
    int err = 0;

    if (weft_opcode_is_control(a->frame.opcode))
        err = weft_buf_append(&a->control, p, len);
    else if (!a->is_proven)
        err = prove(a, want, p, len, event);
    a->left -= len;
    advance(in, len);
    return err;
}

/* ---- Ends ---------------------------------------------------------------- */

static int end_control(struct load_answers *a, struct load_event *event)
{
    if (a->frame.opcode == WEFT_OP_PONG) {
        weft_buf_clear(&a->control);
        return 0;
    }
    event->kind =
        a->frame.opcode == WEFT_OP_PING ? LOAD_EVENT_PING : LOAD_EVENT_CLOSE;
    event->payload = a->control.data;
    event->len = a->control.len;
    a->control.len = 0; /* the bytes stay */
    return 1;
}

static int end_first(struct load_answers *a, const struct load_want *want,
                     struct load_event *event)
{
    int err = 0;

    if (a->is_packed)
        err = load_packed_check(&a->first, first_payload(a, want), want->size);
    weft_buf_release(&a->first);
    a->is_proven = true;
    if (err == WEFT_ERR_INVALID_DATA)
        return fault(event, "it does not unpack to what was sent");
    return err;
}

static int end_message(struct load_answers *a, const struct load_want *want,
                       struct load_event *event)
{
    int err;

    a->is_fragmented = false;
    err = a->is_proven ? 0 : end_first(a, want, event);
    if (err)
        return err;
    event->kind = LOAD_EVENT_ANSWERS;
    event->count = 1;
    event->own = a->is_own;
    return 1;
}

static int end_frame(struct load_answers *a, const struct load_want *want,
                     struct load_event *event)
{
    a->is_inside = false;
    if (weft_opcode_is_control(a->frame.opcode))
        return end_control(a, event);
    a->message_len += a->frame.payload;
    a->is_fragmented = !a->frame.fin;
    return a->frame.fin ? end_message(a, want, event) : 0;
}

static bool is_between(const struct load_answers *a)
{
    return !a->is_inside && !a->is_fragmented && a->part_len == 0;
}

int load_answers_next(struct load_answers *a, const struct load_want *want,
                      struct iovec *in, struct load_event *event)
{
    int rc = 0;

    if (a->is_proven && is_between(a)) {
        event->kind = LOAD_EVENT_ANSWERS;
        event->count = count_whole(a, want, in, &event->own);
        if (event->count > 0)
            return 1;
    }
    while (rc == 0 && (in->iov_len > 0 || (a->is_inside && a->left == 0))) {
        if (!a->is_inside)
            rc = take_header(a, want, in, event);
        else if (a->left > 0)
            rc = take_payload(a, want, in, event);
        else
            rc = end_frame(a, want, event);
    }
    return rc;
}
