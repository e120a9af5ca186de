/* SPDX-License-Identifier: MIT */
/*
 * Drives one endpoint, and keeps a second account of what it must do: which
 * frames the events and our own doings call for, and how much each byte that
 * came may cost.
 */
#include "run.h"

#include "../inflater.h"
#include <stdlib.h>

#define SECOND UINT64_C(1000000000)

/* ---- What it may cost ---------------------------------------------------- */

/*
 * hostile.md T10: a budget of steps for each byte, beyond which it aborts. A
 * frame without payload is two bytes long. The longest way that one goes is
 * that of a ping to a client: two blocks are made for its pong and given back,
 * a key is drawn, the output is asked for twice and taken. With the extension
 * it is that of a message of one byte, for which zlib makes two states of four
 * blocks each.
 */
#define STEPS_FREE 16
#define STEPS_PER_BYTE 6
#define STEPS_PER_BYTE_DEFLATE 16
#define STEPS_PER_PIECE 32

/* What a frame takes that is held in part or waits to be sent: the struct for
 * a message that is cut, and two chunks of a queue. With the extension both
 * states of zlib, and three buffers of the pool. */
#define PEAK_AT_REST 40000
#define PEAK_DEFLATE 1000000

/* A message is gathered in a buffer that doubles and is copied as it grows;
 * a pong for each ping waits in a deaf run. */
#define PEAK_PER_BYTE 4

/* What a byte can stand for: two bits are 258 bytes (RFC 1951). */
#define DEFLATE_RATIO 1032

static bool has_deflate(const struct run *r)
{
    return r->plan->extensions[0];
}

static void step(struct run *r)
{
    size_t per_byte = has_deflate(r) ? STEPS_PER_BYTE_DEFLATE : STEPS_PER_BYTE;

    r->steps++;
    CHECK(r->steps <=
              STEPS_FREE + per_byte * r->fed + STEPS_PER_PIECE * r->pieces,
          "%zu steps for %zu bytes in %zu pieces", r->steps, r->fed, r->pieces);
}

static void *counting_realloc(void *ud, void *ptr, size_t old_size,
                              size_t new_size)
{
    struct run *r = ud;

    step(r);
    r->copied += old_size < new_size ? old_size : new_size;
    return fail_realloc(&r->fm, ptr, old_size, new_size);
}

static int counting_random(void *ud, void *out, size_t len)
{
    struct run *r = ud;
    uint8_t *p = out;

    step(r);
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)test_random(&r->random);
    bytes_add(&r->keys, out, len);
    return 0;
}

/* What the peer's bytes may stand for. */
static size_t meaning(const struct run *r)
{
    size_t limit = r->plan->opts.message_limit;
    size_t most = r->fed * DEFLATE_RATIO;

    return !has_deflate(r) ? 0 : limit < most ? limit : most;
}

static void check_costs(const struct run *r)
{
    size_t bytes = r->fed + r->sent + meaning(r);
    size_t rest = PEAK_AT_REST + (has_deflate(r) ? PEAK_DEFLATE : 0);

    CHECK(r->copied <= 2 * bytes, "%zu bytes copied for %zu", r->copied, bytes);
    CHECK(r->fm.peak <= rest + PEAK_PER_BYTE * bytes, "%zu bytes held for %zu",
          r->fm.peak, bytes);
}

/* ---- Output -------------------------------------------------------------- */

static bool is_deaf(const struct run *r)
{
    return r->plan->how & IS_DEAF;
}

/* Takes at most so many bytes of what is to be sent. */
static void take(struct run *r, size_t most)
{
    struct iovec iov;

    while (step(r), most > 0 && weft_endpoint_output(r->ep, &iov)) {
        size_t queued = weft_endpoint_queued(r->ep);
        size_t n = iov.iov_len < most ? iov.iov_len : most;

        CHECK(iov.iov_len > 0 && iov.iov_len <= queued, "%zu bytes of %zu",
              iov.iov_len, queued);
        bytes_add(&r->out, iov.iov_base, n);
        step(r);
        weft_endpoint_sent(r->ep, n);
        most -= n;
    }
    CHECK(most == 0 || weft_endpoint_queued(r->ep) == 0,
          "%zu bytes queued, none given out", weft_endpoint_queued(r->ep));
}

static void take_all(struct run *r)
{
    if (!is_deaf(r))
        take(r, SIZE_MAX);
}

