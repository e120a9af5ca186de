/* SPDX-License-Identifier: MIT */
/*
 * The messages that an endpoint receives. One that lies whole in what was fed
 * is given to the caller where it lies; only one that is cut is gathered in the
 * part, to which its bytes may have been received already. Text is checked as
 * it is unmasked, in one pass, so bad bytes fail at once.
 */
#include "ws/endpoint_step.h"

#include "ws/part.h"

static const char not_utf8[] = "text that is not UTF-8";

static int message_event(struct weft_endpoint *ep, struct weft_event *event,
                         const uint8_t *data, size_t len)
{
    event->type = WEFT_EVENT_MESSAGE;
    event->msg.kind = (enum weft_kind)ep->kind;
    event->msg.data = len > 0 ? (const void *)data : "";
    event->msg.len = len;
    ep->kind = 0;
    ep->flags &= (uint16_t)~WEFT_EP_ENCODED;
    return WEFT_FOUND;
}

int weft_endpoint_limit_fault(const char **why)
{
    *why = "message over the limit";
    return WEFT_ERR_LIMIT;
}

/* Unmasks what a client sent and checks the text that it makes; what a server
 * sends is not masked. */
static void unmask_text(struct weft_endpoint *ep, uint8_t *p, size_t n,
                        enum weft_utf8 *state)
{
    if (ep->conf->is_client)
        *state = weft_utf8_check(*state, p, n);
    else
        ep->key = weft_mask_text(p, p, n, ep->key, state);
}

/* Adds payload as it came, in one pass over it. */
static int gather_plain(struct weft_endpoint *ep, uint8_t *p, size_t n)
{
    struct weft_part *part = ep->part;

    if (ep->kind == WEFT_TEXT)
        unmask_text(ep, p, n, &part->utf8);
    else
        weft_endpoint_unmask(ep, p, n);
    return weft_part_add(part, p, n, ep->left);
}

/* Adds what the extension makes of it; it is unmasked by now. */
static int gather_encoded(struct weft_endpoint *ep, const uint8_t *p, size_t n,
                          const char **why)
{
    struct weft_part *part = ep->part;
    size_t from = part->message.len;
    bool is_last = ep->left == 0 && (ep->flags & WEFT_EP_FIN);
    int err;

    err = ep->ext->ops->decode(ep->ext, p, n, is_last, &part->message, why);
    if (!err && ep->kind == WEFT_TEXT && part->message.len > from)
        part->utf8 = weft_utf8_check(part->utf8, part->message.data + from,
                                     part->message.len - from);
    return err;
}

/* Adds what came of the present frame to the message. */
static int gather(struct weft_endpoint *ep, uint8_t *p, size_t n,
                  const char **why)
{
    bool is_last = ep->left == 0 && (ep->flags & WEFT_EP_FIN);
    int err = ep->flags & WEFT_EP_ENCODED ? gather_encoded(ep, p, n, why)
                                          : gather_plain(ep, p, n);

    if (err == WEFT_ERR_LIMIT)
        return weft_endpoint_limit_fault(why);
    if (err)
        return err;
    if (ep->part->utf8 == WEFT_UTF8_BAD ||
        (is_last && ep->part->utf8 != WEFT_UTF8_START)) {
        *why = not_utf8;
        return WEFT_ERR_UTF8;
    }
    return 0;
}

/* Adds what came of the present frame to the message, which may be whole. */
static int add_piece(struct weft_endpoint *ep, struct weft_event *event,
                     uint8_t *p, size_t n, const char **why)
{
    struct weft_part *part = weft_endpoint_part(ep);
    int err;

    if (!part)
        return WEFT_ERR_NOMEM;
    part->has_message = true;
    err = gather(ep, p, n, why);
    if (err)
        return err;
    if (ep->left > 0)
        return WEFT_STARVED;
    ep->flags &= (uint16_t)~WEFT_EP_IN_FRAME;
    if (!(ep->flags & WEFT_EP_FIN))
        return WEFT_GO_ON;
    part->is_delivered = true;
    return message_event(ep, event, part->message.data, part->message.len);
}

/* Takes what there is of the present frame's payload off what was fed. */
static size_t take_bytes(struct weft_endpoint *ep, uint8_t **p)
{
    size_t avail = (size_t)(ep->in_end - ep->in);
    size_t n = ep->left < avail ? (size_t)ep->left : avail;

    *p = ep->in;
    ep->in += n;
    ep->left -= n;
    return n;
}

/* What has come of a frame of a message that is cut or in fragments. */
static int take_piece(struct weft_endpoint *ep, struct weft_event *event,
                      const char **why)
{
    uint8_t *p;
    size_t n = take_bytes(ep, &p);

    if (ep->flags & WEFT_EP_ENCODED)
        weft_endpoint_unmask(ep, p, n);
    return add_piece(ep, event, p, n, why);
}

