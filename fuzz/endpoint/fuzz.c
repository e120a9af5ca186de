/* SPDX-License-Identifier: MIT */
/*
 * Both roles of the engine under any bytes at all, while we send, ping, close
 * and let time pass between them. The bytes are fed whole from one doing of
 * ours to the next, then in pieces: events, results and every byte that is sent
 * are the same.
 *
 * Of all runs: the close event is the last, no message is over the limit and no
 * text is not UTF-8. What is sent are frames that the role may send, a close
 * frame the last of them, and, where nothing has to wait, exactly those that
 * the events and our own doings call for. Steps, copying and memory are bounded
 * by the bytes that came, whatever lengths they announce.
 *
 * Input: one byte for the role and how we behave, one for the limits, one for
 * the extension, two that say where the bytes are cut; the number of doings,
 * for each three bytes: how many bytes before it, what, and an argument; then
 * bytes as they travel. With the masking key 00000000 a client's frames can be
 * read as they lie.
 */
#include "run.h"

#include <stdio.h>

/* Of the third byte; 4 to 16 are the window, less 8. */
enum {
    HAS_DEFLATE = 1,
    TAKES_OVER = 2,
    COMPRESSES_ALL = 32, /* however short */
};

/* ---- The plan ------------------------------------------------------------ */

static void read_limits(struct weft_endpoint_opts *opts, unsigned limits)
{
    static const size_t sizes[] = {16777216, 0, 1, 125, 126, 1000, 65536, 10};
    static const uint32_t fragments[] = {131072, 1, 2, 10};
    static const size_t queues[] = {1048576, 0, 1, 200};

    opts->message_limit = sizes[limits % COUNT(sizes)];
    opts->fragment_limit = fragments[limits / 8 % COUNT(fragments)];
    opts->out_limit = queues[limits / 32 % COUNT(queues)];
}

static void read_extension(struct plan *plan, unsigned ext)
{
    const char *no_takeover = ext & TAKES_OVER ? ""
                                               : "; server_no_context_takeover"
                                                 "; client_no_context_takeover";

    plan->window_bits = 8 + ext / 4 % 8;
    plan->deflate = (struct weft_deflate_opts){
        .size = sizeof(plan->deflate),
        .has_takeover = ext & TAKES_OVER,
        .threshold = ext & COMPRESSES_ALL ? 1 : 0,
    };
    if (ext & HAS_DEFLATE)
        snprintf(plan->extensions, sizeof(plan->extensions),
                 "permessage-deflate%s; server_max_window_bits=%d"
                 "; client_max_window_bits=%d",
                 no_takeover, plan->window_bits, plan->window_bits);
}

static void read_plan(struct plan *plan, const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};

    *plan = (struct plan){.opts = WEFT_ENDPOINT_OPTS};
    plan->how = fuzz_byte(&in);
    plan->opts.role = plan->how & IS_CLIENT ? WEFT_CLIENT : WEFT_SERVER;
    if (plan->how & IS_CALM)
        plan->opts.ping_ns = plan->opts.pong_ns = plan->opts.close_ns = 0;
    read_limits(&plan->opts, fuzz_byte(&in));
    read_extension(plan, fuzz_byte(&in));
    plan->cuts = fuzz_cuts(&in);
    plan->deed_count = fuzz_byte(&in) % (DEEDS_MAX + 1);
    for (size_t i = 0; i < plan->deed_count; i++) {
        plan->deeds[i].gap = fuzz_byte(&in);
        plan->deeds[i].what = (enum doing)(fuzz_byte(&in) % DOINGS);
        plan->deeds[i].arg = fuzz_byte(&in);
    }
    plan->in = in;
}

/* ---- Running ------------------------------------------------------------- */

/* Feeds what lies between two deeds, in pieces. */
static void feed_span(struct run *r, const uint8_t *bytes, size_t len,
                      const struct fuzz_cuts *cuts)
{
    size_t piece;

    for (size_t at = 0; at < len && r->rc == 0; at += piece) {
        piece = fuzz_piece(cuts, at, len);
        run_feed(r, bytes + at, piece);
    }
}

static void run(struct run *r, const struct plan *plan,
                const struct fuzz_cuts *cuts)
{
    size_t at = 0;

    run_open(r, plan);
    for (size_t i = 0; i < plan->deed_count; i++) {
        size_t left = plan->in.left - at, gap = plan->deeds[i].gap;

        gap = gap < left ? gap : left;
        feed_span(r, plan->in.at + at, gap, cuts);
        at += gap;
        run_act(r, &plan->deeds[i]);
    }
    feed_span(r, plan->in.at + at, plan->in.left - at, cuts);
    if (plan->how & ENDS && r->rc == 0)
        run_feed_end(r);
    run_finish(r);
}

/*
 * Of a compressed message more than one thing may be wrong, and which shows
 * first depends on how much of it is there. And whether a reference beyond the
 * window, or a code without meaning, is found does too: that depends on what
 * zlib and libdeflate have in reach.
 */
static bool may_differ(const struct run *whole, const struct run *cut)
{
    bool is_malformed =
        whole->rc == WEFT_ERR_INVALID_DATA || cut->rc == WEFT_ERR_INVALID_DATA;
    bool is_long = whole->rc == WEFT_ERR_LIMIT || cut->rc == WEFT_ERR_LIMIT;

    return whole->plan->extensions[0] && whole->rc != cut->rc &&
           (is_malformed || (is_long && whole->rc < 0 && cut->rc < 0));
}

static void check_same(const struct run *whole, const struct run *cut)
{
    CHECK(whole->rc == cut->rc, "whole: %d, cut: %d", whole->rc, cut->rc);
    CHECK(!strcmp(text_of(&whole->events), text_of(&cut->events)),
          "whole: %.400s, cut: %.400s", text_of(&whole->events),
          text_of(&cut->events));
    CHECK(whole->out.len == cut->out.len &&
              (cut->out.len == 0 ||
               !memcmp(whole->out.data, cut->out.data, cut->out.len)),
          "%zu and %zu bytes were sent", whole->out.len, cut->out.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct fuzz_cuts none = {0, 0};
    struct run whole, cut;
    struct plan plan;

    read_plan(&plan, data, size);
    run(&whole, &plan, &none);
    run(&cut, &plan, &plan.cuts);
    if (!may_differ(&whole, &cut))
        check_same(&whole, &cut);
    run_close(&whole);
    run_close(&cut);
    return 0;
}