static void word(struct bytes *text, const char *name, const void *payload,
                 size_t len)
{
    text_add(text, "%s%s:", text->len > 0 ? " " : "", name);
    text_add_payload(text, payload, len);
}

static void want_close(struct run *r, unsigned code)
{
    if (r->is_close_sent)
        return;
    r->is_close_sent = true;
    text_add(&r->want, "%sclose:", r->want.len > 0 ? " " : "");
    if (code > 0)
        text_add(&r->want, "%u", code);
}

static bool is_open(const struct run *r)
{
    return !r->is_closed && !r->is_close_sent && r->rc >= 0;
}

/* ---- What we do ---------------------------------------------------------- */

static const char *const names[] = {
    [WEFT_TEXT] = "text",
    [WEFT_BINARY] = "binary",
    [WEFT_PING] = "ping",
    [WEFT_PONG] = "pong",
};

static void send_own(struct run *r, enum weft_kind kind, const void *data,
                     size_t len)
{
    bool is_control = kind == WEFT_PING || kind == WEFT_PONG;
    int err;

    r->sent += len;
    step(r);
    err = weft_endpoint_send(r->ep, kind, data, len);
    text_add(&r->events, " sent:%d", err);
    if (err == 0)
        word(&r->want, names[kind], data, len);
    if (!is_open(r) || (is_control && len > 125))
        CHECK(err == WEFT_ERR_USAGE, "%d", err);
    else
        CHECK(err == 0 || (err == WEFT_ERR_BUSY && !is_control), "%d", err);
}

static void send_filled(struct run *r, enum weft_kind kind, size_t len)
{
    static uint8_t payload[255 * 300]; /* a length of 64 bits, too */

    memset(payload, 'a', len);
    send_own(r, kind, payload, len);
}