/* The whole message lies in what was fed, as it is. */
static int take_plain(struct weft_endpoint *ep, struct weft_event *event,
                      const char **why)
{
    bool is_good = true;
    uint8_t *p;
    size_t len = take_bytes(ep, &p);

    ep->flags &= (uint16_t)~WEFT_EP_IN_FRAME;
    if (ep->kind != WEFT_TEXT)
        weft_endpoint_unmask(ep, p, len);
    else if (ep->conf->is_client)
        is_good = weft_utf8_is_valid(p, len);
    else
        is_good = weft_mask_whole_text(p, p, len, ep->key);
    if (is_good)
        return message_event(ep, event, p, len);
    *why = not_utf8;
    return WEFT_ERR_UTF8;
}

/* The same, as the extension has it. */
static int take_encoded(struct weft_endpoint *ep, struct weft_event *event,
                        const char **why)
{
    struct iovec decoded;
    uint8_t *p;
    size_t len = take_bytes(ep, &p);
    int rc;

    weft_endpoint_unmask(ep, p, len);
    rc = ep->ext->ops->decode_whole(ep->ext, p, len, ep->conf->message_limit,
                                    &decoded, why);
    if (rc == 0)
        return add_piece(ep, event, p, len, why);
    if (rc == WEFT_ERR_LIMIT)
        return weft_endpoint_limit_fault(why);
    if (rc < 0)
        return rc;
    ep->flags &= (uint16_t)~WEFT_EP_IN_FRAME;
    if (ep->kind == WEFT_TEXT &&
        !weft_utf8_is_valid(decoded.iov_base, decoded.iov_len)) {
        *why = not_utf8;
        return WEFT_ERR_UTF8;
    }
    return message_event(ep, event, decoded.iov_base, decoded.iov_len);
}

/* After our close frame messages are passed over (section 1.4). */
static int skip_payload(struct weft_endpoint *ep)
{
    size_t avail = (size_t)(ep->in_end - ep->in);
    size_t n = ep->left < avail ? (size_t)ep->left : avail;

    ep->in += n;
    ep->left -= n;
    if (ep->left > 0)
        return WEFT_STARVED;
    ep->flags &= (uint16_t)~WEFT_EP_IN_FRAME;
    return WEFT_GO_ON;
}

int weft_endpoint_take_data(struct weft_endpoint *ep, struct weft_event *event,
                            const char **why)
{
    bool is_begun = ep->part && ep->part->has_message;

    if (ep->flags & WEFT_EP_CLOSE_SENT)
        return skip_payload(ep);
    if (ep->left > 0 && ep->in == ep->in_end)
        return WEFT_STARVED; /* cut behind its header it may still come whole */
    if ((ep->flags & WEFT_EP_FIN) && !is_begun &&
        ep->left <= (uint64_t)(ep->in_end - ep->in))
        return ep->flags & WEFT_EP_ENCODED ? take_encoded(ep, event, why)
                                           : take_plain(ep, event, why);
    return take_piece(ep, event, why);
}

uint8_t *weft_endpoint_room(struct weft_endpoint *ep, size_t *len)
{
    const uint16_t others = WEFT_EP_CLOSE_SENT | WEFT_EP_ENCODED;

    if (!ep->part || !ep->part->has_message || ep->left == 0 ||
        (ep->flags & (others | WEFT_EP_IN_FRAME)) != WEFT_EP_IN_FRAME ||
        weft_opcode_is_control(ep->opcode))
        return NULL;
    return weft_part_room(ep->part, ep->left, len);
}

/* ---- The short way ------------------------------------------------------- */

int weft_endpoint_take_simple(struct weft_endpoint *ep,
                              struct weft_event *event, const char **why)
{
    struct weft_simple_frame frame;
    bool is_good = true;
    uint32_t key;

    if (!weft_frame_simple(&frame, ep->in, (size_t)(ep->in_end - ep->in)) ||
        frame.len > ep->conf->message_limit)
        return WEFT_STARVED;
    key = weft_mask_key(frame.key);
    if (frame.opcode == WEFT_OP_TEXT)
        is_good =
            weft_mask_whole_text(frame.payload, frame.payload, frame.len, key);
    else
        (void)weft_mask(frame.payload, frame.payload, frame.len, key);
    if (!is_good) {
        *why = not_utf8;
        return WEFT_ERR_UTF8;
    }
    ep->in = frame.payload + frame.len;
    event->type = WEFT_EVENT_MESSAGE;
    event->msg.kind = (enum weft_kind)frame.opcode;
    event->msg.data = frame.len > 0 ? (const void *)frame.payload : "";
    event->msg.len = frame.len;
    return WEFT_FOUND;
}
