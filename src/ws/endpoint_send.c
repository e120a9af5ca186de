/* SPDX-License-Identifier: MIT */
/*
 * The sending side of an endpoint. Frames are written side by side into the
 * queue, which is attached when the first one comes and given back when the
 * last byte has gone. A client masks each frame with a key of its own, while
 * copying; a server may put a large payload into the queue by reference.
 */
#include "base/hints.h"
#include "base/mem.h"
#include "base/sizes.h"
#include "ws/endpoint.h"
#include "ws/mask.h"
#include "ws/part.h"

/* What a queue may weigh: so many times its limit, and these bytes. */
#define WEIGHT_FACTOR 4
#define WEIGHT_FREE 16384

static struct weft_queue *queue_of(struct weft_endpoint *ep)
{
    if (!ep->out) {
        ep->out = weft_alloc(ep->conf->mem, sizeof(*ep->out));
        if (ep->out)
            weft_queue_init(ep->out, ep->conf->mem);
    }
    return ep->out;
}

int weft_endpoint_preface(struct weft_endpoint *ep, const void *data,
                          size_t len)
{
    struct weft_queue *out = queue_of(ep);
    int err = out ? weft_queue_append(out, data, len) : WEFT_ERR_NOMEM;

    if (!err && ep->conf->drops_oldest)
        weft_queue_split(out, false);
    return err;
}

/* Copies a payload into its place in the queue, masked if a client sends. */
static void put_payload(const struct weft_endpoint *ep, uint8_t *to,
                        const struct weft_frame *frame, const void *data)
{
    size_t len = (size_t)frame->payload;

    if (ep->conf->is_client)
        weft_mask(to, data, len, weft_mask_key(frame->key));
    else if (len > 0)
        memcpy(to, data, len);
}

static int put_frame(struct weft_endpoint *ep, struct weft_frame *frame,
                     const void *data)
{
    struct weft_queue *out = queue_of(ep);
    size_t head, len = (size_t)frame->payload;
    uint8_t *p;

    frame->masked = ep->conf->is_client;
    /* Section 5.3: from a strong source, and not to be foreseen. */
    if (frame->masked &&
        ep->conf->random(ep->conf->random_ud, frame->key, 4) != 0)
        return WEFT_ERR_SYSTEM;
    head = weft_frame_header_len(len, frame->masked);
    if (!out || len > SIZE_MAX - head)
        return WEFT_ERR_NOMEM;
    p = weft_queue_reserve(out, head + len);
    if (!p)
        return WEFT_ERR_NOMEM;
    put_payload(ep, p + weft_frame_write(p, frame), frame, data);
    weft_queue_commit(out, head + len);
    if (ep->conf->seen && frame->masked)
        ep->conf->seen(ep, frame, true);
    return 0;
}

/* The header is written, the payload stays where it is. */
static int put_borrowed(struct weft_endpoint *ep,
                        const struct weft_frame *frame, const void *data)
{
    struct weft_queue *out = queue_of(ep);
    uint8_t *p = out ? weft_queue_reserve(out, WEFT_FRAME_HEADER_MAX) : NULL;
    size_t head;
    int err;

    if (!p)
        return WEFT_ERR_NOMEM;
    head = weft_frame_write(p, frame);
    /* Nothing is queued unless all is: the header counts once its payload is
     * behind it. */
    weft_queue_commit(out, head);
    err = weft_queue_borrow(out, data, (size_t)frame->payload);
    if (err)
        weft_queue_uncommit(out, head);
    return err;
}

/* Control frames share chunks, which no message goes into. */
static int put_control(struct weft_endpoint *ep, uint8_t opcode,
                       const void *payload, size_t len)
{
    struct weft_frame frame = {.fin = true, .opcode = opcode, .payload = len};

    return put_frame(ep, &frame, payload);
}

static int put_payload_frame(struct weft_endpoint *ep, struct weft_frame *frame,
                             const void *data, bool may_borrow)
{
    if (may_borrow && !ep->conf->drops_oldest && !ep->conf->is_client &&
        frame->payload >= WEFT_BORROW_MIN)
        return put_borrowed(ep, frame, data);
    return put_frame(ep, frame, data);
}