/* RFC 6455 sections 7.4.1, 7.4.2, and the registry. */
static bool may_be_sent(unsigned code)
{
    return code == 0 || (code >= 1000 && code <= 1003) ||
           (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static void close_own(struct run *r, unsigned code, size_t reason_len)
{
    char reason[256];
    bool is_allowed =
        may_be_sent(code) && reason_len <= 123 && (code > 0 || reason_len == 0);
    bool has_ended = r->plan->how & ENDS && r->is_closed && r->rc == 0;
    int err;

    memset(reason, 'r', sizeof(reason));
    step(r);
    err = weft_endpoint_close(r->ep, (uint16_t)code, reason, reason_len);
    text_add(&r->events, " closed:%d", err);
    CHECK(err == 0 || err == WEFT_ERR_USAGE, "%d", err);
    if (!is_allowed || r->is_close_sent || r->rc < 0)
        CHECK(err == WEFT_ERR_USAGE, "%u, %zu bytes", code, reason_len);
    else
        CHECK(err == 0 || has_ended, "%u, %zu bytes", code, reason_len);
    if (err == 0)
        want_close(r, code);
}

static void tick(struct run *r, uint64_t ns)
{
    size_t queued = weft_endpoint_queued(r->ep);
    int err;

    r->now += ns;
    step(r);
    err = weft_endpoint_tick(r->ep, r->now);
    CHECK(err == 0 || err == WEFT_ERR_TIMEOUT, "%d", err);
    if (err)
        text_add(&r->events, " timeout");
    else
        CHECK(weft_endpoint_deadline(r->ep) > r->now, "a deadline in the past");
    if (err && r->rc == 0)
        r->rc = err;
    if (weft_endpoint_queued(r->ep) > queued) {
        CHECK(is_open(r), "a ping when closing");
        word(&r->want, "ping", "", 0);
    }
}

void run_act(struct run *r, const struct deed *deed)
{
    static const unsigned codes[] = {0,    1000, 1001, 999,  1004, 1005, 1006,
                                     1014, 1015, 2999, 3000, 4999, 5000};

    r->pieces++;
    switch (deed->what) {
    case TEXT:
        send_filled(r, WEFT_TEXT, deed->arg);
        break;
    case BINARY:
        send_filled(r, WEFT_BINARY, deed->arg * (deed->arg < 250 ? 4u : 300u));
        break;
    case PING:
    case PONG:
        send_filled(r, deed->what == PING ? WEFT_PING : WEFT_PONG,
                    deed->arg % 128);
        break;
    case NO_UTF8:
        step(r);
        CHECK(weft_endpoint_send(r->ep, WEFT_TEXT, "\xc3", 1) == WEFT_ERR_USAGE,
              "text that is not UTF-8 was sent");
        break;
    case CLOSE:
        close_own(r, codes[deed->arg % COUNT(codes)], deed->arg / 16 * 8);
        break;
    case TICK:
        tick(r, deed->arg * (SECOND / 2));
        break;
    default:
        take(r, deed->arg);
        break;
    }
    take_all(r);
}

/* ---- Events -------------------------------------------------------------- */

static void check_text(const void *text, size_t len)
{
    bool whole;

    CHECK(utf8_reference(text, len, &whole) == len && whole,
          "%zu bytes of text that is not UTF-8", len);
}

static void on_message(struct run *r, const struct weft_message *msg)
{
    CHECK(msg->kind == WEFT_TEXT || msg->kind == WEFT_BINARY, "kind %d",
          (int)msg->kind);
    CHECK(msg->data && msg->len <= r->plan->opts.message_limit, "%zu bytes",
          msg->len);
    CHECK(!r->is_close_sent, "a message after our close frame");
    if (msg->kind == WEFT_TEXT)
        check_text(msg->data, msg->len);
    if (r->plan->how & ECHOES)
        send_own(r, msg->kind, msg->data, msg->len);
    if (r->plan->how & CLOSES)
        close_own(r, 1001, 3);
}

static void on_control(struct run *r, const struct weft_event *event)
{
    bool is_ping = event->type == WEFT_EVENT_PING;

    CHECK(event->msg.kind == (is_ping ? WEFT_PING : WEFT_PONG), "kind %d",
          (int)event->msg.kind);
    CHECK(event->msg.data && event->msg.len <= 125, "%zu bytes",
          event->msg.len);
    if (is_ping && is_open(r))
        word(&r->want, "pong", event->msg.data, event->msg.len);
}

static void on_close(struct run *r, const struct weft_event *event)
{
    r->is_closed = true;
    check_text(event->reason, event->reason_len);
    CHECK(event->reason_len <= 123, "%zu bytes", event->reason_len);
    CHECK(event->clean == (event->code != 1006), "code %u", event->code);
    CHECK(event->code == 1005 || event->code == 1006 ||
              (event->code > 0 && may_be_sent(event->code)),
          "code %u", event->code);
    text_add(&r->events, " close:%u/", (unsigned)event->code);
    text_add_payload(&r->events, event->reason, event->reason_len);
    if (!event->clean)
        return;
    if (r->plan->how & ANSWERS)
        close_own(r, 4000, 1);
    want_close(r, event->code == 1005 ? 0 : event->code); /* the echo */
}

static void on_event(struct run *r, const struct weft_event *event)
{
    CHECK(!r->is_closed, "an event behind the close event");
    if (event->type == WEFT_EVENT_CLOSE) {
        on_close(r, event);
        return;
    }
    text_add(&r->events, " ");
    word(&r->events, names[event->msg.kind], event->msg.data, event->msg.len);
    if (event->type == WEFT_EVENT_MESSAGE)
        on_message(r, &event->msg);
    else
        on_control(r, event);
}

/* The code that tells the peer of it; 0 where there is nobody to tell. */
static unsigned code_of(int err)
{
    switch (err) {
    case WEFT_ERR_PROTOCOL:
        return 1002;
    case WEFT_ERR_UTF8:
    case WEFT_ERR_INVALID_DATA:
        return 1007;
    case WEFT_ERR_POLICY:
        return 1008;
    case WEFT_ERR_LIMIT:
        return 1009;
    default:
        CHECK(err == WEFT_ERR_TIMEOUT, "error %d", err);
        return 0;
    }
}

/* Of its end all calls tell alike. */
static void on_error(struct run *r)
{
    struct weft_event event;
    uint8_t byte = 0x81;

    CHECK(weft_endpoint_is_over(r->ep), "failed and not over");
    CHECK(weft_endpoint_next(r->ep, &event) == r->rc, "another result");
    CHECK(weft_endpoint_feed(r->ep, &byte, 1) == r->rc, "fed all the same");
    CHECK(weft_endpoint_send(r->ep, WEFT_TEXT, "x", 1) == WEFT_ERR_USAGE,
          "sent all the same");
    CHECK(weft_endpoint_next(r->ep, &event) == r->rc, "another result");
}

/* ---- Frames -------------------------------------------------------------- */

/* A frame as the peer reads it: what was compressed is so no more. */
static void add_plain_frame(const struct run *r, struct bytes *plain,
                            struct inflater *peer, const struct wire_frame *f)
{
    enum weft_role role = r->plan->opts.role;
    struct bytes text = {0};

    CHECK(has_deflate(r) &&
              (f->opcode == WEFT_TEXT || f->opcode == WEFT_BINARY),
          "RSV1 in a frame of opcode %u", f->opcode);
    CHECK(f->masked == (role == WEFT_CLIENT), "mask bit is %d", f->masked);
    CHECK(inflater_message(peer, f->payload, f->len, SIZE_MAX, &text),
          "what was compressed cannot be read");
    wire_add_frame(plain, role == WEFT_CLIENT ? WEFT_SERVER : WEFT_CLIENT,
                   (unsigned)f->fin << 7 | f->opcode, text.data, text.len);
    bytes_release(&text);
}

/* Section 5.3: a fresh key for every frame. */
static void check_key(const struct run *r, size_t turn,
                      const struct wire_frame *f)
{
    size_t at = turn * sizeof(f->key);

    if (!f->masked)
        return;
    CHECK(at + sizeof(f->key) <= r->keys.len &&
              !memcmp(r->keys.data + at, f->key, sizeof(f->key)),
          "frame %zu has not the key that was drawn for it", turn);
}

/* What was sent, without compression; a frame that is cut is left as it is. */
static void make_plain(const struct run *r, struct bytes *plain)
{
    const uint8_t *p = r->out.data;
    size_t left = r->out.len, used, turn = 0;
    struct inflater peer;
    struct wire_frame f;

    inflater_init(&peer, r->plan->window_bits, r->plan->deflate.has_takeover);
    for (; (used = wire_read(&f, p, left)) > 0; p += used, left -= used) {
        check_key(r, turn++, &f);
        if (f.rsv == 4)
            add_plain_frame(r, plain, &peer, &f);
        else
            bytes_add(plain, p, used);
        free(f.payload);
    }
    bytes_add(plain, p, left);
    inflater_release(&peer);
}

static void check_frames(const struct run *r)
{
    bool nothing_waits = !is_deaf(r) && r->plan->opts.out_limit > 1000;
    struct bytes frames = {0}, plain = {0};

    make_plain(r, &plain);
    wire_describe(&frames, r->plan->opts.role, plain.data, plain.len);
    if (nothing_waits)
        CHECK(!strcmp(text_of(&frames), text_of(&r->want)),
              "sent: %.400s, not: %.400s", text_of(&frames), text_of(&r->want));
    bytes_release(&frames);
    bytes_release(&plain);
}

/* ---- Running ------------------------------------------------------------- */

void run_open(struct run *r, const struct plan *plan)
{
    struct weft_endpoint_opts opts = plan->opts;

    *r = (struct run){
        .plan = plan, .fm = {.left = -1}, .random = 1, .pieces = 1};
    r->mem = (struct weft_mem){counting_realloc, r};
    opts.mem = &r->mem;
    opts.random = counting_random;
    opts.random_ud = r;
    opts.extensions = plan->extensions;
    opts.deflate = &plan->deflate;
    text_add(&r->events, "%s", "");
    CHECK(weft_endpoint_new(&r->ep, &opts) == 0, "not made");
}

void run_close(struct run *r)
{
    r->pieces++;
    weft_endpoint_free(r->ep);
    CHECK(r->fm.live == 0, "%zu bytes leaked", r->fm.live);
    bytes_release(&r->events);
    bytes_release(&r->out);
    bytes_release(&r->keys);
    bytes_release(&r->want);
}

static void pull(struct run *r)
{
    struct weft_event event;
    int rc;

    while (step(r), (rc = weft_endpoint_next(r->ep, &event)) > 0) {
        on_event(r, &event);
        take_all(r);
    }
    if (rc < 0 && r->rc == 0 && code_of(rc) > 0)
        want_close(r, code_of(rc));
    r->rc = rc;
    take_all(r);
}

void run_feed(struct run *r, const uint8_t *bytes, size_t len)
{
    r->fed += len;
    r->pieces++;
    step(r);
    CHECK(weft_endpoint_feed(r->ep, at_page_end(bytes, len), len) == 0,
          "not taken");
    pull(r);
}

void run_feed_end(struct run *r)
{
    r->pieces++;
    step(r);
    weft_endpoint_feed_end(r->ep);
    pull(r);
}

void run_finish(struct run *r)
{
    check_costs(r);
    if (r->rc < 0)
        on_error(r);
    r->pieces += 2; /* all that still waits, also of a deaf run */
    take(r, SIZE_MAX);
    check_frames(r);
}
