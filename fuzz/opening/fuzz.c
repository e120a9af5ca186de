/* SPDX-License-Identifier: MIT */
/*
 * Any answers to a client's handshake, also behind a proxy's. Whole and in
 * pieces the verdict is the same, with the same words, which a terminal can be
 * shown. What opens the connection has the accept value of the key and nothing
 * that was not asked for; and what waits stays within the limit of heads.
 *
 * Input: one byte for what was asked, one for the limit, two that say where the
 * answers are cut, then the answers. The key is that of RFC 6455 section 1.3.
 */
#include "fuzz.h"

#include "../../test/unit/client/opening_fixture.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

/* Of the first byte. */
enum {
    HAS_PROXY = 1,
    HAS_PROTOCOLS = 2,
    OFFERS_DEFLATE = 4,
};

#define WINDOW_BITS 10      /* of ours */
#define PEER_WINDOW_BITS 12 /* of the server's */

static const char *const protocols[] = {"chat", "v2.chat", NULL};

struct verdict {
    int rc; /* an enum weft_opening_step, an error, or ASK_MORE */
    int status;
    size_t answers; /* that were judged */
    size_t used;    /* bytes of their heads */
    char why[WEFT_WHY_SIZE];
    char protocol[16];
};

static void ask(struct ask *ask, unsigned what, unsigned limit)
{
    static const uint64_t limits[] = {65536, 0, 130, 200, 1000};
    static const struct weft_deflate_opts deflate = {
        .size = sizeof(deflate),
        .window_bits = WINDOW_BITS,
        .peer_window_bits = PEER_WINDOW_BITS,
    };

    ask_init(ask, "ws://localhost/chat");
    if (what & HAS_PROXY)
        ask->opts.proxy = "http://proxy:3128";
    if (what & HAS_PROTOCOLS)
        ask->opts.protocols = protocols;
    if (what & OFFERS_DEFLATE)
        ask->opts.deflate = &deflate; /* it is off otherwise */
    ask->opts.header_limit = limits[limit % COUNT(limits)];
    ask_open(ask);
    memcpy(ask->o->key, KEY, sizeof(KEY));
}

/* ---- What must hold ------------------------------------------------------ */

/* Text that is shown as it is: UTF-8 without controls, the C1 ones included. */
static void check_words(const char *why)
{
    const uint8_t *p = (const uint8_t *)why;
    size_t len = strnlen(why, WEFT_WHY_SIZE);
    bool whole;

    CHECK(len > 0 && len < WEFT_WHY_SIZE, "no words");
    CHECK(utf8_reference(p, len, &whole) == len && whole, "not UTF-8");
    for (size_t i = 0; i < len; i++)
        CHECK(p[i] >= ' ' && p[i] != 0x7f && (p[i] != 0xc2 || p[i + 1] >= 0xa0),
              "byte %u of the words", p[i]);
    CHECK(!strstr(why, "\xe2\x80\xae"), "the direction is turned");
}

static bool is_inside(const struct weft_buf *buf, struct weft_slice s)
{
    const char *begin = (const char *)buf->data;

    return s.len == 0 || (s.ptr >= begin && s.len <= buf->len &&
                          (size_t)(s.ptr - begin) <= buf->len - s.len);
}

/* What was agreed on is no more than what was offered. */
static void check_deflate(const struct weft_opening *o)
{
    const struct weft_deflate_params *params = &o->deflate;
    bool is_named = memmem(o->agreed.extensions.ptr, o->agreed.extensions.len,
                           "permessage-deflate", 18);

    CHECK(o->has_deflate == is_named, "%d, %d", o->has_deflate, is_named);
    if (!o->has_deflate)
        return;
    CHECK(!o->deflate_opts.is_off, "compression, though none was offered");
    CHECK(!params->server_has_window ||
              params->server_max_window_bits <= PEER_WINDOW_BITS,
          "a window of %d bits", params->server_max_window_bits);
    CHECK(!params->client_has_window ||
              params->client_max_window_bits <= WINDOW_BITS,
          "a window of %d bits", params->client_max_window_bits);
}

static void check_open(const struct ask *ask, size_t head,
                       struct verdict *verdict)
{
    const struct weft_opening *o = ask->o;
    struct weft_slice chosen = o->agreed.protocol;