static int put_encoded(struct weft_endpoint *ep, struct weft_frame *frame,
                       const void *data, bool may_borrow)
{
    const struct weft_ext_ops *ops = ep->ext->ops;
    struct iovec encoded;
    int rc = ops->encode(ep->ext, data, (size_t)frame->payload, &encoded);
    int err;

    if (rc < 0)
        return rc;
    if (rc > 0) {
        frame->rsv = ops->rsv;
        frame->payload = encoded.iov_len;
        data = encoded.iov_base;
    }
    err = put_payload_frame(ep, frame, data, may_borrow);
    if (err && rc > 0)
        ops->unencode(ep->ext);
    return err;
}

/*
 * The short way for what a server sends as it is, in a frame with a length of
 * 16 bits at most: false when there is no room for it beside what waits.
 */
static bool put_simple(struct weft_endpoint *ep, enum weft_kind kind,
                       const void *data, size_t len)
{
    struct weft_queue *out = ep->out;
    size_t head = len < 126 ? 2 : 4;
    uint8_t *p;

    if (!out->tail || out->tail->is_sealed || out->tail->room < head + len)
        return false;
    p = weft_queue_reserve(out, head + len);
    p[0] = (uint8_t)(0x80 | kind);
    p[1] = (uint8_t)(len < 126 ? len : 126);
    if (head == 4) {
        p[2] = (uint8_t)(len >> 8);
        p[3] = (uint8_t)len;
    }
    weft_copy(p + head, data, len);
    weft_queue_commit(out, head + len);
    return true;
}

static bool is_simple(const struct weft_endpoint *ep, size_t len)
{
    return len < WEFT_BORROW_MIN && ep->out && !ep->ext &&
           !ep->conf->is_client && !ep->conf->drops_oldest;
}

static int put_data(struct weft_endpoint *ep, enum weft_kind kind,
                    const void *data, size_t len, bool may_borrow)
{
    struct weft_frame frame = {
        .fin = true, .opcode = (uint8_t)kind, .payload = len};
    bool drops = ep->conf->drops_oldest;
    int err;

    if (drops && ep->out)
        weft_queue_split(ep->out, false);
    if (ep->ext)
        err = put_encoded(ep, &frame, data, may_borrow);
    else
        err = put_payload_frame(ep, &frame, data, may_borrow);
    if (!err && drops)
        weft_queue_split(ep->out, true);
    return err;
}

/* The limit is one of bytes; that small frames do not cost a multiple of it,
 * the weight sees to. */
static bool is_full(const struct weft_endpoint *ep)
{
    size_t limit = ep->conf->out_limit;
    size_t weight = ep->out ? weft_queue_weight(ep->out) : 0;

    if (!ep->out)
        return limit == 0;
    return ep->out->bytes >= limit ||
           (weight > WEIGHT_FREE &&
            (weight - WEIGHT_FREE) / WEIGHT_FACTOR >= limit);
}

/* A message that goes back as it came was looked through when it came. */
static bool is_text(const struct weft_endpoint *ep, const void *data,
                    size_t len)
{
    if (ep->flags & WEFT_EP_TEXT && ep->text.ptr == data && ep->text.len == len)
        return true;
    return weft_utf8_is_valid(data, len);
}

static WEFT_COLD int send_control(struct weft_endpoint *ep, enum weft_kind kind,
                                  const void *data, size_t len)
{
    if ((kind != WEFT_PING && kind != WEFT_PONG) || len > WEFT_CONTROL_MAX)
        return WEFT_ERR_USAGE;
    return put_control(ep, (uint8_t)kind, data, len);
}

static int send(struct weft_endpoint *ep, enum weft_kind kind, const void *data,
                size_t len, bool may_borrow)
{
    if (!weft_endpoint_is_open(ep))
        return WEFT_ERR_USAGE;
    if (kind != WEFT_TEXT && kind != WEFT_BINARY)
        return send_control(ep, kind, data, len);
    if (kind == WEFT_TEXT && !is_text(ep, data, len))
        return WEFT_ERR_USAGE;
    if (is_full(ep))
        return WEFT_ERR_BUSY;
    if (is_simple(ep, len) && put_simple(ep, kind, data, len))
        return 0;
    return put_data(ep, kind, data, len, may_borrow);
}

int weft_endpoint_send(struct weft_endpoint *ep, enum weft_kind kind,
                       const void *data, size_t len)
{
    return send(ep, kind, data, len, false);
}

int weft_endpoint_send_borrowed(struct weft_endpoint *ep, enum weft_kind kind,
                                const void *data, size_t len)
{
    return send(ep, kind, data, len, true);
}

