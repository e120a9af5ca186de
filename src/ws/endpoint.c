/* SPDX-License-Identifier: MIT */
/*
 * The life of an endpoint and its receiving side. Bytes are taken frame by
 * frame from what was fed: a header, then its payload, unmasked where it lies.
 * A message that lies there whole is given to the caller in place; only one
 * that is cut is gathered in the part.
 *
 * Checks return an error with a reason; weft_endpoint_next alone turns it into
 * the end of the connection.
 */
#include "ws/endpoint_step.h"

#include "base/mem.h"
#include "ws/part.h"

int weft_endpoint_conf_init(struct weft_endpoint_conf *conf,
                            const struct weft_endpoint_opts *opts)
{
    if (opts->role == WEFT_CLIENT && !opts->random)
        return WEFT_ERR_USAGE;
    if (opts->role != WEFT_CLIENT && opts->role != WEFT_SERVER)
        return WEFT_ERR_USAGE;
    *conf = (struct weft_endpoint_conf){
        .mem = opts->mem ? opts->mem : &weft_mem_libc,
        .random = opts->random,
        .random_ud = opts->random_ud,
        .message_limit = opts->message_limit,
        .out_limit = opts->out_limit,
        .ping_ns = opts->ping_ns,
        .pong_ns = opts->pong_ns,
        .close_ns = opts->close_ns,
        .fragment_limit = opts->fragment_limit,
        .is_client = opts->role == WEFT_CLIENT,
    };
    return 0;
}

void weft_endpoint_init(struct weft_endpoint *ep,
                        const struct weft_endpoint_conf *conf)
{
    *ep = (struct weft_endpoint){.conf = conf};
}

void weft_endpoint_release(struct weft_endpoint *ep)
{
    weft_part_free(ep->part);
    ep->part = NULL;
    if (ep->out) {
        weft_queue_release(ep->out);
        weft_free(ep->conf->mem, ep->out, sizeof(*ep->out));
        ep->out = NULL;
    }
    if (ep->ext) {
        ep->ext->ops->free(ep->ext);
        ep->ext = NULL;
    }
}

const char *weft_endpoint_why(const struct weft_endpoint *ep)
{
    return ep->err && ep->why ? ep->why : "";
}

bool weft_endpoint_is_open(const struct weft_endpoint *ep)
{
    return !ep->err && !(ep->flags & (WEFT_EP_CLOSE_SENT |
                                      WEFT_EP_CLOSE_RECEIVED | WEFT_EP_ENDED));
}

bool weft_endpoint_is_closed(const struct weft_endpoint *ep)
{
    uint16_t both = WEFT_EP_CLOSE_SENT | WEFT_EP_CLOSE_RECEIVED;

    return (ep->flags & both) == both;
}

bool weft_endpoint_is_over(const struct weft_endpoint *ep)
{
    return ep->err || weft_endpoint_is_closed(ep) ||
           (ep->flags & WEFT_EP_ENDED) != 0;
}

struct weft_part *weft_endpoint_part(struct weft_endpoint *ep)
{
    if (!ep->part)
        ep->part = weft_part_new(ep->conf->mem, ep->conf->message_limit);
    return ep->part;
}

int weft_endpoint_feed(struct weft_endpoint *ep, void *bytes, size_t len)
{
    if (ep->err)
        return ep->err;
    if (ep->flags & WEFT_EP_CLOSE_RECEIVED)
        return 0; /* not looked at, and the reason keeps its place */
    if (ep->in != ep->in_end || (ep->flags & WEFT_EP_ENDED))
        return WEFT_ERR_USAGE;
    if (len == 0)
        return 0; /* bytes may be NULL then */
    ep->in = bytes;
    ep->in_end = ep->in + len;
    weft_endpoint_heard(ep);
    return 0;
}

size_t weft_endpoint_unfeed(struct weft_endpoint *ep, uint8_t **bytes)
{
    size_t len;

    *bytes = NULL;
    if (ep->err || (ep->flags & WEFT_EP_CLOSE_RECEIVED))
        return 0; /* in is something else now */
    len = (size_t)(ep->in_end - ep->in);
    *bytes = ep->in;
    ep->in = ep->in_end;
    return len;
}

void weft_endpoint_feed_end(struct weft_endpoint *ep)
{
    weft_endpoint_heard(ep);
    ep->flags |= WEFT_EP_ENDED;
}

/* ---- Control frames ------------------------------------------------------ */