    CHECK(!o->is_tunnelling, "open before the tunnel");
    CHECK(o->status == 101, "open with %d", o->status);
    CHECK(head <= o->in.len && memmem(o->in.data, head, ACCEPT, 28),
          "without the accept value");
    CHECK(is_inside(&o->in, chosen) && is_inside(&o->in, o->agreed.extensions),
          "what was agreed is elsewhere");
    check_deflate(o);
    if (ask->opts.protocols)
        CHECK(weft_slice_eq(chosen, protocols[0]) ||
                  weft_slice_eq(chosen, protocols[1]),
              "a protocol that was not offered");
    else
        CHECK(chosen.len == 0, "a protocol, though none was offered");
    snprintf(verdict->protocol, sizeof(verdict->protocol), "%.*s",
             (int)chosen.len, chosen.ptr);
}

static void check_error(const struct verdict *verdict)
{
    CHECK(verdict->rc == WEFT_ERR_PROTOCOL || verdict->rc == WEFT_ERR_LIMIT ||
              verdict->rc == WEFT_ERR_REFUSED,
          "error %d", verdict->rc);
    check_words(verdict->why);
}

/* ---- Running ------------------------------------------------------------- */

/* Takes one answer: true when there may be another. */
static bool take_answer(struct ask *ask, struct verdict *verdict)
{
    bool was_tunnelling = ask->o->is_tunnelling;
    size_t head;

    verdict->rc = ask_look(ask, &head);
    if (verdict->rc == ASK_MORE) {
        CHECK(ask->o->in.len <= ask->o->header_limit - ask->o->passed,
              "%zu bytes wait", ask->o->in.len);
        return false;
    }
    verdict->answers++;
    verdict->used += head;
    if (verdict->rc == WEFT_OPENING_OPEN)
        check_open(ask, head, verdict);
    if (verdict->rc == WEFT_OPENING_TUNNEL)
        CHECK(was_tunnelling && !ask->o->is_tunnelling, "another tunnel");
    if (verdict->rc < 0 || verdict->rc == WEFT_OPENING_OPEN)
        return false;
    weft_opening_next(ask->o, head);
    verdict->rc = ASK_MORE;
    return true;
}

static void run(struct verdict *verdict, struct ask *ask,
                const struct fuzz_input *in, const struct fuzz_cuts *cuts)
{
    size_t held = ask->fm.live, at = 0;

    *verdict = (struct verdict){.rc = ASK_MORE};
    while (at < in->left && verdict->rc == ASK_MORE) {
        size_t piece = fuzz_piece(cuts, at, in->left);

        ask_feed(ask, (const char *)in->at + at, piece);
        at += piece;
        while (take_answer(ask, verdict))
            ;
    }
    verdict->status = ask->o->status;
    if (verdict->rc < 0 && verdict->rc != ASK_MORE) {
        memcpy(verdict->why, ask->o->why, sizeof(verdict->why));
        check_error(verdict);
    }
    /* What came, in a buffer that doubles and is copied as it grows. */
    CHECK(ask->fm.peak <= 4 * held + 3 * in->left + 128, "%zu bytes held",
          ask->fm.peak);
    ask_close(ask);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct fuzz_cuts none = {0, 0};
    struct fuzz_input in = {data, size};
    unsigned what = fuzz_byte(&in), limit = fuzz_byte(&in);
    struct fuzz_cuts cuts = fuzz_cuts(&in);
    struct verdict whole, cut;
    struct ask ask_whole, ask_cut;

    ask(&ask_whole, what, limit);
    ask(&ask_cut, what, limit);
    run(&whole, &ask_whole, &in, &none);
    run(&cut, &ask_cut, &in, &cuts);
    /* What else is wrong with a head over the limit shows when it is whole. */
    if (cut.rc == WEFT_ERR_LIMIT &&
        (whole.rc == WEFT_ERR_LIMIT || whole.rc == WEFT_ERR_PROTOCOL))
        return 0;
    CHECK(whole.rc == cut.rc && whole.status == cut.status,
          "%d, %d whole; %d, %d cut", whole.rc, whole.status, cut.rc,
          cut.status);
    CHECK(whole.answers == cut.answers && whole.used == cut.used,
          "%zu answers of %zu bytes whole; %zu, %zu cut", whole.answers,
          whole.used, cut.answers, cut.used);
    CHECK(!strcmp(whole.why, cut.why), "whole: %s, cut: %s", whole.why,
          cut.why);
    CHECK(!strcmp(whole.protocol, cut.protocol), "%s, %s", whole.protocol,
          cut.protocol);
    return 0;
}