bool weft_endpoint_borrows(const struct weft_endpoint *ep)
{
    return ep->out && ep->out->borrowed > 0;
}

/* What was borrowed from a message that was gathered need not be copied: its
 * block is lent. */
int weft_endpoint_settle(struct weft_endpoint *ep)
{
    struct weft_part *part = ep->part;
    struct weft_blob *blob;

    if (!weft_endpoint_borrows(ep))
        return 0;
    if (part && part->is_delivered && part->message.cap > 0) {
        blob = weft_part_lend(part);
        if (blob)
            weft_queue_lend(ep->out, blob, part->message.data,
                            part->message.len);
    }
    return weft_queue_settle(ep->out);
}

/* ---- To many ------------------------------------------------------------- */

static struct weft_blob *frame_of(const struct weft_mem *mem,
                                  const struct weft_frame *frame,
                                  const void *data)
{
    size_t len = (size_t)frame->payload;
    size_t head = weft_frame_header_len(len, false);
    struct weft_blob *blob;

    if (len > SIZE_MAX - head)
        return NULL;
    blob = weft_blob_new(mem, head + len);
    if (!blob)
        return NULL;
    weft_frame_write(blob->data, frame);
    if (len > 0)
        memcpy(blob->data + head, data, len);
    return blob;
}

struct weft_blob *weft_endpoint_frame(const struct weft_mem *mem,
                                      enum weft_kind kind, const void *data,
                                      size_t len)
{
    const struct weft_frame frame = {
        .fin = true, .opcode = (uint8_t)kind, .payload = len};

    return frame_of(mem, &frame, data);
}

/* The message in a frame of ours. */
static struct weft_slice payload_of(const struct weft_blob *frame)
{
    uint8_t len = frame->data[1];
    size_t head = len == 127 ? 10 : len == 126 ? 4 : 2;

    return (struct weft_slice){(const char *)frame->data + head,
                               frame->len - head};
}

/* Encodes it, once; without memory, or where that does not pay, it goes out as
 * it is. */
static void pack(struct weft_endpoint *ep, struct weft_broadcast *message,
                 struct weft_slice payload)
{
    const struct weft_ext_ops *ops = ep->ext->ops;
    struct weft_frame frame = {
        .fin = true, .rsv = ops->rsv, .opcode = message->frame->data[0] & 15};
    struct iovec encoded;

    message->was_packed = true;
    if (ops->encode(ep->ext, payload.ptr, payload.len, &encoded) <= 0)
        return;
    frame.payload = encoded.iov_len;
    message->packed = frame_of(ep->conf->mem, &frame, encoded.iov_base);
}

static int put_shared(struct weft_endpoint *ep, struct weft_blob *frame)
{
    bool drops = ep->conf->drops_oldest;
    int err;

    if (!queue_of(ep))
        return WEFT_ERR_NOMEM;
    if (drops)
        weft_queue_split(ep->out, false);
    if (frame->len < WEFT_SHARE_MIN)
        err = weft_queue_append_few(ep->out, frame->data, frame->len);
    else
        err = weft_queue_append_blob(ep->out, frame);
    if (!err && drops)
        weft_queue_split(ep->out, true);
    return err;
}

int weft_endpoint_broadcast(struct weft_endpoint *ep,
                            struct weft_broadcast *message)
{
    struct weft_slice payload = payload_of(message->frame);
    enum weft_kind kind = (enum weft_kind)(message->frame->data[0] & 15);

    if (!weft_endpoint_is_open(ep) || ep->conf->is_client)
        return WEFT_ERR_USAGE;
    if (is_full(ep))
        return WEFT_ERR_BUSY;
    if (!ep->ext)
        return put_shared(ep, message->frame);
    if (!ep->ext->ops->may_share(ep->ext, payload.len))
        return put_data(ep, kind, payload.ptr, payload.len, false);
    if (!message->was_packed)
        pack(ep, message, payload);
    return put_shared(ep, message->packed ? message->packed : message->frame);
}

/* ---- Control frames of our own ------------------------------------------- */

int weft_endpoint_pong(struct weft_endpoint *ep, const uint8_t *payload,
                       size_t len)
{
    struct weft_part *part;

    if (!is_full(ep))
        return put_control(ep, WEFT_OP_PONG, payload, len);
    part = weft_endpoint_part(ep);
    if (!part)
        return WEFT_ERR_NOMEM;
    if (len > 0)
        memcpy(part->pong, payload, len);
    part->pong_len = (uint8_t)len;
    part->has_pong = true;
    return 0;
}