static int handle_close(struct weft_endpoint *ep, const uint8_t *payload,
                        size_t len, struct weft_event *event, const char **why)
{
    struct weft_close close;
    int err = weft_close_parse(&close, payload, len, why);

    if (err)
        return err;
    ep->flags |= WEFT_EP_CLOSE_RECEIVED;
    ep->flags &= (uint16_t)~WEFT_EP_STAMPED; /* another wait begins */
    if (!(ep->flags & WEFT_EP_CLOSE_SENT))
        ep->flags |= WEFT_EP_ECHO_DUE;
    ep->close_code = close.code;
    /* Nothing behind this frame is looked at (section 1.4): in its place, the
     * reason is kept for the echo. */
    ep->in = (uint8_t *)(uintptr_t)close.reason;
    ep->in_end = ep->in + close.reason_len;
    event->type = WEFT_EVENT_CLOSE;
    event->code = close.code;
    event->reason = close.reason;
    event->reason_len = close.reason_len;
    event->clean = true;
    return WEFT_FOUND;
}

static int handle_control(struct weft_endpoint *ep, const uint8_t *payload,
                          size_t len, struct weft_event *event,
                          const char **why)
{
    ep->flags &= (uint16_t)~WEFT_EP_IN_FRAME;
    if (ep->opcode == WEFT_OP_CLOSE)
        return handle_close(ep, payload, len, event, why);

    event->type =
        ep->opcode == WEFT_OP_PING ? WEFT_EVENT_PING : WEFT_EVENT_PONG;
    event->msg.kind = (enum weft_kind)ep->opcode;
    event->msg.data = len > 0 ? (const void *)payload : "";
    event->msg.len = len;
    if (ep->opcode == WEFT_OP_PING && !(ep->flags & WEFT_EP_CLOSE_SENT)) {
        int err = weft_endpoint_pong(ep, payload, len);

        if (err)
            return err;
    }
    return WEFT_FOUND;
}

static int take_control(struct weft_endpoint *ep, struct weft_event *event,
                        const char **why)
{
    size_t avail = (size_t)(ep->in_end - ep->in), len;
    size_t n = ep->left < avail ? (size_t)ep->left : avail;
    bool is_begun = ep->part && ep->part->control_len > 0;
    uint8_t *p = ep->in;

    weft_endpoint_unmask(ep, p, n);
    ep->in += n;
    ep->left -= n;
    if (ep->left == 0 && !is_begun)
        return handle_control(ep, p, n, event, why);
    if (n == 0)
        return WEFT_STARVED;

    if (!weft_endpoint_part(ep))
        return WEFT_ERR_NOMEM;
    memcpy(ep->part->control + ep->part->control_len, p, n);
    ep->part->control_len = (uint8_t)(ep->part->control_len + n);
    if (ep->left > 0)
        return WEFT_STARVED;
    len = ep->part->control_len;
    ep->part->control_len = 0;
    return handle_control(ep, ep->part->control, len, event, why);
}

/* ---- Frames -------------------------------------------------------------- */

/*
 * What an encoded message stands for is known only once it is decoded. The code
 * itself is bounded all the same, lest one that stands for nothing go on for
 * ever: no sensible one is longer than this.
 */
static size_t encoded_limit(size_t limit)
{
    size_t more = limit / 16 + 1024;

    return limit > SIZE_MAX - more ? SIZE_MAX : limit + more;
}

/* Judges the size of a message before a byte of its next frame is waited for.
 */
static int check_size(const struct weft_endpoint *ep,
                      const struct weft_frame *frame, const char **why)
{
    const struct weft_part *part = ep->part;
    size_t limit = ep->conf->message_limit, held = 0;

    if (ep->flags & WEFT_EP_ENCODED) {
        limit = encoded_limit(limit);
        held = part ? part->encoded_len : 0;
    } else if (part) {
        held = part->message.len;
    }
    return frame->payload > limit - held ? weft_endpoint_limit_fault(why) : 0;
}

/* A frame of a message begins. */
static int begin_data(struct weft_endpoint *ep, const struct weft_frame *frame,
                      const char **why)
{
    bool is_first = frame->opcode != WEFT_OP_CONTINUATION;
    int err;

    if (ep->flags & WEFT_EP_CLOSE_SENT)
        return 0; /* passed over, whatever it is */
    if (is_first)
        ep->kind = frame->opcode;
    if (frame->rsv)
        ep->flags |= WEFT_EP_ENCODED;
    err = check_size(ep, frame, why);
    if (err || (is_first && frame->fin))
        return err;

    if (!weft_endpoint_part(ep))
        return WEFT_ERR_NOMEM;
    ep->part->has_message = true;
    ep->part->encoded_len += (size_t)frame->payload;
    if (++ep->part->fragments > ep->conf->fragment_limit) {
        *why = "too many fragments in a message";
        return WEFT_ERR_POLICY;
    }
    return 0;
}

static int begin_frame(struct weft_endpoint *ep, const struct weft_frame *frame,
                       const char **why)
{
    ep->opcode = frame->opcode;
    ep->left = frame->payload;
    ep->key = frame->masked ? weft_mask_key(frame->key) : 0;
    ep->flags |= WEFT_EP_IN_FRAME;
    if (frame->fin)
        ep->flags |= WEFT_EP_FIN;
    else
        ep->flags &= (uint16_t)~WEFT_EP_FIN;
    return weft_opcode_is_control(frame->opcode) ? 0
                                                 : begin_data(ep, frame, why);
}

