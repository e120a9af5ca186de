/* SPDX-License-Identifier: MIT */
/*
 * Both roles of the engine under any bytes at all. They are fed whole, then in
 * pieces: events, frames sent and the verdict are the same. The talk checks
 * that what is sent is allowed, and bounds the events; here the work and the
 * memory are bounded by the bytes that came, whatever lengths they announce.
 *
 * Input: one byte for the role and how the talk goes, one for the limits, two
 * that say where the bytes are cut, then bytes as they travel. With the masking
 * key 00000000 a client's frames can be read as they lie.
 */
#include "fuzz.h"

#include "talk.h"

/* Of the first byte. */
enum {
    IS_CLIENT = 1,
    IS_DEAF = 2, /* nothing is taken of what it would send */
    ENDS = 4,    /* the peer's stream ends behind the bytes */
};

/* What a frame takes that is held in part or waits to be sent: the struct for
 * a message that is cut, and two chunks of a queue. */
#define PEAK_AT_REST 40000

/* A message is gathered in a buffer that doubles and is copied as it grows;
 * a pong for each ping waits in a deaf talk. */
#define PEAK_PER_BYTE 4

struct plan {
    struct weft_endpoint_opts opts;
    bool is_deaf, ends;
};

static struct plan read_plan(struct fuzz_input *in)
{
    static const size_t sizes[] = {16777216, 0, 1, 125, 126, 1000, 65536, 10};
    static const uint32_t fragments[] = {131072, 1, 2, 10};
    static const size_t queues[] = {1048576, 0, 1, 200};
    unsigned talk = fuzz_byte(in), limits = fuzz_byte(in);
    struct plan plan = {
        .opts = talk_opts(talk & IS_CLIENT ? WEFT_CLIENT : WEFT_SERVER),
        .is_deaf = talk & IS_DEAF,
        .ends = talk & ENDS,
    };

    plan.opts.message_limit = sizes[limits % COUNT(sizes)];
    plan.opts.fragment_limit = fragments[limits / 8 % COUNT(fragments)];
    plan.opts.out_limit = queues[limits / 32 % COUNT(queues)];
    return plan;
}

static void check_costs(const struct talk *t, size_t len, size_t pieces)
{
    CHECK((size_t)t->fm.calls <= 16 + 2 * len + pieces,
          "%ld allocations for %zu bytes", t->fm.calls, len);
    CHECK(t->fm.peak <= PEAK_AT_REST + PEAK_PER_BYTE * len,
          "%zu bytes held for %zu", t->fm.peak, len);
}

/* Runs a talk to its verdict, and leaves it open. */
static void run(struct talk *t, const struct plan *plan,
                const struct fuzz_input *in, const struct fuzz_cuts *cuts)
{
    size_t at = 0, pieces = 0;
    int rc = 0;

    talk_open(t, &plan->opts);
    t->deaf = plan->is_deaf;
    while (at < in->left && rc == 0) {
        size_t piece = fuzz_piece(cuts, at, in->left);

        rc = talk_feed(t, in->at + at, piece);
        at += piece;
        pieces++;
    }
    if (plan->ends && rc == 0)
        rc = talk_feed_end(t);
    check_costs(t, at, pieces);
    if (rc < 0)
        CHECK(weft_endpoint_is_over(t->ep), "failed and not over");
    talk_drain(t);
}

static void check_same(struct talk *whole, struct talk *cut)
{
    CHECK(whole->rc == cut->rc, "whole: %d, cut: %d", whole->rc, cut->rc);
    CHECK(!strcmp(talk_events(whole), talk_events(cut)),
          "whole: %.400s, cut: %.400s", talk_events(whole), talk_events(cut));
    CHECK(!strcmp(talk_frames(whole), talk_frames(cut)),
          "whole: %.400s, cut: %.400s", talk_frames(whole), talk_frames(cut));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct fuzz_cuts none = {0, 0};
    struct fuzz_input in = {data, size};
    struct plan plan = read_plan(&in);
    struct fuzz_cuts cuts = fuzz_cuts(&in);
    struct talk whole, cut;

    run(&whole, &plan, &in, &none);
    run(&cut, &plan, &in, &cuts);
    check_same(&whole, &cut);
    talk_close(&whole);
    talk_close(&cut);
    return 0;
}