/* Without memory it is tried again when more has been sent. */
static void send_waiting_pong(struct weft_endpoint *ep)
{
    struct weft_part *part = ep->part;

    if (!part || !part->has_pong || !weft_endpoint_is_open(ep) || is_full(ep))
        return;
    /* Before it is seen, where the owner may have all of it sent. */
    part->has_pong = false;
    if (put_control(ep, WEFT_OP_PONG, part->pong, part->pong_len) != 0)
        part->has_pong = true;
}

/* What waits for the rest of a message that will not be looked at any more. */
static void drop_part(struct weft_endpoint *ep)
{
    if (ep->part && ep->part->has_message && !ep->part->is_delivered)
        weft_part_end_message(ep->part);
    ep->kind = 0;
    ep->flags &= (uint16_t)~WEFT_EP_ENCODED;
}

static int put_close(struct weft_endpoint *ep, uint16_t code,
                     const char *reason, size_t reason_len)
{
    const struct weft_close close = {code, reason, reason_len};
    uint8_t payload[WEFT_CONTROL_MAX];
    int len = weft_close_write(payload, &close);
    int err;

    if (len < 0)
        return len;
    /* Before it is seen, where the owner may ask for a close too. */
    ep->flags |= WEFT_EP_CLOSE_SENT;
    err = put_control(ep, WEFT_OP_CLOSE, payload, (size_t)len);
    if (err) {
        ep->flags &= (uint16_t)~WEFT_EP_CLOSE_SENT;
        return err;
    }
    ep->flags &=
        (uint16_t) ~(WEFT_EP_ECHO_DUE | WEFT_EP_PINGED | WEFT_EP_STAMPED);
    drop_part(ep);
    return 0;
}

int weft_endpoint_close(struct weft_endpoint *ep, uint16_t code,
                        const char *reason, size_t reason_len)
{
    if (ep->err || (ep->flags & (WEFT_EP_CLOSE_SENT | WEFT_EP_ENDED)))
        return WEFT_ERR_USAGE;
    return put_close(ep, code, reason, reason_len);
}

int weft_endpoint_echo(struct weft_endpoint *ep)
{
    if (ep->close_code == WEFT_CLOSE_NO_STATUS)
        return put_close(ep, 0, "", 0);
    return put_close(ep, ep->close_code, (const char *)ep->in,
                     (size_t)(ep->in_end - ep->in));
}

/* 0 for errors of which the peer cannot or need not be told. */
static uint16_t close_code_of(int err)
{
    switch (err) {
#define X(name, value, close_code, text)                                       \
    case value:                                                                \
        return (close_code) == WEFT_CLOSE_ABNORMAL ? 0 : (close_code);
        WEFT_ERR_MAP(X)
#undef X
    default:
        return WEFT_CLOSE_INTERNAL;
    }
}

int weft_endpoint_fail(struct weft_endpoint *ep, int err, const char *why)
{
    uint16_t code = close_code_of(err);
    const char *reason = why ? why : "";

    if (ep->err)
        return ep->err;
    /* When there is no memory even for this, the peer sees the end alone. */
    if (code && !(ep->flags & WEFT_EP_CLOSE_SENT))
        (void)put_close(ep, code, reason, strlen(reason));
    weft_part_free(ep->part);
    ep->part = NULL;
    ep->err = (int8_t)err;
    ep->why = why;
    return err;
}

/* ---- What to send -------------------------------------------------------- */

bool weft_endpoint_output(struct weft_endpoint *ep, struct iovec *iov)
{
    return ep->out && weft_queue_peek(ep->out, iov, 1) > 0;
}

void weft_endpoint_sent(struct weft_endpoint *ep, size_t n)
{
    if (!ep->out)
        return;
    weft_queue_sent(ep->out, n);
    send_waiting_pong(ep);
    /* Who is told of that pong may have had all of it sent. */
    if (!ep->out || ep->out->bytes > 0)
        return;
    weft_queue_release(ep->out);
    weft_free(ep->conf->mem, ep->out, sizeof(*ep->out));
    ep->out = NULL;
}

size_t weft_endpoint_queued(const struct weft_endpoint *ep)
{
    return ep->out ? ep->out->bytes : 0;
}

bool weft_endpoint_drop_oldest(struct weft_endpoint *ep)
{
    return ep->out && weft_queue_drop_oldest(ep->out) > 0;
}