static enum weft_frame_turn turn_of(const struct weft_endpoint *ep)
{
    if (ep->flags & WEFT_EP_CLOSE_SENT)
        return WEFT_TURN_ANY;
    return ep->kind ? WEFT_TURN_CONTINUATION : WEFT_TURN_FIRST;
}

/* Reads a header from what was fed, or goes on with one that was cut. */
static int take_header(struct weft_endpoint *ep, const char **why)
{
    const struct weft_frame_rules rules = {
        .turn = turn_of(ep),
        .masked = !ep->conf->is_client,
        .rsv = ep->ext ? ep->ext->ops->rsv : 0,
    };
    size_t avail = (size_t)(ep->in_end - ep->in);
    size_t room = WEFT_FRAME_HEADER_MAX - ep->head_len;
    size_t n = avail < room ? avail : room;
    struct weft_frame frame;
    int used, err;

    if (ep->head_len == 0) {
        used = weft_frame_parse(&frame, ep->in, avail, &rules, why);
    } else {
        memcpy(ep->head + ep->head_len, ep->in, n);
        used =
            weft_frame_parse(&frame, ep->head, ep->head_len + n, &rules, why);
    }
    if (used < 0)
        return used;
    if (used == 0) {
        memcpy(ep->head + ep->head_len, ep->in, n);
        ep->head_len = (uint8_t)(ep->head_len + n);
        ep->in += n;
        return WEFT_STARVED;
    }
    ep->in += used - ep->head_len;
    ep->head_len = 0; /* from here on its place is the frame's */
    if (ep->conf->seen)
        ep->conf->seen(ep, &frame, false);
    err = begin_frame(ep, &frame, why);
    return err ? err : WEFT_GO_ON;
}

static int take_payload(struct weft_endpoint *ep, struct weft_event *event,
                        const char **why)
{
    if (weft_opcode_is_control(ep->opcode))
        return take_control(ep, event, why);
    return weft_endpoint_take_data(ep, event, why);
}

/* ---- Pulling ------------------------------------------------------------- */

/* The peer's close frame is answered if the caller has not done so, and what
 * the event before pointed to may go. */
static int finish_last_event(struct weft_endpoint *ep)
{
    struct weft_part *part = ep->part;
    int err = ep->flags & WEFT_EP_ECHO_DUE ? weft_endpoint_echo(ep) : 0;

    if (ep->flags & WEFT_EP_CLOSE_RECEIVED)
        ep->in = ep->in_end;
    if (part && part->is_delivered)
        weft_part_end_message(part);
    if (part && weft_part_is_idle(part)) {
        weft_part_free(part);
        ep->part = NULL;
    }
    return err;
}

static int end_event(struct weft_endpoint *ep, struct weft_event *event)
{
    uint16_t told = WEFT_EP_CLOSE_RECEIVED | WEFT_EP_END_TOLD;

    if (!(ep->flags & WEFT_EP_ENDED) || (ep->flags & told))
        return WEFT_STARVED;
    ep->flags |= WEFT_EP_END_TOLD;
    *event = (struct weft_event){
        .type = WEFT_EVENT_CLOSE,
        .code = WEFT_CLOSE_ABNORMAL,
        .reason = "",
    };
    return WEFT_FOUND;
}

static int pull(struct weft_endpoint *ep, struct weft_event *event,
                const char **why)
{
    int rc = finish_last_event(ep);

    if (rc)
        return rc;
    if (ep->flags & WEFT_EP_CLOSE_RECEIVED)
        return WEFT_STARVED;
    do {
        if (ep->flags & WEFT_EP_IN_FRAME)
            rc = take_payload(ep, event, why);
        else if (ep->in != ep->in_end)
            rc = take_header(ep, why);
        else
            rc = WEFT_STARVED;
    } while (rc == WEFT_GO_ON);
    return rc == WEFT_STARVED ? end_event(ep, event) : rc;
}

/* Between two frames, with nothing begun, closed or left to be done. */
static bool is_at_ease(const struct weft_endpoint *ep)
{
    const uint16_t busy = WEFT_EP_IN_FRAME | WEFT_EP_CLOSE_SENT |
                          WEFT_EP_CLOSE_RECEIVED | WEFT_EP_ECHO_DUE;

    return !(ep->flags & busy) && !ep->part && ep->kind == 0 &&
           ep->head_len == 0 && !ep->conf->is_client && !ep->conf->seen;
}

int weft_endpoint_next(struct weft_endpoint *ep, struct weft_event *event)
{
    const char *why = NULL;
    int rc = WEFT_STARVED;

    if (ep->err)
        return ep->err;
    if (is_at_ease(ep))
        rc = weft_endpoint_take_simple(ep, event, &why);
    if (rc == WEFT_STARVED)
        rc = pull(ep, event, &why);
    return rc < 0 ? weft_endpoint_fail(ep, rc, why) : rc;
}
